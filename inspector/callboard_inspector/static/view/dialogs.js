/**
 * What opens above the page.
 *
 * Owns nothing but its being drawn together.
 */

import { choicesOf } from "./choices.js";
import { makeHelp } from "./help.js";
import { makePalette } from "./palette.js";

/** @typedef {import("../state/store.js").State} State */

/**
 * @param {import("../state/store.js").Emit} emit
 * @param {() => State} current
 * @param {() => void} chooseNewest
 */
export function makeDialogs(emit, current, chooseNewest) {
  const help = makeHelp(emit);
  const palette = makePalette(emit, (typed) => choicesOf(current(), typed, emit, chooseNewest));

  /** @param {State} state */
  function draw(state) {
    help.draw(state);
    palette.draw(state);
  }

  return { elements: [help.element, palette.element], draw };
}
