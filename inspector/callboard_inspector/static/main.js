/**
 * The page: its state, the socket and the views, joined to each other.
 *
 * The only file that does something when it is loaded.
 */

import { Commands } from "./commands.js";
import { Connection } from "./connection.js";
import { Live } from "./live.js";
import { Page } from "./page.js";
import { Questions } from "./questions.js";
import { RunFile } from "./run-file.js";
import { parse, statesOf } from "./state/filter.js";
import { isStep, readRoute, writeRoute } from "./state/route.js";
import { newState, reduce } from "./state/store.js";
import { makeResult } from "./view/actions.js";
import { makeAnnouncer } from "./view/announcer.js";
import { makeDeliveryList } from "./view/delivery-list.js";
import { makeDetail } from "./view/detail/detail.js";
import { makeDialogs } from "./view/dialogs.js";
import { makeEmpty } from "./view/empty.js";
import { h } from "./view/format.js";
import { listenToKeys } from "./view/keyboard.js";
import { later } from "./view/later.js";
import { makeTaskTree } from "./view/task-tree.js";
import { makeTimeSlider } from "./view/time-slider.js";
import { makeToolbar } from "./view/toolbar.js";

/** @typedef {import("./state/store.js").State} State */

const page = new Page(
  { ...newState(), ...readRoute(location.search), follow: !location.search.includes("delivery="), compact: localStorage.getItem("density") === "compact" },
  draw,
);

// The server
/** @param {import("./wire.js").ClientFrame} frame */
const send = (frame) => connection.send(frame);
const questions = new Questions(send, (answers) => { if (file.opened === null) page.update({ answers }); });
const commands = new Commands(page, send);
const connection = new Connection({
  opened(hello) {
    past?.forgive();
    page.update({ hello, words: file.opened === null ? hello.words : page.state.words });
    questions.reset();
  },
  frame(frame) {
    if (frame.type === "detail") questions.answer(frame);
    else if (frame.type === "result") commands.finish(frame);
    else live.receive(frame);
    page.changed();
  },
  phase(phase) {
    page.update({ connection: phase });
    if (phase.phase === "lost") commands.lost();
  },
});
const live = new Live(page, connection, () => detail.isEditing());
const file = new RunFile(page, live, questions, (message) => commands.say(message));
/** Older deliveries, once it is here. @type {import("./past.js").Past | null} */
let past = null;

/** @type {import("./state/store.js").Ask} */
function ask(question, options = {}) {
  if (file.opened === null) questions.ask(page.state, question, options);
  else file.ask(question);
}

// What people want
/** Of list, tree and detail one is in sight; the stylesheet says the same. */
const narrow = matchMedia("(max-width: 760px)");

/** @type {import("./state/store.js").Emit} */
function emit(intent) {
  if (intent.do === "older") {
    // It changes nothing yet: drawing, which asks for it, would draw for ever.
    void past?.read(page.state.picture.deliveries, statesOf(parse(page.state.filter)), intent.urgent);
    return;
  }
  if (file.opened !== null && intent.do === "go" && (intent.place.view ?? "file") !== "file") file.leave();
  const before = page.state;
  page.state = reduce(before, intent);
  if (intent.do === "filter" && intent.show && narrow.matches) page.state = reduce(page.state, { do: "go", place: { delivery: null } });
  perform(intent);
  address(before);
  if (file.opened === null) live.look(before);
  if (intent.do === "dialog") dialogs.draw(page.state); // at once: what is typed next is meant for it
  page.changed();
}

/** What an intent does beside changing the state. @param {import("./state/store.js").Intent} intent */
function perform(intent) {
  switch (intent.do) {
    case "command": return commands.order(intent);
    case "freeze":
      if (file.opened !== null) return; // it stands still
      return live.freezer === null ? live.freeze() : live.goOn();
    case "density": return localStorage.setItem("density", page.state.compact ? "compact" : "normal");
    case "keep": return void file.keep();
    case "open": return void file.open(intent.file);
  }
}

