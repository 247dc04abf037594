/**
 * The page: one state, one socket, the views, and a frame of animation between them.
 *
 * The only file that does something when it is loaded.
 */

import { Connection } from "./connection.js";
import { Questions } from "./questions.js";
import { commandFrame } from "./state/command.js";
import { parse, statesOf } from "./state/filter.js";
import { Freezer } from "./state/freezer.js";
import { firstRow, isFollowing } from "./state/follow.js";
import { isStep, readRoute, writeRoute } from "./state/route.js";
import { chosenTree, keyOf, newState, reduce } from "./state/store.js";
import { makeResult } from "./view/actions.js";
import { makeAnnouncer } from "./view/announcer.js";
import { makeDeliveryList } from "./view/delivery-list.js";
import { makeDetail } from "./view/detail/detail.js";
import { makeEmpty } from "./view/empty.js";
import { h } from "./view/format.js";
import { makeHelp } from "./view/help.js";
import { listenToKeys } from "./view/keyboard.js";
import { later } from "./view/later.js";
import { makePalette } from "./view/palette.js";
import { makeTaskTree } from "./view/task-tree.js";
import { makeTimeSlider } from "./view/time-slider.js";
import { makeToolbar } from "./view/toolbar.js";

/** @typedef {import("./state/store.js").State} State */
/** @typedef {import("./state/store.js").Intent} Intent */
/** @typedef {import("./wire.js").ServerFrame} ServerFrame */
/** @typedef {import("./wire.js").Question} Question */
/** @typedef {import("./wire.js").Detail} Detail */

const RESULTS = 5;
const LOST = "the connection was lost";

/** @type {State} */
let state = { ...newState(), ...readRoute(location.search), follow: !location.search.includes("delivery="), compact: localStorage.getItem("density") === "compact" };
/** While the picture is held still. @type {Freezer | null} */
let freezer = null;
/** @type {import("./files.js").Opened | null} */
let opened = null;
let commands = 0;
/** Questions outside of drawing, by request. @type {Map<number, (detail: Detail) => void>} */
const single = new Map();

const questions = new Questions((frame) => connection.send(frame), (answers) => { if (opened === null) update({ answers }); });
/** Older deliveries, once it is here. @type {import("./past.js").Past | null} */
let past = null;
const connection = new Connection({
  opened(hello) {
    past?.forgive();
    state = { ...state, hello, words: opened === null ? hello.words : state.words };
    questions.reset();
    for (const [request, answered] of [...single]) {
      single.delete(request);
      answered({ type: "detail", request, revision: 0, unchanged: false, answer: null, error: LOST });
    }
  },
  frame: receive,
  phase(phase) {
    update({ connection: phase });
    // Whether it was done, nobody can tell any more.
    if (phase.phase === "lost") for (const { command, done } of state.results) if (!done) finish({ type: "result", command, ok: false, message: LOST, delivery: null });
  },
});

/** @param {ServerFrame} frame */
function receive(frame) {
  switch (frame.type) {
    case "hello":
      served().apply(frame);
      connection.send(served().subscribe(scopes()));
      break;
    case "detail": {
      const answered = single.get(frame.request);
      single.delete(frame.request);
      if (answered !== undefined) answered(frame);
      else questions.answer(frame);
      break;
    }
    case "result":
      finish(frame);
      break;
    case "beat":
      state = { ...state, beat: frame };
      take(frame);
      break;
    default:
      take(frame);
  }
  changed();
}

/** @param {ServerFrame} frame */
function take(frame) {
  if (freezer?.holds(frame)) {
    if (state.frozen !== null) state = { ...state, frozen: { ...state.frozen, behind: freezer.behind } };
    return;
  }
  const following = freezer === null && opened === null && !detail.isEditing() && isFollowing(state);
  served().apply(frame);
  if (following) follow();
}

/** The picture that the server keeps current, also while a file is looked at. */
function served() {
  return live?.picture ?? state.picture;
}

