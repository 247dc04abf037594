import assert from "node:assert/strict";
import { test } from "node:test";

import { Questions } from "../../../inspector/callboard_inspector/static/questions.js";
import { newState } from "../../../inspector/callboard_inspector/static/state/store.js";

test("providers are asked about again when a command is done, before their time", ({ mock }) => {
  mock.timers.enable({ apis: ["Date"], now: 1000 });
  /** @type {number[]} */
  const sent = [];
  const questions = new Questions(({ request }) => sent.push(request) > 0, () => {});
  const asked = (/** @type {import("../../../inspector/callboard_inspector/static/state/store.js").State} */ state) => {
    mock.timers.tick(500);
    questions.ask(state, { of: "providers" }, { every: 60_000 });
    questions.pump();
    for (const request of sent) questions.answer({ type: "detail", request, revision: 0, unchanged: true, answer: null, error: null });
    return sent.length;
  };
  const before = newState();
  const result = { command: 1, kind: /** @type {const} */ ("pause"), target: "teams", done: true, ok: true, message: "", delivery: null };
  assert.deepEqual([asked(before), asked(before), asked({ ...before, results: [result] })], [1, 1, 2]);
});
