/**
 * The line at the top: how the connection and the runtime are, and what is shown.
 *
 * Owns the words for a connection that is old, lost or frozen, and for a blocked loop.
 */

import { plain } from "../state/plain.js";
import { shortFile } from "../state/stack.js";
import { answerTo } from "../state/store.js";
import { clockTime, count, duration, h, icon, stateIcon } from "./format.js";
import { setAttribute, setText } from "./virtual-rows.js";

/** @typedef {import("../state/store.js").State} State */

const VIEWS = /** @type {const} */ ([["runs", "Runs"], ["providers", "Providers"], ["entity", "Effects"]]);
const SLOW_LOOP = 0.1;
const COUNTS = { of: /** @type {const} */ ("counts") };
/** Milliseconds until the journal is asked again, where nothing seems to have changed. */
const RECOUNT = 10_000;

/**
 * @param {import("../state/store.js").Emit} emit
 * @param {import("../state/store.js").Ask} ask
 */
export function makeToolbar(emit, ask) {
  const dot = h("span", { class: "dot" });
  const phase = h("span", { class: "phase" });
  const loop = h("span", { class: "fact loop", title: "By how much the loop of the runs is late" });
  const running = h("span", { class: "number" });
  const failed = h("span", { class: "number" });
  const failedMark = stateIcon("errored", true);
  const failedButton = h("button", {
    type: "button", class: "fact trouble",
    onclick: () => emit({ do: "filter", text: failedButton.dataset["filter"] ?? "", show: true }),
  }, failedMark, failed);
  const runningButton = h("button", {
    type: "button", class: "fact", title: "Show those that run",
    onclick: () => emit({ do: "filter", text: "state:running", show: true }),
  }, stateIcon("running", true), running);
  const tabs = VIEWS.map(([view, title]) => h("button", {
    type: "button", class: "view", "data-view": view,
    onclick: () => emit({ do: "go", place: { view } }),
  }, title));
  const filter = h("input", {
    type: "search", class: "filter", placeholder: "Filter  /", "aria-label": "Filter",
    title: "Words, state:failed,parked, event:push, org:…, repo:…, task:…; a leading - turns one around",
    autocomplete: "off", spellcheck: "false",
    oninput: () => emit({ do: "filter", text: filter.value, show: elsewhere }),
  });
  /** On a page that shows nothing of what is filtered. */
  let elsewhere = false;
  const freeze = h("button", { type: "button", class: "freeze", title: "Hold the picture still (p)", onclick: () => emit({ do: "freeze" }) });
  const density = h("button", { type: "button", class: "square density", title: "Rows closer together, or not (d)", "aria-label": "Density", onclick: () => emit({ do: "density" }) }, icon("density"));
  const palette = h("button", { type: "button", class: "square palette-button", title: "Everything that can be done (Ctrl-K)", "aria-label": "Commands", onclick: () => emit({ do: "dialog", dialog: "palette" }) }, icon("command"));
  const help = h("button", { type: "button", class: "square help-button", title: "Keys (?)", "aria-label": "Help", onclick: () => emit({ do: "dialog", dialog: "help" }) }, "?");
  const banner = h("div", { class: "banner", role: "status", hidden: true });
  const bar = h("header", { class: "toolbar" },
    h("h1", { class: "brand" }, "callboard"),
    h("nav", { class: "views", "aria-label": "Views" }, ...tabs),
    h("span", { class: "connection" }, dot, phase), loop, runningButton, failedButton,
    h("span", { class: "gap" }), filter, freeze, density, palette, help);
  const element = h("div", { class: "top" }, bar, banner);

  /** @param {State} state */
  function draw(state) {
    const { connection, beat, picture } = state;
    const past = state.place.view === "file";
    elsewhere = !past && state.place.view !== "runs";
    dot.className = `dot ${past ? "file" : state.frozen !== null && connection.phase === "live" ? "frozen" : connection.phase}`;
    const words = past ? "from a file" : phaseWords(state);
    setText(phase, words);
    phase.title = words; // where there is no room for a reason
    element.classList.toggle("stale", connection.phase !== "live" && !past);
    const lag = beat === null ? null : beat.loop_lag;
    setText(loop, lag === null || past ? "" : `loop ${lag < 0.001 ? "< 1 ms" : duration(lag)}`);
    loop.classList.toggle("bad", lag !== null && lag >= SLOW_LOOP);
    const { counts } = picture.deliveries;
    setText(running, `${count(beat?.running ?? counts.get("running") ?? 0)} running`);
    const { parked, again } = trouble(state);
    setText(failed, [
      parked > 0 || again === 0 ? `${count(parked)} parked` : "",
      again > 0 ? `${count(again)} failed` : "",
    ].filter(Boolean).join(" · "));
    failedMark.hidden = parked + again === 0;
    failedButton.title = `Show those that are parked${again > 0 ? ", or failed and will be tried again" : ""}`;
    failedButton.classList.toggle("bad", parked + again > 0);
    failedButton.dataset["filter"] = `state:${[parked > 0 || again === 0 ? "parked" : "", again > 0 ? "failed" : ""].filter(Boolean).join(",")}`;
    for (const tab of tabs) {
      setAttribute(tab, "aria-current", tab.dataset["view"] === state.place.view ? "page" : null);
      if (tab.dataset["view"] === "entity") setText(tab, state.words["effects"] ?? "Effects");
    }
    if (document.activeElement !== filter && filter.value !== state.filter) filter.value = state.filter;
    const { frozen } = state;
    freeze.disabled = past;
    setText(freeze, frozen === null ? "Freeze" : `Frozen +${count(frozen.behind)}`);
    setAttribute(freeze, "aria-pressed", String(frozen !== null));
    drawBanner(state);
  }

  /** How many are in trouble: in the whole journal, and what has come since it was asked. @param {State} state */
  function trouble(state) {
    const { counts } = state.picture.deliveries;
    if (state.place.view !== "file") ask(COUNTS, { every: RECOUNT });
    const said = state.place.view === "file" ? null : answerTo(state, COUNTS)?.answer;
    const whole = said?.of === "counts" ? said : { parked: 0, failed: 0 };
    return { parked: Math.max(whole.parked, counts.get("parked") ?? 0), again: Math.max(whole.failed, counts.get("failed") ?? 0) };
  }

  /** @param {State} state */
  function drawBanner(state) {
    const blocked = state.connection.phase === "live" ? state.beat?.blocked ?? null : null;
    banner.hidden = blocked === null;
    if (blocked === null) {
      banner.dataset["task"] = "";
      return;
    }
    // By the server's clock, also while the picture is frozen.
    const since = duration(((state.beat?.time ?? blocked.since) - blocked.since) / 1000);
    const text = `The loop of the runs has been held for ${since} by `;
    const first = banner.querySelector(".text");
    if (banner.dataset["task"] === `${blocked.task} ${blocked.line}` && first !== null) {
      setText(first, text);
      return;
    }
    banner.dataset["task"] = `${blocked.task} ${blocked.line}`;
    const where = blocked.file === "" ? []
      : [` at ${plain(shortFile(blocked.file))}:${blocked.line}, in ${plain(blocked.function)} `, h("code", null, plain(blocked.source))];
    banner.replaceChildren(h("span", { class: "text" }, text), h("strong", null, plain(blocked.name)), ...where);
  }

  return { element, draw, filter };
}

/** @param {State} state */
function phaseWords({ connection, frozen }) {
  if (connection.phase === "connecting") return "connecting";
  if (connection.phase === "stale") return `stale since ${clockTime(connection.since)}`;
  if (connection.phase === "lost") {
    const reason = connection.reason ? `: ${connection.reason}` : "";
    return `lost since ${clockTime(connection.since)}${reason}`;
  }
  return frozen === null ? "live" : `frozen at ${clockTime(frozen.at)}`;
}
