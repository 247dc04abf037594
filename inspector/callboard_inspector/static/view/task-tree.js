/**
 * The tree of a run beside its waterfall: one row a task.
 *
 * Owns which rows there are, the part of the time that is shown, and bringing the
 * selected task into sight.
 */

import { whyNoRun } from "../state/deliveries.js";
import { parse, taskFilter } from "../state/filter.js";
import { sentence } from "../state/plain.js";
import { splitTaskId, taskId } from "../state/rows.js";
import { rangeOf } from "../state/scale.js";
import { chosenDelivery, chosenTree, treeTimeOf } from "../state/store.js";
import { unfoldTo, visibleRows } from "../state/visible.js";
import { h } from "./format.js";
import { makeLanes } from "./lanes.js";
import { later } from "./later.js";
import { keptShare, setShare } from "./share.js";
import { makeTaskRow } from "./task-row.js";
import { setAttribute, setText, VirtualRows } from "./virtual-rows.js";
import { makeWaterfallHead } from "./waterfall.js";

/** @typedef {import("../state/store.js").State} State */
/** @typedef {import("../state/visible.js").Row} Row */
/** @typedef {import("../state/scale.js").Range} Range */

const NORMAL = 26, COMPACT = 20;

/** @param {import("../state/store.js").Emit} emit */
export function makeTaskTree(emit) {
  /** @type {Range} */
  let range = { from: 0, to: 1 };
  let known = nothingKnown();
  /** @type {string | null} */
  let revealed = null;
  /** @type {import("./task-row.js").Seen} */
  const seen = { now: 0, grows: true, selected: null };
  const lanes = makeLanes();
  const list = new VirtualRows({
    label: "Tasks", role: "tree", rowRole: "treeitem",
    key: (/** @type {Row} */ row) => taskId(row.task),
    make: () => makeTaskRow(seen),
    drawn: (first, rows) => lanes.draw(rows.map(({ task }) => task), { top: first * list.height, height: list.height, range, now: seen.now }),
  });
  list.element.append(lanes.element);
  const head = makeWaterfallHead(emit);
  /** What stands here while nothing is chosen, once it is loaded. @type {ReturnType<typeof import("./welcome.js").makeWelcome> | null} */
  let welcome = null;
  const note = h("p", { class: "notice note", hidden: true });
  const element = h("section", { class: "tree pane", "aria-label": "Tree and waterfall" },
    h("header", { class: "pane-head" }, h("h2", null, "Tree"), head.element), note, list.element);
  setShare(element, keptShare());
  let split = false;
  /** The line between tree and waterfall, with the first tree. */
  function addSplitter() {
    if (split) return;
    split = true;
    later(() => import("./splitter.js"), ({ makeSplitter }) => {
      // The bars are drawn anew once it is known how wide they are.
      element.append(makeSplitter(element, () => requestAnimationFrame(() => emit({ do: "resized" }))).element);
    });
  }
  later(() => import("./welcome.js"), ({ makeWelcome }) => {
    welcome = makeWelcome(emit);
    list.element.before(welcome.element);
    emit({ do: "resized" });
  });

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

  /** @param {State} state */
  function draw(state) {
    const tree = chosenTree(state);
    welcome?.draw(state);
    element.classList.toggle("empty", tree === null);
    if (tree === null) {
      known = nothingKnown();
      list.draw([], NORMAL);
      head.draw(state, null, range);
      setText(note, state.place.delivery === null ? "" : "Loading…");
      note.hidden = state.place.delivery === null;
      return;
    }
    addSplitter();
    seen.now = treeTimeOf(state);
    seen.grows = state.place.at === null;
    seen.selected = selectedId(state);
    range = state.range ?? rangeOf(tree, seen.now);
    const { folds, filter, place: { at } } = state;
    // What a task says of itself moves no row, unless it is looked for or summed up.
    const version = folds.size > 0 || filter !== "" || at !== null ? tree.version : tree.shape;
    if (known.tree !== tree || known.version !== version || known.folds !== folds || known.filter !== filter || known.at !== at) {
      known = { tree, version, folds, filter, at, rows: visibleRows(tree, folds, taskFilter(parse(filter)), at) };
    }
    head.draw(state, tree, range);
    const height = state.compact ? COMPACT : NORMAL;
    list.draw(known.rows, height);
    const said = (tree.whole && tree.tasks.size === 0 ? whyNoRun(chosenDelivery(state)) : null) ?? tree.note;
    note.hidden = said === null;
    setText(note, sentence(said ?? ""));
    const chosen = seen.selected;
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
    /** Index of the row that is selected in `state`, or -1: keys come faster than frames. @param {State} state */
    index: (state) => known.rows.findIndex((row) => taskId(row.task) === selectedId(state)),
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
