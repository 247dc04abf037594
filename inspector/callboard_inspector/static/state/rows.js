/**
 * Rows of a frame as objects.
 *
 * Owns what the positions of a row mean, and its times: Unix milliseconds from here on.
 */

/** @typedef {import("../wire.js").DeliveryRow} DeliveryRow */
/** @typedef {import("../wire.js").TaskRow} TaskRow */

/**
 * A delivery as the list shows it.
 * @typedef {{
 *   id: string, revision: number, source: string, event: string, action: string | null,
 *   organization: string | null, repository: string | null, state: string,
 *   received: number, started: number | null, ended: number | null,
 *   attempts: number, run: string | null,
 *   redeliveries: number, reason: string | null, replayOf: string | null,
 * }} Delivery
 */

/**
 * A task as the tree shows it.
 * @typedef {{
 *   run: string, n: number, parent: number | null, revision: number,
 *   name: string, kind: string, state: string,
 *   created: number, started: number | null, ended: number | null,
 *   cause: string | null, waits: string | null, labels: Record<string, unknown>,
 *   progress: import("../wire.js").TaskProgress | null, error: string | null,
 *   timeout: number | null, attempt: number, attempts: number, logs: number, effects: number, remarks: number, folded: number,
 * }} Task
 */

/**
 * What rows point into.
 * @typedef {{ strings?: string[], base?: number }} Table
 */

/**
 * @param {DeliveryRow} row
 * @param {Table} table
 * @returns {Delivery}
 */
export function readDelivery(row, table) {
  const [id, revision, source, event, action, organization, repository, state, received, started, ended, attempts, run, rest] = row;
  const text = textOf(table);
  const came = (table.base ?? 0) + received / 1000;
  const began = after(came, started);
  return {
    id, revision, source: text(source), event: text(event), action: optional(text, action),
    organization: optional(text, organization), repository: optional(text, repository),
    state: text(state), received: came, started: began, ended: after(began, ended), attempts, run,
    redeliveries: rest?.redeliveries ?? 0, reason: rest?.reason ?? null, replayOf: rest?.replay_of ?? null,
  };
}

/**
 * @param {TaskRow} row
 * @param {Table} table
 * @returns {Task}
 */
export function readTask(row, table) {
  const [run, n, parent, revision, name, kind, state, created, started, ended, rest] = row;
  const text = textOf(table);
  const made = (table.base ?? 0) + created / 1000;
  return {
    run: text(run), n, parent, revision, name: text(name), kind: text(kind), state: text(state),
    created: made, started: after(made, started), ended: after(made, ended),
    cause: rest?.cause ?? null, waits: rest?.waits ?? null, labels: rest?.labels ?? {},
    progress: rest?.progress ?? null, error: rest?.error ?? null, timeout: rest?.timeout ?? null,
    attempt: rest?.attempt ?? 0, attempts: rest?.attempts ?? 0, logs: rest?.logs ?? 0, effects: rest?.effects ?? 0, remarks: rest?.remarks ?? 0, folded: rest?.folded ?? 0,
  };
}

/** @param {Task} task */
export function taskId(task) {
  return `${task.run}.${task.n}`;
}

/**
 * @param {string} id
 * @returns {{ run: string, n: number }}
 */
export function splitTaskId(id) {
  const at = id.lastIndexOf(".");
  return { run: id.slice(0, at), n: Number(id.slice(at + 1)) };
}

/** @param {Table} table */
function textOf(table) {
  const strings = table.strings ?? [];
  return (/** @type {number} */ index) => strings[index] ?? "";
}

/**
 * @param {(index: number) => string} text
 * @param {number | null} index
 */
function optional(text, index) {
  return index === null ? null : text(index);
}

/**
 * @param {number | null} origin
 * @param {number | null} micros
 */
function after(origin, micros) {
  return origin === null || micros === null ? null : origin + micros / 1000;
}
