/**
 * Everything the page shows, and what a person may do to it.
 *
 * Owns the state's shape and what each intent makes of it. Pure: nothing here touches the
 * document or the socket. Deliveries and trees are kept by the picture, which grows in
 * place and says so by its versions; all else is replaced.
 */

import { Picture } from "./picture.js";
import { splitTaskId, taskId } from "./rows.js";

/** @typedef {import("../wire.js").Question} Question */
/** @typedef {import("../wire.js").Answer} Answer */
/** @typedef {import("../wire.js").CommandKind} CommandKind */
/** @typedef {"runs" | "providers" | "entity" | "compare" | "file"} View */
/** @typedef {typeof TABS[number]} Tab */

/** Of a task's detail, in their order. */
export const TABS = /** @type {const} */ (["overview", "payload", "entities", "log", "error", "stack"]);

/**
 * Where the page is: what the address says.
 * @typedef {{
 *   view: View, delivery: string | null, run: string | null, task: string | null, tab: Tab,
 *   subject: string | null, other: string | null, at: number | null,
 * }} Place
 */

/**
 * An answer that was asked for. `pending`: it is on its way for the first time.
 * @typedef {{ revision: number, answer: Answer | null, error: string | null, pending: boolean, at: number }} Held
 */

/** @typedef {{ command: number, kind: CommandKind, target: string, done: boolean, ok: boolean, message: string, delivery: string | null }} Result */

/**
 * `since`: when the phase began, in the browser's clock; `live` once the list is there.
 * @typedef {{ phase: "connecting" | "live" | "stale" | "lost", since: number, attempts: number, reason: string | null }} Connection
 */

/**
 * @typedef {{
 *   hello: import("../wire.js").Hello | null,
 *   words: Readonly<Record<string, string>>,
 *   connection: Connection,
 *   beat: import("../wire.js").Beat | null,
 *   picture: Picture,
 *   frozen: { at: number, behind: number } | null,
 *   place: Place,
 *   filter: string,
 *   folds: ReadonlySet<number>,
 *   range: { from: number, to: number } | null,
 *   compact: boolean,
 *   dialog: "help" | "palette" | null,
 *   answers: ReadonlyMap<string, Held>,
 *   results: readonly Result[],
 *   past: { asking: boolean, error: string | null },
 *   asking: "cancel" | "replay" | null,
 *   follow: boolean,
 *   changes: number,
 * }} State
 */

/**
 * What a person wants. `show`: and see the list that is filtered.
 * @typedef {{ do: "select", task: string | null }
 *   | { do: "go", place: Partial<Place> }
 *   | { do: "tab", tab: Tab }
 *   | { do: "fold", n: number, open: boolean }
 *   | { do: "folds", folds: ReadonlySet<number> }
 *   | { do: "range", range: { from: number, to: number } | null }
 *   | { do: "at", at: number | null }
 *   | { do: "filter", text: string, show?: boolean }
 *   | { do: "freeze" } | { do: "density" } | { do: "follow", on: boolean }
 *   | { do: "dialog", dialog: "help" | "palette" | null }
 *   | { do: "asking", what: "cancel" | "replay" | null }
 *   | { do: "older", urgent: boolean } | { do: "resized" }
 *   | { do: "command", kind: CommandKind, target: string, payload?: string }
 *   | { do: "keep" } | { do: "open", file: File }
 * } Intent
 */

/** @typedef {(intent: Intent) => void} Emit */
/**
 * Asks for what a view shows, each time it is drawn; the answer is in the state later.
 * `every`: ask again after so many milliseconds, as long as it is shown.
 * @typedef {(question: Question, options?: { every?: number }) => void} Ask
 */

/** @type {Place} */
export const NOWHERE = {
  view: "runs", delivery: null, run: null, task: null, tab: "overview", subject: null, other: null, at: null,
};

/** @returns {State} */
export function newState() {
  return {
    hello: null,
    words: {},
    connection: { phase: "connecting", since: 0, attempts: 0, reason: null },
    beat: null,
    picture: new Picture(),
    frozen: null,
    place: NOWHERE,
    filter: "",
    folds: new Set(),
    range: null,
    compact: false,
    dialog: null,
    answers: new Map(),
    results: [],
    past: { asking: false, error: null },
    asking: null,
    follow: true,
    changes: 0,
  };
}

