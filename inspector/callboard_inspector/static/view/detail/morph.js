/**
 * Making what is shown into what it should be, in place.
 *
 * Owns keeping elements that stay: so the focus, a selection of text and how far
 * something is scrolled outlive a redraw. Children with a `data-key` are matched by it,
 * others by their position.
 */

const HANDLERS = /** @type {const} */ ([
  "onclick", "oninput", "onchange", "onkeydown", "onsubmit", "onpointerdown", "ondragover", "ondrop",
]);

/** What says something of its own for a while. @type {WeakSet<Node>} */
const apart = new WeakSet();

/**
 * Leave `element` as it is, however often all is drawn again meanwhile.
 * @param {Element} element
 * @param {number} milliseconds
 */
export function leaveAlone(element, milliseconds) {
  apart.add(element);
  setTimeout(() => apart.delete(element), milliseconds);
}

/**
 * Make `parent`'s children like `fresh`; nodes of `fresh` may become part of it.
 * @param {Element} parent
 * @param {ReadonlyArray<Node | string | null | false | undefined>} fresh
 */
export function morphChildren(parent, fresh) {
  /** @type {Map<string, Element>} */
  const keyed = new Map();
  for (const child of parent.children) {
    const key = keyOf(child);
    if (key !== null) keyed.set(key, child);
  }
  const wanted = new Set(fresh.map((item) => (item instanceof Node ? keyOf(item) : null)));
  const isGone = (/** @type {Node} */ node) => keyOf(node) !== null && !wanted.has(keyOf(node));
  let place = parent.firstChild;
  for (const item of fresh) {
    if (item === null || item === undefined || item === false) continue;
    const node = typeof item === "string" ? document.createTextNode(item) : item;
    const key = keyOf(node);
    // What goes makes room, so that what stays need not be moved: that would take its focus.
    while (place !== null && place !== node && isGone(place)) {
      const next = place.nextSibling;
      place.remove();
      place = next;
    }
    const known = key === null ? unkeyed(place) : keyed.get(key) ?? null;
    if (known !== null && isAlike(known, node)) {
      if (key !== null) keyed.delete(/** @type {string} */ (key));
      if (known !== place) parent.insertBefore(known, place);
      else place = place.nextSibling;
      morph(known, node);
    } else {
      parent.insertBefore(node, place);
    }
  }
  while (place !== null) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

/**
 * @param {Node} old
 * @param {Node} fresh of the same kind
 */
function morph(old, fresh) {
  if (old === fresh || apart.has(old)) return;
  if (!(old instanceof Element) || !(fresh instanceof Element)) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes]) {
    // Whoever opened a disclosure wants it open.
    const theirs = name === "open" && old instanceof HTMLDetailsElement;
    if (!theirs && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    // The page's policy forbids the attribute; the property below is allowed.
    if (name !== "style" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (old instanceof HTMLElement && fresh instanceof HTMLElement) {
    for (const handler of HANDLERS) Reflect.set(old, handler, Reflect.get(fresh, handler));
    if (old.style.cssText !== fresh.style.cssText) old.style.cssText = fresh.style.cssText;
  }
  if (hasValue(old) && hasValue(fresh)) {
    // What somebody is typing is theirs.
    if (old !== document.activeElement && old.value !== fresh.value) old.value = fresh.value;
    if (old instanceof HTMLInputElement && fresh instanceof HTMLInputElement) old.checked = fresh.checked;
    return;
  }
  morphChildren(old, [...fresh.childNodes]);
  if (old instanceof HTMLSelectElement && fresh instanceof HTMLSelectElement) old.value = fresh.value;
}

/**
 * @param {Element} element
 * @returns {element is HTMLInputElement | HTMLTextAreaElement}
 */
function hasValue(element) {
  return element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement;
}

/**
 * @param {Node} a
 * @param {Node} b
 */
function isAlike(a, b) {
  return a.nodeName === b.nodeName && a.nodeType === b.nodeType;
}

/** @param {Node} node */
function keyOf(node) {
  return node instanceof HTMLElement ? node.dataset["key"] ?? null : null;
}

/** @param {Node | null} node */
function unkeyed(node) {
  return node !== null && keyOf(node) === null ? node : null;
}
