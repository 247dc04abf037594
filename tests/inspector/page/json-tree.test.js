import assert from "node:assert/strict";
import { test } from "node:test";

import { JsonText, RANGE, TEXT_PAGE, rowsOf, unfolded } from "../../../inspector/callboard_inspector/static/state/json-tree.js";

const ROOT = new Map([["$", 0]]);

/**
 * @param {string} text
 * @param {Map<string, number>} [open]
 */
function shown(text, open = ROOT) {
  return rowsOf(new JsonText(text), open).map((row) => [row.key, row.node.kind, row.text]);
}

test("members keep their order, their doubles and the digits of their numbers", () => {
  assert.deepEqual(shown('{"b": 1, "2": 12345678901234567890, "b": 1.10, "1": null}').slice(1), [
    ["b", "number", "1"],
    ["2", "number", "12345678901234567890"],
    ["b", "number", "1.10"],
    ["1", "literal", "null"],
  ]);
});

test("a container is read only when it is open", () => {
  const text = '{"a": {"x": [1, 2]}, "b": "\\u00e9\\n\\"]}"}';
  assert.deepEqual(shown(text), [
    [null, "object", 'a: {…}, b: "\\u00e9\\n\\"]}"'],
    ["a", "object", "x: […]"],
    ["b", "string", 'é\n"]}'],
  ]);
  assert.deepEqual(shown(text, new Map([["$", 0], ["$.0", 0], ["$.0.0", 0]])).slice(2, 5), [
    ["x", "array", "1, 2"],
    [0, "number", "1"],
    [1, "number", "2"],
  ]);
});

test("a hundred thousand keys are shown by ranges, and every key is three steps away", () => {
  const pairs = Array.from({ length: 100_000 }, (_, i) => `"k${i}": ${i}`);
  const json = new JsonText(`{${pairs.join(",")}}`);
  const open = new Map(ROOT);
  const top = rowsOf(json, open);
  assert.equal(top[0]?.size, 100_000);
  assert.equal(top.length, 11); // itself and ten ranges of 10,000
  assert.deepEqual(top[10]?.range, [90_000, 100_000]);
  open.set(/** @type {string} */ (top[10]?.path), 0);
  const below = rowsOf(json, open).filter((row) => row.depth === 2);
  assert.equal(below.length, RANGE);
  open.set(/** @type {string} */ (below[99]?.path), 0);
  const last = rowsOf(json, open).at(-1);
  assert.deepEqual([last?.key, last?.text], ["k99999", "99999"]);
});

test("a string of five megabytes shows its beginning, and then a page at a time", () => {
  const json = new JsonText(`["${"x".repeat(5_000_000)}"]`);
  const folded = rowsOf(json, ROOT)[1];
  assert.equal(folded?.size, 5_000_000);
  assert.equal(folded?.text.length, 200);
  assert.equal(folded?.open, false);
  const paged = rowsOf(json, new Map([...ROOT, ["$.0", TEXT_PAGE]]))[1];
  assert.equal(paged?.text.length, TEXT_PAGE);
  assert.equal(paged?.rest, 5_000_000 - TEXT_PAGE);
});

test("of a text that has not arrived whole, what is there is shown, and where it ends", () => {
  const whole = '{"a": [1, {"b": "caf\\u00e9"}], "c": true}';
  for (let length = 1; length < whole.length; length += 1) {
    const json = new JsonText(whole.slice(0, length));
    assert.equal(json.root.cut, true, `after ${length} characters`);
    const rows = rowsOf(json, unfolded(json, 100));
    assert.ok(rows.every((row) => ["b", "a", "c", null, 0, 1].includes(row.key)));
  }
  const json = new JsonText('{"a": "caf\\u00');
  assert.deepEqual(rowsOf(json, ROOT).map((row) => row.text)[1], "caf");
});

test("what is no JSON ends the reading and not the page", () => {
  for (const text of ["", "nonsense", "{", "{1: 2}", '{"a" 1}', "[,]", "[}", '{"a":}', "[[[[", '"\\']) {
    const json = new JsonText(text);
    assert.ok(rowsOf(json, unfolded(json, 100)).length >= 1);
  }
});

test("keys that mean something to JavaScript are keys like others", () => {
  const rows = shown('{"__proto__": {"polluted": true}, "constructor": 1}');
  assert.deepEqual(rows.slice(1).map((row) => row[0]), ["__proto__", "constructor"]);
  assert.equal(/** @type {any} */ ({}).polluted, undefined);
});

test("unfolding everything stops at the budget", () => {
  const nested = `{${Array.from({ length: 50 }, (_, i) => `"k${i}": {"a": 1, "b": 2, "c": 3}`).join(",")}}`;
  const json = new JsonText(nested);
  assert.equal(rowsOf(json, unfolded(json, 1000)).length, 1 + 50 + 150);
  assert.ok(rowsOf(json, unfolded(json, 80)).length <= 81);
  const deep = new JsonText("[".repeat(100_000));
  assert.ok(unfolded(deep, 40).size <= 41);
});
