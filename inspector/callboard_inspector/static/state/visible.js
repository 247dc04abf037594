/**
 * The rows of a tree: tasks, folds and a filter in, what is seen from top to bottom out.
 *
 * Owns depth, position among siblings, and which subtree a fold hides.
 */

import { asOf } from "./moment.js";

/** @typedef {import("./rows.js").Task} Task */
/** @typedef {import("./forest.js").Tree} Tree */

/**
 * `open` is null for a task without children; `hidden` counts tasks below a closed one.
 * @typedef {{
 *   task: Task, depth: number, open: boolean | null, hidden: number, worst: string | null,
 *   position: number, siblings: number, matches: boolean,
 * }} Row
 */

/**
 * @param {Tree} tree
 * @param {ReadonlySet<number>} folds closed tasks
 * @param {((task: Task) => boolean) | null} filter keeps a task, all above it, and no other
 * @param {number | null} at the moment that is looked back to; null for the present
 * @returns {Row[]}
 */
export function visibleRows(tree, folds, filter, at) {
  const kept = filter === null ? null : keptBy(tree, filter);
  /** @type {Row[]} */
  const rows = [];
  walk(tree.roots, 0);
  return rows;

  /** @param {readonly number[]} ordinals @param {number} depth */
  function walk(ordinals, depth) {
    const shown = kept === null ? ordinals : ordinals.filter((n) => kept.has(n));
    for (let index = 0; index < shown.length; index += 1) {
      const n = /** @type {number} */ (shown[index]);
      const known = /** @type {Task} */ (tree.tasks.get(n));
      const task = at === null ? known : asOf(known, at);
      if (task === null) continue;
      const children = tree.children.get(n) ?? [];
      const inner = kept === null ? children : children.filter((child) => kept.has(child));
      const open = inner.length === 0 ? null : filter !== null || !folds.has(n);
      const below = open === false ? sumBelow(tree, n) : null;
      rows.push({
        task, depth, open, hidden: below?.count ?? 0, worst: below?.worst ?? null,
        position: index + 1, siblings: shown.length, matches: filter !== null && filter(task),
      });
      if (open) walk(inner, depth + 1);
    }
  }
}

/** @param {Tree} tree @param {(task: Task) => boolean} filter */
function keptBy(tree, filter) {
  /** @type {Set<number>} */
  const kept = new Set();
  for (const task of tree.tasks.values()) {
    if (!filter(task)) continue;
    /** @type {Task | undefined} */
    let at = task;
    while (at !== undefined && !kept.has(at.n)) {
      kept.add(at.n);
      at = at.parent === null ? undefined : tree.tasks.get(at.parent);
    }
  }
  return kept;
}

const GRAVITY = ["errored", "erroring", "halted", "halting", "running", "completing", "pending"];

/**
 * What a closed task hides: how many, and the gravest state among them.
 * @param {Tree} tree
 * @param {number} n
 */
function sumBelow(tree, n) {
  let count = 0;
  let gravest = GRAVITY.length;
  const waiting = [...tree.children.get(n) ?? []];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    count += 1;
    const at = GRAVITY.indexOf(tree.tasks.get(next)?.state ?? "");
    if (at >= 0 && at < gravest) gravest = at;
    for (const child of tree.children.get(next) ?? []) waiting.push(child);
  }
  return { count, worst: GRAVITY[gravest] ?? null };
}

/**
 * Closes every task at `level` and deeper; level 1 shows the run and its providers.
 * @param {Tree} tree
 * @param {number} level
 * @returns {Set<number>}
 */
export function foldsAtLevel(tree, level) {
  /** @type {Set<number>} */
  const folds = new Set();
  /** @type {Array<[number, number]>} */
  const waiting = tree.roots.map((n) => [n, 0]);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [n, depth] = next;
    const children = tree.children.get(n) ?? [];
    if (children.length > 0 && depth >= level) folds.add(n);
    for (const child of children) waiting.push([child, depth + 1]);
  }
  return folds;
}

/**
 * `folds` with everything from `n` on opened or closed.
 * @param {Tree} tree
 * @param {ReadonlySet<number>} folds
 * @param {number} n
 * @param {boolean} open
 */
export function foldBelow(tree, folds, n, open) {
  const changed = new Set(folds);
  const waiting = [n];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const children = tree.children.get(next) ?? [];
    if (open) changed.delete(next);
    else if (children.length > 0) changed.add(next);
    waiting.push(...children);
  }
  return changed;
}

/**
 * `folds` with everything above `n` opened, so that it can be seen.
 * @param {Tree} tree
 * @param {ReadonlySet<number>} folds
 * @param {number} n
 */
export function unfoldTo(tree, folds, n) {
  const changed = new Set(folds);
  let at = tree.tasks.get(n)?.parent ?? null;
  while (at !== null) {
    changed.delete(at);
    at = tree.tasks.get(at)?.parent ?? null;
  }
  return changed;
}
