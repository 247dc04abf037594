/**
 * Whether a subject is there, as far as what changed it tells.
 *
 * Owns which operations give or take it: any other word is a remark, and leaves it as it is.
 */

/** @typedef {import("../wire.js").EffectAnswer} EffectAnswer */

const SIGNS = new Map([["added", "+"], ["changed", "~"], ["removed", "−"]]);

/** Whether it says that the subject is there, or is not. @param {EffectAnswer} effect */
export function decides({ operation }) {
  return SIGNS.has(operation);
}

/** @param {string} operation */
export function signOf(operation) {
  return SIGNS.get(operation) ?? "•";
}

/** How many of each operation: "2 added, 1 changed". @param {readonly EffectAnswer[]} effects */
export function tallyOf(effects) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { operation } of effects) counts.set(operation, (counts.get(operation) ?? 0) + 1);
  return [...counts].map(([operation, many]) => `${many.toLocaleString("en")} ${operation}`).join(", ");
}

/** What a remark says, where it is text; null where it is not. @param {EffectAnswer} effect */
export function messageOf(effect) {
  const { after, before } = /** @type {{ after: unknown, before: unknown }} */ (effect);
  if (decides(effect) || before !== null || typeof after !== "object" || after === null) return null;
  const message = "message" in after ? after.message : null;
  return typeof message === "string" && Object.keys(after).length === 1 ? message : null;
}
