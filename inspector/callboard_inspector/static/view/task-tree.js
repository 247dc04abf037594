/**
 * The tree of a run beside its waterfall: one row a task.
 *
 * Owns what a task looks like on one line, and where its bar lies.
 */

import { whyNoRun } from "../state/deliveries.js";
import { parse, taskFilter } from "../state/filter.js";
import { plain } from "../state/plain.js";
import { splitTaskId, taskId } from "../state/rows.js";
import { rangeOf, share } from "../state/scale.js";
import { chosenDelivery, chosenTree, treeTimeOf } from "../state/store.js";
import { unfoldTo, visibleRows } from "../state/visible.js";
import { duration, h, icon, shapeOf } from "./format.js";
import { labelOf, setAttribute, setText, VirtualRows } from "./virtual-rows.js";
import { makeWaterfallHead } from "./waterfall.js";

/** @typedef {import("../state/store.js").State} State */
/** @typedef {import("../state/visible.js").Row} Row */
/** @typedef {import("../state/scale.js").Range} Range */

const NORMAL = 26, COMPACT = 20;
const LABELS = 3;

/** @param {import("../state/store.js").Emit} emit */
export function makeTaskTree(emit) {
  /** @type {State | null} */
  let drawn = null;
  /** @type {Range} */
  let range = { from: 0, to: 1 };
  let known = nothingKnown();
  /** @type {string | null} */
  let revealed = null;
  const list = new VirtualRows({
    label: "Tasks", role: "tree", rowRole: "treeitem",
    key: (/** @type {Row} */ row) => taskId(row.task),
    make, fill,
  });
  const head = makeWaterfallHead(emit);
  const note = h("p", { class: "notice note", hidden: true });
  const element = h("section", { class: "tree pane", "aria-label": "Tree and waterfall" },
    h("header", { class: "pane-head" }, h("h2", null, "Tree"), head.element), note, list.element);

  list.element.onclick = (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const row = target?.closest("[data-task]");
    if (!(row instanceof HTMLElement)) return;
    const id = row.dataset["task"] ?? "";
    if (target?.closest(".twist")) {
      emit({ do: "fold", n: splitTaskId(id).n, open: row.getAttribute("aria-expanded") === "false" });
    } else {
      emit({ do: "select", task: id });
    }
  };

  function make() {
    return h("div", { class: "task" },
      h("span", { class: "what" },
        h("span", { class: "twist" }, icon("twist")),
        h("span", { class: "state" }, icon("dot")),
        h("span", { class: "name" }), " ",
        h("span", { class: "more" })), " ",
      h("span", { class: "took" }),
      h("span", { class: "lane" }, h("span", { class: "wait" }), h("span", { class: "bar" })));
  }

  /** @param {HTMLElement} element @param {Row} row */
  function fill(element, row) {
    const state = /** @type {State} */ (drawn);
    const { task } = row;
    const now = treeTimeOf(state);
    const id = taskId(task);
    const selected = id === selectedId(state);
    const until = task.ended ?? Math.max(now, task.started ?? task.created);
    const stamp = [task.revision, task.state, row.depth, row.open, row.hidden, row.worst, row.matches, selected, row.position, row.siblings,
      task.ended === null ? now : 0, range.from, range.to].join(" ");
    if (element.dataset["stamp"] === stamp) return;
    element.dataset["stamp"] = stamp;
    element.dataset["task"] = id;
    element.id = `task-${id}`;
    element.className = `task ${task.state}${row.matches ? " match" : ""} kind-${task.kind}`;
    setAttribute(element, "aria-level", String(row.depth + 1));
    setAttribute(element, "aria-setsize", String(row.siblings));
    setAttribute(element, "aria-posinset", String(row.position));
    setAttribute(element, "aria-expanded", row.open === null ? null : String(row.open));
    setAttribute(element, "aria-selected", String(selected));
    const [what, took, lane] = /** @type {[HTMLElement, HTMLElement, HTMLElement]} */ (/** @type {unknown} */ ([...element.children]));
    const [, mark, name, more] = /** @type {HTMLElement[]} */ ([...what.children]);
    if (mark === undefined || name === undefined || more === undefined) return;
    what.style.setProperty("--depth", String(row.depth));
    mark.className = `state ${task.state}`;
    mark.title = task.state;
    mark.querySelector("use")?.setAttribute("href", `#${shapeOf(task.state)}`);
    setText(name, plain(task.name));
    name.title = plain(task.name);
    const said = sayMore(row);
    setText(more, said.text);
    more.className = `more ${said.kind}`;
    more.title = said.text;
    setText(took, task.started === null ? "" : duration((until - task.started) / 1000));
    // What is seen, in its order, and the state that is seen as a shape.
    setAttribute(element, "aria-label", labelOf([name, more, took], task.state));
    drawBar(lane, task, until);
  }

  /**
   * @param {HTMLElement} lane
   * @param {import("../state/rows.js").Task} task
   * @param {number} until
   */
  function drawBar(lane, task, until) {
    const [wait, bar] = /** @type {[HTMLElement, HTMLElement]} */ (/** @type {unknown} */ ([...lane.children]));
    const start = task.started ?? until;
    place(wait, share(range, task.created), share(range, start), start - task.created > 0.5);
    place(bar, share(range, start), share(range, until), task.started !== null && start <= until);
    bar.className = `bar ${task.state}`;
  }

  /** @param {State} state */
  function draw(state) {
    drawn = state;
    const tree = chosenTree(state);
    element.classList.toggle("empty", tree === null);
    if (tree === null) {
      known = nothingKnown();
      list.draw([], NORMAL);
      head.draw(state, null, range);
      setText(note, state.place.delivery === null ? "" : "Loading…");
      note.hidden = state.place.delivery === null;
      return;
    }
    const now = treeTimeOf(state);
    range = state.range ?? rangeOf(tree, now);
    if (known.tree !== tree || known.version !== tree.version || known.folds !== state.folds || known.filter !== state.filter || known.at !== state.place.at) {
      const rows = visibleRows(tree, state.folds, taskFilter(parse(state.filter)), state.place.at);
      known = { tree, version: tree.version, folds: state.folds, filter: state.filter, at: state.place.at, rows };
    }
    head.draw(state, tree, range);
    const height = state.compact ? COMPACT : NORMAL;
    list.draw(known.rows, height);
    const said = (tree.whole && tree.tasks.size === 0 ? whyNoRun(chosenDelivery(state)) : null) ?? tree.note;
    note.hidden = said === null;
    setText(note, said ?? "");
    const chosen = selectedId(state);
    if (state.place.task !== revealed) revealSelected(state);
    // Only what is in the document can be pointed at.
    setAttribute(list.element, "aria-activedescendant", chosen !== null && list.shown.has(chosen) ? `task-${chosen}` : null);
  }

  /** A task that a link or another view chose is brought into sight once. @param {State} state */
  function revealSelected(state) {
    const { task } = state.place;
    const tree = chosenTree(state);
    if (task === null || tree === null) {
      revealed = task;
      return;
    }
    const at = known.rows.findIndex((row) => taskId(row.task) === task);
    if (at >= 0) {
      list.reveal(at);
      list.draw(known.rows, state.compact ? COMPACT : NORMAL);
      revealed = task;
    } else if (tree.tasks.has(splitTaskId(task).n)) {
      emit({ do: "folds", folds: unfoldTo(tree, state.folds, splitTaskId(task).n) });
    }
  }

  return {
    element, draw, list,
    rows: () => known.rows,
    /** Index of the selected row, or -1. */
    index: () => drawn === null ? -1 : known.rows.findIndex((row) => taskId(row.task) === selectedId(/** @type {State} */ (drawn))),
  };
}

