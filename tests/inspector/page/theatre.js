/**
 * A server's side of the protocol, small enough to be checked by reading it.
 *
 * Owns what is so: deliveries, runs and their tasks by revision, a short ring of what
 * changed, and a line that sends it as the real server does.
 */

import { Picture } from "../../../inspector/callboard_inspector/static/state/picture.js";

/** @typedef {import("../../../inspector/callboard_inspector/static/wire.js").ServerFrame} ServerFrame */
/** @typedef {import("../../../inspector/callboard_inspector/static/wire.js").Subscribe} Subscribe */
/** @typedef {import("../../../inspector/callboard_inspector/static/wire.js").TaskRow} TaskRow */
/** @typedef {import("../../../inspector/callboard_inspector/static/wire.js").DeliveryRow} DeliveryRow */

/**
 * @typedef {{ id: string, run: string | null, state: string, revision: number, attempts: number }} Delivery
 * @typedef {{ delivery: string, run: string, n: number, parent: number | null, state: string, revision: number, words: number }} Task
 * @typedef {{ delivery: string, run: string, tasks: Map<number, Task>, next: number }} Tree
 */

const RING = 16;
const PORTION = 3;
const STATES = ["pending", "running", "completed", "errored"];

/** Whole numbers below `limit`, the same ones for the same seed (mulberry32). @param {number} seed */
export function dice(seed) {
  let state = seed;
  return (/** @type {number} */ limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

export class Theatre {
  /** @param {(limit: number) => number} random */
  constructor(random) {
    this.random = random;
    this.boots = 0;
    this.ids = 0;
    this.folded = 0;
    this.reruns = 0;
    this.boot = "";
    this.sequence = 0;
    /** @type {Map<string, Delivery>} */
    this.deliveries = new Map();
    /** The newest tree of each delivery. @type {Map<string, Tree>} */
    this.trees = new Map();
    /** Older trees, by run. @type {Map<string, Tree>} */
    this.older = new Map();
    /** @type {Array<{ sequence: number, item: Delivery | Task }>} */
    this.ring = [];
    this.restart();
  }

  restart() {
    this.boot = `boot ${this.boots += 1}`;
    this.sequence = 0;
    for (const kept of [this.deliveries, this.trees, this.older]) kept.clear();
    this.ring = [];
    this.deliver();
  }

  id() {
    return String(this.ids += 1).padStart(6, "0");
  }

  /** @param {Delivery | Task} item */
  publish(item) {
    item.revision = this.sequence += 1;
    this.ring.push({ sequence: this.sequence, item });
    if (this.ring.length > RING) this.ring.shift();
  }

  deliver() {
    const delivery = { id: this.id(), run: null, state: "queued", revision: 0, attempts: 0 };
    this.deliveries.set(delivery.id, delivery);
    this.publish(delivery);
  }

  /** @template T @param {T[]} things @returns {T | undefined} */
  pick(things) {
    return things[this.random(Math.max(things.length, 1))];
  }

  /** Something happens. */
  act() {
    const delivery = this.pick([...this.deliveries.values()].slice(-4));
    if (delivery === undefined) return;
    const tree = this.trees.get(delivery.id);
    const task = tree && this.pick([...tree.tasks.values()]);
    switch (this.random(11)) {
      case 0:
        this.deliver();
        return;
      case 1:
        this.begin(delivery);
        return;
      case 2:
        delivery.state = this.pick(["failed", "parked", "completed"]) ?? "";
        this.publish(delivery);
        return;
      case 3: case 4: case 5:
        if (tree && task) this.spawn(tree, task.n);
        return;
      case 6: case 7:
        if (tree && task) this.fold(tree, task);
        return;
      default:
        if (task === undefined) return;
        task.state = this.pick(STATES) ?? "";
        task.words += 1;
        this.publish(task);
    }
  }

  /** @param {Delivery} delivery */
  begin(delivery) {
    const before = this.trees.get(delivery.id);
    if (before !== undefined) {
      this.older.set(before.run, before);
      this.reruns += 1;
    }
    const tree = { delivery: delivery.id, run: this.id(), tasks: new Map(), next: 0 };
    this.trees.set(delivery.id, tree);
    this.spawn(tree, null);
    delivery.run = tree.run;
    delivery.attempts += 1;
    delivery.state = "running";
    this.publish(delivery);
  }

  /** @param {Tree} tree @param {number | null} parent */
  spawn(tree, parent) {
    const task = { delivery: tree.delivery, run: tree.run, n: tree.next, parent, state: "pending", revision: 0, words: 0 };
    tree.next += 1;
    tree.tasks.set(task.n, task);
    this.publish(task);
  }

  /** A leaf that goes, to bound the tree. @param {Tree} tree @param {Task} task */
  fold(tree, task) {
    const leaf = task.parent !== null && ![...tree.tasks.values()].some(({ parent }) => parent === task.n);
    if (!leaf) return;
    tree.tasks.delete(task.n);
    this.publish(task); // ended, and gone
    const parent = tree.tasks.get(/** @type {number} */ (task.parent));
    if (parent) this.publish(parent);
    this.folded += 1;
  }

  /** What somebody may want to look at: up to two trees, one maybe of a run by its name. */
  choose() {
    const ids = [...this.deliveries.keys()].slice(-4);
    const chosen = new Set([this.pick(ids), this.pick(ids)]);
    return [...chosen].flatMap((delivery) => {
      if (delivery === undefined || this.random(4) === 0) return [];
      const named = this.random(4) === 0 ? this.trees.get(delivery)?.run ?? null : null;
      return [{ delivery, run: named }];
    });
  }

  /** @param {Task} task */
  treeOf(task) {
    const newest = this.trees.get(task.delivery);
    return newest?.run === task.run ? newest : this.older.get(task.run);
  }

  connect() {
    return new Line(this);
  }

  /** What a new watcher is shown. @param {Array<{ delivery: string, run: string | null }>} wanted */
  shown(wanted) {
    const picture = new Picture();
    const line = this.connect();
    picture.apply(line.hello());
    line.subscribe(picture.subscribe(wanted));
    for (let frame = line.next(); frame !== null; frame = line.next()) picture.apply(frame);
    return picture;
  }
}

/** One connection: frames are made when they are read, as late as may be. */
class Line {
  /** @param {Theatre} theatre */
  constructor(theatre) {
    this.theatre = theatre;
    /** @type {number | null} */
    this.cursor = null;
    /** @type {Map<string, string | null>} */
    this.scopes = new Map();
    /** @type {string[]} */
    this.wanted = [];
    /** Frames of one snapshot or batch that are still to be read. @type {ServerFrame[]} */
    this.waiting = [];
    this.gaps = 0;
  }

  /** @returns {ServerFrame} */
  hello() {
    const limits = { frame: 1, list: 1, beat: 1, scopes: 4, open: 16 };
    return { type: "hello", protocol: "callboard.v1", boot: this.theatre.boot, time: 0, limits, capabilities: [], places: [], words: {}, who: null, refused: null };
  }

  /** @param {Subscribe} frame */
  subscribe({ scopes = [], resume }) {
    const before = this.scopes;
    this.scopes = new Map(scopes.map((scope) => [scope.delivery, scope.run ?? null]));
    const first = this.cursor === null;
    if (first) {
      const known = resume && resume.boot === this.theatre.boot ? resume.sequence : null;
      this.cursor = known ?? this.theatre.sequence;
      if (known === null) this.want("");
    }
    for (const { delivery, run, held } of scopes) {
      if (before.has(delivery) && before.get(delivery) === (run ?? null)) continue;
      if (first && held && !this.wanted.includes("")) continue;
      this.want(delivery);
    }
  }

  /** Whether no snapshot is on its way. */
  get whole() {
    return this.wanted.length === 0 && this.waiting.every(({ type }) => type === "delta");
  }

  /** @param {string} scope */
  want(scope) {
    if (!this.wanted.includes(scope)) this.wanted.push(scope);
  }

  /** @returns {ServerFrame | null} null when there is nothing more to say */
  next() {
    while (this.waiting.length === 0) {
      const scope = this.wanted.shift();
      if (scope === undefined && this.cursor === this.theatre.sequence) return null;
      if (scope === undefined) this.changes();
      else if (scope === "" || this.scopes.has(scope)) this.snapshot(scope);
    }
    return /** @type {ServerFrame} */ (this.waiting.shift());
  }

  /** @param {string} scope */
  snapshot(scope) {
    const { theatre } = this;
    const run = this.scopes.get(scope) ?? null;
    const newest = theatre.trees.get(scope);
    const tree = run === null || newest?.run === run ? newest : theatre.older.get(run);
    const head = { type: /** @type {const} */ ("snapshot"), scope, sequence: theatre.sequence, time: 0, run: scope === "" ? null : run ?? tree?.run ?? null };
    /** @type {Array<Delivery | Task>} */
    const rows = scope === "" ? [...theatre.deliveries.values()] : [...tree?.tasks.values() ?? []];
    this.waiting.push({ ...head, part: "begin" });
    for (const portion of portions(rows)) this.waiting.push({ ...head, part: "nodes", ...encoded(portion) });
    this.waiting.push({ ...head, part: "end" });
  }

  changes() {
    const { theatre } = this;
    const from = /** @type {number} */ (this.cursor), to = theatre.sequence;
    this.cursor = to;
    if (to - from >= RING) {
      this.gaps += 1;
      this.waiting.push({ type: "gap", from, to, reason: "too slow", gaps: this.gaps, lost: to - from });
      for (const scope of ["", ...this.scopes.keys()]) this.want(scope);
      return;
    }
    const items = new Set(theatre.ring.filter(({ sequence }) => sequence > from).map(({ item }) => item));
    for (const scope of [...this.scopes.keys(), ""]) {
      const own = [...items].filter((item) => ("n" in item ? item.delivery : "") === scope);
      if (own.length === 0 && scope !== "") continue;
      const parts = portions(own);
      parts.forEach((portion, index) => {
        const here = portion.filter((item) => !("n" in item) || theatre.treeOf(item)?.tasks.get(item.n) === item);
        const gone = portion.flatMap((item) => ("n" in item && !here.includes(item) ? [/** @type {[string, number]} */ ([item.run, item.n])] : []));
        const end = index === parts.length - 1 ? to : from;
        this.waiting.push({ type: "delta", scope, from, to: end, time: 0, gone, ...encoded(here) });
      });
    }
  }
}

/** @template T @param {T[]} rows @returns {T[][]} at least one */
function portions(rows) {
  const found = [];
  for (let at = 0; at < rows.length; at += PORTION) found.push(rows.slice(at, at + PORTION));
  return found.length === 0 ? [[]] : found;
}

/**
 * Rows with their string table, and times that count from a base.
 * @param {Array<Delivery | Task>} items
 */
function encoded(items) {
  /** @type {string[]} */
  const strings = [];
  const text = (/** @type {string} */ word) => {
    if (!strings.includes(word)) strings.push(word);
    return strings.indexOf(word);
  };
  /** @type {DeliveryRow[]} */
  const deliveries = [];
  /** @type {TaskRow[]} */
  const tasks = [];
  for (const item of items) {
    if ("n" in item) {
      const { run, n, parent, revision, state, words } = item;
      tasks.push([text(run), n, parent, revision, text(`task ${n}`), text("task"), text(state), n * 1000, 0, null, { labels: { words } }]);
    } else {
      const { id, revision, state, attempts, run } = item;
      deliveries.push([id, revision, text("s"), text("push"), null, null, null, text(state), 0, null, null, attempts, run, null]);
    }
  }
  return { base: 1_700_000_000_000, strings, deliveries, tasks };
}

/**
 * Whether a watcher knows what a new one is shown.
 * @param {Picture} known
 * @param {Picture} fresh
 */
export function alike(known, fresh) {
  const plain = (/** @type {Picture} */ { deliveries, trees }) => JSON.stringify([
    deliveries.order.map((id) => deliveries.known.get(id)),
    [...deliveries.counts].filter(([, count]) => count > 0).sort(),
    [...trees].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, tree]) => [
      id, tree.run, tree.whole, tree.roots, [...tree.children].filter(([, below]) => below.length > 0).sort(([a], [b]) => a - b),
      [...tree.tasks.values()].sort((a, b) => a.n - b.n),
    ]),
  ]);
  return plain(known) === plain(fresh);
}
