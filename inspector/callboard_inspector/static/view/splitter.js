/**
 * The line between the tree and its waterfall, which people move.
 *
 * Owns how wide the tree is as a share of both, and remembering it.
 */

import { h } from "./format.js";
import { setAttribute } from "./virtual-rows.js";

const LEAST = 0.2, MOST = 0.9, STEP = 0.02;
const KEPT = "share";

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
  let dragged = false;

  /** The usual width where nobody chose one. @param {number | null} share */
  function set(share) {
    const kept = share === null ? null : Math.min(MOST, Math.max(LEAST, share));
    if (kept === null) {
      pane.style.removeProperty("--share");
      localStorage.removeItem(KEPT);
    } else {
      pane.style.setProperty("--share", kept.toFixed(3));
      localStorage.setItem(KEPT, kept.toFixed(3));
    }
    tell();
    moved();
  }

  function current() {
    return Number(getComputedStyle(pane).getPropertyValue("--share"));
  }

  function tell() {
    setAttribute(element, "aria-valuenow", String(Math.round(current() * 100)));
  }

  /** @param {PointerEvent} event */
  function shareAt(event) {
    const box = pane.getBoundingClientRect();
    const took = parseFloat(getComputedStyle(pane).getPropertyValue("--took"));
    return (event.clientX - box.left - took) / box.width;
  }

  element.onpointerdown = (event) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    dragged = true;
  };
  element.onpointermove = (event) => { if (dragged) set(shareAt(event)); };
  element.onpointerup = () => { dragged = false; };
  element.onpointercancel = () => { dragged = false; };
  element.ondblclick = () => set(null);
  element.onkeydown = (event) => {
    const to = { ArrowLeft: current() - STEP, ArrowRight: current() + STEP, Home: LEAST, End: MOST, Enter: null }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    set(to);
  };
  element.onfocus = tell;

  const kept = Number(localStorage.getItem(KEPT));
  if (kept >= LEAST && kept <= MOST) pane.style.setProperty("--share", String(kept));
  setAttribute(element, "aria-valuenow", kept >= LEAST && kept <= MOST ? String(Math.round(kept * 100)) : "50");
  return { element };
}
