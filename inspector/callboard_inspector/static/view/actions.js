/**
 * What a person may do, where the server allows it: cancel, replay, park and unpark.
 *
 * Owns asking twice before something is cancelled, the editor of a payload, and saying
 * what became of a command.
 */

import { h } from "./format.js";
import { laidOut } from "../state/json-layout.js";
import { characters, plain } from "../state/plain.js";
import { link } from "./detail/parts.js";

/** @typedef {import("./detail/context.js").Context} Context */
/** @typedef {import("../state/store.js").Emit} Emit */
/** @typedef {import("../state/store.js").Ask} Ask */
/** @typedef {import("../state/store.js").Result} Result */
/** @typedef {{ draw: (context: Context) => HTMLElement | null }} ActionBar */

/** Payloads beyond this many characters are not edited in a browser. */
const EDITABLE = 1024 * 1024;
const SCOPED = new Set(["run", "provider", "span"]);
const PARKABLE = new Set(["failed", "held"]);
const UNPARKABLE = new Set(["parked", "failed", "held"]);

/**
 * @param {() => void} redraw
 * @param {Ask} ask
 * @param {Emit} emit
 * @returns {ActionBar & { reset: () => void, isEditing: () => boolean }}
 */
export function makeActions(redraw, ask, emit) {
  /** The text in the editor; null while it is closed, "" while the payload is loaded. @type {string | null} */
  let editing = null;
  let loaded = false;
  /** What was written when Escape closed the editor: it is there again when that is opened. @type {string | null} */
  let draft = null;
  /** Whether the editor was given the keys once. */
  let focused = false;

  function open() {
    editing = draft ?? "";
    loaded = draft !== null;
    redraw();
  }

  /**
   * @param {Context} context
   * @returns {HTMLElement | null}
   */
  function draw(context) {
    const { record, delivery } = context;
    const may = context.capabilities;
    const whole = record === null || record.kind === "run"; // or a delivery that has not run
    /** @type {Array<HTMLElement | null>} */
    const buttons = [];
    if (may.has("cancel") && context.live && record !== null && SCOPED.has(record.kind)) {
      buttons.push(button("Cancel…", () => emit({ do: "asking", what: "cancel" }), { class: "danger" }));
    }
    if (whole && delivery !== null) {
      const send = (/** @type {"replay" | "park" | "unpark"} */ kind) => () => emit({ do: "command", kind, target: delivery });
      const state = context.deliveryState;
      if (may.has("replay")) {
        buttons.push(button("Replay", send("replay"), { title: "Run it again, as it was" }));
        buttons.push(button("Replay edited…", open, { title: "Run it again with another payload" }));
      }
      if (may.has("park") && PARKABLE.has(state)) buttons.push(button("Park", send("park"), { title: "Set it aside: it is not tried again by itself" }));
      if (may.has("unpark") && UNPARKABLE.has(state)) buttons.push(button("Unpark", send("unpark"), { title: "Queue it again, with all its attempts" }));
    }
    if (buttons.length === 0) {
      return context.refused === null ? null : h("p", { class: "notice refused-here", "data-key": "actions" }, plain(context.refused));
    }
    return h("section", { class: "part actions", "data-key": "actions", "aria-label": "Actions" },
      question(context, buttons) ?? h("div", { class: "row", "data-key": "buttons" }, ...buttons),
      context.who === null ? null : h("p", { class: "notice", "data-key": "who" }, "Recorded as done by ", h("strong", null, plain(context.who)), "."),
      editing !== null && delivery !== null ? editor(context, delivery) : null);
  }

  /**
   * What is asked before something is done; null when nothing is to be asked.
   * @param {Context} context
   * @param {ReadonlyArray<HTMLElement | null>} buttons
   */
  function question({ asking, record, task, delivery, deliveryName, live, capabilities }, buttons) {
    if (asking === null || buttons.length === 0) return null;
    const name = h("strong", null, plain(record?.name ?? deliveryName));
    const no = button("No", () => emit({ do: "asking", what: null }));
    if (asking === "cancel") {
      if (!live || !SCOPED.has(record?.kind ?? "") || !capabilities.has("cancel") || task === null) return null;
      return confirm("Cancel?", ["Cancel ", name, " and all below it?"], "Yes, cancel it", { do: "command", kind: "cancel", target: task }, no);
    }
    if (!capabilities.has("replay") || delivery === null || (record !== null && record.kind !== "run")) return null;
    return confirm("Replay?", ["Run ", name, " again, as it was?"], "Yes, replay it", { do: "command", kind: "replay", target: delivery }, no);
  }

  /**
   * @param {string} label
   * @param {Array<HTMLElement | string>} words
   * @param {string} yes
   * @param {import("../state/store.js").Intent} intent
   * @param {HTMLElement} no
   */
  function confirm(label, words, yes, intent, no) {
    return h("div", { class: "row confirm", role: "alertdialog", "aria-label": label, "data-key": "confirm" },
      h("span", null, ...words),
      h("span", { class: "row answers" }, button(yes, () => {
        emit({ do: "asking", what: null });
        emit(intent);
      }, { class: "danger" }), no));
  }

  /**
   * @param {Context} context
   * @param {string} delivery
   */
  function editor(context, delivery) {
    const given = loaded ? { text: editing ?? "", error: null } : payload(context, delivery);
    if (given.text !== null && !loaded) {
      loaded = true;
      editing = given.text;
    }
    if (!loaded) {
      return h("div", { class: "editor", "data-key": "editor", onkeydown: leave },
        h("p", { class: "notice" }, given.error ?? "Loading the payload…"),
        button("Close", () => close(null)));
    }
    const wrong = faultOf(editing ?? "");
    const area = h("textarea", {
      class: wrong === null ? "" : "wrong", wrap: "off", spellcheck: "false", "aria-label": "Payload as JSON",
      "aria-invalid": wrong === null ? null : "true", "aria-describedby": "payload-fault", "data-key": "payload",
      oninput: (/** @type {Event} */ event) => {
        editing = /** @type {HTMLTextAreaElement} */ (event.currentTarget).value;
        redraw();
      },
    });
    /** @type {HTMLTextAreaElement} */ (area).value = editing ?? "";
    if (!focused) {
      focused = true;
      // Once it is in the document.
      queueMicrotask(() => /** @type {HTMLElement | null} */ (document.querySelector(".editor textarea"))?.focus());
    }
    return h("div", { class: "editor", "data-key": "editor", onkeydown: leave }, area,
      h("p", { class: wrong === null ? "right" : "fault", id: "payload-fault", role: "status" }, wrong ?? "This is JSON."),
      h("div", { class: "row" },
        button("Replay with this payload", () => {
          if (faultOf(editing ?? "") !== null) return;
          emit({ do: "command", kind: "replay", target: delivery, payload: editing ?? "" });
          close(null);
        }, { disabled: wrong === null ? null : "" }),
        button("Close", () => close(null), { title: "Escape closes it too, and keeps what you wrote" })));
  }

  /**
   * The whole payload, laid out to be edited; null while it is loaded, or cannot be.
   * @param {Context} context
   * @param {string} delivery
   * @returns {{ text: string | null, error: string | null }}
   */
  function payload(context, delivery) {
    let text = "";
    let offset = 0;
    for (;;) {
      const asked = { of: /** @type {const} */ ("payload"), delivery, offset };
      ask(asked);
      const known = context.answer(asked);
      if (known?.error) return { text: null, error: known.error };
      if (known?.answer?.of !== "payload") return { text: null, error: null };
      const page = known.answer;
      if (page.length > EDITABLE) {
        const long = page.length.toLocaleString("en");
        return { text: null, error: `${long} characters are too many to edit here: copy the payload, and send it with curl.` };
      }
      text += page.text;
      offset = page.offset + characters(page.text);
      if (offset >= page.length || page.text === "") return { text: laidOut(text), error: null };
    }
  }

  /** @param {KeyboardEvent} event */
  function leave(event) {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    close(loaded ? editing : null);
  }

  /** @param {string | null} kept what is to be there when it is opened again */
  function close(kept) {
    reset();
    draft = kept;
    redraw();
    /** @type {HTMLElement | null} */ (document.querySelector(".actions [data-key^='Replay edited']"))?.focus();
  }

  function reset() {
    editing = draft = null;
    loaded = focused = false;
  }

  return { draw, reset, isEditing: () => editing !== null };
}

