/**
 * A slider over a run: the tree as it stood at any moment.
 *
 * Owns stepping from one thing that happened to the next, and going back to the latest.
 */

import { duration, h } from "./format.js";
import { countsAt, momentsOf, neighbour } from "../state/moment.js";
import { chosenTree } from "../state/store.js";

/** @typedef {import("../state/store.js").State} State */

const STEPS = 1000;

/** @param {import("../state/store.js").Emit} emit */
export function makeTimeSlider(emit) {
  /** @type {import("../state/forest.js").Tree | null} */
  let tree = null;
  let start = 0;
  let end = 0;
  let at = 0;

  const range = /** @type {HTMLInputElement} */ (h("input", {
    type: "range", min: "0", max: String(STEPS), step: "1", class: "moment", "aria-label": "Moment of the run",
    oninput: () => go(start + ((end - start) * Number(range.value)) / STEPS),
  }));
  range.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (step === undefined) return;
    // From one thing that happened to the next: most of a run's time nothing does.
    event.preventDefault();
    event.stopPropagation();
    move(step > 0 ? 1 : -1);
  };
  const said = h("span", { class: "said" });
  const back = h("button", { type: "button", title: "The step before", "aria-label": "the step before", onclick: () => move(-1) }, "◂");
  const forth = h("button", { type: "button", title: "The next step", "aria-label": "the next step", onclick: () => move(1) }, "▸");
  const now = h("button", { type: "button", onclick: () => emit({ do: "at", at: null }) }, "Latest");
  const element = h("div", { class: "time-slider", role: "group", "aria-label": "Time" }, back, range, forth, said, now);

  /** To the next thing that happened; they are only put in order when somebody steps. @param {1 | -1} step */
  function move(step) {
    if (tree !== null) go(neighbour(momentsOf(tree.tasks.values()), at, step));
  }

  /** @param {number} moment */
  function go(moment) {
    at = moment; // keys come faster than frames
    emit({ do: "at", at: moment });
  }

  /** @param {State} state */
  function draw(state) {
    tree = chosenTree(state);
    const root = tree?.root ?? null;
    element.hidden = tree === null || root === null;
    if (tree === null || root === null) return;
    start = root.created;
    const running = root.ended === null;
    end = Math.max(running ? state.frozen?.at ?? state.picture.time : 0, tree.last);
    const chosen = state.place.at;
    at = Math.min(Math.max(chosen ?? end, start), end);
    const share = end > start ? (at - start) / (end - start) : 1;
    if (document.activeElement !== range || chosen === null) range.value = String(Math.round(share * STEPS));
    const offset = `${duration((at - start) / 1000)} of ${duration((end - start) / 1000)}`;
    const words = chosen === null ? running ? "as it is" : "at its end" : wordsOf(countsAt(tree.tasks.values(), at));
    said.textContent = said.title = `${offset} · ${words}`;
    range.setAttribute("aria-valuetext", said.textContent);
    element.classList.toggle("past", chosen !== null);
    /** @type {HTMLButtonElement} */ (now).disabled = chosen === null;
  }

  return { element, draw };
}

/** @param {ReturnType<typeof countsAt>} counts */
function wordsOf({ running, ended, pending }) {
  return `${running} running, ${ended} ended, ${pending} waiting`;
}
