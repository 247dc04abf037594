/**
 * The list of deliveries, newest first.
 *
 * Owns its order, its bound, which of two rows for one delivery holds, and down to where it
 * has no gap: what a search found in the journal may lie far below.
 */

/** @typedef {import("./rows.js").Delivery} Delivery */
/** @typedef {{ of: "deliveries", before: string, state?: string }} Older */

const MOST = 50_000;
const OPEN = new Set(["queued", "running", "failed", "held"]);

/** Whether something is still to happen. @param {Delivery} delivery */
export function isOpen(delivery) {
  return OPEN.has(delivery.state);
}

/** Whether a person should look at it. @param {Delivery} delivery */
export function isTrouble(delivery) {
  return delivery.state === "failed" || delivery.state === "parked";
}

/**
 * Why a delivery has no run, as far as the list tells; null if it has one, or nothing is said.
 * @param {Delivery | null} delivery
 */
export function whyNoRun(delivery) {
  if (delivery === null || delivery.run !== null) return null;
  if (delivery.state === "queued") return "It has not run yet: it waits for its turn.";
  if (delivery.state === "ignored") return "There was nothing to run: it is recorded, no more.";
  if (delivery.state === "folded") return delivery.reason ?? "A later delivery made it superfluous.";
  return delivery.reason;
}

export class Deliveries {
  constructor() {
    /** @type {Map<string, Delivery>} */
    this.known = new Map();
    /** Ids, newest first: they rise with time. @type {string[]} */
    this.order = [];
    /** The oldest of all, once it is known that nothing is older. @type {string | null} */
    this.first = null;
    /** From this id on none is missing; null: none is. @type {string | null} */
    this.edge = null;
    /** Which list it is: grows when another one takes its place. */
    this.generation = 0;
    /** How far down each state was searched for; null: to the end. @type {Map<string, string | null>} */
    this.searched = new Map();
    /** Grows with every change. */
    this.version = 0;
    /** By state. @type {Map<string, number>} */
    this.counts = new Map();
  }

  /** Whether no older one can be taken in. */
  get full() {
    return this.order.length >= MOST;
  }

  /**
   * @param {Delivery} delivery
   * @returns {Delivery | null} what was known before, if this is newer
   */
  put(delivery) {
    const known = this.known.get(delivery.id) ?? null;
    if (known !== null && known.revision > delivery.revision) return null;
    this.known.set(delivery.id, delivery);
    if (known === null) this.insert(delivery.id);
    else this.count(known.state, -1);
    this.count(delivery.state, 1);
    this.version += 1;
    return known;
  }

  /**
   * @param {readonly Delivery[]} all
   * @param {string} floor above this id none is missing: the server's memory keeps trouble for longer, and one of long ago that moved
   */
  replace(all, floor) {
    this.known = new Map(all.map((delivery) => [delivery.id, delivery]));
    this.order = [...this.known.keys()].sort(newestFirst);
    this.edge = floor === "" ? null : `${floor}0`; // the next greater text
    this.generation += 1;
    this.searched.clear();
    this.counts.clear();
    for (const delivery of this.known.values()) this.count(delivery.state, 1);
    this.version += 1;
  }

  /** Those above the first gap. */
  get whole() {
    const { order, edge } = this;
    const gap = edge === null ? -1 : order.findIndex((id) => id < edge);
    return gap < 0 ? order : order.slice(0, gap);
  }

  /** Where they end, and reading goes on below. */
  get oldest() {
    return this.edge ?? this.order.at(-1) ?? null;
  }

  /**
   * What to ask the journal to see more; null when there is no more.
   * @param {ReadonlyArray<string> | null} states null for any
   * @returns {Older | null}
   */
  nextOlder(states) {
    const { oldest } = this;
    if (oldest === null || oldest === this.first || this.full) return null;
    if (states === null) return { of: "deliveries", before: oldest };
    for (const state of states) {
      const reached = this.searched.get(state);
      if (reached !== null) return { of: "deliveries", before: reached === undefined || reached > oldest ? oldest : reached, state };
    }
    return null;
  }

  /**
   * The answer to `asked`.
   * @param {Older} asked
   * @param {readonly Delivery[]} rows newest first
   * @param {boolean} more
   * @param {number} generation when it was asked: older ones of another list leave a gap below this one
   */
  take(asked, rows, more, generation) {
    if (generation !== this.generation) return;
    for (const row of rows) this.put(row);
    const last = rows.at(-1)?.id ?? asked.before;
    if (asked.state !== undefined) {
      this.edge ??= asked.before;
      this.searched.set(asked.state, more ? last : null);
    } else if (more) {
      this.edge = last;
    } else {
      this.edge = null;
      this.first = this.order.at(-1) ?? null;
    }
    this.version += 1;
  }

  /** @param {string} id */
  insert(id) {
    let low = 0, high = this.order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (/** @type {string} */ (this.order[middle]) > id) low = middle + 1;
      else high = middle;
    }
    this.order.splice(low, 0, id);
    if (this.order.length <= MOST) return;
    this.forget(/** @type {string} */ (this.order.pop()));
    const oldest = this.order.at(-1) ?? null;
    if (this.edge !== null && oldest !== null && this.edge < oldest) this.edge = oldest;
  }

  /** @param {string} id */
  forget(id) {
    const gone = this.known.get(id);
    if (gone !== undefined) this.count(gone.state, -1);
    this.known.delete(id);
  }

  /** @param {string} state @param {number} change */
  count(state, change) {
    this.counts.set(state, (this.counts.get(state) ?? 0) + change);
  }
}

/** @param {string} a @param {string} b */
function newestFirst(a, b) {
  return a < b ? 1 : a > b ? -1 : 0;
}
