import assert from "node:assert/strict";
import { test } from "node:test";

import { asOf, countsAt, momentsOf, neighbour } from "../../../inspector/callboard_inspector/static/state/moment.js";

const TASKS = [
  { n: 0, created: 10, started: 10, ended: 50, state: "errored", error: "Boom", cause: "late" },
  { n: 1, created: 10, started: 20, ended: 30, state: "completed" },
  { n: 2, created: 30, started: null, ended: 50, state: "halted" },
  { n: 3, created: 40, started: 41, ended: null, state: "running" },
];

/** @param {number} at */
const states = (at) => TASKS.map((task) => asOf(task, at)?.state ?? null);

test("before it was created a task is not there, and its end is not known before it came", () => {
  assert.deepEqual(states(9), [null, null, null, null]);
  assert.deepEqual(states(10), ["running", "pending", null, null]);
  assert.deepEqual(states(25), ["running", "running", null, null]);
  assert.deepEqual(states(30), ["running", "completed", "pending", null]);
  assert.deepEqual(states(50), ["errored", "completed", "halted", "running"]);
  const then = asOf(/** @type {typeof TASKS[0]} */ (TASKS[0]), 25);
  assert.deepEqual([then?.ended, then?.error, then?.cause], [null, null, null]);
});

test("at the end every task is as it is", () => {
  for (const task of TASKS.slice(0, 3)) assert.equal(asOf(task, 50), task);
});

test("the slider steps from one thing that happened to the next, and stays at the ends", () => {
  const moments = momentsOf(TASKS);
  assert.deepEqual(moments, [10, 20, 30, 40, 41, 50]);
  assert.equal(neighbour(moments, 20, 1), 30);
  assert.equal(neighbour(moments, 20, -1), 10);
  assert.equal(neighbour(moments, 25, 1), 30);
  assert.equal(neighbour(moments, 25, -1), 20);
  assert.equal(neighbour(moments, 50, 1), 50);
  assert.equal(neighbour(moments, 10, -1), 10);
  assert.equal(neighbour([], 3, 1), 3);
});

test("it is counted what was there", () => {
  assert.deepEqual(countsAt(TASKS, 30), { pending: 1, running: 1, ended: 1 });
});
