/**
 * The trees that are watched: tasks by run, and who is whose child.
 *
 * Owns which of two rows for one task holds: the one with the higher revision. Putting a
 * row in twice changes nothing.
 */

/** @typedef {import("./rows.js").Task} Task */

/** The tree of one run. */
export class Tree {
  /** @param {string | null} run */
  constructor(run) {
    this.run = run;
    /** A task stays the same object for as long as it is here. @type {Map<number, Task>} */
    this.tasks = new Map();
    /** Children in the order in which they were made. @type {Map<number, number[]>} */
    this.children = new Map();
    /** Tasks without a parent here. @type {number[]} */
    this.roots = [];
    /** Tasks that are no longer part of it: a row that comes once more does not bring them back. @type {Set<number>} */
    this.gone = new Set();
    /** Why it is missing or not whole. @type {string | null} */
    this.note = null;
    /** Whether a snapshot has come: what is here is all there is. */
    this.whole = false;
    /** Grows with every change. */
    this.version = 0;
    /** Grows when a task comes or goes. */
    this.shape = 0;
    /** Until when something of it is known to have run, Unix milliseconds. */
    this.last = 0;
  }

  /** The run itself. @returns {Task | null} */
  get root() {
    const [first] = this.roots;
    return first === undefined ? null : this.tasks.get(first) ?? null;
  }

  /** @param {Task} task */
  put(task) {
    if (this.run === null || (task.run > this.run && task.parent === null)) this.begin(task.run);
    if (task.run !== this.run || this.gone.has(task.n)) return;
    const known = this.tasks.get(task.n);
    if (known !== undefined && known.revision > task.revision) return;
    if (known === undefined) {
      this.tasks.set(task.n, task);
      insert(this.siblings(task.parent), task.n);
      this.shape += 1;
    } else Object.assign(known, task);
    this.last = Math.max(this.last, task.ended ?? task.started ?? task.created);
    this.version += 1;
  }

  /** A newer run: what was known is of the one before. @param {string} run */
  begin(run) {
    this.run = run;
    this.note = null;
    this.tasks.clear();
    this.children.clear();
    this.roots = [];
    this.gone.clear();
    this.last = 0;
    this.shape += 1;
    this.version += 1;
  }

  /** @param {number} n */
  remove(n) {
    this.gone.add(n);
    const task = this.tasks.get(n);
    if (task === undefined) return;
    this.tasks.delete(n);
    this.children.delete(n);
    const siblings = this.siblings(task.parent);
    const at = siblings.indexOf(n);
    if (at >= 0) siblings.splice(at, 1);
    this.shape += 1;
    this.version += 1;
  }

  /** @param {number | null} parent @returns {number[]} */
  siblings(parent) {
    if (parent === null) return this.roots;
    let found = this.children.get(parent);
    if (found === undefined) this.children.set(parent, found = []);
    return found;
  }
}

/**
 * Ordinals rise, so almost all go to the end.
 * @param {number[]} ordered
 * @param {number} n
 */
function insert(ordered, n) {
  let at = ordered.length;
  while (at > 0 && /** @type {number} */ (ordered[at - 1]) > n) at -= 1;
  ordered.splice(at, 0, n);
}
