/**
 * The list of deliveries, newest first.
 *
 * Owns what a delivery looks like on two lines, and that what somebody reads stays where it is.
 */

import { deliveryFilter, noStates, onlyStates, parse, STATES, statesOf } from "../state/filter.js";
import { plain, sentence } from "../state/plain.js";
import { nowOf } from "../state/store.js";
import { ago, clockTime, count, duration, elapsed, h, icon, shapeOf } from "./format.js";
import { labelOf, setAttribute, setText, VirtualRows } from "./virtual-rows.js";

/** @typedef {import("../state/store.js").State} State */
/** @typedef {import("../state/rows.js").Delivery} Delivery */

/** Pixels before the end of the list at which older deliveries are asked for. */
const AHEAD = 400;
const NORMAL = 46, COMPACT = 26;

/** @param {import("../state/store.js").Emit} emit */
export function makeDeliveryList(emit) {
  /** @type {{ deliveries: unknown, version: number, filter: string, filtered: boolean, rows: Delivery[] }} */
  let known = { deliveries: null, version: -1, filter: "", filtered: false, rows: [] };
  /** @type {{ now: number, selected: string | null }} */
  const seen = { now: 0, selected: null };
  const rows = new VirtualRows({
    label: "Deliveries", role: "listbox", rowRole: "option",
    key: (/** @type {Delivery} */ delivery) => delivery.id,
    make: () => makeDeliveryRow(seen),
  });
  rows.element.classList.add("delivery-rows");
  const more = h("button", { type: "button", class: "quiet older", onclick: () => emit({ do: "older", urgent: true }) }, "Older deliveries");
  const none = h("p", { class: "notice none" });
  const total = h("span", { class: "total" });
  const element = h("section", { class: "deliveries pane", "aria-label": "Deliveries" },
    h("header", { class: "pane-head" }, h("h2", null, "Deliveries"), total), none, rows.element, more);

  // Who reads to the end reads on.
  rows.element.addEventListener("scroll", () => {
    const { scrollTop, clientHeight, scrollHeight } = rows.element;
    if (scrollTop > 0 && scrollTop + clientHeight > scrollHeight - AHEAD && !more.hidden) emit({ do: "older", urgent: false });
  }, { passive: true });

  rows.element.onclick = (event) => {
    const row = event.target instanceof Element ? event.target.closest("[data-id]") : null;
    if (row instanceof HTMLElement) choose(row.dataset["id"] ?? "");
  };

  /** @param {string} id */
  function choose(id) {
    const newest = known.rows[0]?.id === id;
    emit({ do: "follow", on: newest });
    emit({ do: "go", place: { delivery: id, run: null, task: null } });
  }

  /** @param {State} state */
  function draw(state) {
    seen.now = nowOf(state);
    seen.selected = state.place.delivery;
    const { deliveries } = state.picture;
    const height = state.compact ? COMPACT : NORMAL;
    if (known.deliveries !== deliveries || known.version !== deliveries.version || known.filter !== state.filter) {
      const wanted = deliveryFilter(parse(state.filter));
      // A filter may find what lies below a gap; unfiltered, the list would hide that there is one.
      const order = wanted === null ? deliveries.whole : deliveries.order;
      const all = order.map((id) => /** @type {Delivery} */ (deliveries.known.get(id)));
      const before = known.rows;
      known = { deliveries, version: deliveries.version, filter: state.filter, filtered: wanted !== null, rows: wanted === null ? all : all.filter(wanted) };
      keepPlace(before, height);
    }
    rows.draw(known.rows, height);
    setAttribute(rows.element, "aria-activedescendant", inSight(state.place.delivery));
    const { filtered } = known;
    setText(total, filtered ? `${count(known.rows.length)} of ${count(deliveries.order.length)}` : count(known.rows.length));
    const terms = parse(state.filter);
    const states = statesOf(terms);
    const older = deliveries.nextOlder(states) !== null;
    const words = note(state, terms, older);
    none.hidden = words === "";
    setText(none, words);
    more.hidden = !older;
    setText(more, state.past.asking ? "Looking…" : filtered ? "Search older deliveries" : "Older deliveries");
    // With room for more, nobody need ask for it, nor be offered what there may not be. States
    // the journal finds by itself; for other words all of it would have to be read.
    const room = known.rows.length * height < rows.extent && (!filtered || onlyStates(terms)) && state.connection.phase === "live";
    if (room && older) emit({ do: "older", urgent: false });
  }

  /**
   * What is to be said above the rows.
   * @param {State} state
   * @param {ReturnType<typeof parse>} terms
   * @param {boolean} older
   */
  function note({ past, picture: { deliveries } }, terms, older) {
    if (past.error !== null && older) return `Older deliveries could not be read: ${past.error}`;
    if (known.rows.length > 0 || !known.filtered || deliveries.order.length === 0) return "";
    const [unknown] = noStates(terms);
    if (unknown !== undefined) return `No state is called ${unknown}: expected ${STATES.slice(0, -1).join(", ")} or ${STATES.at(-1)}.`;
    if (past.asking) return "Looking…";
    return older ? `None of the newest ${count(deliveries.whole.length)} passes the filter.` : "No delivery passes the filter.";
  }

  /** Only what is in the document can be pointed at. @param {string | null} id */
  function inSight(id) {
    return id !== null && rows.shown.has(id) ? `delivery-${id}` : null;
  }

  /**
   * What somebody reads does not move when newer ones come.
   * @param {readonly Delivery[]} before
   * @param {number} height
   */
  function keepPlace(before, height) {
    const top = Math.floor(rows.top / height);
    const id = top === 0 ? undefined : before[top]?.id;
    const at = id === undefined ? -1 : known.rows.findIndex((row) => row.id === id);
    if (at > top) rows.scrollTo(rows.top + (at - top) * height);
  }

  return {
    element, draw,
    /** The delivery `step` further down; the newest when none is selected. @param {State} state @param {number} step */
    neighbour({ place }, step) {
      const at = known.rows.findIndex((row) => row.id === place.delivery);
      const next = at < 0 ? 0 : Math.max(0, Math.min(known.rows.length - 1, at + step));
      const row = known.rows[next];
      if (row === undefined) return;
      choose(row.id);
      rows.reveal(next);
    },
    /** To the list: to the chosen delivery if it is there, else to the first. @param {State} state */
    enter(state) {
      draw(state); // what was drawn last may be of another filter
      this.neighbour(state, 0);
      rows.element.focus();
    },
    /** @param {State} state */
    chooseNewest(state) {
      draw(state); // what was drawn last may be of another time
      const [newest] = known.rows;
      if (newest === undefined) return;
      choose(newest.id);
      rows.scrollTo(0);
    },
  };
}

