/** Which deliveries are known without a gap, and what is asked to know more. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Deliveries } from "../../../inspector/callboard_inspector/static/state/deliveries.js";
import { Picture } from "../../../inspector/callboard_inspector/static/state/picture.js";

/** @typedef {import("../../../inspector/callboard_inspector/static/state/rows.js").Delivery} Delivery */
/** @typedef {import("../../../inspector/callboard_inspector/static/state/deliveries.js").Older} Older */

/** @param {number} n @param {string} [state] @returns {Delivery} */
const delivery = (n, state = "completed") => /** @type {any} */ ({ id: id(n), state, revision: 1 });
const id = (/** @type {number} */ n) => `d${String(n).padStart(6, "0")}`;
const numbers = (/** @type {readonly string[]} */ order) => order.map((id) => Number(id.slice(1)));

function newest() {
  const deliveries = new Deliveries();
  deliveries.replace([delivery(98), delivery(99)], id(97));
  return deliveries;
}

/**
 * Reads older ones to the end, as the journal has them.
 * @param {Deliveries} deliveries
 * @param {readonly Delivery[]} journal newest first
 */
function readAll(deliveries, journal) {
  for (let asked = deliveries.nextOlder(null); asked !== null; asked = deliveries.nextOlder(null)) {
    const { before } = asked;
    const below = journal.filter(({ id }) => id < before);
    deliveries.take(asked, below.slice(0, 200), below.length > 200, deliveries.generation);
  }
}

test("what a search found far below is in the list only where it is looked for", () => {
  const deliveries = newest();
  const asked = /** @type {Older} */ (deliveries.nextOlder(["parked"]));
  deliveries.take(asked, [delivery(40, "parked"), delivery(30, "parked")], true, deliveries.generation);
  assert.deepEqual([numbers(deliveries.order), numbers(deliveries.whole)], [[99, 98, 40, 30], [99, 98]]);
  assert.deepEqual(deliveries.nextOlder(["parked"]), { of: "deliveries", before: id(30), state: "parked" });
  deliveries.take({ of: "deliveries", before: id(30), state: "parked" }, [], false, deliveries.generation);
  assert.equal(deliveries.nextOlder(["parked"]), null);
  assert.equal(deliveries.nextOlder(["parked", "failed"])?.state, "failed");
  deliveries.take(/** @type {Older} */ (deliveries.nextOlder(null)), [delivery(97), delivery(40, "parked")], true, deliveries.generation);
  assert.deepEqual(numbers(deliveries.whole), [99, 98, 97, 40]);
  deliveries.take({ of: "deliveries", before: id(40) }, [delivery(30, "parked")], false, deliveries.generation);
  assert.deepEqual([numbers(deliveries.whole), deliveries.nextOlder(null)], [[99, 98, 97, 40, 30], null]);
});

test("a delivery of long ago that has just moved hides nothing between", () => {
  const deliveries = new Deliveries();
  deliveries.replace([delivery(98), delivery(12, "failed"), delivery(99)], id(97));
  assert.deepEqual([numbers(deliveries.order), numbers(deliveries.whole)], [[99, 98, 12], [99, 98]]);
  deliveries.put(delivery(11, "failed"));
  assert.deepEqual(numbers(deliveries.whole), [99, 98]);
  readAll(deliveries, Array.from({ length: 100 }, (_, n) => delivery(99 - n)));
  assert.equal(deliveries.whole.length, 100);
});

test("after an outage, of which memory kept what was parked, each delivery is reached by reading older ones", () => {
  const journal = Array.from({ length: 7500 }, (_, n) => delivery(7499 - n, n < 5000 ? "completed" : "parked"));
  const kept = [...journal.slice(5000, 5442).reverse(), ...journal.slice(0, 58).reverse()];
  const picture = new Picture();
  const frame = /** @type {const} */ ({ type: "snapshot", scope: "", sequence: 1, time: 0 });
  picture.apply({ ...frame, part: "begin" });
  picture.apply({
    ...frame, part: "nodes", strings: ["s", "push", "completed", "parked"],
    deliveries: kept.map(({ id, state }) => [id, 1, 0, 1, null, null, null, state === "parked" ? 3 : 2, 0, null, null, 1, null, null]),
  });
  picture.apply({ ...frame, part: "end", floor: id(7441) });
  const { deliveries } = picture;
  assert.deepEqual([deliveries.order.length, deliveries.whole.length], [500, 58]);
  readAll(deliveries, journal);
  assert.deepEqual(deliveries.whole, journal.map(({ id }) => id));
});

test("a list of which all were let go of is read from its floor on, with that itself", () => {
  const deliveries = new Deliveries();
  deliveries.replace([delivery(3, "parked")], id(9));
  assert.deepEqual(numbers(deliveries.whole), []);
  readAll(deliveries, Array.from({ length: 10 }, (_, n) => delivery(9 - n)));
  assert.equal(deliveries.whole.length, 10);
});

test("older ones that were asked for before the list was replaced hide no gap", () => {
  for (const more of [true, false]) {
    for (const states of [null, ["parked"]]) {
      const deliveries = newest();
      const { generation } = deliveries;
      const asked = /** @type {Older} */ (deliveries.nextOlder(states));
      deliveries.replace([delivery(1098), delivery(1099)], id(1097));
      deliveries.take(asked, [delivery(97, "parked")], more, generation);
      assert.deepEqual(numbers(deliveries.whole), [1099, 1098]);
      readAll(deliveries, Array.from({ length: 1100 }, (_, n) => delivery(1099 - n)));
      assert.equal(deliveries.whole.length, 1100);
      assert.equal(deliveries.nextOlder(["parked"]), null);
    }
  }
});

test("a page of which the end is more than a list holds leaves out none of what it holds", () => {
  const deliveries = new Deliveries();
  deliveries.replace(Array.from({ length: 49_999 }, (_, n) => delivery(100_000 + n)), id(99_999));
  const asked = /** @type {Older} */ (deliveries.nextOlder(null));
  deliveries.take(asked, [delivery(99_999), delivery(99_998), delivery(99_997)], true, deliveries.generation);
  assert.deepEqual(deliveries.whole, deliveries.order);
  assert.equal(deliveries.order.length, 50_000);
});
