/**
 * A JSON text on many lines, to be read and edited.
 *
 * Owns moving nothing but space: what JavaScript would read as another number, and a key
 * that comes twice, stay as they were written.
 */

const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g;
const STEP = "  ";

/**
 * `text`, which is JSON, without what is only there to be read.
 * @param {string} text
 */
export function packed(text) {
  return (text.match(TOKENS) ?? []).join("");
}

/**
 * `text` if it is no JSON.
 * @param {string} text
 */
export function laidOut(text) {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  /** @type {string[]} */
  const parts = [];
  let depth = 0;
  let opened = false;
  for (const [token] of text.matchAll(TOKENS)) {
    const closes = token === "}" || token === "]";
    if (closes) depth -= 1;
    if (closes !== opened) parts.push("\n", STEP.repeat(depth)); // nothing stands inside of {}
    parts.push(token === ":" ? ": " : token);
    if (token === ",") parts.push("\n", STEP.repeat(depth));
    opened = token === "{" || token === "[";
    if (opened) depth += 1;
  }
  return parts.join("");
}
