import assert from "node:assert/strict";
import { test } from "node:test";

import { deliveryFilter, parse, taskFilter } from "../../../inspector/callboard_inspector/static/state/filter.js";
import { Tree } from "../../../inspector/callboard_inspector/static/state/forest.js";
import { isStep, readRoute, writeRoute } from "../../../inspector/callboard_inspector/static/state/route.js";
import { readTask, splitTaskId, taskId } from "../../../inspector/callboard_inspector/static/state/rows.js";
import { columns, ticks } from "../../../inspector/callboard_inspector/static/state/scale.js";
import { newState, reduce } from "../../../inspector/callboard_inspector/static/state/store.js";
import { foldBelow, foldsAtLevel, unfoldTo, visibleRows } from "../../../inspector/callboard_inspector/static/state/visible.js";

/** @param {number} n @param {number | null} parent */
const task = (n, parent) => readTask([3, n, parent, 1, 0, 1, 2, n * 1000, 0, n === 3 ? 1000 : null, { labels: { at: n } }], { strings: [`t${n}`, "task", n === 3 ? "errored" : "running", "r"], base: 1000 });

function tree() {
  const made = new Tree("r");
  for (const [n, parent] of /** @type {Array<[number, number | null]>} */ ([[0, null], [2, 0], [1, 0], [3, 1]])) made.put(task(n, parent));
  return made;
}

/** @param {Tree} shown @param {Iterable<number>} folds @param {string} filter */
const seen = (shown, folds, filter = "") => visibleRows(shown, new Set(folds), taskFilter(parse(filter)), null).map(({ task: { n }, depth }) => `${n}@${depth}`);

test("rows follow the tree, its folds and the filter", () => {
  const shown = tree();
  assert.deepEqual(seen(shown, []), ["0@0", "1@1", "3@2", "2@1"]);
  assert.deepEqual(seen(shown, [1]), ["0@0", "1@1", "2@1"]);
  assert.deepEqual(seen(shown, [1], "task:t3"), ["0@0", "1@1", "3@2"]);
  assert.deepEqual([...foldsAtLevel(shown, 1)], [1]);
  assert.deepEqual([...foldBelow(shown, new Set(), 0, false)].sort(), [0, 1]);
  assert.deepEqual([...unfoldTo(shown, new Set([0, 1]), 3)], []);
  const folded = visibleRows(shown, new Set([1]), null, null)[1];
  assert.deepEqual([folded?.hidden, folded?.worst], [1, "errored"]);
});

test("a filter's words must all hold, and a minus turns one around", () => {
  const push = { id: "a1", event: "push", action: null, organization: "acme", repository: "acme/site", state: "failed", source: "s", reason: "Slug" };
  const passes = (/** @type {string} */ text) => deliveryFilter(parse(text))?.(/** @type {any} */ (push)) ?? true;
  for (const text of ["", "push slug", "state:failed", "repo:site org:ACME", "-event:team", "id:a", "task:x"]) assert.ok(passes(text), text);
  for (const text of ["push team", "state:fail", "-repo:site", "org:ac"]) assert.ok(!passes(text), text);
});

test("an address says the same when it is read and written again", () => {
  const query = "/?view=entity&delivery=d&run=r&task=r.3&tab=log&subject=a%3Ab%2Fc&at=12&filter=x+y&folds=1.3";
  assert.equal(writeRoute(readRoute(query.slice(1))), query);
  assert.equal(writeRoute(readRoute("?view=x&tab=y&at=-1&folds=a.9e9")), "/");
  assert.ok(isStep(readRoute("?delivery=a"), readRoute("?delivery=b")));
  assert.ok(!isStep(readRoute("?delivery=a"), readRoute("?delivery=a&tab=log")));
});

test("another delivery begins with its own folds, and a task's id comes apart", () => {
  const state = { ...newState(), folds: new Set([1]), range: { from: 0, to: 1 } };
  const there = reduce(state, { do: "go", place: { delivery: "d" } });
  assert.deepEqual([there.folds.size, there.range, there.place.task], [0, null, null]);
  assert.deepEqual(splitTaskId(taskId(task(3, 1))), { run: "r", n: 3 });
});

test("an axis names round moments, and a pixel counts what ran in it", () => {
  assert.deepEqual(ticks({ from: 1000, to: 1010 }, 1000, 5).map(({ label }) => label), ["0", "2 ms", "4 ms", "6 ms", "8 ms", "10 ms"]);
  const { count, failed } = columns([task(1, 0), task(3, 1)], { from: 1000, to: 1008 }, 1008, 8);
  assert.deepEqual([...count], [0, 1, 1, 2, 2, 1, 1, 1]);
  assert.deepEqual([...failed].indexOf(1), 4);
});
