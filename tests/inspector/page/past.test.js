import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Past } from "../../../inspector/callboard_inspector/static/past.js";
import { Deliveries } from "../../../inspector/callboard_inspector/static/state/deliveries.js";
import { noStates, parse, statesOf } from "../../../inspector/callboard_inspector/static/state/filter.js";

/** @typedef {import("../../../inspector/callboard_inspector/static/state/rows.js").Delivery} Delivery */

/** @param {number} n @param {string} state @returns {Delivery} */
const delivery = (n, state) => /** @type {any} */ ({ id: `d${String(n).padStart(3, "0")}`, state, revision: 1 });
const ids = (/** @type {readonly string[]} */ order) => order.map((id) => Number(id.slice(1)));

function newest() {
  const deliveries = new Deliveries();
  deliveries.replace([delivery(98, "completed"), delivery(99, "completed")]);
  return deliveries;
}

test("what a search found far below is in the list only where it is looked for", () => {
  const deliveries = newest();
  const asked = deliveries.nextOlder(["parked"]);
  assert.deepEqual(asked, { of: "deliveries", before: "d098", state: "parked" });
  deliveries.take(/** @type {any} */ (asked), [delivery(40, "parked"), delivery(30, "parked")], true);
  assert.deepEqual([ids(deliveries.order), ids(deliveries.whole)], [[99, 98, 40, 30], [99, 98]]);
  assert.equal(deliveries.nextOlder(["parked"])?.before, "d030");
  assert.equal(deliveries.nextOlder(null)?.before, "d098");
  deliveries.take({ of: "deliveries", before: "d030", state: "parked" }, [], false);
  assert.equal(deliveries.nextOlder(["parked"]), null);
  assert.equal(deliveries.nextOlder(["parked", "failed"])?.state, "failed");
  deliveries.take({ of: "deliveries", before: "d098" }, [delivery(97, "completed"), delivery(40, "parked")], true);
  assert.deepEqual(ids(deliveries.whole), [99, 98, 97, 40]);
  deliveries.take({ of: "deliveries", before: "d040" }, [delivery(30, "parked")], false);
  assert.deepEqual([ids(deliveries.whole), deliveries.nextOlder(null)], [[99, 98, 97, 40, 30], null]);
});

test("a delivery of long ago that has just moved hides nothing between", () => {
  const deliveries = new Deliveries();
  deliveries.replace([delivery(98, "completed"), delivery(12, "failed"), delivery(99, "completed")]);
  assert.deepEqual([ids(deliveries.order), ids(deliveries.whole)], [[99, 98, 12], [99, 98]]);
  assert.equal(deliveries.nextOlder(null)?.before, "d098");
  deliveries.put(delivery(11, "failed"));
  assert.deepEqual(ids(deliveries.whole), [99, 98]);
});

test("after an error the journal is asked again later, and at once by a person", async (context) => {
  context.after(() => mock.timers.reset());
  mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  let questions = 0;
  /** @type {any[]} */
  const said = [];
  const past = new Past((_question) => {
    questions += 1;
    return Promise.resolve(/** @type {any} */ ({ answer: null, error: "the disk is away" }));
  }, (each) => said.push(each));
  const deliveries = newest();
  for (let frame = 0; frame < 10; frame += 1) await past.read(deliveries, null, false);
  assert.deepEqual([questions, said], [1, [{ asking: false, error: "the disk is away" }]]);
  mock.timers.setTime(1_001_001);
  for (let frame = 0; frame < 10; frame += 1) await past.read(deliveries, null, false);
  mock.timers.setTime(1_002_002); // the second wait is twice as long
  await past.read(deliveries, null, false);
  assert.equal(questions, 2);
  await past.read(deliveries, null, true);
  assert.equal(questions, 3);
});

test("a filter says which states it means, and which there are not", () => {
  assert.deepEqual(statesOf(parse("state:parked,failed push")), ["parked", "failed"]);
  assert.equal(statesOf(parse("push -state:parked")), null);
  assert.deepEqual(noStates(parse("state:parked,foo")), ["foo"]);
});
