/**
 * A long list of which only what is seen is in the document.
 *
 * Owns the scrolled box, rows of one height, and keeping the element of a row for as long
 * as the row is in sight.
 */

import { h } from "./format.js";

const OVERSCAN = 6;

/**
 * @template T
 * @typedef {{
 *   label: string, role: string, rowRole: string,
 *   key: (row: T) => string,
 *   make: () => HTMLElement,
 *   fill: (element: HTMLElement, row: T, index: number) => void,
 *   scrolled?: () => void,
 * }} Shape `fill` writes only what differs: it is called for every row in sight
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
    /** @type {Map<string, HTMLElement>} */
    this.shown = new Map();
    this.element.addEventListener("scroll", () => {
      this.draw(this.rows, this.height);
      shape.scrolled?.();
    }, { passive: true });
    new ResizeObserver(() => this.draw(this.rows, this.height)).observe(this.element);
  }

  /** @param {readonly T[]} rows @param {number} height of a row, pixels */
  draw(rows, height) {
    this.rows = rows;
    this.height = height;
    const total = `${rows.length * height}px`;
    if (this.space.style.height !== total) this.space.style.height = total;
    const top = this.element.scrollTop;
    const first = Math.max(0, Math.floor(top / height) - OVERSCAN);
    const last = Math.min(rows.length, Math.ceil((top + this.element.clientHeight) / height) + OVERSCAN);
    const wanted = new Set(rows.slice(first, last).map(this.shape.key));
    for (const [key, element] of this.shown) if (!wanted.has(key)) element.remove();
    /** @type {Map<string, HTMLElement>} */
    const shown = new Map();
    let next = this.space.firstElementChild;
    for (let index = first; index < last; index += 1) {
      const row = /** @type {T} */ (rows[index]);
      const key = this.shape.key(row);
      let element = this.shown.get(key);
      if (element === undefined) {
        element = this.shape.make();
        element.setAttribute("role", this.shape.rowRole);
      }
      // In the document's order, too: that is the order in which they are read aloud.
      if (element === next) next = next.nextElementSibling;
      else this.space.insertBefore(element, next);
      shown.set(key, element);
      const place = `translateY(${index * height}px)`;
      if (element.style.transform !== place) element.style.transform = place;
      this.shape.fill(element, row, index);
    }
    this.shown = shown;
  }

  /** Scrolls as little as needed. @param {number} index */
  reveal(index) {
    const { element, height } = this;
    const top = index * height;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + height > element.scrollTop + element.clientHeight) {
      element.scrollTop = top + height - element.clientHeight;
    }
  }

  /** How many rows fit. */
  get page() {
    return Math.max(1, Math.floor(this.element.clientHeight / this.height) - 1);
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
