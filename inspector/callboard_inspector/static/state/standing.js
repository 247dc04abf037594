/**
 * Whether a subject is there, as far as what changed it tells.
 *
 * Owns which operations give or take it: any other word leaves it as it is.
 */

/** @typedef {import("../wire.js").EffectAnswer} EffectAnswer */

const GIVE_OR_TAKE = new Set(["added", "changed", "removed"]);

/** Whether it says that the subject is there, or is not. @param {EffectAnswer} effect */
export function decides({ operation }) {
  return GIVE_OR_TAKE.has(operation);
}
