/**
 * What every tab is told of the task that is looked at.
 *
 * Owns the step from the page's state to one task: its row, its record, its relations.
 */

import { explain } from "../../state/cause.js";
import { whyNoRun } from "../../state/deliveries.js";
import { sentence } from "../../state/plain.js";
import { splitTaskId, taskId } from "../../state/rows.js";
import { answerTo, chosenDelivery, chosenTask, chosenTree, isAlone } from "../../state/store.js";

/** @typedef {import("../../state/store.js").State} State */
/** @typedef {import("../../state/store.js").Ask} Ask */
/** @typedef {import("../../state/store.js").Held} Held */
/** @typedef {import("../../state/rows.js").Task} Task */
/** @typedef {import("../../wire.js").Question} Question */
/** @typedef {import("../../wire.js").TaskRecord} TaskRecord */
/** @typedef {import("../../wire.js").Failure} Failure */

/**
 * `task`: its id, `<run>.<n>`. `record`: the answer, or what its row says until that is
 * here. `failure`: its own, or a run's with those of its providers. `live`: it has not ended, and the server can be asked about it; `ended`: it has. `kept`: it
 * is shown from a file; `alone`: and there is no server. `limit`: bytes that a frame may have.
 * @typedef {{
 *   delivery: string | null, deliveryName: string, deliveryState: string, hasRun: boolean, run: string | null, task: string | null,
 *   row: Task | null, record: TaskRecord | null, failure: Failure | null, note: string | null, error: string | null,
 *   live: boolean, ended: boolean, stale: boolean, kept: boolean, alone: boolean, failed: boolean, logs: number, effects: number, now: number,
 *   tasks: ReadonlyMap<number, Task>, blame: import("../../state/cause.js").Explanation<Task> | null,
 *   capabilities: ReadonlySet<string>, asking: State["asking"], results: State["results"], limit: number, who: string | null, refused: string | null,
 *   webhook: string | null, answer: (question: Question) => Held | undefined,
 *   idOf: (task: { n: number } | null) => string | null,
 *   isBelow: (n: number, top: number) => boolean,
 * }} Context
 */

const FINAL = new Set(["completed", "errored", "halted"]);
/** So many providers' failures are read for one run. */
const MOST_PROVIDERS = 8;
/** @type {ReadonlyMap<number, Task>} */
const NONE = new Map();

/**
 * @param {State} state
 * @param {Ask} ask
 * @returns {Context}
 */
export function contextOf(state, ask) {
  const tree = chosenTree(state);
  const row = chosenTask(state);
  const delivery = chosenDelivery(state);
  const tasks = tree?.tasks ?? NONE;
  const task = row === null ? state.place.task : taskId(row);
  const run = tree?.run ?? (task === null ? null : splitTaskId(task).run);
  const kept = state.place.view === "file";
  const stale = kept || state.connection.phase !== "live";
  let record = row === null ? null : recordOf(row);
  let note = null;
  let error = (row === null ? whyNoRun(delivery) : null) ?? tree?.note ?? null;
  if (task !== null) {
    const question = { of: /** @type {const} */ ("task"), task };
    ask(question);
    const known = answerTo(state, question);
    if (known?.answer?.of === "task") {
      // The row is pushed and the record asked for: what the row says may be newer.
      record = row === null ? known.answer.record : { ...known.answer.record, ...livelyOf(row) };
      note = known.answer.note;
    }
    error = known?.error ?? error;
  }
  const ended = record !== null && FINAL.has(record.state);
  const live = record !== null && !ended && !stale;
  return {
    delivery: state.place.delivery, deliveryName: delivery === null ? "" : nameOf(delivery), deliveryState: delivery?.state ?? "", hasRun: (delivery?.run ?? null) !== null, run, task, row, record, note, error: error === null ? null : sentence(error), live, ended, stale, kept, alone: isAlone(state),
    failure: failureOf(state, ask, tasks, record, run),
    failed: record?.failure != null || (row?.error ?? null) !== null,
    logs: row?.logs ?? 0, effects: row?.effects ?? 0,
    now: state.frozen?.at ?? state.picture.time,
    tasks, blame: row === null ? null : explain(tasks, { ...row, cause: record?.cause ?? row.cause }), // a row has a part of a long one
    capabilities: new Set(stale ? [] : state.hello?.capabilities ?? []), asking: state.asking,
    results: state.results, limit: state.hello?.limits.frame ?? Infinity,
    who: state.hello?.who ?? null, refused: kept ? null : state.hello?.refused ?? null,
    webhook: webhookOf(state, delivery?.source ?? null),
    answer: (question) => answerTo(state, question),
    idOf: (other) => (other === null || run === null ? null : `${run}.${other.n}`),
    isBelow: (n, top) => isBelow(tasks, n, top),
  };
}

/** As its run is called. @param {import("../../state/rows.js").Delivery} delivery */
function nameOf({ source, event, action }) {
  return `${source}:${event}${action === null ? "" : `.${action}`}`;
}

/**
 * A run's failure only names the providers that failed: theirs are put below it.
 * @param {State} state
 * @param {Ask} ask
 * @param {ReadonlyMap<number, Task>} tasks
 * @param {TaskRecord | null} record
 * @param {string | null} run
 * @returns {Failure | null}
 */
function failureOf(state, ask, tasks, record, run) {
  const own = record?.failure ?? null;
  if (own === null || record?.kind !== "run" || run === null) return own;
  /** @type {Failure[]} */
  const members = [];
  for (const task of tasks.values()) {
    if (task.parent !== record.n || task.error === null || members.length === MOST_PROVIDERS) continue;
    const question = { of: /** @type {const} */ ("task"), task: taskId(task) };
    ask(question);
    const known = answerTo(state, question);
    if (known?.answer?.of === "task" && known.answer.record.failure) members.push(known.answer.record.failure);
  }
  return members.length > 0 ? { ...own, members } : own;
}

/**
 * Where the delivery's source takes webhooks, if the server knows.
 * @param {State} state
 * @param {string | null} source
 */
function webhookOf(state, source) {
  const place = state.hello?.places.find((each) => each.source === source);
  return place?.url ?? null;
}

/** @param {Task} row @returns {TaskRecord} */
function recordOf(row) {
  return {
    n: row.n, parent: row.parent, name: row.name, kind: /** @type {TaskRecord["kind"]} */ (row.kind),
    timeout: row.timeout, attempt: row.attempt, attempts: row.attempts, labels: /** @type {TaskRecord["labels"]} */ (row.labels),
    cause: row.cause, created: row.created / 1000, ...livelyOf(row),
  };
}

/** What changes while a task runs. @param {Task} row */
function livelyOf(row) {
  return {
    state: /** @type {TaskRecord["state"]} */ (row.state), waits: row.waits, progress: row.progress,
    started: row.started === null ? null : row.started / 1000,
    ended: row.ended === null ? null : row.ended / 1000,
    effects: row.effects, remarks: row.remarks, folded: row.folded,
  };
}

/**
 * Whether `n` is `top` or a task below it.
 * @param {ReadonlyMap<number, Task>} tasks
 * @param {number} n
 * @param {number} top
 */
function isBelow(tasks, n, top) {
  /** @type {number | null} */
  let at = n;
  while (at !== null) {
    if (at === top) return true;
    at = tasks.get(at)?.parent ?? null;
  }
  return false;
}
