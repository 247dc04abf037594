/**
 * Two runs side by side: which tasks stand for the same step, and what each changed.
 *
 * Owns the pairing: below a pair, children with the same kind and name are paired in
 * order. What has no counterpart stands alone.
 */

import { decides } from "./standing.js";

/** @typedef {import("../wire.js").TaskRecord} TaskRecord */
/** @typedef {import("../wire.js").EffectAnswer} EffectAnswer */

/**
 * @typedef {"only" | "state" | "cause" | "failure" | "effects"} Difference
 * @typedef {{
 *   depth: number, left: TaskRecord | null, right: TaskRecord | null,
 *   differs: Difference[], below: boolean,
 * }} Pair `below`: something below it differs
 * @typedef {{
 *   subject: string, left: EffectAnswer[], right: EffectAnswer[], same: boolean, remarked: boolean,
 * }} Change `remarked`: neither run changed the subject, though one had a word on it
 */

/**
 * The trees, paired; parents before children, in the order of both.
 * @param {readonly TaskRecord[]} left
 * @param {readonly TaskRecord[]} right
 * @returns {Pair[]}
 */
export function pairsOf(left, right) {
  const [leftBelow, rightBelow] = [childrenOf(left), childrenOf(right)];
  /** @type {Pair[]} */
  const pairs = [];
  /**
   * @param {readonly TaskRecord[]} ours
   * @param {readonly TaskRecord[]} theirs
   * @param {number} depth
   * @returns {boolean} whether anything differs
   */
  const walk = (ours, theirs, depth) => {
    let any = false;
    // The roots are the two runs: paired whatever they are called.
    const matched = depth === 0 ? [[ours[0] ?? null, theirs[0] ?? null]] : matchedOf(ours, theirs);
    for (const [mine, other] of matched) {
      if (!mine && !other) continue;
      const differs = differencesOf(mine ?? null, other ?? null);
      /** @type {Pair} */
      const pair = { depth, left: mine ?? null, right: other ?? null, differs, below: false };
      pairs.push(pair);
      pair.below = walk(
        mine ? leftBelow.get(mine.n) ?? [] : [],
        other ? rightBelow.get(other.n) ?? [] : [],
        depth + 1,
      );
      any ||= pair.below || differs.length > 0;
    }
    return any;
  };
  walk(leftBelow.get(null) ?? [], rightBelow.get(null) ?? [], 0);
  return pairs;
}

/**
 * What both runs changed, by subject, the subjects that differ first.
 * @param {readonly EffectAnswer[]} left
 * @param {readonly EffectAnswer[]} right
 * @returns {Change[]}
 */
export function changesOf(left, right) {
  /** @type {Map<string, Change>} */
  const changes = new Map();
  for (const [side, effects] of /** @type {const} */ ([["left", left], ["right", right]])) {
    for (const effect of effects) {
      let change = changes.get(effect.subject);
      if (!change) {
        change = { subject: effect.subject, left: [], right: [], same: false, remarked: true };
        changes.set(effect.subject, change);
      }
      change[side].push(effect);
      change.remarked &&= !decides(effect);
    }
  }
  for (const change of changes.values()) change.same = accountOf(change, "left") === accountOf(change, "right");
  return [...changes.values()].sort(
    (a, b) => Number(a.same) - Number(b.same) || (a.subject < b.subject ? -1 : 1),
  );
}

/**
 * The effect that tells how a subject stood at the end of a run; a remark where neither run
 * changed it.
 * @param {Change} change
 * @param {"left" | "right"} side
 */
export function endOf(change, side) {
  return change[side].findLast((effect) => change.remarked || decides(effect)) ?? null;
}

/**
 * How a subject stood at the end of a run and what was remarked, as text that compares.
 * @param {Change} change
 * @param {"left" | "right"} side
 */
function accountOf(change, side) {
  const end = endOf(change, side);
  const remarks = change[side].filter((effect) => !decides(effect)).map(({ operation, after }) => [operation, sorted(after)]);
  return JSON.stringify([end && [end.operation === "removed", sorted(end.after)], remarks]);
}

/**
 * A value with its members in the order of their names.
 * @param {unknown} value
 * @returns {unknown}
 */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, member]) => [name, sorted(member)]);
}

/** @param {readonly TaskRecord[]} tasks */
function childrenOf(tasks) {
  /** @type {Map<number | null, TaskRecord[]>} */
  const children = new Map();
  for (const task of tasks) {
    const beside = children.get(task.parent);
    if (beside) beside.push(task);
    else children.set(task.parent, [task]);
  }
  return children;
}

/**
 * @param {readonly TaskRecord[]} ours
 * @param {readonly TaskRecord[]} theirs
 * @returns {Array<[TaskRecord | null, TaskRecord | null]>}
 */
function matchedOf(ours, theirs) {
  /** @type {Map<string, TaskRecord[]>} */
  const waiting = new Map();
  for (const task of theirs) {
    const key = keyOf(task);
    const beside = waiting.get(key);
    if (beside) beside.push(task);
    else waiting.set(key, [task]);
  }
  /** @type {Array<[TaskRecord | null, TaskRecord | null]>} */
  const matched = ours.map((task) => [task, waiting.get(keyOf(task))?.shift() ?? null]);
  for (const left of waiting.values()) matched.push(...left.map(alone));
  return matched;
}

/**
 * @param {TaskRecord} task
 * @returns {[null, TaskRecord]}
 */
function alone(task) {
  return [null, task];
}

/** @param {TaskRecord} task */
function keyOf(task) {
  const handler = task.labels?.["handler"];
  return `${task.kind} ${task.name} ${handler ?? ""}`;
}

/**
 * @param {TaskRecord | null} left
 * @param {TaskRecord | null} right
 * @returns {Difference[]}
 */
function differencesOf(left, right) {
  if (!left || !right) return ["only"];
  /** @type {Difference[]} */
  const differs = [];
  if (left.state !== right.state) differs.push("state");
  if ((left.cause ?? null) !== (right.cause ?? null)) differs.push("cause");
  if (failureKey(left) !== failureKey(right)) differs.push("failure");
  if ((left.effects ?? 0) !== (right.effects ?? 0) || (left.remarks ?? 0) !== (right.remarks ?? 0)) differs.push("effects");
  return differs;
}

/** @param {TaskRecord} task */
function failureKey(task) {
  return task.failure ? `${task.failure.type}: ${task.failure.message}` : "";
}
