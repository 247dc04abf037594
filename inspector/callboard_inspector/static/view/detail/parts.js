/**
 * The pieces that every tab of the detail pane is made of.
 *
 * Owns how a fact, a frame of a stack, a document's lines and a button to copy look.
 */

import { h } from "../format.js";
import { leaveAlone } from "./morph.js";
import { plain } from "../../state/plain.js";
import { packageOf, sectionsOf, shortFile } from "../../state/stack.js";

/** Milliseconds for which a button says that it has copied. */
const SAID = 2500;

/** @typedef {import("../../wire.js").Frame} Frame */
/** @typedef {import("../../state/diff.js").Line} Line */
/** @typedef {HTMLElement | string | null | false | undefined} Child */

/**
 * A part with a heading.
 * @param {string} title
 * @param {...Child} children
 */
export function section(title, ...children) {
  return h("section", { class: "part", "data-key": `part ${title}` }, h("h3", null, title), ...children);
}

/**
 * Terms and what is said of them; a fact of which nothing is known is left out.
 * @param {Array<[term: string, fact: Child | Child[]]>} rows
 */
export function facts(rows) {
  const shown = rows.filter(([, fact]) => fact !== null && fact !== undefined && fact !== false && fact !== "");
  return h("dl", { class: "facts" }, ...shown.flatMap(([term, fact]) => [
    h("dt", null, term),
    h("dd", null, ...(Array.isArray(fact) ? fact : [fact])),
  ]));
}

/**
 * A sentence in the place of what is missing.
 * @param {string} text
 * @param {string} [key]
 */
export function notice(text, key = "notice") {
  return h("p", { class: "notice", "data-key": key }, text);
}

/**
 * Something to press that looks like a link.
 * @param {string} text
 * @param {() => void} act
 * @param {Record<string, string | null>} [more] further attributes
 */
export function link(text, act, more = {}) {
  return h("button", { type: "button", class: "link", onclick: act, ...more }, plain(text));
}

/**
 * A link to what only a server has; without one, its words.
 * @param {import("./context.js").Context} context
 * @param {string} text
 * @param {() => void} act
 * @param {{ class?: string, title?: string }} [more]
 */
export function linkOut({ alone }, text, act, more = {}) {
  const { class: named = "", ...rest } = more;
  return alone ? h("span", { class: named }, plain(text)) : link(text, act, { class: `link ${named}`.trim(), ...rest });
}

/**
 * Copies when it is pressed, and says so where a screen reader hears it.
 * @param {string} label
 * @param {() => string} text
 */
export function copyButton(label, text) {
  const button = h("button", {
    type: "button", class: "quiet", "data-key": `copy ${label}`,
    onclick: async (/** @type {Event} */ event) => {
      const pressed = /** @type {HTMLElement} */ (event.currentTarget);
      const said = await copied(text()) ? "copied" : "the browser did not let us copy";
      leaveAlone(pressed, SAID);
      pressed.textContent = said;
      setTimeout(() => { pressed.textContent = label; }, SAID);
    },
  }, label);
  return button;
}

/** @param {string} text */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // no permission, or a page that is not served securely
  }
}

/**
 * A stack: the application's frames with their source, runs of library frames folded.
 * @param {readonly Frame[]} frames
 * @param {string} path tells this stack from others, for what is unfolded
 * @param {Folds} folds
 */
export function stack(frames, path, folds) {
  return h("ol", { class: "stack" }, ...sectionsOf(frames).flatMap((part, at) => {
    if (!part.library) return part.frames.map(frameLine);
    const key = `${path} library ${at}`;
    const count = part.frames.length;
    const open = folds.has(key);
    const word = `${count} ${count === 1 ? "frame" : "frames"} in ${part.packages.join(", ")}`;
    return [
      h("li", { class: "frames", "data-key": key },
        h("button", { type: "button", class: "fold", "aria-expanded": String(open), onclick: () => folds.toggle(key) }, plain(word)),
        open && h("ol", { class: "stack library" }, ...part.frames.map(frameLine))),
    ];
  }));
}

/** @param {Frame} frame */
function frameLine(frame) {
  const place = `${frame.file}:${frame.line}`;
  return h("li", { class: frame.library ? "frame library" : "frame" },
    h("div", { class: "place", title: plain(place) },
      h("span", { class: "file" }, plain(`${shortFile(frame.file)}:${frame.line}`)),
      " ",
      h("span", { class: "function" }, plain(frame.function)),
      frame.library ? h("span", { class: "package" }, ` ${plain(packageOf(frame.file))}`) : null),
    frame.source ? h("pre", { class: "source" }, h("code", null, plain(frame.source))) : null);
}

const MARKS = { same: " ", gone: "−", new: "+", skip: "" };
const WORDS = { same: "", gone: "removed: ", new: "added: ", skip: "" };

/**
 * A diff's lines; `unfold` shows what stayed.
 * @param {readonly Line[]} lines
 * @param {(() => void) | null} unfold
 */
export function diff(lines, unfold) {
  return h("div", { class: "diff", role: "group", "aria-label": "before and after" }, ...lines.map((line) => {
    if (line.kind === "skip") {
      const text = `${line.count} unchanged lines`;
      return h("div", { class: "skip" }, unfold ? link(text, unfold) : text);
    }
    return h("div", { class: line.kind },
      h("span", { class: "sign", "aria-hidden": "true" }, MARKS[line.kind]),
      WORDS[line.kind] ? h("span", { class: "unseen" }, WORDS[line.kind]) : null,
      h("code", null, plain(line.text)));
  }));
}

/** What is unfolded in one view; a change draws it again. */
export class Folds {
  /** @param {() => void} redraw */
  constructor(redraw) {
    /** @type {Set<string>} */
    this.open = new Set();
    this.redraw = redraw;
  }

  /** @param {string} key */
  has(key) {
    return this.open.has(key);
  }

  /** @param {string} key */
  toggle(key) {
    if (!this.open.delete(key)) this.open.add(key);
    this.redraw();
  }

  clear() {
    this.open.clear();
  }
}

/**
 * @param {string} text
 * @param {() => void} act
 * @param {Record<string, string | null>} [more]
 */
export function button(text, act, more = {}) {
  return h("button", { type: "button", "data-key": text, onclick: act, ...more }, text);
}
