/**
 * What stands in the tree's place while no delivery is chosen: which to begin with.
 *
 * Owns which two are offered. None is opened by itself: what somebody reads is theirs.
 */

import { isTrouble } from "../state/deliveries.js";
import { plain } from "../state/plain.js";
import { h, stateIcon } from "./format.js";

/** @typedef {import("../state/store.js").State} State */
/** @typedef {import("../state/rows.js").Delivery} Delivery */

/** @param {import("../state/store.js").Emit} emit */
export function makeWelcome(emit) {
  const offers = h("p", { class: "row" });
  const element = h("section", { class: "welcome", "aria-label": "Nothing chosen" },
    h("h2", null, "Choose a delivery to see what became of it"), offers,
    h("p", null, h("kbd", null, "j"), " and ", h("kbd", null, "k"), " go through the list, ",
      h("kbd", null, "n"), " opens the newest, ", h("kbd", null, "/"), " filters, ", h("kbd", null, "?"), " tells all keys."));
  let shown = "";
  /** What was looked through. @type {{ known: unknown, version: number }} */
  let seen = { known: null, version: -1 };

  /** @param {State} state */
  function draw(state) {
    const { order, known, version } = state.picture.deliveries;
    element.hidden = state.place.delivery !== null || order.length === 0;
    if (element.hidden) return;
    if (seen.known === known && seen.version === version) return;
    seen = { known, version };
    const newest = known.get(order[0] ?? "");
    let trouble;
    for (const id of order) {
      const each = known.get(id);
      if (each === undefined || !isTrouble(each)) continue;
      trouble = each;
      break;
    }
    const key = [newest, trouble].map((each) => `${each?.id} ${each?.state}`).join();
    if (key === shown) return;
    shown = key;
    offers.replaceChildren(
      ...(trouble === undefined ? [] : [offer("The newest in trouble", trouble)]),
      ...(newest === undefined || newest === trouble ? [] : [offer("The newest", newest)]));
  }

  /** @param {string} words @param {Delivery} delivery */
  function offer(words, { id, event, action, state }) {
    return h("button", { type: "button", onclick: () => emit({ do: "go", place: { delivery: id, run: null, task: null } }) },
      stateIcon(state), ` ${words}: ${plain(action === null ? event : `${event}.${action}`)}`);
  }

  return { element, draw };
}
