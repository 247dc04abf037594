/** A picture that is held still stays as it is, and afterwards is as if it never had been. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Freezer } from "../../../inspector/callboard_inspector/static/state/freezer.js";
import { Picture } from "../../../inspector/callboard_inspector/static/state/picture.js";
import { Theatre, alike, dice } from "./theatre.js";

/** @typedef {import("../../../inspector/callboard_inspector/static/wire.js").ServerFrame} ServerFrame */

const ROUNDS = 300;
const STEPS = 30;

/** What a person sees of it. @param {Picture} picture @param {string} [except] a tree that was opened meanwhile */
function seen({ deliveries, trees }, except) {
  return JSON.stringify([
    deliveries.order.map((id) => deliveries.known.get(id)),
    [...trees].filter(([id]) => id !== except).map(([id, tree]) => [id, tree.run, tree.note, [...tree.tasks.values()]]),
  ]);
}

test("nothing moves while it is held still, and nothing is missing afterwards, whatever happens to the connection", () => {
  const met = { restarts: 0, dropped: 0, opened: 0, behind: 0 };
  for (let seed = 1; seed <= ROUNDS; seed += 1) {
    const random = dice(seed);
    const theatre = new Theatre(random);
    for (let times = 0; times < 20; times += 1) theatre.act();
    const picture = new Picture();
    let wanted = theatre.choose().filter(({ run }) => run === null);
    let line = connect();
    drain(1000, (frame) => picture.apply(frame));
    const freezer = new Freezer();
    const still = seen(picture);
    /** @type {string | undefined} */
    let opened;
    for (let step = 0; step < STEPS; step += 1) {
      for (let times = random(6); times > 0; times -= 1) theatre.act();
      const what = random(12);
      if (what === 0 && opened === undefined && wanted.length === 0) {
        opened = [...theatre.deliveries.keys()].at(-1) ?? "";
        freezer.open(opened);
        wanted = [{ delivery: opened, run: null }];
        line.subscribe(picture.subscribe(wanted));
        met.opened += 1;
      } else if (what <= 1) {
        if (what === 1 && opened === undefined) {
          theatre.restart();
          met.restarts += 1;
        }
        line = connect();
        met.dropped += 1;
      } else drain(random(8), take);
      assert.equal(seen(picture, opened), still, `seed ${seed}: it does not move`);
    }
    drain(1000, take);
    if (opened !== undefined) assert.ok(picture.trees.has(opened), `seed ${seed}: what was opened is shown`);
    met.behind += freezer.behind;
    assert.ok(freezer.release(picture));
    assert.ok(alike(picture, theatre.shown(wanted)), `seed ${seed}: what is known is what is so`);

    /** @param {ServerFrame} frame */
    function take(frame) {
      if (!freezer.holds(frame)) picture.apply(frame);
    }

    function connect() {
      const next = theatre.connect();
      picture.apply(next.hello());
      next.subscribe(picture.subscribe(wanted));
      return next;
    }

    /** @param {number} most @param {(frame: ServerFrame) => void} to */
    function drain(most, to) {
      for (let frames = 0; frames < most; frames += 1) {
        const frame = line.next();
        if (frame === null) return;
        to(frame);
      }
    }
  }
  // Otherwise nothing was proved.
  for (const [what, times] of Object.entries(met)) assert.ok(times > 20, `${what}: ${times}`);
});

test("what is too much to keep is said, and shown anew instead", () => {
  const freezer = new Freezer();
  const picture = new Picture();
  /** @type {ServerFrame} */
  const delta = { type: "delta", scope: "", from: 0, to: 1, time: 0, strings: ["s", "push", "running"], deliveries: [["a", 1, 0, 1, null, null, null, 2, 0, null, null, 1, null, null]] };
  for (let times = 0; times < 20_001; times += 1) assert.ok(freezer.holds(delta));
  assert.equal(freezer.behind, 20_001);
  assert.equal(freezer.release(picture), false);
  assert.equal(picture.deliveries.order.length, 0);
});
