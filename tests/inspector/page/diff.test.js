import assert from "node:assert/strict";
import { test } from "node:test";

import { countsOf, diffOf, linesOf } from "../../../inspector/callboard_inspector/static/state/diff.js";

const MARK = { same: " ", gone: "-", new: "+", skip: "~" };

/**
 * @param {unknown} before
 * @param {unknown} after
 * @param {number} [context]
 */
function marked(before, after, context) {
  return diffOf(before, after, context).map((line) =>
    line.kind === "skip" ? `~${line.count}` : `${MARK[line.kind]}${line.text}`);
}

test("a value is written one fact a line, without JSON's brackets", () => {
  const value = {
    kind: "Component", metadata: { name: "site", tags: ["a", "b: c"], "odd key": 1 },
    spec: { parts: [{ x: 1, y: { z: null } }, []], none: {}, empty: "", yes: "true", id: "12" },
  };
  assert.deepEqual(linesOf(value), [
    "kind: Component",
    "metadata:",
    "  name: site",
    "  tags:",
    "    - a",
    '    - "b: c"',
    '  "odd key": 1',
    "spec:",
    "  parts:",
    "    - x: 1",
    "      y:",
    "        z: null",
    "    - []",
    "  none: {}",
    '  empty: ""',
    '  yes: "true"',
    '  id: "12"',
  ]);
});

test("a changed line shows before and after with its surroundings, the rest is folded", () => {
  const before = { a: 1, b: 2, c: 3, owner: "group:old", d: 4, e: 5, f: 6, g: 7 };
  assert.deepEqual(marked(before, { ...before, owner: "group:new" }), [
    " a: 1", " b: 2", " c: 3", "-owner: group:old", "+owner: group:new", " d: 4", " e: 5", "~2",
  ]);
});

test("what appeared is all new, and what was removed is all gone", () => {
  assert.deepEqual(marked(null, { a: 1, b: [2] }), ["+a: 1", "+b:", "+  - 2"]);
  assert.deepEqual(marked({ a: 1 }, null), ["-a: 1"]);
  assert.deepEqual(marked(null, null), []);
});

test("one member more in a list is one line more", () => {
  const names = ["ada", "bea", "cleo", "dora"];
  const after = ["ada", "bea", "bob", "cleo", "dora"];
  assert.deepEqual(marked({ members: names }, { members: after }, Infinity), [
    " members:", "   - ada", "   - bea", "+  - bob", "   - cleo", "   - dora",
  ]);
});

test("applied to what was, a diff gives what is", () => {
  let seed = 7;
  const random = (/** @type {number} */ n) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * n);
  };
  for (let round = 0; round < 300; round += 1) {
    const make = () => Array.from({ length: random(14) }, () => random(4));
    const [before, after] = [make(), make()];
    const lines = diffOf(before, after, Infinity);
    const text = (/** @type {string} */ skipped) =>
      lines.filter((line) => line.kind !== skipped).map((line) => line.text);
    assert.deepEqual(text("new"), linesOf(before), JSON.stringify([before, after]));
    assert.deepEqual(text("gone"), linesOf(after), JSON.stringify([before, after]));
  }
});

test("two that have little in common are shown one after the other, without delay", () => {
  const before = Array.from({ length: 5000 }, (_, i) => `a${i}`);
  const after = Array.from({ length: 5000 }, (_, i) => `b${i}`);
  const lines = diffOf(before, after);
  assert.deepEqual(countsOf(lines), { gone: 5000, new: 5000 });
});
