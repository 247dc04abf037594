import assert from "node:assert/strict";
import { test } from "node:test";

import { laidOut, packed } from "../../../inspector/callboard_inspector/static/state/json-layout.js";

test("a document is laid out as JavaScript does it", () => {
  for (const value of [{}, [], null, "a", [{}, []], { a: [1, { "b:{,}": "c\\\"[" }], d: {}, e: "" }]) {
    assert.equal(laidOut(JSON.stringify(value)), JSON.stringify(value, null, 2));
    assert.equal(laidOut(laidOut(JSON.stringify(value, null, 1))), JSON.stringify(value, null, 2));
  }
});

test("numbers and keys stay as they were written", () => {
  const sha = "3e8a0b", text = `{"id":12345678901234567890,"at":1.50,"big":1E5,"sha":"${sha}","a":1,"a":2}`;
  assert.equal(laidOut(text).replaceAll(/\s/g, ""), text);
  assert.equal(laidOut(text).split("\n").length, 8);
});

test("what is no JSON is left alone", () => {
  assert.equal(laidOut('{"a":'), '{"a":');
});

test("a packed document has everything but the space around", () => {
  const text = '{"id":12345678901234567890,"say":" a \\" , b\\\\","list":[1.50,{},true]}';
  assert.equal(packed(laidOut(text)), text);
});