/** @param {State} before */
function address(before) {
  if (page.state.place.view === "file") return;
  const url = writeRoute(page.state);
  if (url === writeRoute(before)) return;
  if (isStep(before, page.state)) history.pushState(null, "", url);
  else history.replaceState(null, "", url);
}

addEventListener("popstate", () => {
  if (file.opened !== null) file.leave();
  const before = page.state;
  page.update({ ...readRoute(location.search), range: null });
  live.look(before);
});

// What they see
const toolbar = makeToolbar(emit, ask);
const deliveries = makeDeliveryList(emit);
const tree = makeTaskTree(emit);
const slider = makeTimeSlider(emit);
const detail = makeDetail(emit, ask);
const empty = makeEmpty();
const announcer = makeAnnouncer();
const dialogs = makeDialogs(emit, () => page.state, () => deliveries.chooseNewest(page.state));
/** What became of a command, or of a file, where the detail pane is not in sight. */
const told = makeResult(emit);
told.element.classList.add("told");
const back = h("button", { type: "button", class: "back", onclick: goBack });
const middle = h("div", { class: "middle" }, tree.element, slider.element);
const runs = h("main", { class: "runs-view" }, deliveries.element, middle, h("div", { class: "side pane" }, detail.element), empty.element);
const other = h("main", { class: "other-view", hidden: true });
document.body.append(toolbar.element, told.element, back, runs, other, announcer.element, ...dialogs.elements);
listenToKeys({ state: () => page.state, emit, filter: toolbar.filter, tree, deliveries });
/** The other pages, once they are here. @type {ReturnType<typeof import("./view/pages.js").makePages> | null} */
let pages = null;

/** On a narrow screen: from the task to the tree, from there to the list. */
function goBack() {
  if (page.state.place.task !== null) emit({ do: "select", task: null });
  else emit({ do: "go", place: { delivery: null } });
}

function draw() {
  const { state } = page;
  const { view, task, delivery } = state.place;
  const onRuns = view === "runs" || view === "file";
  const shown = onRuns ? null : pages?.[view] ?? null;
  runs.hidden = !onRuns;
  other.hidden = onRuns;
  document.body.classList.toggle("stale", state.connection.phase !== "live" && state.connection.phase !== "connecting" && view !== "file");
  document.body.dataset["pane"] = !onRuns ? view : task !== null ? "detail" : delivery !== null ? "tree" : "list";
  back.textContent = task !== null ? "◂ Back to the tree" : "◂ Back to the deliveries";
  back.hidden = !onRuns || (delivery === null && task === null);
  toolbar.draw(state);
  told.draw(state.results);
  if (shown === null) {
    for (const each of [deliveries, tree, slider, detail, empty]) each.draw(state);
  } else {
    if (other.firstElementChild !== shown.element) other.replaceChildren(shown.element);
    shown.draw(state);
  }
  announcer.draw(state);
  dialogs.draw(state);
  if (file.opened === null) questions.pump();
}

document.addEventListener("dragover", (event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
document.addEventListener("drop", (event) => {
  const dropped = event.dataTransfer?.files[0];
  if (dropped === undefined) return;
  event.preventDefault();
  emit({ do: "open", file: dropped });
});
// Answers that are due while nothing else happens, and times that grow.
setInterval(() => { if (!document.hidden) page.changed(); }, 500);
later(() => import("./view/pages.js"), ({ makePages }) => {
  pages = makePages(emit, ask);
  page.changed();
});
later(() => import("./past.js"), ({ Past }) => {
  past = new Past((question) => questions.once(question), (said) => page.update({ past: said }));
  page.changed();
});
later(() => import("./files.js"), () => page.changed());
const enclosed = document.getElementById("enclosed-run")?.textContent ?? null;
document.body.classList.toggle("enclosed", enclosed !== null);
if (enclosed === null) connection.open();
else void file.open(new File([enclosed], "this file"));
page.changed();
