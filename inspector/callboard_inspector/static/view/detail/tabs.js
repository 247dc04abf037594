/**
 * The tabs beside the overview, loaded after the first picture.
 *
 * Owns nothing but their being fetched together: a page whose server dies has all of them.
 */

import { makeAwaitStack } from "./await-stack.js";
import { makeEntities } from "./entities.js";
import { makeError } from "./error.js";
import { makeLog } from "./log.js";
import { makePayload } from "./payload.js";

/**
 * @param {() => void} redraw
 * @param {import("../../state/store.js").Ask} ask
 * @param {import("../../state/store.js").Emit} emit
 */
export function makeTabs(redraw, ask, emit) {
  return {
    payload: makePayload(redraw, ask),
    entities: makeEntities(redraw, ask, emit),
    log: makeLog(redraw, ask, emit),
    error: makeError(redraw, emit),
    stack: makeAwaitStack(redraw, ask),
  };
}
