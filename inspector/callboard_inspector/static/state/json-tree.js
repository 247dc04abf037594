/**
 * A JSON text as a tree that is read only where it is open.
 *
 * Owns finding values in the text without making objects of them: keys keep their order
 * and their doubles, numbers keep their digits, and a text of which only the beginning
 * has arrived shows what is there. A list of 100,000 is shown by ranges, a string of
 * 5 MB by pages.
 */

/** @typedef {"object" | "array" | "string" | "number" | "literal" | "broken"} Kind */

/**
 * A value's place in the text. `cut`: the text ends before the value does.
 * @typedef {{ kind: Kind, start: number, end: number, cut: boolean }} Node
 */

/** @typedef {{ key: string | null, node: Node }} Member `key` null in an array */

/**
 * One line of the viewer. `size`: members of a container, characters of a string.
 * `range`: the line stands for the members from the first up to before the second.
 * @typedef {{
 *   path: string, depth: number, key: string | number | null, node: Node, size: number,
 *   folding: boolean, open: boolean, text: string, range: [number, number] | null,
 *   rest: number,
 * }} Row
 */

export const RANGE = 100;
export const TEXT_PAGE = 10_000;
const SHORT = 200;
const PREVIEW = 72;
const QUOTE = 34;
const BACKSLASH = 92;

/** A text, and the members of its containers as far as somebody looked. */
export class JsonText {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.root = readValue(text, skipSpace(text, 0));
    /** @type {WeakMap<Node, Member[]>} */
    this.members = new WeakMap();
    /** @type {WeakMap<Node, string>} */
    this.strings = new WeakMap();
  }

  /**
   * The members of a container, in the text's order.
   * @param {Node} node
   */
  membersOf(node) {
    let members = this.members.get(node);
    if (members === undefined) {
      members = readMembers(this.text, node);
      this.members.set(node, members);
    }
    return members;
  }

  /**
   * What a string says; of one that is cut, what has arrived.
   * @param {Node} node
   */
  stringOf(node) {
    let text = this.strings.get(node);
    if (text === undefined) {
      text = decode(this.text.slice(node.start, node.end), node.cut);
      this.strings.set(node, text);
    }
    return text;
  }

  /**
   * How many members or characters it has.
   * @param {Node} node
   */
  sizeOf(node) {
    if (isContainer(node)) return this.membersOf(node).length;
    return node.kind === "string" ? this.stringOf(node).length : node.end - node.start;
  }
}

/** @param {Node} node */
export function isContainer(node) {
  return node.kind === "object" || node.kind === "array";
}

/**
 * The lines to show: `open` has the paths of what is unfolded, with the number of
 * characters shown of a long string. At most `limit` lines.
 * @param {JsonText} json
 * @param {ReadonlyMap<string, number>} open
 * @param {number} [limit]
 * @returns {Row[]}
 */
export function rowsOf(json, open, limit = 2000) {
  /** @type {Row[]} */
  const rows = [];
  /** @type {Array<{ path: string, depth: number, key: string | number | null, node: Node, range: [number, number] | null }>} */
  const waiting = [{ path: "$", depth: 0, key: null, node: json.root, range: null }];
  while (waiting.length > 0 && rows.length < limit) {
    const next = /** @type {typeof waiting[0]} */ (waiting.pop());
    const { path, depth, key, node, range } = next;
    if (!isContainer(node)) {
      rows.push(scalarRow(json, next, open.get(path)));
      continue;
    }
    const members = json.membersOf(node);
    const [from, to] = range ?? [0, members.length];
    const isOpen = open.has(path) && to > from;
    rows.push({
      path, depth, key, node, size: to - from, folding: to > from, open: isOpen,
      text: range ? "" : preview(json, node), range, rest: 0,
    });
    if (!isOpen) continue;
    const step = rangeStep(to - from);
    if (step > 1) {
      for (let at = from + step * Math.floor((to - from - 1) / step); at >= from; at -= step) {
        const end = Math.min(at + step, to);
        waiting.push({ path: `${path}.${at}-${end - 1}`, depth: depth + 1, key: null, node, range: [at, end] });
      }
      continue;
    }
    for (let at = to - 1; at >= from; at -= 1) {
      const member = /** @type {Member} */ (members[at]);
      waiting.push({ path: `${path}.${at}`, depth: depth + 1, key: member.key ?? at, node: member.node, range: null });
    }
  }
  return rows;
}

/**
 * Paths to unfold so that about `budget` lines are seen, breadth first.
 * @param {JsonText} json
 * @param {number} budget
 * @returns {Map<string, number>}
 */
export function unfolded(json, budget) {
  /** @type {Map<string, number>} */
  const open = new Map([["$", 0]]);
  let shown = Math.min(json.sizeOf(json.root), RANGE);
  let level = [{ path: "$", node: json.root }];
  while (level.length > 0) {
    /** @type {typeof level} */
    const below = [];
    for (const { path, node } of level) {
      if (!isContainer(node)) continue;
      const members = json.membersOf(node);
      if (rangeStep(members.length) > 1) continue;
      for (let at = 0; at < members.length; at += 1) {
        const member = /** @type {Member} */ (members[at]);
        if (!isContainer(member.node)) continue;
        shown += Math.min(json.sizeOf(member.node), RANGE);
        if (shown > budget) return open;
        open.set(`${path}.${at}`, 0);
        below.push({ path: `${path}.${at}`, node: member.node });
      }
    }
    level = below;
  }
  return open;
}