function freeze() {
  if (freezer === null) {
    freezer = new Freezer();
    update({ frozen: { at: served().time, behind: 0 } });
    return;
  }
  const whole = freezer.release(served());
  freezer = null;
  update({ frozen: null });
  if (!whole) {
    // Too much to catch up with: a new picture is quicker.
    served().sequence = null;
    connection.socket?.close();
  }
}

/** The newest delivery was looked at: one that is newer still takes its place, also in the history. */
function follow() {
  const delivery = firstRow(state);
  if (delivery === null || delivery === state.place.delivery) return;
  const before = state;
  state = reduce(state, { do: "go", place: { delivery } });
  history.replaceState(null, "", writeRoute(state));
  look(before);
}

function scopes() {
  const { delivery, run, view } = state.place;
  return delivery === null || view === "file" ? [] : [{ delivery, run }];
}

/** @type {import("./state/store.js").Emit} */
function emit(intent) {
  if (intent.do === "older") {
    // It changes nothing yet: drawing, which asks for it, would draw for ever.
    void past?.read(state.picture.deliveries, statesOf(parse(state.filter)), intent.urgent);
    return;
  }
  if (opened !== null && intent.do === "go" && (intent.place.view ?? "file") !== "file") leaveFile();
  const before = state;
  state = reduce(state, intent);
  perform(intent);
  address(before);
  if (opened === null) look(before);
  if (intent.do === "dialog") {
    // At once: what is typed next is meant for it.
    help.draw(state);
    palette.draw(state);
  }
  changed();
}

/** What an intent does beside changing the state. @param {Intent} intent */
function perform(intent) {
  switch (intent.do) {
    case "command": {
      const command = ++commands;
      const { kind, target } = intent;
      const result = { command, kind, target, done: false, ok: false, message: "", delivery: null };
      state = { ...state, results: [...state.results, result].slice(-RESULTS) };
      const sent = connection.send(commandFrame(command, intent));
      if (!sent) finish({ type: "result", command, ok: false, message: "there is no connection to the server", delivery: null });
      break;
    }
    case "freeze":
      freeze();
      break;
    case "density":
      localStorage.setItem("density", state.compact ? "compact" : "normal");
      break;
    case "keep":
      void keep();
      break;
    case "open":
      void openFile(intent.file);
      break;
  }
}

/** @param {import("./wire.js").Result} frame */
function finish(frame) {
  const results = state.results.map((result) => (result.command === frame.command
    ? { ...result, done: true, ok: frame.ok, message: frame.message, delivery: frame.delivery }
    : result));
  update({ results });
}

/** @param {State} before */
function address(before) {
  if (state.place.view === "file") return;
  const url = writeRoute(state);
  if (url === writeRoute(before)) return;
  if (isStep(before, state)) history.pushState(null, "", url);
  else history.replaceState(null, "", url);
}

addEventListener("popstate", () => {
  if (opened !== null) leaveFile();
  const before = state;
  state = { ...state, ...readRoute(location.search), range: null };
  look(before);
  changed();
});

/** Asks for another tree, if another one is looked at now. @param {State} before */
function look(before) {
  const { delivery, run } = state.place;
  if (before.place.delivery === delivery && before.place.run === run) return;
  if (delivery !== null) freezer?.open(delivery);
  if (state.picture.sequence !== null) connection.send(state.picture.subscribe(scopes()));
}

/** One question outside of drawing. @param {Question} question @returns {Promise<Detail>} */
function askOnce(question) {
  return new Promise((answered) => {
    const request = questions.next++;
    const lost = "there is no connection to the server";
    if (connection.send({ type: "inspect", request, question, revision: null })) single.set(request, answered);
    else answered({ type: "detail", request, revision: 0, unchanged: false, answer: null, error: lost });
  });
}

