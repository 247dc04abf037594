/**
 * Keys, anywhere on the page.
 *
 * Owns which key does what. Where somebody types, only Escape and Ctrl-K mean something.
 */

import { taskId } from "../state/rows.js";
import { TABS, chosenTask, chosenTree } from "../state/store.js";
import { foldBelow, foldsAtLevel } from "../state/visible.js";

/** @typedef {import("../state/store.js").State} State */
/** @typedef {import("../state/store.js").Emit} Emit */

const TYPED = "input:not([type=range], [type=checkbox]), textarea, select, [contenteditable]";
/** Where arrows have a meaning of their own. */
const OWN_ARROWS = ".panel, .tabs, .page, .time-slider";

/**
 * @param {{
 *   state: () => State, emit: Emit, filter: HTMLInputElement,
 *   tree: ReturnType<typeof import("./task-tree.js").makeTaskTree>,
 *   deliveries: ReturnType<typeof import("./delivery-list.js").makeDeliveryList>,
 * }} page
 */
export function listenToKeys({ state, emit, filter, tree, deliveries }) {
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      emit({ do: "dialog", dialog: state().dialog === "palette" ? null : "palette" });
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || state().dialog !== null) return;
    const target = event.target instanceof Element ? event.target : null;
    if (target?.matches(TYPED)) {
      if (event.key === "Enter" && target === filter) deliveries.enter(state());
      if (event.key === "Escape" && target === filter) {
        if (filter.value !== "") emit({ do: "filter", text: "" });
        filter.value = "";
        tree.list.element.focus();
      }
      return;
    }
    if (press(event.key, target)) event.preventDefault();
  });

  /**
   * Whether the key meant something.
   * @param {string} key
   * @param {Element | null} target
   */
  function press(key, target) {
    const now = state();
    switch (key) {
      case "?": emit({ do: "dialog", dialog: "help" }); return true;
      case "/": filter.focus(); filter.select(); return true;
      case "p": emit({ do: "freeze" }); return true;
      case "d": emit({ do: "density" }); return true;
      case "Escape": emit({ do: "asking", what: null }); return true;
    }
    if (now.place.view !== "runs" && now.place.view !== "file") return false;
    switch (key) {
      case "j": deliveries.neighbour(now, 1); return true;
      case "k": deliveries.neighbour(now, -1); return true;
      case "n": deliveries.chooseNewest(now); return true;
      case "f": emit({ do: "range", range: null }); return true;
      case "r": emit({ do: "asking", what: "replay" }); return true;
      case "c": emit({ do: "asking", what: "cancel" }); return true;
      case "[": turn(now, -1); return true;
      case "]": turn(now, 1); return true;
      case "e": case "w": below(now, key === "e"); return true;
      case "0": emit({ do: "folds", folds: new Set() }); return true;
    }
    if (/^[1-9]$/.test(key)) {
      const shown = chosenTree(now);
      if (shown !== null) emit({ do: "folds", folds: foldsAtLevel(shown, Number(key)) });
      return true;
    }
    if (target?.closest(OWN_ARROWS)) return false;
    if (target?.closest(".delivery-rows") && (key === "ArrowDown" || key === "ArrowUp")) {
      deliveries.neighbour(now, key === "ArrowDown" ? 1 : -1);
      return true;
    }
    return move(now, key);
  }

  /** @param {State} now @param {string} key */
  function move(now, key) {
    const rows = tree.rows();
    const at = tree.index(now);
    const row = rows[at];
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: tree.list.page, PageUp: -tree.list.page, Home: -rows.length, End: rows.length };
    const step = steps[/** @type {keyof typeof steps} */ (key)];
    if (step !== undefined) {
      const next = rows[Math.max(0, Math.min(rows.length - 1, at + step))];
      if (next !== undefined) emit({ do: "select", task: taskId(next.task) });
      return true;
    }
    if (row === undefined || (key !== "ArrowLeft" && key !== "ArrowRight")) return false;
    const { n, parent } = row.task;
    if (key === "ArrowLeft") {
      if (row.open === true) emit({ do: "fold", n, open: false });
      else if (parent !== null) emit({ do: "select", task: `${row.task.run}.${parent}` });
    } else if (row.open === false) {
      emit({ do: "fold", n, open: true });
    } else if (row.open === true) {
      const child = rows[at + 1];
      if (child !== undefined) emit({ do: "select", task: taskId(child.task) });
    }
    return true;
  }

  /** @param {State} now @param {boolean} open */
  function below(now, open) {
    const shown = chosenTree(now);
    const task = chosenTask(now);
    if (shown !== null && task !== null) emit({ do: "folds", folds: foldBelow(shown, now.folds, task.n, open) });
  }

  /** @param {State} now @param {number} step */
  function turn(now, step) {
    const next = TABS[(TABS.indexOf(now.place.tab) + step + TABS.length) % TABS.length];
    if (next !== undefined) emit({ do: "tab", tab: next });
  }
}
