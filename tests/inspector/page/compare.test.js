import assert from "node:assert/strict";
import { test } from "node:test";

import { changesOf, endOf, pairsOf } from "../../../inspector/callboard_inspector/static/state/compare.js";

/**
 * @param {number} n
 * @param {number | null} parent
 * @param {string} name
 * @param {object} [more]
 * @returns {import("../../../inspector/callboard_inspector/static/wire.js").TaskRecord}
 */
const task = (n, parent, name, more = {}) =>
  ({ n, parent, name, kind: "task", state: "completed", created: 1, ...more });

/**
 * @param {string} subject
 * @param {string} operation
 * @param {unknown} after
 */
const effect = (subject, operation, after) =>
  ({ run: "r", task: 1, delivery: "d", provider: "p", at: 1, subject, operation, before: null, after, cut: null });

test("children are paired by name, in order, whatever their ordinals", () => {
  const left = [task(0, null, "push"), task(1, 0, "teams"), task(2, 1, "page"), task(3, 1, "page"), task(4, 0, "users")];
  const right = [
    task(0, null, "replayed push"), task(1, 0, "users"), task(5, 0, "teams"), task(6, 5, "page"),
    task(7, 5, "page", { state: "errored", failure: { type: "E", message: "m" } }), task(9, 0, "new"),
  ];
  assert.deepEqual(
    pairsOf(left, right).map((p) => [p.depth, p.left?.n ?? null, p.right?.n ?? null, p.differs.join(), p.below]),
    [
      [0, 0, 0, "", true],
      [1, 1, 5, "", true],
      [2, 2, 6, "", false],
      [2, 3, 7, "state,failure", false],
      [1, 4, 1, "", false],
      [1, null, 9, "only", false],
    ],
  );
});

test("a run compared with itself differs nowhere, and with nothing everywhere", () => {
  const run = [task(0, null, "push"), task(1, 0, "a"), task(2, 0, "a")];
  assert.ok(pairsOf(run, run).every((pair) => pair.differs.length === 0 && !pair.below));
  assert.ok(pairsOf(run, []).every((pair) => pair.differs[0] === "only"));
  assert.deepEqual(pairsOf([], []), []);
});

test("two handlers of one provider are not mixed up", () => {
  const left = [task(0, null, "r"), task(1, 0, "p", { labels: { handler: "a" } }), task(2, 0, "p", { labels: { handler: "b" } })];
  const right = [task(0, null, "r"), task(1, 0, "p", { labels: { handler: "b" } })];
  assert.deepEqual(pairsOf(left, right).map((p) => [p.left?.n, p.right?.n ?? null]), [[0, 0], [1, null], [2, 1]]);
});

test("subjects that ended differently come first; the order of members means nothing", () => {
  const left = [effect("c:a", "added", { x: 1, y: 2 }), effect("c:b", "removed", null), effect("c:d", "changed", [1])];
  const right = [effect("c:a", "changed", { y: 2, x: 1 }), effect("c:e", "added", {}), effect("c:d", "changed", [2])];
  assert.deepEqual(changesOf(left, right).map((c) => [c.subject, c.same]), [
    ["c:b", false], ["c:d", false], ["c:e", false], ["c:a", true],
  ]);
});

test("a subject on which a run only had a word is none that it changed", () => {
  const said = effect("c:a", "rejected", { message: "no name" });
  const [only] = changesOf([said], []);
  assert.deepEqual([only?.remarked, only?.same], [true, false]);
  const [beside] = changesOf([effect("c:a", "changed", { x: 1 }), said], [effect("c:a", "changed", { x: 1 })]);
  assert.deepEqual([beside?.remarked, beside?.same], [false, false]);
  assert.equal(beside && endOf(beside, "left")?.operation, "changed");
});