/**
 * What `intent` makes of `state`; intents that need the socket are carried out elsewhere.
 * @param {State} state
 * @param {Intent} intent
 * @returns {State}
 */
export function reduce(state, intent) {
  const { view } = state.place;
  switch (intent.do) {
    case "select":
      return { ...state, asking: null, place: { ...state.place, task: intent.task, at: state.place.at } };
    case "go":
      return go(state, intent.place);
    case "tab":
      return { ...state, place: { ...state.place, tab: intent.tab } };
    case "fold": {
      const folds = new Set(state.folds);
      if (intent.open) folds.delete(intent.n);
      else folds.add(intent.n);
      return { ...state, folds };
    }
    case "folds":
      return { ...state, folds: intent.folds };
    case "range":
      return { ...state, range: intent.range };
    case "at":
      return { ...state, place: { ...state.place, at: intent.at } };
    case "filter":
      return { ...state, filter: intent.text, place: intent.show && view !== "file" ? { ...state.place, view: "runs" } : state.place };
    case "density":
      return { ...state, compact: !state.compact };
    case "follow":
      return { ...state, follow: intent.on };
    case "dialog":
      return { ...state, dialog: intent.dialog };
    case "asking":
      return { ...state, asking: intent.what, place: intent.what === null ? state.place : placeOfQuestion(state, intent.what) };
    default:
      return state;
  }
}

/**
 * Another delivery or run begins with its own folds, range and moment.
 * @param {State} state
 * @param {Partial<Place>} wanted
 * @returns {State}
 */
function go(state, wanted) {
  const before = state.place;
  /** @type {Place} */
  const place = { ...before, ...wanted };
  const elsewhere = place.delivery !== before.delivery || place.run !== before.run;
  if (elsewhere) {
    if (wanted.run === undefined && place.delivery !== before.delivery) place.run = null;
    if (wanted.task === undefined) place.task = null;
    if (wanted.at === undefined) place.at = null;
  }
  if (!elsewhere) return { ...state, asking: null, place };
  return { ...state, asking: null, place, folds: new Set(), range: null };
}

/**
 * Where the question is seen: a whole run is replayed, and a task is cancelled where it is.
 * @param {State} state
 * @param {"cancel" | "replay"} what
 * @returns {Place}
 */
function placeOfQuestion(state, what) {
  const { view, task } = state.place;
  const root = chosenTree(state)?.root;
  const run = root ? taskId(root) : task === null ? null : `${splitTaskId(task).run}.0`;
  return { ...state.place, view: view === "file" ? view : "runs", task: what === "replay" ? run : task, tab: "overview" };
}

/** @param {Question} question */
export function keyOf(question) {
  return JSON.stringify(question);
}

/**
 * What is known of a question; undefined when it was never asked.
 * @param {State} state
 * @param {Question} question
 */
export function answerTo(state, question) {
  return state.answers.get(keyOf(question));
}

/** The delivery that is looked at. @param {State} state */
export function chosenDelivery(state) {
  const { delivery } = state.place;
  return delivery === null ? null : state.picture.deliveries.known.get(delivery) ?? null;
}

/** Whether a file is all there is: no server has answered. @param {State} state */
export function isAlone(state) {
  return state.place.view === "file" && state.hello === null;
}

/** The tree that is looked at. @param {State} state */
export function chosenTree(state) {
  const { delivery } = state.place;
  return delivery === null ? null : state.picture.trees.get(delivery) ?? null;
}

/** The task that is looked at: the run itself when none was chosen. @param {State} state */
export function chosenTask(state) {
  const tree = chosenTree(state);
  if (tree === null) return null;
  const { task } = state.place;
  if (task === null) return tree.root;
  const { run, n } = splitTaskId(task);
  return run === tree.run ? tree.tasks.get(n) ?? null : null;
}

/**
 * The newest time that is known of the tree that is looked at: one that came after a
 * freeze is newer than the moment at which the list stands still.
 * @param {State} state
 */
export function treeTimeOf(state) {
  return state.place.at ?? Math.max(nowOf(state), chosenTree(state)?.last ?? 0);
}

/** The newest time that is known, Unix milliseconds: nothing is drawn beyond it. @param {State} state */
export function nowOf(state) {
  return state.place.at ?? state.frozen?.at ?? state.picture.time;
}
