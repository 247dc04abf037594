/**
 * How much of the middle pane the tree has, and the waterfall has not.
 *
 * Owns remembering it, and its bounds.
 */

export const LEAST = 0.2, MOST = 0.9;
const KEPT = "share";

/** As somebody left it; null where nobody chose. @returns {number | null} */
export function keptShare() {
  const kept = Number(localStorage.getItem(KEPT));
  return kept >= LEAST && kept <= MOST ? kept : null;
}

/**
 * @param {HTMLElement} pane in whose style it stands
 * @param {number | null} share null for the usual one
 */
export function setShare(pane, share) {
  if (share === null) {
    pane.style.removeProperty("--share");
    localStorage.removeItem(KEPT);
    return;
  }
  const text = Math.min(MOST, Math.max(LEAST, share)).toFixed(3);
  pane.style.setProperty("--share", text);
  localStorage.setItem(KEPT, text);
}
