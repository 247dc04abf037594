import assert from "node:assert/strict";
import { test } from "node:test";

import { characters, plain, quoted } from "../../../inspector/callboard_inspector/static/state/plain.js";

test("what turns the direction of text or hides in it is shown by its number", () => {
  assert.equal(plain("user\u202egnp.exe"), "user\\u202egnp.exe");
  assert.equal(plain("a\u200bb\ufeffc\u2066d"), "a\\u200bb\\ufeffc\\u2066d");
  assert.equal(plain("tag\u{e0041}"), "tag\\u{e0041}");
  assert.equal(plain("\u001b[2J\u0007\u009b"), "\\u001b[2J\\u0007\\u009b");
  assert.equal(plain("half \ud83d pair"), "half \\ud83d pair");
});

test("what people write stays: lines, tabs, other scripts and pictures", () => {
  const text = "línea\n\tשלום مرحبا 你好 🎭 👩\u{1f3fd} <script>";
  assert.equal(plain(text), text);
});

test("a character beyond the sixteen bits of a unit counts once", () => {
  for (const text of ["", "abc", "a🎭b🎭", "\ud83d half", "half \ud83d", "\udfad\ud83d"]) {
    assert.equal(characters(text), [...text].length);
  }
});

test("quoted text is one line", () => {
  assert.equal(quoted('a "b"\nc\u202e'), '"a \\"b\\"\\nc\\u202e"');
});
