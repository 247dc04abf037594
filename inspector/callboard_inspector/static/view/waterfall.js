/**
 * What stands above the bars: the whole of the run as a small picture, and the time.
 *
 * Owns choosing a part of it by dragging. Tasks closer together than a pixel are one
 * column here, so ten thousand cost as much as ten.
 */

import { columns, rangeOf, share, ticks } from "../state/scale.js";
import { treeTimeOf } from "../state/store.js";
import { h } from "./format.js";
import { ink, theme } from "./ink.js";

/** @typedef {import("../state/store.js").State} State */
/** @typedef {import("../state/scale.js").Range} Range */

const HEIGHT = 18;
const LEAST = 4;
const LABEL = 40;
/** Pixels between two marks at least. */
const MARK = 50;

/** @param {import("../state/store.js").Emit} emit */
export function makeWaterfallHead(emit) {
  const canvas = h("canvas", { class: "overview", height: String(HEIGHT), "aria-hidden": "true" });
  const chosen = h("span", { class: "chosen", hidden: true });
  const axis = h("span", { class: "axis", "aria-hidden": "true" });
  const brush = h("span", {
    class: "brush", title: "Drag to look closer; double click to see all again (f)",
  }, canvas, chosen);
  const element = h("div", { class: "waterfall-head" }, brush, axis);
  /** @type {Range} */
  let whole = { from: 0, to: 1 };
  let painted = "";
  /** @type {number | null} */
  let began = null;
  // Known, not asked for: an answer in the middle of writing makes the browser lay out.
  let width = 0;
  new ResizeObserver(([entry]) => { width = entry?.contentRect.width ?? 0; }).observe(brush);

  brush.onpointerdown = (event) => {
    if (event.button !== 0) return;
    brush.setPointerCapture(event.pointerId);
    began = momentAt(event);
  };
  brush.onpointermove = (event) => {
    if (began === null) return;
    const here = momentAt(event);
    if (Math.abs(share(whole, here) - share(whole, began)) * width < LEAST) return;
    emit({ do: "range", range: { from: Math.min(began, here), to: Math.max(began, here) } });
  };
  brush.onpointerup = () => { began = null; };
  brush.onpointercancel = () => { began = null; };
  brush.ondblclick = () => emit({ do: "range", range: null });

  /** @param {PointerEvent} event */
  function momentAt(event) {
    const box = brush.getBoundingClientRect();
    const at = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
    return whole.from + at * (whole.to - whole.from);
  }

  /**
   * @param {State} state
   * @param {import("../state/forest.js").Tree | null} tree
   * @param {Range} range
   */
  function draw(state, tree, range) {
    element.hidden = tree === null || tree.root === null;
    if (tree === null || tree.root === null) return;
    const now = treeTimeOf(state);
    whole = rangeOf(tree, now);
    const across = Math.round(width);
    const stamp = `${tree.run} ${tree.version} ${whole.to} ${across} ${theme()}`;
    if (stamp !== painted && across > 0) {
      painted = stamp;
      paint(canvas, columns(tree.tasks.values(), whole, now, across), across);
    }
    chosen.hidden = state.range === null;
    if (state.range !== null) {
      chosen.style.left = `${share(whole, state.range.from) * 100}%`;
      chosen.style.width = `${(share(whole, state.range.to) - share(whole, state.range.from)) * 100}%`;
    }
    drawAxis(range, tree.root.created);
  }

  /** @param {Range} range @param {number} origin */
  function drawAxis(range, origin) {
    // A label that would be cut at the edge says nothing.
    const marks = ticks(range, origin, Math.max(2, Math.floor(width / MARK)))
      .filter(({ at }) => (1 - share(range, at)) * width > LABEL);
    while (axis.children.length > marks.length) axis.lastElementChild?.remove();
    marks.forEach(({ at, label }, index) => {
      let mark = axis.children[index];
      if (mark === undefined) axis.append(mark = h("span", { class: "tick" }));
      if (mark.textContent !== label) mark.textContent = label;
      /** @type {HTMLElement} */ (mark).style.left = `${share(range, at) * 100}%`;
    });
  }

  return { element, draw };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {{ count: Uint16Array, failed: Uint8Array }} columns
 * @param {number} width
 */
function paint(canvas, { count, failed }, width) {
  canvas.width = width;
  const pen = canvas.getContext("2d");
  if (pen === null) return;
  const most = count.reduce((a, b) => Math.max(a, b), 1);
  pen.clearRect(0, 0, width, HEIGHT);
  pen.fillStyle = ink("--bar");
  for (let x = 0; x < width; x += 1) {
    const tall = Math.ceil((Math.sqrt(/** @type {number} */ (count[x]) / most)) * (HEIGHT - 2));
    if (tall > 0) pen.fillRect(x, HEIGHT - tall, 1, tall);
  }
  pen.fillStyle = ink("--errored");
  for (let x = 0; x < width; x += 1) if (failed[x]) pen.fillRect(x - 1, 0, 2, HEIGHT);
}
