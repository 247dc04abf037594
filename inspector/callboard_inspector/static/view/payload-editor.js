/**
 * The editor of a payload with which a delivery is run again.
 *
 * Owns what somebody wrote until the server has taken it, and saying why it cannot be sent.
 */

import { bytesOf, commandFrame } from "../state/command.js";
import { laidOut, packed } from "../state/json-layout.js";
import { characters } from "../state/plain.js";
import { button } from "./detail/parts.js";
import { h } from "./format.js";

/** @typedef {import("./detail/context.js").Context} Context */
/** @typedef {import("../state/store.js").Emit} Emit */
/** @typedef {import("../state/store.js").Ask} Ask */

/** Payloads beyond this many characters are not edited in a browser. */
const EDITABLE = 1024 * 1024;
/** So many deliveries' unsent payloads are kept. */
const DRAFTS = 8;

/**
 * @param {() => void} redraw
 * @param {Ask} ask
 * @param {Emit} emit
 */
export function makePayloadEditor(redraw, ask, emit) {
  /** The delivery whose payload is edited; null while the editor is closed. @type {string | null} */
  let editing = null;
  /** Null while the payload is loaded. @type {string | null} */
  let text = null;
  /** Whether it was given the keys once. */
  let focused = false;
  /** What was written, by delivery, and neither taken by the server nor thrown away. @type {Map<string, string>} */
  const drafts = new Map();
  /** What is on its way to the server, after the command that was the last one then. @type {{ delivery: string, after: number } | null} */
  let sent = null;
  /** @type {{ text: string, limit: number, wrong: string | null }} */
  let judged = { text: "", limit: 0, wrong: "" };

  /** @param {string} delivery */
  function open(delivery) {
    if (editing === delivery) {
      focus(".editor textarea");
      return;
    }
    editing = delivery;
    text = drafts.get(delivery) ?? null;
    focused = false;
    redraw();
  }

  /**
   * @param {Context} context
   * @param {string} delivery
   * @returns {HTMLElement | null}
   */
  function draw(context, delivery) {
    settle(context);
    if (editing !== delivery) return null;
    const given = text === null ? payload(context, delivery) : null;
    text ??= given?.text ?? null;
    if (text === null) {
      return h("div", { class: "editor", "data-key": "editor", onkeydown: leave },
        h("p", { class: "notice" }, given?.error ?? "Loading the payload…"),
        button("Close", () => close(false)));
    }
    const wrong = faultOf(text, context.limit, delivery);
    const waits = sent?.delivery === delivery;
    const away = !context.capabilities.has("replay");
    const area = h("textarea", {
      class: wrong === null ? "" : "wrong", wrap: "off", spellcheck: "false", "aria-label": "Payload as JSON",
      "aria-invalid": wrong === null ? null : "true", "aria-describedby": "payload-fault", "data-key": "payload",
      readonly: waits ? "" : null,
      oninput: (/** @type {Event} */ event) => {
        text = /** @type {HTMLTextAreaElement} */ (event.currentTarget).value;
        redraw();
      },
    });
    /** @type {HTMLTextAreaElement} */ (area).value = text;
    if (!focused) {
      focused = true;
      queueMicrotask(begin); // once it is in the document
    }
    const said = wrong ?? (waits ? "It is on its way." : away ? "It cannot be sent at this moment; what you write stays." : "This is JSON.");
    return h("div", { class: "editor", "data-key": "editor", onkeydown: leave }, area,
      h("p", { class: wrong === null ? "right" : "fault", id: "payload-fault", role: "status" }, said),
      h("div", { class: "row" },
        button("Replay with this payload", () => { if (!waits && text !== null) send(context, delivery, text); }, { disabled: wrong === null && !away ? null : "" }),
        button("Close", () => close(false), { title: "Escape closes it too, and keeps what you wrote" })));
  }

  /** @param {Context} context @param {string} delivery @param {string} written */
  function send(context, delivery, written) {
    sent = { delivery, after: context.results.at(-1)?.command ?? 0 };
    keep(delivery, written);
    emit({ do: "command", kind: "replay", target: delivery, payload: packed(written) });
  }

  /** What the server took is no draft any more. @param {Context} context */
  function settle({ results }) {
    if (sent === null) return;
    const { delivery, after } = sent;
    const result = results.find(({ command, kind, target }) => command > after && kind === "replay" && target === delivery);
    if (!result?.done) return;
    sent = null;
    if (!result.ok) return;
    drafts.delete(delivery);
    if (editing !== delivery) return;
    if (document.activeElement?.closest(".editor")) queueMicrotask(focusButton);
    editing = text = null;
  }

  /**
   * The whole payload, laid out to be edited; null while it is loaded, or cannot be.
   * @param {Context} context
   * @param {string} delivery
   * @returns {{ text: string | null, error: string | null }}
   */
  function payload(context, delivery) {
    let whole = "";
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
      whole += page.text;
      offset = page.offset + characters(page.text);
      if (offset >= page.length || page.text === "") return { text: laidOut(whole), error: null };
    }
  }

  /** Why a text cannot be sent; it is looked at once. @param {string} written @param {number} limit @param {string} delivery */
  function faultOf(written, limit, delivery) {
    if (judged.text !== written || judged.limit !== limit) judged = { text: written, limit, wrong: notJson(written) ?? tooLong(written, limit, delivery) };
    return judged.wrong;
  }

  /** @param {KeyboardEvent} event */
  function leave(event) {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    close(true);
  }

  /** @param {boolean} kept whether what was written is there when it is opened again */
  function close(kept) {
    if (!kept && editing !== null) drafts.delete(editing);
    if (!kept) text = null;
    reset();
    redraw();
    focusButton();
  }

  /** Somebody looks at something else. */
  function reset() {
    if (editing !== null && text !== null) keep(editing, text);
    editing = text = null;
  }

  /** @param {string} delivery @param {string} written */
  function keep(delivery, written) {
    drafts.delete(delivery);
    drafts.set(delivery, written);
    for (const id of [...drafts.keys()].slice(0, -DRAFTS)) drafts.delete(id);
  }

  return { open, draw, reset, isEditing: () => editing !== null };
}

function focusButton() {
  focus(".actions [data-key^='Replay edited']");
}

/** At the first line: browsers begin at the last. */
function begin() {
  /** @type {HTMLTextAreaElement | null} */ (document.querySelector(".editor textarea"))?.setSelectionRange(0, 0);
  focus(".editor textarea");
}

/** @param {string} selector */
function focus(selector) {
  /** @type {HTMLElement | null} */ (document.querySelector(selector))?.focus();
}

/** @param {string} text */
function notJson(text) {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return `This is not JSON: ${/** @type {Error} */ (error).message}`;
  }
}

/** @param {string} text @param {number} limit @param {string} delivery */
function tooLong(text, limit, delivery) {
  const bytes = bytesOf(commandFrame(Number.MAX_SAFE_INTEGER, { kind: "replay", target: delivery, payload: packed(text) }));
  if (bytes <= limit) return null;
  return `As a command it has ${bytes.toLocaleString("en")} bytes, and the server takes ${limit.toLocaleString("en")}: shorten it, or send it with curl.`;
}
