/**
 * A run as one file: everything that the page can show of it, to be sent to somebody.
 *
 * Owns the file's layout, asking the server for its parts, and answering the page's
 * questions from a file as the server would.
 */

import { summaryOf } from "./failure.js";
import { characters } from "./plain.js";

/** @typedef {import("../wire.js").Answer} Answer */
/** @typedef {import("../wire.js").DeliveryAnswer} DeliveryAnswer */
/** @typedef {import("../wire.js").DeliveryRow} DeliveryRow */
/** @typedef {import("../wire.js").EffectAnswer} EffectAnswer */
/** @typedef {import("../wire.js").Question} Question */
/** @typedef {import("../wire.js").Snapshot} Snapshot */
/** @typedef {import("../wire.js").TaskRecord} TaskRecord */
/** @typedef {import("../wire.js").TaskRow} TaskRow */

export const FORMAT = "callboard.run.1";
const TEXT = 200;

/**
 * @typedef {{
 *   format: typeof FORMAT, exported: number, run: string, delivery: DeliveryAnswer,
 *   tasks: TaskRecord[], effects: EffectAnswer[],
 *   payload: { headers: Record<string, string>, text: string, size: number } | null,
 *   missing: string[], words?: Readonly<Record<string, string>>,
 * }} Bundle `exported` and all times in Unix seconds; `words` are what things are called
 */

/** Asks for one run's parts, one question at a time. */
export class Collecting {
  /**
   * @param {string} delivery
   * @param {string} run
   */
  constructor(delivery, run) {
    this.id = delivery;
    this.run = run;
    /** @type {DeliveryAnswer | null} */
    this.delivery = null;
    /** @type {TaskRecord[]} */
    this.tasks = [];
    /** @type {EffectAnswer[]} */
    this.effects = [];
    /** @type {Bundle["payload"]} */
    this.payload = null;
    /** @type {string[]} */
    this.missing = [];
    /** @type {Question | null} */
    this.next = { of: "delivery", delivery };
  }

  /**
   * Take the answer to `next`, or the reason why there is none.
   * @param {Answer | null} answer
   * @param {string | null} error
   */
  take(answer, error) {
    const asked = this.next;
    if (asked === null) return;
    if (answer === null || answer.of !== asked.of) {
      this.missing.push(`${asked.of}: ${error ?? "no answer"}`);
      this.next = this.after(asked);
      return;
    }
    if (answer.of === "delivery") {
      this.delivery = answer;
      this.next = this.after(asked);
    } else if (answer.of === "tree") {
      this.tasks.push(...answer.tasks);
      this.next = answer.next === null
        ? this.after(asked)
        : { of: "tree", run: this.run, start: answer.next };
    } else if (answer.of === "effects") {
      this.effects.push(...answer.effects);
      this.next = answer.more
        ? { of: "effects", run: this.run, offset: this.effects.length }
        : this.after(asked);
    } else if (answer.of === "payload") {
      this.payload ??= { headers: answer.headers, text: "", size: answer.size };
      this.payload.text += answer.text;
      const end = answer.offset + characters(answer.text);
      this.next = end < answer.length && answer.text.length > 0
        ? { of: "payload", delivery: this.id, offset: end }
        : null;
    }
  }

  /**
   * @param {Question} question
   * @returns {Question | null}
   */
  after(question) {
    if (question.of === "delivery") return { of: "tree", run: this.run };
    if (question.of === "tree") return { of: "effects", run: this.run, offset: 0 };
    if (question.of === "effects") return { of: "payload", delivery: this.id, offset: 0 };
    return null;
  }

  /**
   * The file's content; null while parts are still to come, or without delivery or tree.
   * @param {number} now Unix seconds
   * @param {Readonly<Record<string, string>>} words what things are called
   * @returns {Bundle | null}
   */
  bundle(now, words) {
    if (this.next !== null || this.delivery === null || this.tasks.length === 0) return null;
    const { run, delivery, tasks, effects, payload, missing } = this;
    return { format: FORMAT, exported: now, run, delivery, tasks, effects, payload, missing, words };
  }
}

