/**
 * What changed between two JSON values, as lines that people read.
 *
 * Owns writing a value as lines, one fact each, finding the lines that went and came,
 * and folding what stayed.
 */

/**
 * A line of a diff. `same`, `gone` (only before), `new` (only after), or `skip`: that many
 * unchanged lines.
 * @typedef {{ kind: "same" | "gone" | "new" | "skip", text: string, count: number }} Line
 */

/** Lines of context around a change. */
export const CONTEXT = 2;
/** Beyond this many differing lines the two are shown one after the other. */
const DIFFERENT = 600;
const LINES = 20_000;
const LENGTH = 2000;

/**
 * The diff of two values; null stands for "there was none".
 * @param {unknown} before
 * @param {unknown} after
 * @param {number} [context] lines of context; Infinity for everything
 * @returns {Line[]}
 */
export function diffOf(before, after, context = CONTEXT) {
  const old = before === null || before === undefined ? [] : linesOf(before);
  const fresh = after === null || after === undefined ? [] : linesOf(after);
  return folded(compared(old, fresh), context);
}

/**
 * How many lines went and came.
 * @param {Line[]} lines
 */
export function countsOf(lines) {
  let gone = 0;
  let fresh = 0;
  for (const line of lines) {
    if (line.kind === "gone") gone += 1;
    if (line.kind === "new") fresh += 1;
  }
  return { gone, new: fresh };
}

/**
 * A value as lines, members indented, without the brackets and commas of JSON.
 * @param {unknown} value
 * @returns {string[]}
 */
export function linesOf(value) {
  /** @type {string[]} */
  const lines = [];
  write(value, "", "", lines);
  return lines;
}

/**
 * @param {unknown} value
 * @param {string} head what stands before the value on its first line
 * @param {string} indent
 * @param {string[]} lines
 */
function write(value, head, indent, lines) {
  if (lines.length > LINES) return;
  const entries = entriesOf(value);
  if (entries === null || entries.length === 0) {
    const said = entries === null ? scalar(value) : Array.isArray(value) ? "[]" : "{}";
    lines.push(`${head}${said}`);
    return;
  }
  if (head.trim() !== "") lines.push(head.trimEnd());
  for (const [key, member] of entries) {
    // A list's member that is an object starts on the dash's own line, as in YAML.
    const mark = key === null ? "- " : `${plainKey(key)}: `;
    const nested = entriesOf(member);
    if (key === null && nested !== null && nested.length > 0) {
      const inner = /** @type {string[]} */ ([]);
      write(member, "", `${indent}  `, inner);
      const first = inner[0] ?? "";
      lines.push(`${indent}- ${first.slice(indent.length + 2)}`, ...inner.slice(1));
    } else {
      write(member, `${indent}${mark}`, `${indent}  `, lines);
    }
  }
}

/**
 * @param {unknown} value
 * @returns {Array<[string | null, unknown]> | null} null for a plain value
 */
function entriesOf(value) {
  if (Array.isArray(value)) return value.map((member) => [null, member]);
  if (value !== null && typeof value === "object") return Object.entries(value);
  return null;
}

/** @param {string} key */
function plainKey(key) {
  return /^[\w./@-]+$/.test(key) ? key : JSON.stringify(key);
}

