/**
 * The tab with what a task changed: one diff for each change, and its remarks apart.
 *
 * Owns asking for further pages, and which diffs are shown whole.
 */

import { clockTime, h } from "../format.js";
import { countsOf, diffOf } from "../../state/diff.js";
import { plain } from "../../state/plain.js";
import { decides, messageOf, signOf, tallyOf } from "../../state/standing.js";
import { Folds, copyButton, diff, link, linkOut, notice, section } from "./parts.js";

/** @typedef {import("../../wire.js").EffectAnswer} EffectAnswer */
/** @typedef {import("./context.js").Context} Context */

/** So many diffs are open at first; the others show their names. */
const OPEN = 8;

/**
 * @param {() => void} redraw
 * @param {import("../../state/store.js").Ask} ask
 * @param {import("../../state/store.js").Emit} emit
 */
export function makeEntities(redraw, ask, emit) {
  const folds = new Folds(redraw);
  let pages = 1;
  let everything = true;

  /**
   * @param {Context} context
   * @returns {Array<HTMLElement | null>}
   */
  function draw(context) {
    const { run, record } = context;
    if (run === null || record === null) return [];
    const whole = record.kind === "run";
    // A task's changes are mostly made by its spans: by default everything below counts.
    const task = whole || everything ? null : record.n;
    /** @type {EffectAnswer[]} */
    const effects = [];
    let more = false;
    let error = null;
    let loading = false;
    for (let page = 0; page < pages; page += 1) {
      const question = { of: /** @type {const} */ ("effects"), run, task, offset: effects.length };
      ask(question, context.live ? { every: 2000 } : {});
      const known = context.answer(question);
      const answer = known?.answer?.of === "effects" ? known.answer : null;
      error ??= known?.error ?? null;
      loading ||= answer === null && !error;
      if (answer === null) break;
      effects.push(...answer.effects);
      more = answer.more;
      if (!more) break;
    }
    const shown = whole || !everything ? effects : effects.filter((effect) => context.isBelow(effect.task, record.n));
    return [
      whole ? null : h("div", { class: "row", "data-key": "choices" },
        h("label", null,
          h("input", { type: "checkbox", checked: everything, onchange: () => { everything = !everything; pages = 1; redraw(); } }),
          " with everything below")),
      ...parts(context, shown, more),
      shown.length === 0 ? notice(error ?? (loading ? "Loading…" : more ? "Nothing among those looked at so far." : nothing(context))) : null,
      more ? h("p", { class: "row", "data-key": "more" }, link("Show more", () => { pages += 1; redraw(); })) : null,
    ];
  }

  /**
   * What was left as it was comes first: there a person may have to do something.
   * @param {Context} context
   * @param {EffectAnswer[]} shown
   * @param {boolean} more there are further ones
   */
  function parts(context, shown, more) {
    const drawn = shown.map((effect, at) => ({ effect, element: change(context, effect, at) }));
    return [false, true].map((changed) => {
      const some = drawn.filter(({ effect }) => decides(effect) === changed);
      if (some.length === 0) return null;
      const tally = `${plain(tallyOf(some.map(({ effect }) => effect)))}${more ? ", …" : ""}`;
      const part = section(`${changed ? "Changed" : "Left as it was"}: ${tally}`, ...some.map(({ element }) => element));
      part.dataset["key"] = changed ? "changed" : "left";
      return part;
    });
  }

  /**
   * @param {Context} context
   * @param {EffectAnswer} effect
   * @param {number} at
   */
  function change(context, effect, at) {
    const key = `effect ${at} ${effect.subject}`;
    const open = at < OPEN ? !folds.has(key) : folds.has(key);
    const task = context.tasks.get(effect.task);
    return h("section", { class: `effect ${decides(effect) ? effect.operation : "other"}`, "data-key": key },
      h("div", { class: "head" },
        h("button", { type: "button", class: "fold", "aria-expanded": String(open), "aria-label": `${effect.operation} ${plain(effect.subject)}`, onclick: () => folds.toggle(key) },
          h("span", { class: "sign" }, signOf(effect.operation)), ` ${plain(effect.operation)}`),
        linkOut(context, effect.subject, () => emit({ do: "go", place: { view: "entity", subject: effect.subject } }), { class: "subject", title: "Its whole history" }),
        h("time", null, clockTime(effect.at * 1000)),
        effect.task === context.record?.n ? null
          : link(task?.name ?? `task ${effect.task}`, () => emit({ do: "select", task: context.idOf({ n: effect.task }) }), { title: "The task that did it" })),
      open ? changeOf(effect, key, folds) : null);
  }

  return { draw, reset() { folds.clear(); pages = 1; } };
}

/**
 * The diff of one change, or why there is none.
 * @param {EffectAnswer} effect
 * @param {string} key
 * @param {Folds} folds
 */
export function changeOf(effect, key, folds) {
  if (effect.cut) return notice(effect.cut);
  const message = messageOf(effect);
  if (message !== null) return h("p", { class: "said" }, plain(message));
  const whole = folds.has(`${key} whole`);
  const lines = diffOf(effect.before, effect.after, whole ? Infinity : undefined);
  if (lines.length === 0) return notice("Nothing is recorded of what it was or became.");
  const counts = countsOf(lines);
  if (counts.gone + counts.new === 0) return notice("Before and after are the same.");
  return h("div", null,
    diff(lines, () => folds.toggle(`${key} whole`)),
    h("p", { class: "row" },
      effect.before !== null ? copyButton("Copy before", () => JSON.stringify(effect.before, null, 2)) : null,
      effect.after !== null ? copyButton("Copy after", () => JSON.stringify(effect.after, null, 2)) : null));
}

/** @param {Context} context */
function nothing({ live, record }) {
  const who = record?.kind === "run" ? "This run" : "It";
  return live ? `${who} has changed nothing so far.` : `${who} changed nothing.`;
}
