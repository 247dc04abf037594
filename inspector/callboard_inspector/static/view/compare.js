/**
 * Two runs side by side: their trees, and what each changed.
 *
 * Owns loading both, and hiding what is the same when somebody wants to see less.
 */

import { counted, duration, h, stateIcon } from "./format.js";
import { changesOf, endOf, pairsOf } from "../state/compare.js";
import { diffOf } from "../state/diff.js";
import { summaryOf } from "../state/failure.js";
import { plain, sentence } from "../state/plain.js";
import { answerTo } from "../state/store.js";
import { morphChildren } from "./detail/morph.js";
import { Folds, diff, link, notice, section } from "./detail/parts.js";

/** @typedef {import("../state/store.js").State} State */
/** @typedef {import("../state/compare.js").Pair} Pair */
/** @typedef {import("../state/compare.js").Change} Change */
/** @typedef {import("../wire.js").TaskRecord} TaskRecord */
/** @typedef {import("../wire.js").EffectAnswer} EffectAnswer */
/** @typedef {import("../wire.js").RunSummary} RunSummary */
/**
 * @typedef {{
 *   run: string, delivery: string, tasks: TaskRecord[], effects: EffectAnswer[],
 *   error: string | null, whole: boolean,
 * }} Side
 */

const ROWS = 2000;
const WORDS = { state: "another end", cause: "another cause", failure: "another error", effects: "other effects" };

/**
 * @param {import("../state/store.js").Emit} emit
 * @param {import("../state/store.js").Ask} ask
 */
