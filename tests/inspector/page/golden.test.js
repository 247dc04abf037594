/** What callboard encodes, as the page understands it: the same files as test_golden.py. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { Picture } from "../../../inspector/callboard_inspector/static/state/picture.js";

/** @typedef {import("../../../inspector/callboard_inspector/static/wire.js").ServerFrame} ServerFrame */
/** @typedef {import("../../../inspector/callboard_inspector/static/state/rows.js").Delivery} Delivery */
/** @typedef {import("../../../inspector/callboard_inspector/static/state/rows.js").Task} Task */

const GOLDEN = new URL("../golden/", import.meta.url);

/** @param {number | null} ms */
const micros = (ms) => (ms === null ? null : Math.round(ms * 1000));

/** Position by position what test_golden.py has. @param {Delivery} d */
const delivery = (d) => [
  d.id, d.revision, d.source, d.event, d.action, d.organization, d.repository, d.state,
  micros(d.received), micros(d.started), micros(d.ended), d.attempts, d.run, d.redeliveries, d.reason,
];

/** Position by position what test_golden.py has. @param {Task} t */
const task = (t) => [
  t.run, t.n, t.parent, t.revision, t.name, t.kind, t.state, micros(t.created), micros(t.started), micros(t.ended),
  t.cause, t.waits, t.labels, t.error, t.folded,
  t.progress === null ? null : [t.progress.done, t.progress.total, t.progress.unit],
];

/** @param {Picture} picture */
function seen(picture) {
  const { boot, sequence, gaps, deliveries, trees } = picture;
  const ids = [...deliveries.known.keys()].sort();
  return {
    boot, sequence, gaps,
    deliveries: ids.map((id) => delivery(/** @type {Delivery} */ (deliveries.known.get(id)))),
    trees: Object.fromEntries([...trees].map(([id, tree]) => [id, {
      run: tree.run, whole: tree.whole, note: tree.note,
      tasks: [...tree.tasks.keys()].sort((a, b) => a - b).map((n) => task(/** @type {Task} */ (tree.tasks.get(n)))),
    }])),
  };
}

for (const name of readdirSync(GOLDEN)) {
  test(`${name} is understood`, () => {
    const [, ...lines] = readFileSync(new URL(name, GOLDEN), "utf8").trimEnd().split("\n");
    const picture = new Picture();
    let compared = 0;
    for (const [at, line] of lines.entries()) {
      /** @type {{ frame?: ServerFrame, watch?: Array<[string, string | null]>, picture?: unknown }} */
      const step = JSON.parse(line);
      if (step.watch !== undefined) picture.subscribe(step.watch.map(([id, run]) => ({ delivery: id, run })));
      if (step.frame !== undefined) picture.apply(step.frame);
      if (step.picture === undefined) continue;
      compared += 1;
      assert.deepEqual(seen(picture), step.picture, `after line ${at + 2}`);
    }
    assert.ok(compared > 4, "something was compared");
    for (const tree of picture.trees.values()) {
      const [...below] = tree.children.values();
      assert.equal(below.flat().length + tree.roots.length, tree.tasks.size, "each task has its place");
    }
  });
}
