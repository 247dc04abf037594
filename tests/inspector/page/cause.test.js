import assert from "node:assert/strict";
import { test } from "node:test";

import { explain, failuresBelow } from "../../../inspector/callboard_inspector/static/state/cause.js";

/**
 * @param {Array<[n: number, parent: number | null, name: string, state: string, cause?: string]>} rows
 */
function treeOf(rows) {
  return new Map(rows.map(([n, parent, name, state, cause]) => [n, { n, parent, name, state, cause: cause ?? null }]));
}

/**
 * @param {ReturnType<typeof treeOf>} tree
 * @param {number} n
 */
function said(tree, n) {
  const task = tree.get(n);
  assert.ok(task);
  const explanation = explain(tree, task);
  return explanation && [explanation.kind, explanation.by?.n ?? null];
}

const GROUP = treeOf([
  [0, null, "run", "errored", "1 of 2 providers failed: `teams`"],
  [1, 0, "teams", "errored"],
  [2, 1, "users", "halted", "sibling `repositories` failed"],
  [3, 1, "repositories", "errored"],
  [4, 3, "page 1", "completed"],
  [5, 3, "page 2", "errored"],
  [6, 2, "page 9", "halted", "sibling `repositories` failed"],
  [7, 0, "repositories", "errored"],
]);

test("a task halted by a sibling's failure leads to where that failure began", () => {
  assert.deepEqual(said(GROUP, 2), ["sibling", 5]);
});

test("one below a halted task is led to the same failure, not to a namesake further away", () => {
  assert.deepEqual(said(GROUP, 6), ["sibling", 5]);
});

test("a failed task leads to the failure below it that it passes on", () => {
  assert.deepEqual(said(GROUP, 0), ["child", 5]);
  assert.deepEqual(said(GROUP, 1), ["child", 5]);
  assert.equal(said(GROUP, 5), null);
  const run = GROUP.get(0);
  assert.ok(run);
  assert.deepEqual(failuresBelow(GROUP, run).map((task) => task.n), [5, 7]);
});

test("deadlines, people and pauses are told apart", () => {
  const tree = treeOf([
    [0, null, "run", "completed"],
    [1, 0, "slow `one`", "errored"],
    [2, 1, "step", "halted", "deadline 8 s of `slow `one``"],
    [3, 1, "step", "halted", "a deadline passed 2.1 s after its start"],
    [4, 0, "x", "halted", "cancelled by ada"],
    [5, 0, "x", "halted", "provider paused: by a person"],
    [6, 0, "x", "halted", "cancelled by its own code"],
    [7, 0, "x", "halted", "cancelled: another mirror answered first"],
    [8, 0, "x", "halted", "sibling `gone` failed"],
    [9, 0, "x", "completed"],
  ]);
  assert.deepEqual(
    [2, 3, 4, 5, 6, 7, 8, 9].map((n) => said(tree, n)),
    [["deadline", 1], ["deadline", null], ["person", null], ["paused", null], ["code", null],
      ["code", null], ["sibling", null], null],
  );
});

test("after several attempts the last one's failure is to blame, and of that the first", () => {
  const at = (/** @type {number} */ n, /** @type {number} */ created, /** @type {number} */ ended) =>
    ({ n, parent: 1, name: `step ${n}`, state: "errored", cause: null, created, ended });
  const provider = { n: 1, parent: null, name: "p", state: "errored", cause: null, created: 0, ended: 90 };
  const tree = new Map([provider, at(2, 0, 10), at(3, 0, 11), at(4, 20, 30), at(5, 21, 31)].map((task) => [task.n, task]));
  assert.equal(explain(tree, provider)?.by?.n, 4);
});

test("names that strangers chose are taken for nothing else", () => {
  const odd = "a` failed\nsibling `b";
  const tree = treeOf([
    [0, null, "run", "errored"],
    [1, 0, odd, "errored"],
    [2, 0, "x", "halted", "cancelled by deadline-bot"],
    [3, 0, "x", "halted", `cancelled by sibling \`${odd}\` failed`],
    [4, 0, "x", "halted", "cancelled by deadline 1 s of `run`"],
    [5, 0, "x", "halted", "cancelled: no deadline was met"],
    [6, 0, "x", "halted", "cancelled: deadline 1 s of `run` is near"],
    [7, 0, "x", "halted", `sibling \`${odd}\` failed`],
    [8, 0, "x", "halted", `cancelled: sibling \`${odd}\` failed`],
    [9, 0, "x", "halted", "its task group was cancelled: provider paused: sibling `b` failed"],
  ]);
  assert.deepEqual([2, 3, 4, 5, 6, 7, 8, 9].map((n) => said(tree, n)), [
    ["person", null], ["person", null], ["person", null], ["code", null], ["code", null],
    ["sibling", 1], ["sibling", 1], ["code", null],
  ]);
});
