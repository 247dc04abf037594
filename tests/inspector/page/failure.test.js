import assert from "node:assert/strict";
import { test } from "node:test";

import { summaryOf, asText, firstOf, membersOf, shortType } from "../../../inspector/callboard_inspector/static/state/failure.js";
import { ownFrame, packageOf, sectionsOf, shortFile } from "../../../inspector/callboard_inspector/static/state/stack.js";

/**
 * @param {string} file
 * @param {boolean} [library]
 */
const frame = (file, library = false) => ({ file, line: 7, function: "read", source: "x = 1", library });

const GROUP = {
  type: "ExceptionGroup", message: "unhandled errors in a TaskGroup",
  frames: [frame("/srv/app/provider.py")],
  members: [
    { type: "ExceptionGroup", message: "inner", members: [
      { type: "app.errors.BrokenError", message: "no <b>tea</b>",
        frames: [frame("/srv/app/teas.py"), frame("/usr/lib/python3.13/site-packages/httpx/_client.py", true)],
        direct: true, cause: { type: "OSError", message: "the line was cut" } },
    ] },
    { type: "KeyError", message: "'name'", cause: { type: "ValueError", message: "first" } },
  ],
  left_out: 3,
};

test("a group stays a tree, and a cause follows what it caused", () => {
  assert.deepEqual(membersOf(GROUP).map((m) => [m.path, m.depth, shortType(m.failure.type), m.link]), [
    ["0", 0, "ExceptionGroup", ""],
    ["0.0", 1, "ExceptionGroup", ""],
    ["0.0.0", 2, "BrokenError", ""],
    ["0.0.0c", 3, "OSError", "from"],
    ["0.1", 1, "KeyError", ""],
    ["0.1c", 2, "ValueError", "during"],
  ]);
});

test("the exception to read first is no group, and the line is the application's", () => {
  const first = firstOf(GROUP);
  assert.equal(first.failure.type, "app.errors.BrokenError");
  assert.equal(first.where?.file, "/srv/app/teas.py");
  assert.equal(firstOf({ type: "ExceptionGroup", message: "emptied by the limit" }).path, "0");
});

test("as text it reads like Python's own", () => {
  const text = asText(/** @type {any} */ (GROUP.members[1]));
  assert.equal(text, [
    "ValueError: first",
    "",
    "During handling of the above exception, another exception occurred:",
    "",
    "KeyError: 'name'",
  ].join("\n"));
  const whole = asText(GROUP);
  assert.match(whole, / {2}\+-- 2 of 5\n {2}\| ValueError: first/);
  assert.match(whole, /File "\/srv\/app\/teas.py", line 7, in read\n.* {4}x = 1/);
});

test("frames of libraries stand together under their packages' names", () => {
  const frames = [
    frame("/srv/app/a.py"),
    frame("/usr/lib/python3.13/site-packages/trio/_core/_run.py", true),
    frame("/usr/lib/python3.13/site-packages/trio/_timeouts.py", true),
    frame("/usr/lib/python3.13/contextlib.py", true),
    frame("/srv/app/b.py"),
    frame("/usr/lib/python3.13/asyncio/base_events.py", true),
  ];
  assert.deepEqual(sectionsOf(frames).map((s) => [s.library, s.frames.length, s.packages]), [
    [false, 1, []],
    [true, 3, ["trio", "contextlib"]],
    [false, 1, []],
    [true, 1, ["asyncio"]],
  ]);
  assert.equal(ownFrame(frames)?.file, "/srv/app/b.py");
  assert.equal(ownFrame(frames.slice(1, 3)), null);
  assert.equal(sectionsOf([]).length, 0);
});

test("a file is named by what tells it from others", () => {
  assert.equal(shortFile("/home/me/work/app/providers/teams.py"), "app/providers/teams.py");
  assert.equal(shortFile("C:\\work\\app\\teams.py"), "work/app/teams.py");
  assert.equal(shortFile("/v/lib/python3.13/site-packages/trio/_core/_run.py"), "trio/_core/_run.py");
  assert.equal(packageOf("<frozen importlib._bootstrap>"), "importlib._bootstrap");
  assert.equal(packageOf("/src/runtime/callboard/supervisor.py"), "callboard");
});

test("a group is told on one line by the first exception that is none", () => {
  const leaf = { type: "pkg.errors.DemoError", message: "nobody\n knows" };
  const group = { type: "ExceptionGroup", message: "two", members: [{ type: "ExceptionGroup", message: "one", members: [leaf] }, leaf] };
  assert.equal(summaryOf(/** @type {import("../../../inspector/callboard_inspector/static/wire.js").Failure} */ (/** @type {unknown} */ (group))), "DemoError: nobody knows (and 1 more)");
});
