/** Snapshot and operations make the next snapshot, whatever happens to the connection. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Picture } from "../../../inspector/callboard_inspector/static/state/picture.js";
import { Theatre, alike, dice } from "./theatre.js";

const ROUNDS = 400;
const STEPS = 80;

test("a watcher ends with what a new one is shown, after drops, duplicates, gaps and restarts", () => {
  const met = { gaps: 0, resumed: 0, restarts: 0, twice: 0, folded: 0, reruns: 0 };
  for (let seed = 1; seed <= ROUNDS; seed += 1) {
    const random = dice(seed);
    const theatre = new Theatre(random);
    const picture = new Picture();
    /** @type {Array<{ delivery: string, run: string | null }>} */
    let wanted = [];
    /** @type {ReturnType<Theatre["connect"]> | null} */
    let line = null;
    /** Deltas since the last time something else was wanted. @type {import("../../../inspector/callboard_inspector/static/wire.js").Delta[]} */
    let heard = [];
    theatre.act();
    for (let step = 0; step < STEPS; step += 1) {
      for (let times = random(6); times > 0; times -= 1) theatre.act();
      switch (random(9)) {
        case 0:
          line = null; // with whatever was under way
          if (random(4) === 0) {
            theatre.restart();
            heard = [];
            met.restarts += 1;
          }
          break;
        case 1:
          wanted = theatre.choose();
          heard = [];
          line?.subscribe(picture.subscribe(wanted));
          break;
        default:
          if (line === null) {
            line = theatre.connect();
            picture.apply(line.hello());
            const said = picture.subscribe(wanted);
            if (said.resume?.boot === theatre.boot) met.resumed += 1;
            line.subscribe(said);
          }
          for (let frames = random(8); frames > 0; frames -= 1) {
            const frame = line.next();
            if (frame === null) break;
            picture.apply(frame);
            if (frame.type === "delta") heard.push(frame);
            const again = random(2) === 0 ? heard.at(-1 - random(16)) : undefined;
            if (again !== undefined && line.whole) {
              picture.apply(again);
              met.twice += 1;
            }
          }
      }
    }
    line = theatre.connect();
    picture.apply(line.hello());
    line.subscribe(picture.subscribe(wanted));
    for (let frame = line.next(); frame !== null; frame = line.next()) picture.apply(frame);
    met.gaps += picture.gaps;
    met.folded += theatre.folded;
    met.reruns += theatre.reruns;
    const fresh = theatre.shown(wanted);
    assert.equal(picture.sequence, theatre.sequence, `seed ${seed}: everything has come`);
    assert.ok(alike(picture, fresh), `seed ${seed}: what is known is what is so`);
  }
  // Otherwise nothing was proved.
  for (const [what, times] of Object.entries(met)) assert.ok(times > 50, `${what}: ${times}`);
});

test("a snapshot that was cut off is not taken for one", () => {
  const theatre = new Theatre(dice(7));
  for (let times = 0; times < 30; times += 1) theatre.act();
  const picture = new Picture();
  const cut = theatre.connect();
  picture.apply(cut.hello());
  cut.subscribe(picture.subscribe([]));
  for (let frames = 0; frames < 2; frames += 1) {
    const frame = cut.next();
    assert.ok(frame?.type === "snapshot" && frame.part !== "end");
    picture.apply(frame);
  }
  assert.equal(picture.sequence, null);
  assert.equal(picture.deliveries.order.length, 0);
  assert.equal(picture.subscribe([]).resume, null);
  const line = theatre.connect();
  picture.apply(line.hello());
  picture.apply({ type: "snapshot", scope: "", part: "end", sequence: 1, time: 0 });
  assert.equal(picture.sequence, null, "its beginning was on another connection");
});

test("a delivery that comes to grief is news once, one that was in grief is none", () => {
  const picture = new Picture();
  const delta = (/** @type {number} */ revision, /** @type {string} */ state) => picture.apply({
    type: "delta", scope: "", from: revision - 1, to: revision, time: 0, strings: ["s", "push", state],
    deliveries: [["a", revision, 0, 1, null, null, null, 2, 0, null, null, 1, null, null]],
  });
  delta(1, "parked");
  assert.deepEqual(picture.news, [], "as it was found");
  delta(2, "running");
  delta(3, "failed");
  delta(3, "failed");
  delta(4, "parked");
  assert.deepEqual(picture.news, ["a"]);
});

test("a tree that is no longer wanted is forgotten; what is held is said", () => {
  const picture = new Picture();
  picture.subscribe([{ delivery: "a", run: null }]);
  picture.apply({ type: "snapshot", scope: "a", part: "begin", sequence: 3, time: 0, run: "r" });
  picture.apply({ type: "snapshot", scope: "a", part: "end", sequence: 3, time: 0, run: "r" });
  const held = (/** @type {string | null} */ run) => picture.subscribe([{ delivery: "a", run }]).scopes?.[0]?.held;
  assert.equal(held(null), true);
  assert.equal(held("r"), false, "another run may be meant");
  picture.subscribe([]);
  assert.equal(picture.trees.size, 0);
  assert.equal(held(null), false);
});
