/**
 * How things are written: elements, times, sizes, states.
 *
 * Owns the words and shapes of every state, so that none is told by its colour alone.
 */

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * An element. Properties that begin with `on` are handlers, `null` and `false` leave an
 * attribute out, everything else is an attribute.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown> | null} [properties]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) Reflect.set(element, name, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

/** @param {Element} element @param {Child[]} children */
function append(element, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    element.append(typeof child === "number" ? String(child) : child);
  }
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * A picture from the page's sheet of icons.
 * @param {string} name
 * @param {string} [className]
 */
export function icon(name, className = "icon") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#${name}`);
  svg.append(use);
  return svg;
}

/** State to the icon that stands for it. @type {Readonly<Record<string, string>>} */
const SHAPES = {
  pending: "ring", running: "disc", completing: "half", erroring: "cross", halting: "slash",
  completed: "check", errored: "cross", halted: "slash",
  queued: "ring", failed: "cross", held: "pause", parked: "stop", folded: "fold", ignored: "dot",
};

/** @param {string} state */
export function shapeOf(state) {
  return SHAPES[state] ?? "dot";
}

/**
 * A state's shape, and its word for those who do not see it.
 * @param {string} state
 * @param {boolean} [silent] the word stands beside it already
 */
export function stateIcon(state, silent = false) {
  const mark = h("span", { class: `state ${state}`, title: state }, icon(shapeOf(state)));
  if (!silent) mark.append(h("span", { class: "unseen" }, state));
  return mark;
}

/** A state's shape and word. @param {string} state */
export function stateMark(state) {
  return h("span", { class: "mark" }, stateIcon(state, true), h("span", { class: `word ${state}` }, state));
}

/**
 * A length of time, short enough for a column.
 * @param {number} seconds
 */
export function duration(seconds) {
  const s = Math.max(seconds, 0);
  if (s < 0.000_9995) return `${(s * 1e6).toFixed(0)} µs`;
  if (s < 0.009_995) return `${(s * 1e3).toFixed(1)} ms`;
  if (s < 0.9995) return `${(s * 1e3).toFixed(0)} ms`;
  if (s < 9.995) return `${s.toFixed(2)} s`;
  if (s < 59.95) return `${s.toFixed(1)} s`;
  const whole = Math.round(s);
  if (whole < 3600) return inTwo(Math.floor(whole / 60), "min", whole % 60, "s");
  if (whole < 172_800) return inTwo(Math.floor(whole / 3600), "h", Math.floor((whole % 3600) / 60), "min");
  return `${Math.floor(whole / 86_400)} days`;
}

/**
 * A length of time that still grows: no finer than the eye can follow.
 * @param {number} seconds
 */
export function elapsed(seconds) {
  if (seconds < 9.95) return `${Math.max(seconds, 0).toFixed(1)} s`;
  return duration(Math.max(10, Math.floor(seconds))).replace(".0 s", " s");
}

/**
 * @param {number} many
 * @param {string} unit
 * @param {number} few
 * @param {string} smaller
 */
function inTwo(many, unit, few, smaller) {
  return few === 0 ? `${many} ${unit}` : `${many} ${unit} ${String(few).padStart(2, "0")} ${smaller}`;
}

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/**
 * A time of day; with its date when that is not today.
 * @param {number} ms Unix milliseconds
 */
export function clockTime(ms) {
  const date = new Date(ms);
  const text = TIME.format(date);
  return date.toDateString() === new Date().toDateString() ? text : `${DAY.format(date)} ${text}`;
}

/** How long ago, in one unit. @param {number} ms @param {number} now */
export function ago(ms, now) {
  const s = Math.max(0, (now - ms) / 1000);
  if (s < 1) return "now";
  if (s < 60) return `${Math.floor(s)} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 172_800) return `${Math.floor(s / 3600)} h ago`;
  return `${Math.floor(s / 86_400)} d ago`;
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 999_500) return `${(bytes / 1000).toPrecision(3)} kB`;
  return `${(bytes / 1e6).toPrecision(3)} MB`;
}

/** How many of what: "1 change", "2 changes". @param {number} number @param {string} what */
export function counted(number, what) {
  return `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;
}

/** Which attempt it is: "2 of 3"; empty where none is counted. @param {{ attempt?: number, attempts?: number }} task */
export function attemptOf({ attempt, attempts }) {
  return attempt ? `${attempt}${attempts ? ` of ${attempts}` : ""}` : "";
}

/** @param {number} number */
export function count(number) {
  return number.toLocaleString("en-GB").replaceAll(",", " ");
}
