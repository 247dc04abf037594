/**
 * The pages beside the runs, loaded after the first picture.
 *
 * Owns nothing but their being fetched together.
 */

import { makeCompare } from "./compare.js";
import { makeProviders } from "./providers.js";
import { makeSubject } from "./subject.js";

/**
 * @param {import("../state/store.js").Emit} emit
 * @param {import("../state/store.js").Ask} ask
 */
export function makePages(emit, ask) {
  return { providers: makeProviders(emit, ask), entity: makeSubject(emit, ask), compare: makeCompare(emit, ask) };
}