/**
 * A file's name that says what it is.
 * @param {Bundle} bundle
 */
export function fileName(bundle) {
  const { strings, row } = bundle.delivery;
  const event = (strings[row[3]] ?? "run").replace(/[^\w.-]+/g, "-");
  return `callboard-${event}-${bundle.run}.json`;
}

/**
 * Read a file's text.
 * @param {string} text
 * @returns {Bundle}
 * @throws {Error} It is no such file; the message is for people.
 */
export function readBundle(text) {
  /** @type {unknown} */
  let found;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw new Error(`expected a run's file: this is no JSON (${/** @type {Error} */ (error).message})`);
  }
  if (!isRecord(found) || found["format"] !== FORMAT) {
    const came = isRecord(found) ? JSON.stringify(found["format"] ?? null).slice(0, 60) : "no object";
    throw new Error(`expected a run's file with "format": "${FORMAT}"; got ${came}`);
  }
  const delivery = found["delivery"];
  if (!isRecord(delivery) || !Array.isArray(delivery["row"]) || !Array.isArray(delivery["strings"])) {
    throw new Error("expected the delivery with its row and strings: the file is damaged");
  }
  const tasks = found["tasks"];
  if (!Array.isArray(tasks) || tasks.length === 0 || !tasks.every(isTask)) {
    throw new Error("expected a list of tasks, each with n, parent, name, kind, state and created: the file is damaged");
  }
  const misplaced = whatIsMisplaced(tasks);
  if (misplaced !== null) throw new Error(`the run's file is damaged: ${misplaced}`);
  if (typeof found["run"] !== "string" || !Array.isArray(found["effects"])) {
    throw new Error("expected the run's id and a list of effects: the file is damaged");
  }
  return /** @type {Bundle} */ (/** @type {unknown} */ (found));
}

/**
 * The answer to a question, as the server would give it; null when the file has none.
 * @param {Bundle} bundle
 * @param {Question} question
 * @returns {Answer | null}
 */
export function answerFrom(bundle, question) {
  switch (question.of) {
    case "delivery":
      return bundle.delivery;
    case "tree":
      return question.run === bundle.run
        ? { of: "tree", run: bundle.run, delivery: idOf(bundle), tasks: bundle.tasks, next: null }
        : null;
    case "task": {
      const record = taskOf(bundle, question.task);
      return record ? { of: "task", record: { ...record, logs: [] }, note: null } : null;
    }
    case "log": {
      const record = taskOf(bundle, question.task);
      if (!record) return null;
      const family = question.below ? below(bundle.tasks, record.n) : [record];
      const lines = family.flatMap((task) => (task.logs ?? []).map((line) => ({ n: task.n, line })));
      lines.sort((a, b) => a.line.at - b.line.at);
      const leftOut = family.reduce((sum, task) => sum + (task.logs_left_out ?? 0), 0);
      return { of: "log", lines, left_out: leftOut };
    }
    case "payload": {
      if (!bundle.payload) return null;
      const { headers, text, size } = bundle.payload;
      // In one page, whatever was asked for: nothing has to be sent.
      return { of: "payload", headers, text, offset: 0, length: characters(text), size };
    }
    case "effects": {
      if (question.run !== bundle.run) return null;
      const task = question.task ?? null;
      const all = bundle.effects.filter((effect) => task === null || effect.task === task);
      const offset = question.offset ?? 0;
      return { of: "effects", effects: all.slice(offset), offset, more: false };
    }
    default:
      return null;
  }
}

/**
 * The frames that would have shown this run, for the page's own reducer.
 * @param {Bundle} bundle
 * @returns {Snapshot[]}
 */
