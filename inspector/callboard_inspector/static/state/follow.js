/**
 * Staying at the newest delivery while that is what somebody looks at.
 *
 * Owns when the selection may move by itself: only from the first row of the list, and only
 * while nothing of it was chosen or is asked.
 */

import { deliveryFilter, parse } from "./filter.js";

/** @typedef {import("./store.js").State} State */

/** Whether a newer delivery is to take the place of the one that is looked at. @param {State} state */
export function isFollowing(state) {
  const { follow, asking, place: { view, delivery, run, task, at } } = state;
  if (!follow || delivery === null || view !== "runs" || run !== null || task !== null || at !== null || asking !== null) return false;
  return firstRow(state) === delivery;
}

/**
 * The newest delivery that passes the filter; null when it is older than the chosen one.
 * @param {State} state
 */
export function firstRow({ filter, place, picture: { deliveries } }) {
  const passes = deliveryFilter(parse(filter));
  for (const id of deliveries.order) {
    const delivery = deliveries.known.get(id);
    if (delivery !== undefined && (passes === null || passes(delivery))) return id;
    if (id === place.delivery) return null;
  }
  return null;
}
