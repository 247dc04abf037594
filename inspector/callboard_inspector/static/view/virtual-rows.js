/**
 * A long list of which only what is seen is in the document.
 *
 * Owns the scrolled box, rows of one height, and their elements: one stays with its row
 * for as long as that is in sight, then it is another row's.
 */

import { h } from "./format.js";

const OVERSCAN = 6;
/** Milliseconds without a change after which the rows are put in the document's order. */
const REST = 200;

/**
 * @template T
 * @typedef {{
 *   label: string, role: string, rowRole: string,
 *   key: (row: T) => string,
 *   make: () => Slot<T>,
 *   drawn?: (first: number, rows: readonly T[]) => void,
 * }} Shape `drawn` is told which rows are in the document
 */

/**
 * @template T
 * @typedef {{ element: HTMLElement, fill: (row: T) => void }} Slot an element for one row after another; `fill` is called for every row in sight and writes only what differs
 */

/** @template T */
export class VirtualRows {
  /** @param {Shape<T>} shape */
  constructor(shape) {
    this.shape = shape;
    this.space = h("div", { class: "space", role: "presentation" });
    this.element = h("div", { class: "rows", role: shape.role, "aria-label": shape.label, tabindex: "0" }, this.space);
    /** @type {readonly T[]} */
    this.rows = [];
    this.height = 26;
    /** @type {Map<string, Slot<T>>} */
    this.shown = new Map();
    // Known, not asked for: an answer in the middle of writing makes the browser lay out.
    this.top = 0;
    this.extent = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.resting = undefined;
    this.element.addEventListener("scroll", () => {
      this.top = this.element.scrollTop;
      this.draw(this.rows, this.height);
    }, { passive: true });
    new ResizeObserver(() => {
      this.extent = this.element.clientHeight;
      this.top = this.element.scrollTop;
      this.element.parentElement?.style.setProperty("--gutter", `${this.element.offsetWidth - this.element.clientWidth}px`);
      this.draw(this.rows, this.height);
    }).observe(this.element);
  }

  /** @param {readonly T[]} rows @param {number} height of a row, pixels */
  draw(rows, height) {
    this.rows = rows;
    this.height = height;
    const total = `${rows.length * height}px`, each = `${height}px`;
    if (this.space.style.height !== total) this.space.style.height = total;
    if (this.space.style.getPropertyValue("--row") !== each) this.space.style.setProperty("--row", each);
    const first = Math.max(0, Math.min(rows.length, Math.floor(this.top / height)) - OVERSCAN);
    const last = Math.min(rows.length, Math.ceil((this.top + this.extent) / height) + OVERSCAN);
    const inSight = rows.slice(first, last);
    const keys = inSight.map(this.shape.key);
    const wanted = new Set(keys);
    const free = [...this.shown].flatMap(([key, slot]) => (wanted.has(key) ? [] : [slot]));
    /** @type {Map<string, Slot<T>>} */
    const shown = new Map();
    inSight.forEach((row, at) => {
      const key = /** @type {string} */ (keys[at]);
      const slot = this.shown.get(key) ?? free.pop() ?? this.make();
      shown.set(key, slot);
      const { style } = slot.element;
      const place = `translateY(${(first + at) * height}px)`;
      if (style.transform !== place) style.transform = place;
      slot.fill(row);
    });
    for (const { element } of free) element.remove();
    this.shown = shown;
    this.shape.drawn?.(first, inSight);
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.order(), REST);
  }

  make() {
    const slot = this.shape.make();
    slot.element.setAttribute("role", this.shape.rowRole);
    this.space.append(slot.element);
    return slot;
  }

  /** The document's order is that in which rows are read aloud; the eye does not see it. */
  order() {
    let next = this.space.firstElementChild;
    for (const { element } of this.shown.values()) {
      if (element === next) next = next.nextElementSibling;
      else this.space.insertBefore(element, next);
    }
  }

  /** Scrolls to `top`, pixels. @param {number} top */
  scrollTo(top) {
    if (top === this.top) return;
    this.element.scrollTop = top;
    this.top = this.element.scrollTop;
  }

  /** Scrolls as little as needed. @param {number} index */
  reveal(index) {
    this.extent ||= this.element.clientHeight; // nobody has told yet
    const { height } = this;
    const top = index * height;
    if (top < this.top) this.scrollTo(top);
    else if (top + height > this.top + this.extent) this.scrollTo(top + height - this.extent);
  }

  /** How many rows fit. */
  get page() {
    return Math.max(1, Math.floor(this.extent / this.height) - 1);
  }
}

/**
 * Writes a text only where it differs.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string | null} value
 */
export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * What is seen of a row, in its order, and the state that is seen as a shape.
 * @param {ReadonlyArray<Element>} parts
 * @param {string} state
 */
export function labelOf(parts, state) {
  return [...parts.map(({ textContent }) => textContent), state].filter(Boolean).join(", ");
}