export function framesOf(bundle) {
  const { strings, row, base } = bundle.delivery;
  const list = /** @type {const} */ ({ type: "snapshot", scope: "", sequence: 0, time: bundle.exported * 1000 });
  const tree = { ...list, scope: row[0] };
  return [
    { ...list, part: "begin" },
    { ...list, part: "nodes", base, strings, deliveries: [row] },
    { ...list, part: "end" },
    { ...tree, part: "begin", run: bundle.run },
    { ...tree, part: "nodes", run: bundle.run, ...rowsOf(bundle) },
    { ...tree, part: "end", run: bundle.run },
  ];
}

/** @param {Bundle} bundle */
export function idOf(bundle) {
  return bundle.delivery.row[0];
}

/** @param {Bundle} bundle */
function rowsOf(bundle) {
  /** @type {string[]} */
  const strings = [];
  /** @type {Map<string, number>} */
  const index = new Map();
  /** @param {string} text */
  const at = (text) => {
    let place = index.get(text);
    if (place === undefined) {
      place = strings.push(text.slice(0, 256)) - 1;
      index.set(text, place);
    }
    return place;
  };
  const base = Math.floor((bundle.tasks[0]?.created ?? 0) * 1000);
  /** @param {number | null | undefined} moment @param {number} origin */
  const after = (moment, origin) =>
    moment === null || moment === undefined ? null : Math.round((moment - origin) * 1e6);
  /** @type {TaskRow[]} */
  const tasks = bundle.tasks.map((task) => [
    at(bundle.run), task.n, task.parent, 0, at(task.name), at(task.kind), at(task.state),
    Math.round((task.created - base / 1000) * 1e6),
    after(task.started, task.created), after(task.ended, task.created), restOf(task),
  ]);
  return { base, strings, tasks };
}

/**
 * @param {TaskRecord} task
 * @returns {TaskRow[10]}
 */
function restOf(task) {
  const { failure } = task;
  const error = failure ? summaryOf(failure).slice(0, TEXT) : null;
  return {
    cause: task.cause?.slice(0, TEXT) ?? null, waits: task.waits ?? null, labels: task.labels ?? {},
    progress: task.progress ?? null, error, timeout: task.timeout ?? null,
    attempt: task.attempt ?? 0, attempts: task.attempts ?? 0, logs: (task.logs?.length ?? 0) + (task.logs_left_out ?? 0),
    effects: task.effects ?? 0, remarks: task.remarks ?? 0, folded: task.folded ?? 0,
  };
}

/**
 * @param {Bundle} bundle
 * @param {string} id
 */
function taskOf(bundle, id) {
  const n = Number(id.slice(id.lastIndexOf(".") + 1));
  return bundle.tasks.find((task) => task.n === n) ?? null;
}

/**
 * @param {readonly TaskRecord[]} tasks parents before children
 * @param {number} top
 */
function below(tasks, top) {
  const family = new Set([top]);
  return tasks.filter((task) => {
    if (task.parent !== null && family.has(task.parent)) family.add(task.n);
    return family.has(task.n);
  });
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * What was expected of the first task that has no place in the tree; null if all have one.
 * @param {readonly TaskRecord[]} tasks
 */
function whatIsMisplaced(tasks) {
  const known = new Set();
  // Numbers rise, so a parent comes before its children, and there is no circle.
  for (const { n, parent } of [...tasks].sort((a, b) => a.n - b.n)) {
    if (known.has(n)) return `expected task ${n} once`;
    if (parent !== null && !known.has(parent)) return `expected the parent of task ${n} before it, got ${parent}`;
    known.add(n);
  }
  return null;
}

/** @param {unknown} value */
function isTask(value) {
  return isRecord(value) && Number.isInteger(value["n"]) &&
    (value["parent"] === null || Number.isInteger(value["parent"])) &&
    typeof value["name"] === "string" && typeof value["kind"] === "string" &&
    typeof value["state"] === "string" && typeof value["created"] === "number";
}