async function keep() {
  const { delivery } = state.place;
  const run = chosenTree(state)?.run;
  if (delivery === null || !run) return;
  try {
    const { exportRun } = await import("./files.js");
    await exportRun(delivery, run, state.words, askOnce);
  } catch (error) {
    say(/** @type {Error} */ (error).message);
  }
}

/** @param {File} file */
async function openFile(file) {
  try {
    const { Opened } = await import("./files.js");
    opened = await Opened.read(file);
  } catch (error) {
    say(`${file.name}: ${/** @type {Error} */ (error).message}`);
    return;
  }
  const { delivery, picture } = opened;
  const place = { ...newState().place, view: /** @type {const} */ ("file"), delivery };
  if (freezer !== null) freeze();
  // "Back" leads to what was looked at before.
  if (live === null && connection.wanted) history.pushState(null, "", location.href);
  live ??= { picture: state.picture, place: state.place };
  update({ picture, place, words: opened.bundle.words ?? {}, folds: new Set(), range: null, answers: new Map() });
}

async function choose() {
  const { chooseFile } = await import("./files.js");
  chooseFile((file) => emit({ do: "open", file }));
}

/** What was looked at before a file was, and is kept current meanwhile. @type {Pick<State, "picture" | "place"> | null} */
let live = null;

function leaveFile() {
  opened = null;
  if (live === null) return;
  const { picture, place } = live;
  live = null;
  update({ picture, place, words: state.hello?.words ?? {}, folds: new Set(), range: null, answers: new Map(questions.answers) });
  if (picture.sequence !== null) connection.send(picture.subscribe(scopes()));
}

/** @param {string} message for people */
function say(message) {
  const result = { command: ++commands, kind: /** @type {const} */ ("replay"), target: "", done: true, ok: false, message, delivery: null };
  update({ results: [...state.results, result].slice(-RESULTS) });
}

/** @type {import("./state/store.js").Ask} */
function ask(question, options = {}) {
  if (opened === null) {
    questions.ask(state, question, options);
    return;
  }
  const key = keyOf(question);
  if (!state.answers.has(key)) {
    const answers = new Map(state.answers).set(key, opened.answer(question));
    queueMicrotask(() => update({ answers }));
    state = { ...state, answers };
  }
}

/** @param {Partial<State>} some */
function update(some) {
  state = { ...state, ...some };
  changed();
}

const toolbar = makeToolbar(emit, ask);
const deliveries = makeDeliveryList(emit);
const tree = makeTaskTree(emit);
const slider = makeTimeSlider(emit);
const detail = makeDetail(emit, ask);
const empty = makeEmpty();
/** The other pages, once they are here. @type {ReturnType<typeof import("./view/pages.js").makePages> | null} */
let pages = null;
const announcer = makeAnnouncer();
const help = makeHelp(emit);
const palette = makePalette(emit, choices);
/** What became of a command, or of a file, where the detail pane is not in sight. */
const told = makeResult(emit);
told.element.classList.add("told");
const back = h("button", { type: "button", class: "back", onclick: goBack });
const middle = h("div", { class: "middle" }, tree.element, slider.element);
const runs = h("main", { class: "runs-view" }, deliveries.element, middle, h("div", { class: "side pane" }, detail.element), empty.element);
const other = h("main", { class: "other-view", hidden: true });
document.body.append(toolbar.element, told.element, back, runs, other, announcer.element, help.element, palette.element);
listenToKeys({ state: () => state, emit, filter: toolbar.filter, tree, deliveries });

/** On a narrow screen: from the task to the tree, from there to the list. */
function goBack() {
  if (state.place.task !== null) emit({ do: "select", task: null });
  else emit({ do: "go", place: { delivery: null } });
}