/**
 * What the rows were made of, to make them again only when one of it has changed.
 * @returns {{ tree: unknown, version: number, folds: unknown, filter: string, at: number | null, rows: Row[] }}
 */
function nothingKnown() {
  return { tree: null, version: -1, folds: null, filter: "", at: null, rows: [] };
}

/** The task that is selected: the run itself when none was chosen. @param {State} state */
function selectedId(state) {
  if (state.place.task !== null) return state.place.task;
  const root = chosenTree(state)?.root;
  return root ? taskId(root) : null;
}

/**
 * What else stands on a task's line: the gravest first.
 * @param {Row} row
 * @returns {{ text: string, kind: string }}
 */
function sayMore({ task, open, hidden, worst }) {
  const rest = open === false ? `${hidden} below${worst === null ? "" : `, ${worst}`}` : "";
  const joined = (/** @type {string} */ text) => plain([text, rest].filter(Boolean).join(" · "));
  if (task.error !== null) return { text: joined(task.error), kind: "error" };
  if (task.state === "halted" || task.state === "halting") return { text: joined(task.cause ?? ""), kind: "cause" };
  if (task.waits !== null) return { text: joined(`waiting for ${task.waits}`), kind: "waits" };
  const said = [];
  if (task.attempt > 1) said.push(`attempt ${task.attempt}`);
  if (task.progress !== null) said.push(progressOf(task.progress));
  if (task.effects > 0) said.push(`${task.effects} ${task.effects === 1 ? "change" : "changes"}`);
  for (const [name, value] of Object.entries(task.labels).slice(0, LABELS)) said.push(`${name} ${String(value)}`);
  if (task.folded > 0) said.push(`${task.folded} more that completed`);
  return { text: joined(said.join(" · ")), kind: "labels" };
}

/** @param {import("../wire.js").TaskProgress} progress */
function progressOf({ done, total, unit }) {
  const whole = total === null ? `${done}` : `${done} of ${total}`;
  return unit ? `${whole} ${unit}` : whole;
}

/**
 * @param {HTMLElement} element
 * @param {number} from share of the lane
 * @param {number} to
 * @param {boolean} shown
 */
function place(element, from, to, shown) {
  const left = Math.max(0, Math.min(1, from)), right = Math.max(0, Math.min(1, to));
  const outside = to < 0 || from > 1;
  element.hidden = !shown || outside;
  if (element.hidden) return;
  element.style.left = `${(left * 100).toFixed(4)}%`;
  element.style.width = `max(2px, ${((right - left) * 100).toFixed(4)}%)`;
}
