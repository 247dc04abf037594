/**
 * A run as it stood at a moment, from the times of its tasks.
 *
 * Owns what was there then, and in which state as far as times can tell: what had started
 * and not ended was running.
 */

/** @typedef {{ created: number, started: number | null, ended: number | null, state: string }} Timed */

/**
 * A task at a moment; null before it was created. Times after the moment are not known.
 * @template {Timed} T
 * @param {T} task
 * @param {number} at in the unit of the task's times
 * @returns {T | null}
 */
export function asOf(task, at) {
  if (task.created > at) return null;
  if (task.ended !== null && task.ended <= at) return task;
  const started = task.started !== null && task.started <= at;
  // Nothing that it came to later: no outcome, and what it said of itself at the end.
  return {
    ...task, state: started ? "running" : "pending",
    started: started ? task.started : null, ended: null, cause: null, error: null,
  };
}

/**
 * The moments at which something began or ended, in order, each once.
 * @param {Iterable<Timed>} tasks
 * @returns {number[]}
 */
export function momentsOf(tasks) {
  /** @type {Set<number>} */
  const moments = new Set();
  for (const { created, started, ended } of tasks) {
    moments.add(created);
    if (started !== null) moments.add(started);
    if (ended !== null) moments.add(ended);
  }
  return [...moments].sort((a, b) => a - b);
}

/**
 * The moment after `at`, or before it with `step` -1; the last or first if there is none.
 * @param {readonly number[]} moments
 * @param {number} at
 * @param {1 | -1} step
 */
export function neighbour(moments, at, step) {
  let low = 0;
  let high = moments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const value = /** @type {number} */ (moments[middle]);
    if (step > 0 ? value <= at : value < at) low = middle + 1;
    else high = middle;
  }
  const index = step > 0 ? Math.min(low, moments.length - 1) : Math.max(low - 1, 0);
  return moments[index] ?? at;
}

/**
 * How many tasks were pending, running and ended then.
 * @param {Iterable<Timed>} tasks
 * @param {number} at
 */
export function countsAt(tasks, at) {
  const counts = { pending: 0, running: 0, ended: 0 };
  for (const task of tasks) {
    const then = asOf(task, at);
    if (then === null) continue;
    if (then.ended !== null) counts.ended += 1;
    else if (then.state === "running") counts.running += 1;
    else counts.pending += 1;
  }
  return counts;
}