/** What the palette offers at this moment. @param {string} typed */
function choices(typed) {
  const { delivery } = state.place;
  /** @type {import("./view/palette.js").Choice[]} */
  const offered = [
    { name: "Go to runs", run: () => emit({ do: "go", place: { view: "runs" } }) },
    { name: "Go to providers", run: () => emit({ do: "go", place: { view: "providers" } }) },
    { name: "Go to entities", run: () => emit({ do: "go", place: { view: "entity" } }) },
    { name: "Newest delivery", key: "n", run: () => { emit({ do: "go", place: { view: "runs" } }); deliveries.chooseNewest(state); } },
    { name: state.frozen === null ? "Freeze" : "Go on", key: "p", run: () => emit({ do: "freeze" }) },
    { name: "Change the density", key: "d", run: () => emit({ do: "density" }) },
    { name: "Show what is parked or failed", run: () => emit({ do: "filter", text: "state:parked,failed", show: true }) },
    { name: "Show everything", run: () => emit({ do: "filter", text: "" }) },
    { name: "Open a run's file", run: () => void choose() },
    { name: "Keys", key: "?", run: () => emit({ do: "dialog", dialog: "help" }) },
  ];
  if (delivery !== null) {
    offered.push({ name: "Fit the whole run", key: "f", run: () => emit({ do: "range", range: null }) });
    offered.push({ name: "Keep this run in a file", run: () => emit({ do: "keep" }) });
    if (state.hello?.capabilities.includes("replay")) {
      offered.push({ name: "Replay this delivery", key: "r", run: () => emit({ do: "asking", what: "replay" }) });
    }
  }
  if (/^\w+:[^\s/]+\/\S+$/.test(typed)) {
    offered.unshift({ name: `Why is ${typed} so?`, run: () => emit({ do: "go", place: { view: "entity", subject: typed } }) });
  }
  for (const id of typed.length > 3 ? state.picture.deliveries.order : []) {
    if (id.startsWith(typed)) offered.push({ name: `Delivery ${id}`, run: () => emit({ do: "go", place: { view: "runs", delivery: id } }) });
  }
  return offered;
}

let asked = 0;

function changed() {
  if (asked !== 0) return;
  asked = requestAnimationFrame(draw);
}

function draw() {
  asked = 0;
  const { view } = state.place;
  const onRuns = view === "runs" || view === "file";
  const page = onRuns ? null : pages?.[view] ?? null;
  runs.hidden = !onRuns;
  other.hidden = onRuns;
  document.body.classList.toggle("stale", state.connection.phase !== "live" && state.connection.phase !== "connecting" && view !== "file");
  document.body.dataset["pane"] = !onRuns ? view : state.place.task !== null ? "detail" : state.place.delivery !== null ? "tree" : "list";
  back.textContent = state.place.task !== null ? "◂ Back to the tree" : "◂ Back to the deliveries";
  back.hidden = !onRuns || (state.place.delivery === null && state.place.task === null);
  toolbar.draw(state);
  told.draw(state.results);
  if (page === null) {
    deliveries.draw(state);
    tree.draw(state);
    slider.draw(state);
    detail.draw(state);
    empty.draw(state);
  } else {
    if (other.firstElementChild !== page.element) other.replaceChildren(page.element);
    page.draw(state);
  }
  announcer.draw(state);
  help.draw(state);
  palette.draw(state);
  if (opened === null) questions.pump();
}

document.addEventListener("dragover", (event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
document.addEventListener("drop", (event) => {
  const file = event.dataTransfer?.files[0];
  if (file === undefined) return;
  event.preventDefault();
  emit({ do: "open", file });
});
// Answers that are due while nothing else happens, and times that grow.
setInterval(() => { if (!document.hidden) changed(); }, 500);
later(() => import("./view/pages.js"), ({ makePages }) => {
  pages = makePages(emit, ask);
  changed();
});
later(() => import("./past.js"), ({ Past }) => {
  past = new Past(askOnce, (said) => update({ past: said }));
  changed();
});
later(() => import("./files.js"), changed);
const enclosed = document.getElementById("enclosed-run")?.textContent ?? null;
document.body.classList.toggle("enclosed", enclosed !== null);
if (enclosed === null) connection.open();
else void openFile(new File([enclosed], "this file"));
changed();
