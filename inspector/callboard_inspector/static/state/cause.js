/**
 * Why a task ended as it did, and which other task is to blame.
 *
 * Owns reading the causes that the runtime writes, and finding the task they speak of.
 */

// The whole cause, from its first to its last character: names are written by strangers.
// Each form stands in the runtime's `outcome`, `supervisor` or `actions`.
/** Where a whole group was cancelled because of it, what is below says "cancelled". */
const SIBLING = /^(?:cancelled: )?sibling `(.*)` failed$/s;
const DEADLINE = /^deadline [\d.e+-]+ s of `(.*)`$/s;
const PASSED = /^a deadline passed [\d.e+-]+ s after its start$/;
const PAUSED = /^provider paused: /;
const PERSON = /^cancelled by (?!its own code$)/;

/**
 * What is needed of a task.
 * @typedef {{
 *   n: number, parent: number | null, name: string, state: string, cause?: string | null,
 *   created?: number, ended?: number | null,
 * }} Caused
 */

/**
 * `by`: the task that is to blame, to be looked at next.
 * @template {Caused} T
 * @typedef {{
 *   kind: "sibling" | "deadline" | "person" | "paused" | "child" | "code", by: T | null,
 * }} Explanation
 */

/**
 * Why `task` failed or was halted; null when there is nothing to explain.
 * @template {Caused} T
 * @param {ReadonlyMap<number, T>} tasks all of the run, by `n`
 * @param {T} task
 * @returns {Explanation<T> | null}
 */
export function explain(tasks, task) {
  if (isFailing(task)) {
    const by = firstOfLastAttempt(failuresBelow(tasks, task));
    return by === null ? null : { kind: "child", by };
  }
  const cause = task.cause;
  if (!cause) return null;
  const sibling = SIBLING.exec(cause);
  if (sibling) return { kind: "sibling", by: failedBeside(tasks, task, sibling[1] ?? "") };
  const deadline = DEADLINE.exec(cause);
  if (deadline) return { kind: "deadline", by: above(tasks, task, deadline[1] ?? "") };
  if (PASSED.test(cause)) return { kind: "deadline", by: null };
  if (PAUSED.test(cause)) return { kind: "paused", by: null };
  if (PERSON.test(cause)) return { kind: "person", by: null };
  return { kind: "code", by: null };
}

/**
 * The tasks below `task` in which its failure began: failed, with nothing failed below.
 * @template {Caused} T
 * @param {ReadonlyMap<number, T>} tasks
 * @param {T} task
 * @returns {T[]}
 */
export function failuresBelow(tasks, task) {
  /** @type {Map<number, T[]>} */
  const failed = new Map();
  for (const each of tasks.values()) {
    if (each.parent === null || !isFailing(each)) continue;
    const beside = failed.get(each.parent);
    if (beside) beside.push(each);
    else failed.set(each.parent, [each]);
  }
  /** @type {T[]} */
  const roots = [];
  const waiting = [...(failed.get(task.n) ?? [])];
  while (waiting.length > 0) {
    const next = /** @type {T} */ (waiting.shift());
    const below = failed.get(next.n);
    if (below) waiting.unshift(...below);
    else roots.push(next);
  }
  return roots;
}

/**
 * Of failures, the one that began it: an earlier attempt's had ended before the last began.
 * @template {Caused} T
 * @param {readonly T[]} failures
 * @returns {T | null}
 */
function firstOfLastAttempt(failures) {
  const last = Math.max(...failures.map(({ created }) => created ?? 0));
  return failures.find(({ ended }) => (ended ?? Infinity) >= last) ?? failures.at(-1) ?? null;
}

/**
 * The failed task with this name that is nearest: beside `task`, or beside one above it.
 * @template {Caused} T
 * @param {ReadonlyMap<number, T>} tasks
 * @param {T} task
 * @param {string} name
 * @returns {T | null}
 */
function failedBeside(tasks, task, name) {
  /** @type {T | undefined} */
  let path = task;
  while (path && path.parent !== null) {
    const parent = path.parent;
    for (const each of tasks.values()) {
      if (each.parent === parent && each !== path && each.name === name && isFailing(each)) {
        // The one that began it: a sibling may only pass on what failed below.
        return firstOfLastAttempt(failuresBelow(tasks, each)) ?? each;
      }
    }
    path = tasks.get(parent);
  }
  return null;
}

/**
 * @template {Caused} T
 * @param {ReadonlyMap<number, T>} tasks
 * @param {T} task
 * @param {string} name
 * @returns {T | null}
 */
function above(tasks, task, name) {
  /** @type {T | undefined} */
  let path = task;
  while (path && path.parent !== null) {
    path = tasks.get(path.parent);
    if (path?.name === name) return path;
  }
  return null;
}

/** @param {Caused} task */
function isFailing(task) {
  return task.state === "errored" || task.state === "erroring";
}