/** @param {unknown} value */
function scalar(value) {
  if (typeof value !== "string") return String(value);
  const cut = value.length > LENGTH
    ? `${value.slice(0, LENGTH)}… (${value.length.toLocaleString("en")} characters)`
    : value;
  // Quotes only where the text could be taken for something else.
  const plain = /^[^\s"'[\]{}#&*!|>%@`,:-][^\n\r\t]*$/.test(cut) && !/: |\s$|^(true|false|null|~|[\d.+].*)$/.test(cut);
  return plain ? cut : JSON.stringify(cut);
}

/**
 * Myers' greedy comparison, after what both have in common at either end.
 * @param {string[]} old
 * @param {string[]} fresh
 * @returns {Line[]}
 */
function compared(old, fresh) {
  let head = 0;
  while (head < old.length && head < fresh.length && old[head] === fresh[head]) head += 1;
  let tail = 0;
  while (
    tail < Math.min(old.length, fresh.length) - head &&
    old[old.length - 1 - tail] === fresh[fresh.length - 1 - tail]
  ) tail += 1;
  return [
    ...old.slice(0, head).map((text) => line("same", text)),
    ...middle(old.slice(head, old.length - tail), fresh.slice(head, fresh.length - tail)),
    ...old.slice(old.length - tail).map((text) => line("same", text)),
  ];
}

/**
 * @param {string[]} old
 * @param {string[]} fresh
 * @returns {Line[]}
 */
function middle(old, fresh) {
  const steps = old.length > 0 && fresh.length > 0 ? shortest(old, fresh) : null;
  if (steps === null) {
    return [...old.map((text) => line("gone", text)), ...fresh.map((text) => line("new", text))];
  }
  /** @type {Line[]} */
  const lines = [];
  let [x, y] = [old.length, fresh.length];
  for (let d = steps.length - 1; d >= 0; d -= 1) {
    const reach = /** @type {Map<number, number>} */ (steps[d]);
    const k = x - y;
    const down = k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
    const before = down ? k + 1 : k - 1;
    const startX = d === 0 ? 0 : reach.get(before) ?? 0;
    const startY = d === 0 ? 0 : startX - before;
    while (x > startX && y > startY) {
      x -= 1;
      y -= 1;
      lines.push(line("same", /** @type {string} */ (old[x])));
    }
    if (d === 0) break;
    if (down) {
      y -= 1;
      lines.push(line("new", /** @type {string} */ (fresh[y])));
    } else {
      x -= 1;
      lines.push(line("gone", /** @type {string} */ (old[x])));
    }
  }
  return lines.reverse();
}

/**
 * How far each diagonal reached before every step; null when too much differs.
 * @param {string[]} old
 * @param {string[]} fresh
 */
function shortest(old, fresh) {
  /** @type {Map<number, number>} */
  let reach = new Map([[1, 0]]);
  /** @type {Array<Map<number, number>>} */
  const steps = [];
  for (let d = 0; d <= DIFFERENT; d += 1) {
    steps.push(reach);
    const next = new Map(reach);
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (next.get(k - 1) ?? -1) < (next.get(k + 1) ?? -1));
      let x = down ? next.get(k + 1) ?? 0 : (next.get(k - 1) ?? 0) + 1;
      let y = x - k;
      while (x < old.length && y < fresh.length && old[x] === fresh[y]) {
        x += 1;
        y += 1;
      }
      next.set(k, x);
      if (x >= old.length && y >= fresh.length) return steps;
    }
    reach = next;
  }
  return null;
}

/**
 * @param {Line[]} lines
 * @param {number} context
 */
function folded(lines, context) {
  const near = new Uint8Array(lines.length);
  lines.forEach((each, at) => {
    if (each.kind === "same") return;
    const from = Math.max(at - context, 0);
    near.fill(1, from, Math.min(at + context + 1, lines.length));
  });
  /** @type {Line[]} */
  const kept = [];
  for (let at = 0; at < lines.length; at += 1) {
    const each = /** @type {Line} */ (lines[at]);
    if (near[at]) {
      kept.push(each);
      continue;
    }
    let end = at;
    while (end < lines.length && !near[end]) end += 1;
    // A fold of one line would take a line itself.
    if (end - at === 1) kept.push(each);
    else kept.push({ kind: "skip", text: "", count: end - at });
    at = end - 1;
  }
  return kept;
}

/**
 * @param {"same" | "gone" | "new"} kind
 * @param {string} text
 * @returns {Line}
 */
function line(kind, text) {
  return { kind, text, count: 1 };
}