/**
 * What became of the newest command, said aloud by screen readers.
 * @param {Emit} emit
 */
export function makeResult(emit) {
  const element = h("p", { class: "result", role: "status", "aria-live": "polite" });
  /** @type {Result | null} */
  let shown = null;

  /** @param {readonly Result[]} results */
  function draw(results) {
    const last = results.at(-1) ?? null;
    if (last === shown) return; // said already
    shown = last;
    element.classList.toggle("refused", last !== null && last.done && !last.ok);
    const made = last?.delivery ?? null;
    element.replaceChildren(...(last === null ? [] : [
      last.done ? `${last.ok ? "Done: " : "Not done: "}${plain(last.message)} ` : `${last.kind}: asked for…`,
      ...(made === null ? [] : [link("Show it", () => emit({ do: "go", place: { view: "runs", delivery: made, run: null, task: null } }))]),
    ]));
  }

  return { element, draw };
}

/**
 * What is wrong with a JSON text, for people; null if nothing is.
 * @param {string} text
 */
function faultOf(text) {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return `This is not JSON: ${/** @type {Error} */ (error).message}`;
  }
}

/**
 * @param {string} text
 * @param {() => void} act
 * @param {Record<string, string | null>} [more]
 */
function button(text, act, more = {}) {
  return h("button", { type: "button", "data-key": text, onclick: act, ...more }, text);
}