export function makeCompare(emit, ask) {
  /** @type {State | null} */
  let last = null;
  const redraw = () => { if (last) draw(last); };
  const folds = new Folds(redraw);
  let less = true;
  const body = h("div", { class: "body" });
  const element = h("section", { class: "page compare-page", "aria-label": "Compare", tabindex: "0" },
    h("h2", null, "Two runs side by side"), body);

  /** @param {State} state */
  function draw(state) {
    last = state;
    const { run } = state.place;
    const [leftRun, rightRun] = [runOf(state, state.place.other), runOf(state, run)];
    if (!leftRun || !rightRun) {
      morphChildren(body, [notice("Choose two runs: a run's Overview lists the others of its delivery, and what it replays.")]);
      return;
    }
    const [left, right] = [load(state, leftRun), load(state, rightRun)];
    const problem = left.error ?? right.error;
    if (problem !== null || left.tasks.length === 0 || right.tasks.length === 0) {
      morphChildren(body, [notice(problem ?? "Loading…")]);
      return;
    }
    const pairs = pairsOf(left.tasks, right.tasks);
    const differing = pairs.filter((pair) => pair.differs.length > 0);
    const shown = less && differing.length > 0 ? pairs.filter((pair) => pair.differs.length > 0 || pair.below) : pairs;
    const changes = changesOf(left.effects, right.effects);
    const other = changes.filter((change) => !change.same);
    morphChildren(body, [
      h("div", { class: "row", "data-key": "choices" },
        h("label", null, h("input", { type: "checkbox", checked: less, onchange: () => { less = !less; redraw(); } }), " only what differs"),
        differing.length + other.length === 0 ? null
          : h("span", { class: "count" }, counted(differing.length, "task"), ", ", counted(other.length, "subject"))),
      left.whole && right.whole && differing.length === 0 ? notice("The same tasks ended the same way, for the same reasons. All of them are shown.", "same") : null,
      trees(left, right, shown.slice(0, ROWS)),
      shown.length > ROWS ? notice(`${shown.length - ROWS} more rows are not shown.`, "cut") : null,
      left.whole && right.whole ? null : notice("Loading the rest…", "rest"),
      mutations(changes),
    ]);
  }

  /**
   * A run by its id, or the newest run of a delivery by the delivery's.
   * @param {State} state
   * @param {string | null | undefined} id
   */
  function runOf(state, id) {
    if (!id) return null;
    const question = { of: /** @type {const} */ ("delivery"), delivery: id };
    const delivery = state.picture.deliveries.known.get(id);
    if (delivery) return delivery.run;
    if (id === state.place.run) return id;
    ask(question);
    const known = answerTo(state, question);
    if (known?.answer?.of === "delivery") return known.answer.row[12];
    return known?.error ? id : null; // no delivery has this id: it is a run's
  }

  /**
   * @param {State} state
   * @param {string} run
   * @returns {Side}
   */
  function load(state, run) {
    /** @type {Side} */
    const side = { run, delivery: "", tasks: [], effects: [], error: null, whole: false };
    for (let start = /** @type {number | null} */ (0); start !== null;) {
      const question = { of: /** @type {const} */ ("tree"), run, start };
      ask(question);
      const known = answerTo(state, question);
      if (known?.answer?.of !== "tree") {
        if (start === 0) side.error = known?.error ?? null;
        return side;
      }
      side.delivery = known.answer.delivery;
      side.tasks.push(...known.answer.tasks);
      start = known.answer.next;
    }
    for (;;) {
      const question = { of: /** @type {const} */ ("effects"), run, task: null, offset: side.effects.length };
      ask(question);
      const known = answerTo(state, question);
      if (known?.answer?.of !== "effects") return side;
      side.effects.push(...known.answer.effects);
      if (!known.answer.more) break;
    }
    side.whole = true;
    return side;
  }

  /**
   * @param {Side} left
   * @param {Side} right
   * @param {Pair[]} pairs
   */
  function trees(left, right, pairs) {
    return h("table", { class: "pairs", "data-key": "trees" },
      h("thead", null, h("tr", null, heading(left), heading(right), h("th", { scope: "col" }, "Differs"))),
      h("tbody", null, ...pairs.map((pair) => {
        const key = `${pair.left?.n ?? "-"} ${pair.right?.n ?? "-"}`;
        return h("tr", { "data-key": key, class: pair.differs.length > 0 ? "differs" : "" },
          cell(left, pair.left, pair.depth), cell(right, pair.right, pair.depth),
          h("td", { class: "words" }, differs(pair)));
      })));
  }

  /** @param {Side} side */
  function heading({ delivery, run, tasks }) {
    return h("th", { scope: "col" },
      link(`run ${run}`, () => emit({ do: "go", place: { view: "runs", delivery, run, task: null } })),
      h("span", { class: "sub" }, ` ${counted(tasks.length, "task")}`));
  }

  /**
   * @param {Side} side
   * @param {TaskRecord | null} task
   * @param {number} depth
   */
  function cell(side, task, depth) {
    if (task === null) return h("td", { class: "none" }, "—");
    const took = task.started && task.ended ? duration(task.ended - task.started) : "";
    const error = task.failure ? summaryOf(task.failure) : task.cause ?? "";
    const inside = h("div", { class: "paired" },
      stateIcon(task.state), " ",
      link(task.name, () => emit({ do: "go", place: { view: "runs", delivery: side.delivery, run: side.run, task: `${side.run}.${task.n}` } })),
      h("span", { class: "sub" }, ` ${took}`),
      error ? h("div", { class: "sub cause" }, (task.failure ? plain : sentence)(error.slice(0, 160))) : null);
    inside.style.setProperty("--depth", String(depth));
    return h("td", null, inside);
  }

  /** @param {Change[]} changes */
  function mutations(changes) {
    const shown = less ? changes.filter((change) => !change.same) : changes;
    if (changes.length === 0) return notice("Neither run changed anything.", "changes");
    if (shown.length === 0) return notice(`Both left ${counted(changes.length, "subject")} alike.`, "changes");
    return h("div", { "data-key": "changes" },
      some("What they changed", shown.filter((change) => !change.remarked)),
      some("What they left as it was", shown.filter((change) => change.remarked)));
  }

  /** @param {string} title @param {Change[]} shown */
  function some(title, shown) {
    if (shown.length === 0) return null;
    return section(title, ...shown.slice(0, 200).map((change, at) => {
      const open = at < 5 ? !folds.has(change.subject) : folds.has(change.subject);
      const [before, after] = [endOf(change, "left"), endOf(change, "right")];
      const lines = change.same ? [] : diffOf(before?.after ?? null, after?.after ?? null);
      return h("section", { class: "effect", "data-key": change.subject },
        h("div", { class: "head" },
          h("button", { type: "button", class: "fold", "aria-expanded": String(open), onclick: () => folds.toggle(change.subject) }, words(change)),
          link(change.subject, () => emit({ do: "go", place: { view: "entity", subject: change.subject } }), { class: "link subject" })),
        open && lines.length > 0 ? diff(lines, null) : null);
    }), shown.length > 200 ? notice(`${shown.length - 200} more are not shown.`) : null);
  }

  return { element, draw };
}

/** In few words: another end has another cause and another error anyway. @param {Pair} pair */
function differs({ left, right, differs: found }) {
  if (right === null) return "only on the left";
  if (left === null) return "only on the right";
  const told = found.includes("state") ? found.filter((word) => word === "state" || word === "effects") : found;
  return told.map((word) => WORDS[/** @type {keyof typeof WORDS} */ (word)]).join(", ");
}

/** @param {Change} change */
function words({ left, right, same }) {
  if (same) return "= the same";
  const said = (/** @type {EffectAnswer[]} */ side) => side.map((effect) => effect.operation).join(", ") || "untouched";
  return `${said(left)} ↔ ${said(right)}`;
}
