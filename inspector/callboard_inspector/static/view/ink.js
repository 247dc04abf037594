/**
 * The stylesheet's colours, for what is painted and not laid out.
 *
 * Owns reading them once for each theme: to ask in every frame makes the browser work out
 * all styles first.
 */

const dark = matchMedia("(prefers-color-scheme: dark)");
/** @type {Map<string, string>} */
const known = new Map();
dark.addEventListener("change", () => known.clear());

/** Which theme it is: what was painted in the other one is to be painted again. */
export function theme() {
  return dark.matches ? "dark" : "light";
}

/** @param {string} name of a custom property, as `--bar` */
export function ink(name) {
  let found = known.get(name);
  if (found === undefined) {
    found = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    known.set(name, found);
  }
  return found;
}
