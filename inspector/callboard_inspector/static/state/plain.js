/**
 * Text from strangers as text that misleads nobody.
 *
 * Owns which characters are shown by their number: those that turn the direction of what
 * follows, that cannot be seen, or that move the cursor of whoever pastes them; and how long a
 * text is.
 */

// Controls but tab and newline; soft hyphen; zero width; directions; tags; byte order mark.
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu;

/**
 * `text` with every misleading character written as its number.
 * @param {string} text
 */
export function plain(text) {
  return text.replace(HIDDEN, (found) => {
    const code = /** @type {number} */ (found.codePointAt(0));
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/**
 * A sentence of the runtime's, in which names stand in backticks, as people write one.
 * @param {string} text
 */
export function sentence(text) {
  return plain(text).replace(/`([^`]*)`/g, "“$1”");
}

/**
 * How many characters `text` has as the server counts them: a pair of surrogates is one.
 * @param {string} text
 */
export function characters(text) {
  let count = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0xd800 || code > 0xdbff) continue;
    const next = text.charCodeAt(at + 1);
    if (next >= 0xdc00 && next <= 0xdfff) count -= 1;
  }
  return count;
}

/**
 * `text` in quotes on one line, as JSON has it, with misleading characters by number.
 * @param {string} text
 */
export function quoted(text) {
  return plain(JSON.stringify(text));
}
