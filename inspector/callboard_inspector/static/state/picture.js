/**
 * What this watcher knows: frames in, deliveries and trees out.
 *
 * Owns what a snapshot replaces, what is known for a resume, and what is news for a
 * person. It survives reconnections and restarts of the server.
 */

import { Deliveries, isTrouble } from "./deliveries.js";
import { Tree } from "./forest.js";
import { readDelivery, readTask } from "./rows.js";

/** @typedef {import("../wire.js").ServerFrame} ServerFrame */
/** @typedef {import("../wire.js").Snapshot} Snapshot */
/** @typedef {import("../wire.js").Delta} Delta */
/** @typedef {import("../wire.js").Scope} Scope */
/** @typedef {import("../wire.js").Subscribe} Subscribe */

export class Picture {
  constructor() {
    /** @type {string | null} */
    this.boot = null;
    /** Everything up to here has come; null before the list has. @type {number | null} */
    this.sequence = null;
    this.deliveries = new Deliveries();
    /** Trees that are or were watched, by delivery. @type {Map<string, Tree>} */
    this.trees = new Map();
    /** The newest time that the server told, Unix milliseconds. */
    this.time = 0;
    /** How often something was missed and shown anew. */
    this.gaps = 0;
    /** Deliveries that have just come to grief, until somebody was told. @type {string[]} */
    this.news = [];
    /** @type {Map<string, Snapshot[]>} */
    this.coming = new Map();
    /** Run by delivery: one that is named is not replaced by a newer one. @type {Map<string, string | null>} */
    this.wanted = new Map();
  }

  /**
   * What to say first on a connection, or when other trees are wanted.
   * @param {ReadonlyArray<{ delivery: string, run: string | null }>} wanted
   * @returns {Subscribe}
   */
  subscribe(wanted) {
    for (const delivery of [...this.trees.keys()]) {
      // Nothing keeps it current any more.
      if (!wanted.some((scope) => scope.delivery === delivery)) this.trees.delete(delivery);
    }
    for (const { delivery, run } of wanted) {
      const tree = this.trees.get(delivery);
      if (tree !== undefined && this.wanted.get(delivery) !== run) tree.whole = false; // another run: it is sent anew
    }
    this.wanted = new Map(wanted.map(({ delivery, run }) => [delivery, run]));
    const scopes = wanted.map(({ delivery, run }) => {
      const tree = this.trees.get(delivery);
      const held = tree !== undefined && tree.whole && (run === null || run === tree.run);
      return { delivery, run, held };
    });
    const resume = this.boot !== null && this.sequence !== null ? { boot: this.boot, sequence: this.sequence } : null;
    return { type: "subscribe", scopes, resume };
  }

  /** @param {ServerFrame} frame */
  apply(frame) {
    if ("time" in frame) this.time = Math.max(this.time, frame.time);
    switch (frame.type) {
      case "hello":
        if (this.boot !== frame.boot) this.sequence = null;
        // With nothing to resume from, all trees are sent anew.
        if (this.sequence === null) for (const tree of this.trees.values()) tree.whole = false;
        this.boot = frame.boot;
        this.time = frame.time;
        this.coming.clear();
        break;
      case "snapshot":
        this.snapshot(frame);
        break;
      case "delta":
        this.delta(frame);
        break;
      case "gap":
        this.gaps += 1;
        this.sequence = null;
        for (const tree of this.trees.values()) tree.whole = false;
        break;
      case "beat":
        this.reach(frame.sequence);
        break;
    }
  }

  /** @param {number} sequence */
  reach(sequence) {
    if (this.sequence !== null) this.sequence = Math.max(this.sequence, sequence);
  }

  /** @param {Snapshot} frame */
  snapshot(frame) {
    if (frame.part === "begin") this.coming.set(frame.scope, []);
    const parts = this.coming.get(frame.scope);
    if (parts === undefined) return; // its beginning was on another connection
    parts.push(frame);
    if (frame.part !== "end") return;
    this.coming.delete(frame.scope);
    if (frame.scope === "") {
      this.deliveries.replace(parts.flatMap((part) => (part.deliveries ?? []).map((row) => readDelivery(row, part))), frame.floor ?? "");
      // The trees may be older than this list: their own deltas come after it.
      this.sequence ??= frame.sequence;
      return;
    }
    const wanted = this.wanted.get(frame.scope);
    if (wanted === undefined || (wanted !== null && wanted !== frame.run)) return; // asked for earlier: nothing would keep it current
    const tree = new Tree(frame.run ?? null);
    tree.version = (this.trees.get(frame.scope)?.version ?? 0) + 1;
    for (const part of parts) {
      for (const row of part.tasks ?? []) tree.put(readTask(row, part));
      tree.note ??= part.note ?? null;
    }
    tree.whole = true;
    this.trees.set(frame.scope, tree);
  }

  /** @param {Delta} frame */
  delta(frame) {
    for (const row of frame.deliveries ?? []) {
      const delivery = readDelivery(row, frame);
      const before = this.deliveries.put(delivery);
      if (before !== null && !isTrouble(before) && isTrouble(delivery)) this.news.push(delivery.id);
    }
    const tree = this.trees.get(frame.scope);
    if (tree !== undefined) {
      const run = this.wanted.get(frame.scope) ?? null;
      for (const row of frame.tasks ?? []) {
        const task = readTask(row, frame);
        if (run === null || task.run === run) tree.put(task);
      }
      for (const [run, n] of frame.gone ?? []) if (run === tree.run) tree.remove(n);
    }
    if (frame.scope === "") this.reach(frame.to);
  }
}
