/**
 * The line between the tree and its waterfall, which people move.
 *
 * Owns moving it: by the pointer, which stays on it, and by keys.
 */

import { h } from "./format.js";
import { LEAST, MOST, setShare } from "./share.js";
import { setAttribute } from "./virtual-rows.js";

const STEP = 0.02;
/** Pixels from the element's edge to the line in it. */
const LINE = 4;

/**
 * @param {HTMLElement} pane in whose style the share stands
 * @param {() => void} moved
 */
export function makeSplitter(pane, moved) {
  const element = h("div", {
    class: "splitter", role: "separator", tabindex: "0", "aria-orientation": "vertical",
    "aria-label": "Width of the tree", "aria-valuemin": String(LEAST * 100), "aria-valuemax": String(MOST * 100),
    title: "Drag, or use the arrows; double click for the usual width",
  });
  /** Where on the line it was taken, pixels; null while nobody drags it. @type {number | null} */
  let grip = null;

  /** The usual width where nobody chose one. @param {number | null} share */
  function set(share) {
    setShare(pane, share);
    tell();
    moved();
  }

  function current() {
    return Number(getComputedStyle(pane).getPropertyValue("--share"));
  }

  function tell() {
    setAttribute(element, "aria-valuenow", String(Math.round(current() * 100)));
  }

  /** The share with which the line stands at `x`: it is one of the rows' width, as in the stylesheet. @param {number} x */
  function shareAt(x) {
    const style = getComputedStyle(pane);
    const pixels = (/** @type {string} */ name) => parseFloat(style.getPropertyValue(name)) || 0;
    const { left, width } = pane.getBoundingClientRect();
    return (x - left - pixels("--took")) / (width - pixels("--space-3") - pixels("--gutter"));
  }

  element.onpointerdown = (event) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    grip = event.clientX - element.getBoundingClientRect().left - LINE;
  };
  element.onpointermove = (event) => { if (grip !== null) set(shareAt(event.clientX - grip)); };
  element.onpointerup = () => { grip = null; };
  element.onpointercancel = () => { grip = null; };
  element.ondblclick = () => set(null);
  element.onkeydown = (event) => {
    const to = { ArrowLeft: current() - STEP, ArrowRight: current() + STEP, Home: LEAST, End: MOST, Enter: null }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    set(to);
  };
  element.onfocus = tell;

  tell();
  return { element };
}
