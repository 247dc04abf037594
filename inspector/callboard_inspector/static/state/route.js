/**
 * The page's address: what is looked at, so that a link shows a colleague the same.
 *
 * Owns the names of the parameters and what a damaged address means.
 */

import { NOWHERE, TABS } from "./store.js";

/** @typedef {import("./store.js").State} State */
/** @typedef {import("./store.js").Place} Place */

/** @type {ReadonlyArray<import("./store.js").View>} */
const VIEWS = ["runs", "providers", "entity", "compare", "file"];
const MOST_FOLDS = 200;

/**
 * @typedef {Pick<State, "place" | "filter" | "folds">} Addressed
 */

/**
 * @param {string} search such as `?delivery=…`
 * @returns {Addressed}
 */
export function readRoute(search) {
  const given = new URLSearchParams(search);
  const text = (/** @type {string} */ name) => given.get(name) || null;
  const view = VIEWS.find((each) => each === given.get("view")) ?? "runs";
  const run = text("run");
  const task = text("task");
  const at = Number(given.get("at"));
  return {
    place: {
      ...NOWHERE,
      view,
      delivery: text("delivery"),
      run,
      task,
      tab: TABS.find((each) => each === given.get("tab")) ?? "overview",
      subject: text("subject"),
      other: text("other"),
      at: Number.isFinite(at) && at > 0 ? at : null,
    },
    filter: given.get("filter") ?? "",
    folds: new Set((given.get("folds") ?? "").split(".").filter((part) => /^\d{1,7}$/.test(part)).map(Number)),
  };
}

/**
 * @param {Addressed} state
 * @returns {string} such as `/?delivery=…`
 */
export function writeRoute({ place, filter, folds }) {
  const said = new URLSearchParams();
  const say = (/** @type {string} */ name, /** @type {string | null} */ value) => { if (value) said.set(name, value); };
  say("view", place.view === "runs" ? null : place.view);
  say("delivery", place.delivery);
  say("run", place.run);
  say("task", place.task);
  say("tab", place.tab === "overview" ? null : place.tab);
  say("subject", place.subject);
  say("other", place.other);
  say("at", place.at === null ? null : String(Math.round(place.at)));
  say("filter", filter);
  if (folds.size <= MOST_FOLDS) say("folds", [...folds].sort((a, b) => a - b).join("."));
  const text = said.toString();
  return text === "" ? "/" : `/?${text}`;
}

/**
 * Whether going from one to the other is a step that "back" undoes.
 * @param {Addressed} before
 * @param {Addressed} after
 */
export function isStep(before, after) {
  const a = before.place, b = after.place;
  return a.view !== b.view || a.delivery !== b.delivery || a.subject !== b.subject || a.run !== b.run;
}
