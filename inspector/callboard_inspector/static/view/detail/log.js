/**
 * The tab with the lines that a task logged, and those of everything below it.
 *
 * Owns which levels are shown.
 */

import { clockTime, h } from "../format.js";
import { firstOf, shortType } from "../../state/failure.js";
import { plain } from "../../state/plain.js";
import { Folds, link, notice, stack } from "./parts.js";

/** @typedef {import("../../wire.js").LogLine} LogLine */
/** @typedef {import("./context.js").Context} Context */

const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];
const MARKS = { DEBUG: "·", INFO: "i", WARNING: "!", ERROR: "✗", CRITICAL: "✗" };

/**
 * @param {() => void} redraw
 * @param {import("../../state/store.js").Ask} ask
 * @param {import("../../state/store.js").Emit} emit
 */
export function makeLog(redraw, ask, emit) {
  const folds = new Folds(redraw);
  let below = true;
  let least = "DEBUG";

  /**
   * @param {Context} context
   * @returns {Array<HTMLElement | null>}
   */
  function draw(context) {
    const { task } = context;
    if (task === null) return [];
    const question = { of: /** @type {const} */ ("log"), task, below };
    ask(question, context.live && below ? { every: 1000 } : {});
    const known = context.answer(question);
    const answer = known?.answer?.of === "log" ? known.answer : null;
    const lines = (answer?.lines ?? []).filter(({ line }) => rank(line.level) >= rank(least));
    return [
      h("div", { class: "row", "data-key": "choices" },
        h("label", null,
          h("input", { type: "checkbox", checked: below, onchange: () => { below = !below; redraw(); } }),
          " with everything below"),
        h("label", null, "from level ",
          h("select", { onchange: (/** @type {Event} */ event) => {
            least = /** @type {HTMLSelectElement} */ (event.currentTarget).value;
            redraw();
          } }, ...LEVELS.map((level) => h("option", { value: level, selected: level === least }, level.toLowerCase()))))),
      answer && answer.left_out > 0
        ? notice(`${answer.left_out.toLocaleString("en")} older lines are not kept.`, "left")
        : null,
      lines.length > 0
        ? h("ol", { class: "log", "data-key": "lines" }, ...lines.map((entry, at) => row(context, entry, at)))
        : notice(known?.error ?? (answer === null ? "Loading…" : empty(answer.lines.length))),
    ];
  }

  /** @param {number} all */
  function empty(all) {
    if (all > 0) return `Nothing at level ${least.toLowerCase()} or above; ${all} lines below it.`;
    return below ? "Neither it nor anything below it logged anything." : "It logged nothing itself.";
  }

  /**
   * @param {Context} context
   * @param {{ n: number, line: LogLine }} entry
   * @param {number} at
   */
  function row(context, { n, line }, at) {
    const key = `log ${line.at} ${n} ${at}`;
    const level = LEVELS.includes(line.level) ? line.level : "INFO";
    const own = n === context.record?.n;
    const name = own ? null : context.tasks.get(n)?.name ?? `task ${n}`;
    return h("li", { class: `line ${level.toLowerCase()}`, "data-key": key },
      h("span", { class: "level", title: line.level },
        h("span", { "aria-hidden": "true" }, MARKS[/** @type {keyof typeof MARKS} */ (level)]),
        h("span", { class: "unseen" }, `${level.toLowerCase()} `)),
      h("time", null, clockTime(line.at * 1000)),
      h("div", { class: "said" },
        name === null ? null : link(name, () => emit({ do: "select", task: context.idOf({ n }) }), { title: "The task that said so" }),
        h("pre", null, plain(line.message)),
        line.failure ? failure(line.failure, key) : null,
        h("span", { class: "logger" }, plain(line.logger))));
  }

  /**
   * @param {NonNullable<LogLine["failure"]>} found
   * @param {string} key
   */
  function failure(found, key) {
    const first = firstOf(found).failure;
    const open = folds.has(key);
    return h("div", { class: "failure" },
      h("button", { type: "button", class: "fold", "aria-expanded": String(open), onclick: () => folds.toggle(key) },
        plain(`${shortType(first.type)}: ${first.message.slice(0, 300)}`)),
      open ? stack(first.frames ?? [], key, folds) : null);
  }

  return { draw, reset() { folds.clear(); } };
}

/** @param {string} level */
function rank(level) {
  const at = LEVELS.indexOf(level);
  return at < 0 ? 1 : at;
}
