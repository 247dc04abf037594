import assert from "node:assert/strict";
import { test } from "node:test";

import { Collecting, FORMAT, answerFrom, fileName, framesOf, readBundle } from "../../../inspector/callboard_inspector/static/state/bundle.js";

/** @typedef {import("../../../inspector/callboard_inspector/static/wire.js").Answer} Answer */

const DELIVERY = /** @type {Answer & { of: "delivery" }} */ ({
  of: "delivery", strings: ["plain", "push <b>", "failed"], base: 1000, guid: "g", hook: "", size: 12,
  row: ["d1", 3, 0, 1, null, null, null, 2, 0, 5, 9, 1, "r1", null], runs: [], actions: [],
});
const TASKS = /** @type {import("../../../inspector/callboard_inspector/static/wire.js").TaskRecord[]} */ ([
  { n: 0, parent: null, name: "push", kind: "run", state: "errored", created: 100, started: 100.5, ended: 103 },
  { n: 1, parent: 0, name: "teams", kind: "provider", state: "errored", created: 100.5, started: 101, ended: 102.5,
    failure: { type: "E", message: "two\nlines" }, logs: [{ at: 102, level: "INFO", logger: "x", message: "b", failure: null }], effects: 1 },
  { n: 2, parent: 1, name: "page", kind: "span", state: "completed", created: 101, started: 101, ended: 101.5,
    logs: [{ at: 101, level: "INFO", logger: "x", message: "a", failure: null }] },
]);
const EFFECTS = [1, 2, 3].map((n) => ({
  run: "r1", task: 1, delivery: "d1", provider: "teams", at: 100 + n, subject: n === 3 ? "c:b" : "c:a",
  operation: "changed", before: { n: n - 1 }, after: { n }, cut: null,
}));

/** A server that answers in small pages. @param {import("../../../inspector/callboard_inspector/static/wire.js").Question} question @returns {Answer | null} */
function server(question) {
  if (question.of === "delivery") return DELIVERY;
  if (question.of === "tree") {
    const start = question.start ?? 0;
    return { of: "tree", run: "r1", delivery: "d1", tasks: TASKS.slice(start, start + 2), next: start + 2 < TASKS.length ? start + 2 : null };
  }
  if (question.of === "effects") {
    const offset = question.offset ?? 0;
    return { of: "effects", effects: EFFECTS.slice(offset, offset + 2), offset, more: offset + 2 < EFFECTS.length };
  }
  if (question.of === "payload") {
    const body = [...'{"a": "lo🎭ng"}']; // as the server counts: characters, not units of UTF-16
    const offset = question.offset ?? 0;
    return { of: "payload", headers: offset === 0 ? { "x-a": "b" } : {}, text: body.slice(offset, offset + 4).join(""), offset, length: body.length, size: 17 };
  }
  return null;
}

/** @param {typeof server} ask */
function collected(ask) {
  const collecting = new Collecting("d1", "r1");
  let asked = 0;
  while (collecting.next !== null) {
    const answer = ask(collecting.next);
    collecting.take(answer, answer === null ? "not here" : null);
    assert.ok((asked += 1) < 50);
  }
  return collecting.bundle(200, { effects: "Entities" });
}

test("a run is collected page by page, and read back as it was", () => {
  const bundle = collected(server);
  assert.ok(bundle);
  const read = readBundle(JSON.stringify(bundle));
  assert.deepEqual(read.tasks, TASKS);
  assert.deepEqual(read.effects, EFFECTS);
  assert.deepEqual(read.payload, { headers: { "x-a": "b" }, text: '{"a": "lo🎭ng"}', size: 17 });
  assert.deepEqual(read.missing, []);
  assert.equal(fileName(read), "callboard-push-b--r1.json");
});

test("what the server no longer has is said in the file, and nothing without a tree", () => {
  const without = (/** @type {string} */ part) => collected((q) => (q.of === part ? null : server(q)));
  assert.deepEqual(without("payload")?.missing, ["payload: not here"]);
  assert.equal(without("payload")?.tasks.length, 3);
  assert.equal(without("tree"), null);
  assert.equal(without("delivery"), null);
});

test("a file answers what the server would answer", () => {
  const bundle = collected(server);
  assert.ok(bundle);
  const log = answerFrom(bundle, { of: "log", task: "r1.1", below: true });
  assert.deepEqual(log?.of === "log" && log.lines.map((l) => [l.n, l.line.message]), [[2, "a"], [1, "b"]]);
  const own = answerFrom(bundle, { of: "log", task: "r1.1" });
  assert.equal(own?.of === "log" && own.lines.length, 1);
  const task = answerFrom(bundle, { of: "task", task: "r1.1" });
  assert.equal(task?.of === "task" && task.record.failure?.message, "two\nlines");
  assert.equal(answerFrom(bundle, { of: "task", task: "r1.9" }), null);
  assert.equal(answerFrom(bundle, { of: "stack", task: "r1.1" }), null);
  const page = answerFrom(bundle, { of: "payload", delivery: "d1" });
  assert.equal(page?.of === "payload" && page.text, '{"a": "lo🎭ng"}');
});

test("the frames of a file have the run's times to the microsecond", () => {
  const bundle = collected(server);
  assert.ok(bundle);
  const frames = framesOf(bundle);
  assert.deepEqual(frames.map((f) => [f.scope, f.part]), [
    ["", "begin"], ["", "nodes"], ["", "end"], ["d1", "begin"], ["d1", "nodes"], ["d1", "end"],
  ]);
  const nodes = frames[4];
  const row = nodes?.tasks?.[1];
  assert.ok(row && nodes?.strings);
  assert.equal(nodes.strings[row[4]], "teams");
  assert.deepEqual([nodes.base, row[7], row[8], row[9]], [100_000, 500_000, 500_000, 2_000_000]);
  assert.equal(row[10]?.error, "E: two lines");
});

test("what is no such file is refused with what was expected and what came", () => {
  for (const [text, message] of /** @type {Array<[string, RegExp]>} */ ([
    ["<html>", /no JSON/],
    ["[1]", /got no object/],
    ['{"format": "x"}', /"callboard.run.1"; got "x"/],
    [JSON.stringify({ format: FORMAT }), /delivery/],
    [JSON.stringify({ format: FORMAT, delivery: DELIVERY, tasks: [{ n: "1" }] }), /tasks/],
    [JSON.stringify({ format: FORMAT, delivery: DELIVERY, tasks: TASKS }), /effects/],
  ])) {
    assert.throws(() => readBundle(text), message);
  }
});

test("a file whose tasks have no place in the tree is damaged", () => {
  const whole = collected(server);
  assert.ok(whole);
  const [root, ...others] = whole.tasks;
  assert.ok(root);
  const at = (/** @type {number} */ n, /** @type {number | null} */ parent) => ({ ...root, n, parent });
  for (const [tasks, message] of /** @type {Array<[unknown[], RegExp]>} */ ([
    [[...whole.tasks, at(50, 50)], /parent of task 50 before it, got 50/],
    [[...whole.tasks, at(50, 999)], /parent of task 50 before it, got 999/],
    [[...whole.tasks, at(50, 51), at(51, 50)], /parent of task 50 before it, got 51/],
    [[...whole.tasks, at(50, 0), at(50, 50)], /damaged.*task 50 once/],
  ])) {
    assert.throws(() => readBundle(JSON.stringify({ ...whole, tasks })), message);
  }
  const turned = [...others, root];
  assert.equal(readBundle(JSON.stringify({ ...whole, tasks: turned })).tasks.length, whole.tasks.length);
});
