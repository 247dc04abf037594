/**
 * The tab that shows where a task stands at this moment.
 *
 * Owns keeping the last stack in sight when the task has ended, and saying that it is old.
 */

import { clockTime, h } from "../format.js";
import { Folds, notice, stack } from "./parts.js";

/** @typedef {import("../../wire.js").StackAnswer} StackAnswer */
/** @typedef {import("./context.js").Context} Context */

/** How often a live stack is looked at again, in milliseconds. */
const EVERY = 1000;

/**
 * @param {() => void} redraw
 * @param {import("../../state/store.js").Ask} ask
 */
export function makeAwaitStack(redraw, ask) {
  const folds = new Folds(redraw);
  /** @type {{ task: string, answer: StackAnswer } | null} */
  let last = null;

  /**
   * @param {Context} context
   * @returns {Array<HTMLElement | null>}
   */
  function draw(context) {
    const { task, live, ended } = context;
    if (task === null) return [];
    const question = /** @type {const} */ ({ of: "stack", task });
    if (live) ask(question, { every: EVERY });
    const known = context.answer(question);
    const answer = known?.answer?.of === "stack" ? known.answer : null;
    if (live && answer && answer.frames.length > 0) last = { task, answer };
    const shown = live && answer ? answer : last?.task === task ? last.answer : null;
    if (shown === null) {
      const said = known?.error ?? (ended ? "It has ended: nothing of it waits any more."
        : context.kept ? "The file does not say where it stood." : live ? "Looking…" : "Where it stands is asked when the connection is back.");
      return [notice(said)];
    }
    const stale = !live || context.stale;
    return [
      h("p", { class: stale ? "lead old" : "lead", "data-key": "when" },
        stale ? "stale: as it stood at " : "as it stands at ", clockTime(shown.at * 1000),
        ended ? ". It has ended since." : null),
      shown.frames.length > 0 ? stack(shown.frames, "await", folds) : notice(shown.note ?? "It waits for nothing."),
      shown.frames.length > 0 ? notice("The task's own function comes first; what it waits for comes last.", "order") : null,
    ];
  }

  return { draw, reset() { folds.clear(); last = null; } };
}
