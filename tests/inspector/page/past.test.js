import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Past } from "../../../inspector/callboard_inspector/static/past.js";
import { Deliveries } from "../../../inspector/callboard_inspector/static/state/deliveries.js";
import { noStates, onlyStates, parse, statesOf } from "../../../inspector/callboard_inspector/static/state/filter.js";

/** @typedef {import("../../../inspector/callboard_inspector/static/state/rows.js").Delivery} Delivery */

/** @param {number} n @param {string} state @returns {Delivery} */
const delivery = (n, state) => /** @type {any} */ ({ id: `d${String(n).padStart(3, "0")}`, state, revision: 1 });

function newest() {
  const deliveries = new Deliveries();
  deliveries.replace([delivery(98, "completed"), delivery(99, "completed")], "d097");
  return deliveries;
}

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

test("what a lost connection left unanswered is no error once there is another one", async (context) => {
  context.after(() => mock.timers.reset());
  mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  /** @type {Array<(detail: any) => void>} */
  const open = [];
  /** @type {any[]} */
  const said = [];
  const past = new Past(() => new Promise((answered) => { open.push(answered); }), (each) => said.push(each));
  const deliveries = newest();
  const lost = { answer: null, error: "the connection was lost" };
  const first = past.read(deliveries, null, false);
  open[0]?.(lost);
  await first;
  assert.deepEqual(said.at(-1), { asking: false, error: lost.error });
  past.forgive();
  assert.equal(said.at(-1).error, null);
  const second = past.read(deliveries, null, false);
  past.forgive(); // the connection is another one, and only then is what was asked on the one before given up
  open[1]?.(lost);
  await second;
  assert.deepEqual(said.at(-1), { asking: false, error: null });
  void past.read(deliveries, null, false);
  assert.equal(open.length, 3, "it is asked again at once");
});

test("a filter says which states it means, and which there are not", () => {
  assert.deepEqual(statesOf(parse("state:parked,failed push")), ["parked", "failed"]);
  assert.equal(statesOf(parse("push -state:parked")), null);
  assert.deepEqual(noStates(parse("state:parked,foo")), ["foo"]);
  assert.equal(onlyStates(parse("state:parked,failed task:users repo:")), true);
  for (const more of ["state:completed word", "state:completed -state:failed", "word", "repo:site", "task:users", ""]) {
    assert.equal(onlyStates(parse(more)), false, more);
  }
});