/**
 * A delivery on two lines; one where rows are close together.
 * @param {{ now: number, selected: string | null }} seen what is the same for all rows
 * @returns {{ element: HTMLElement, fill: (delivery: Delivery) => void }}
 */
function makeDeliveryRow(seen) {
  const mark = h("span", { class: "state" }, icon("dot"));
  const shape = mark.querySelector("use");
  const event = h("span", { class: "event" });
  const took = h("span", { class: "took" });
  const about = h("span", { class: "about" });
  const when = h("span", { class: "when" });
  const element = h("div", { class: "delivery" }, mark, event, " ", took, " ", about, " ", when);
  let stamp = "";

  /** @param {Delivery} delivery */
  function fill(delivery) {
    const { id, started, ended, received } = delivery;
    const length = started === null ? "" : ended === null ? elapsed((Math.max(seen.now, started) - started) / 1000) : duration((ended - started) / 1000);
    const past = ago(received, seen.now);
    const selected = seen.selected === id;
    const now = `${id} ${delivery.revision} ${length} ${selected} ${past}`;
    if (stamp === now) return;
    stamp = now;
    element.dataset["id"] = id;
    element.id = `delivery-${id}`;
    setAttribute(element, "aria-selected", String(selected));
    mark.className = `state ${delivery.state}`;
    mark.title = delivery.reason ? `${delivery.state}: ${sentence(delivery.reason)}` : delivery.state;
    shape?.setAttribute("href", `#${shapeOf(delivery.state)}`);
    event.title = plain(delivery.action === null ? delivery.event : `${delivery.event}.${delivery.action}`);
    setText(event, event.title);
    setText(took, length);
    took.title = ended === null ? "How long it has run" : "How long it ran";
    about.title = plain(aboutOf(delivery));
    setText(about, about.title);
    setText(when, past);
    when.title = `Received at ${clockTime(received)}`;
    setAttribute(element, "aria-label", labelOf([event, took, about, when], delivery.state));
  }

  return { element, fill };
}

/** @param {Delivery} delivery */
function aboutOf(delivery) {
  const about = delivery.repository ?? delivery.organization ?? (delivery.source === "schedule" ? "schedule" : "");
  const more = [
    delivery.state === "completed" || delivery.state === "running" ? "" : delivery.state,
    delivery.attempts > 1 ? `${delivery.attempts} attempts` : "",
    delivery.redeliveries > 0 ? "redelivered" : "",
    delivery.replayOf === null ? "" : "replay",
  ].filter(Boolean);
  return [about, ...more].filter(Boolean).join(" · ");
}
