/**
 * The detail pane: one task, by its tabs.
 *
 * Owns which tab is shown, and what each is told of the task.
 */

import { h, stateMark } from "../format.js";
import { TABS } from "../../state/store.js";
import { plain } from "../../state/plain.js";
import { makeActions, makeResult } from "../actions.js";
import { later } from "../later.js";
import { contextOf } from "./context.js";
import { morphChildren } from "./morph.js";
import { makeOverview } from "./overview.js";
import { notice } from "./parts.js";

/** @typedef {import("../../state/store.js").State} State */
/** @typedef {import("../../state/store.js").Emit} Emit */
/** @typedef {import("../../state/store.js").Ask} Ask */
/** @typedef {import("./context.js").Context} Context */

/** @typedef {import("../../state/store.js").Tab} Tab */
/** @type {Record<Tab, string>} */
const TITLES = { overview: "Overview", payload: "Payload", entities: "Effects", log: "Log", error: "Error", stack: "Await stack" };

/**
 * @param {Emit} emit
 * @param {Ask} ask
 */
export function makeDetail(emit, ask) {
  /** @type {State | null} */
  let last = null;
  const redraw = () => { if (last) draw(last); };
  const actions = makeActions(redraw, ask, emit);
  const overview = makeOverview(ask, emit, actions);
  /** The other tabs, once they are here. @type {ReturnType<typeof import("./tabs.js").makeTabs> | null} */
  let others = null;
  /** @type {{ delivery: string | null, task: string | null, tab: Tab | null }} */
  let shown = { delivery: null, task: null, tab: null };

  const result = makeResult(emit);
  const header = h("header", { class: "head" });
  const tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "Detail" });
  const panel = h("div", { class: "panel", role: "tabpanel", id: "detail-panel", tabindex: "0" });
  const element = h("section", { class: "detail", "aria-label": "Detail" }, header, tabs, panel, result.element);

  later(() => import("./tabs.js"), ({ makeTabs }) => {
    others = makeTabs(redraw, ask, emit);
    redraw();
  });

  /** @param {State} state */
  function draw(state) {
    last = state;
    actions.note();
    const context = contextOf(state, ask);
    result.draw(state.results);
    const { delivery, task } = context;
    const { tab } = state.place;
    const moved = delivery !== shown.delivery || task !== shown.task;
    // When a delivery's run arrives, what somebody has begun to do stays.
    if (moved && (delivery !== shown.delivery || shown.task !== null)) for (const view of Object.values(others ?? {})) view.reset();
    if (moved && (delivery !== shown.delivery || state.place.task !== null)) actions.reset();
    if (tab !== shown.tab || (moved && !actions.isEditing())) {
      panel.replaceChildren();
      panel.scrollTop = 0;
    }
    shown = { delivery, task, tab };
    morphChildren(tabs, TABS.map((each) => button(each, each === tab, context, state)));
    panel.setAttribute("aria-labelledby", `tab-${tab}`);
    if (context.task === null) {
      drawWithoutTask(context, tab);
      return;
    }
    const { record, row } = context;
    const [name, kind, word] = [record?.name ?? row?.name ?? "", record?.kind ?? row?.kind ?? "", record?.state ?? row?.state ?? "pending"];
    morphChildren(header, [
      h("h2", null, plain(name)),
      h("p", { class: "what" }, stateMark(word), h("span", { class: "kind" }, ` ${kind}`), " ", h("code", { class: "id" }, context.task)),
    ]);
    const view = tab === "overview" ? overview : others?.[tab];
    morphChildren(panel, view ? view.draw(context) : [notice("Loading…")]);
  }

  /**
   * A delivery that has not run, or whose run is no longer known, has a payload at least.
   * @param {Context} context
   * @param {Tab} tab
   */
  function drawWithoutTask(context, tab) {
    const { delivery, deliveryName, deliveryState, hasRun, error } = context;
    if (delivery === null) {
      morphChildren(header, []);
      morphChildren(panel, [notice("Select a delivery to see what became of it.")]);
      return;
    }
    morphChildren(header, deliveryName === "" ? [] : [
      h("h2", null, plain(deliveryName)),
      h("p", { class: "what" }, stateMark(deliveryState), h("span", { class: "kind" }, " delivery"), " ", h("code", { class: "id" }, delivery)),
    ]);
    if (tab === "overview") morphChildren(panel, overview.drawDelivery(context));
    else if (tab === "payload" && others !== null) morphChildren(panel, others.payload.draw(context));
    else morphChildren(panel, [notice(error ?? (hasRun ? "Loading…" : "It has not run yet."))]);
  }

  /**
   * @param {Tab} tab
   * @param {boolean} current
   * @param {Context} context
   * @param {State} state
   */
  function button(tab, current, context, state) {
    const title = tab === "entities" ? state.words["effects"] ?? TITLES.entities : TITLES[tab];
    const count = { log: context.logs, entities: context.effects, error: context.failed ? 1 : 0 }[/** @type {string} */ (tab)] ?? 0;
    return h("button", {
      type: "button", role: "tab", id: `tab-${tab}`, "data-key": tab, "aria-selected": String(current),
      "aria-controls": "detail-panel", tabindex: current ? "0" : "-1",
      onclick: () => emit({ do: "tab", tab }),
      onkeydown: (/** @type {KeyboardEvent} */ event) => step(event, tab),
    }, title, count === 0 ? null : h("span", { class: "count" }, tab === "error" ? " ✗" : ` ${count.toLocaleString("en")}`));
  }

  /**
   * @param {KeyboardEvent} event
   * @param {Tab} tab
   */
  function step(event, tab) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = TABS[(TABS.indexOf(tab) + by + TABS.length) % TABS.length] ?? tab;
    emit({ do: "tab", tab: next });
    /** @type {HTMLElement | null} */ (tabs.querySelector(`#tab-${next}`))?.focus();
  }

  return { element, draw, isEditing: actions.isEditing };
}
