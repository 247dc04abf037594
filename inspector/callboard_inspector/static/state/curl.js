/**
 * A delivery as a command that sends it again.
 *
 * Owns what goes into it: no signature, no cookie, nothing that the client makes itself.
 */

const LEFT_OUT = new Set([
  "accept", "accept-encoding", "authorization", "connection", "content-length", "cookie", "forwarded",
  "host", "proxy-authorization", "set-cookie", "transfer-encoding", "x-real-ip",
]);

/**
 * @param {string} url
 * @param {Readonly<Record<string, string>>} headers
 * @param {string} body
 */
export function curl(url, headers, body) {
  const lines = [`curl --request POST ${shell(url)}`];
  for (const name of Object.keys(headers).sort()) {
    const lower = name.toLowerCase();
    if (LEFT_OUT.has(lower) || /signature|token|secret|^x-forwarded-/.test(lower)) continue;
    lines.push(`--header ${shell(`${name}: ${headers[name] ?? ""}`)}`);
  }
  lines.push(`--data-binary ${shell(body)}`);
  return `${lines.join(" \\\n  ")}\n`;
}

/**
 * As one word of a POSIX shell, whatever it says.
 * @param {string} text
 */
function shell(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