/**
 * How many members a line stands for, so that no container shows more than 100.
 * @param {number} count
 */
function rangeStep(count) {
  let step = 1;
  while (count > step * RANGE) step *= RANGE;
  return step;
}

/**
 * @param {JsonText} json
 * @param {{ path: string, depth: number, key: string | number | null, node: Node }} place
 * @param {number | undefined} shown
 * @returns {Row}
 */
function scalarRow(json, { path, depth, key, node }, shown) {
  if (node.kind !== "string") {
    const text = json.text.slice(node.start, Math.min(node.end, node.start + SHORT));
    return { path, depth, key, node, size: text.length, folding: false, open: false, text, range: null, rest: 0 };
  }
  const whole = json.stringOf(node);
  const folding = whole.length > SHORT;
  const upTo = folding ? (shown ?? SHORT) : whole.length;
  return {
    path, depth, key, node, size: whole.length, folding, open: folding && shown !== undefined,
    text: whole.slice(0, upTo), range: null, rest: Math.max(whole.length - upTo, 0),
  };
}

/**
 * A folded container in a few words: its first plain members.
 * @param {JsonText} json
 * @param {Node} node
 */
function preview(json, node) {
  const parts = [];
  let length = 0;
  const members = json.membersOf(node);
  for (const { key, node: value } of members.slice(0, 8)) {
    const from = value.start;
    const said = isContainer(value)
      ? value.kind === "array" ? "[…]" : "{…}"
      : json.text.slice(from, Math.min(value.end, from + 32)) + (value.end - from > 32 ? "…" : "");
    const part = key === null ? said : `${key.slice(0, 32)}: ${said}`;
    if (length + part.length > PREVIEW) break;
    parts.push(part);
    length += part.length + 2;
  }
  if (parts.length < members.length) parts.push("…");
  return parts.join(", ");
}

/**
 * @param {string} text
 * @param {number} at
 */
function skipSpace(text, at) {
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) break;
    at += 1;
  }
  return at;
}

/**
 * @param {string} text
 * @param {number} start
 * @returns {Node}
 */
function readValue(text, start) {
  const first = text[start];
  if (first === '"') {
    const end = endOfString(text, start);
    return { kind: "string", start, end: end < 0 ? text.length : end, cut: end < 0 };
  }
  if (first === "{" || first === "[") {
    const end = endOfContainer(text, start);
    const kind = first === "{" ? "object" : "array";
    return { kind, start, end: end < 0 ? text.length : end, cut: end < 0 };
  }
  let end = start;
  while (end < text.length && !" \n\r\t,]}".includes(/** @type {string} */ (text[end]))) end += 1;
  const word = text.slice(start, Math.min(end, start + 400));
  const kind = /^-?\d/.test(word) ? "number" : /^(true|false|null)$/.test(word) ? "literal" : "broken";
  return { kind, start, end, cut: end === text.length };
}

/**
 * After the closing quote; -1 if there is none.
 * @param {string} text
 * @param {number} start
 */
function endOfString(text, start) {
  let at = start;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at < 0) return -1;
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return at + 1;
  }
}

/**
 * After the closing bracket; -1 if there is none.
 * @param {string} text
 * @param {number} start
 */
function endOfContainer(text, start) {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (end < 0) return -1;
      at = end - 1;
    } else if (code === 123 || code === 91) {
      depth += 1;
    } else if (code === 125 || code === 93) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
}

/**
 * @param {string} text
 * @param {Node} node
 */
function readMembers(text, node) {
  /** @type {Member[]} */
  const members = [];
  const named = node.kind === "object";
  const stop = node.cut ? node.end : node.end - 1;
  let at = skipSpace(text, node.start + 1);
  while (at < stop) {
    /** @type {string | null} */
    let key = null;
    if (named) {
      const end = text.charCodeAt(at) === QUOTE ? endOfString(text, at) : -1;
      if (end < 0) break; // a key that has not arrived, or no key at all
      key = decode(text.slice(at, end), false);
      at = skipSpace(text, end);
      if (text[at] !== ":") break;
      at = skipSpace(text, at + 1);
      if (at >= stop) break;
    }
    const value = readValue(text, at);
    if (value.end === at) break; // nothing that could be a value: the text is broken
    members.push({ key, node: value });
    at = skipSpace(text, value.end);
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return members;
}

/**
 * @param {string} quoted
 * @param {boolean} cut
 */
function decode(quoted, cut) {
  // An escape that is cut in the middle goes; what stands before it is whole.
  const raw = cut ? `${quoted.replace(/\\(u[0-9a-fA-F]{0,3})?$/, "")}"` : quoted;
  try {
    return String(JSON.parse(raw));
  } catch {
    return quoted.slice(1, cut ? undefined : -1);
  }
}
