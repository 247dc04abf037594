/**
 * Time on the waterfall: from moments to a place between its edges, and back.
 *
 * Owns which moments an axis names, and how bars thinner than a pixel become one.
 */

/** @typedef {{ from: number, to: number }} Range Unix milliseconds */

/**
 * The whole of a tree, never empty.
 * @param {import("./forest.js").Tree} tree
 * @param {number} now
 * @returns {Range}
 */
export function rangeOf(tree, now) {
  const root = tree.root;
  if (root === null) return { from: now - 1, to: now };
  const to = root.ended ?? Math.max(now, tree.last);
  return { from: root.created, to: Math.max(to, root.created + 0.001) };
}

/**
 * Where `moment` is, as a share of the range; may lie outside of 0 to 1.
 * @param {Range} range
 * @param {number} moment
 */
export function share(range, moment) {
  return (moment - range.from) / (range.to - range.from);
}

/**
 * Round moments for an axis, with what they are called relative to `origin`.
 * @param {Range} range
 * @param {number} origin
 * @param {number} most
 * @returns {Array<{ at: number, label: string }>}
 */
export function ticks(range, origin, most) {
  const length = range.to - range.from;
  if (!(length > 0) || most < 1) return [];
  const rough = length / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? rough;
  const first = Math.ceil((range.from - origin) / step);
  const last = Math.floor((range.to - origin) / step);
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, at) => {
    const offset = (first + at) * step;
    return { at: origin + offset, label: label(offset, step) };
  });
}

/** @param {number} ms @param {number} step */
function label(ms, step) {
  if (ms === 0) return "0";
  if (step >= 60_000) return `${trimmed(ms / 60_000, step / 60_000)} min`;
  if (step >= 100) return `${trimmed(ms / 1000, step / 1000)} s`;
  if (step >= 0.1) return `${trimmed(ms, step)} ms`;
  return `${trimmed(ms * 1000, step * 1000)} µs`;
}

/** @param {number} value @param {number} step */
function trimmed(value, step) {
  const digits = Math.max(0, Math.min(3, -Math.floor(Math.log10(step) + 1e-9)));
  return value.toFixed(digits);
}

/**
 * Tasks as columns of one pixel each: how many ran there, and the gravest state.
 * @param {Iterable<import("./rows.js").Task>} tasks
 * @param {Range} range
 * @param {number} now
 * @param {number} width pixels
 * @returns {{ count: Uint16Array, failed: Uint8Array }}
 */
export function columns(tasks, range, now, width) {
  const count = new Uint16Array(width);
  const failed = new Uint8Array(width);
  const change = new Int32Array(width + 1);
  for (const task of tasks) {
    if (task.kind === "run" || task.started === null) continue;
    const first = clamp(Math.floor(share(range, task.started) * width), width);
    const last = clamp(Math.floor(share(range, task.ended ?? now) * width), width);
    change[first] = /** @type {number} */ (change[first]) + 1;
    change[last + 1] = /** @type {number} */ (change[last + 1]) - 1;
    if (task.state === "errored" || task.state === "erroring") failed[last] = 1;
  }
  let running = 0;
  for (let x = 0; x < width; x += 1) {
    running += /** @type {number} */ (change[x]);
    count[x] = Math.min(running, 65_535);
  }
  return { count, failed };
}

/** @param {number} x @param {number} width */
function clamp(x, width) {
  return Math.max(0, Math.min(width - 1, x));
}
