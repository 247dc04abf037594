/**
 * What a person may do, where the server allows it: cancel, replay, park and unpark.
 *
 * Owns asking twice before something is cancelled, and saying what became of a command.
 */

import { h } from "./format.js";
import { plain } from "../state/plain.js";
import { button, link } from "./detail/parts.js";

/** @typedef {import("./detail/context.js").Context} Context */
/** @typedef {import("../state/store.js").Emit} Emit */
/** @typedef {import("../state/store.js").Ask} Ask */
/** @typedef {import("../state/store.js").Result} Result */
/** @typedef {{ draw: (context: Context) => HTMLElement | null }} ActionBar */

/** Kinds of task that can be cancelled. */
export const SCOPED = new Set(["run", "provider", "span"]);
export const PARKABLE = new Set(["failed", "held"]);
export const UNPARKABLE = new Set(["parked", "failed", "held"]);

/**
 * @param {() => void} redraw
 * @param {Ask} ask
 * @param {Emit} emit
 * @returns {ActionBar & { note: () => void, reset: () => void, isEditing: () => boolean }}
 */
export function makeActions(redraw, ask, emit) {
  /** Once somebody wants it. @type {ReturnType<typeof import("./payload-editor.js").makePayloadEditor> | null} */
  let editor = null;
  /** What had the focus before a question was asked; undefined while none is. @type {Element | null | undefined} */
  let before = undefined;
  /** What has the focus, or had it until it was taken away. @type {Element | null} */
  let focused = null;
  /** Whether that is one of the actions. */
  let inside = false;

  /** @param {string} delivery */
  async function edit(delivery) {
    const { makePayloadEditor } = await import("./payload-editor.js");
    editor ??= makePayloadEditor(redraw, ask, emit);
    editor.open(delivery);
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
        buttons.push(button("Replay edited…", () => void edit(delivery), { title: "Run it again with another payload" }));
      }
      if (may.has("park") && PARKABLE.has(state)) buttons.push(button("Park", send("park"), { title: "Set it aside: it is not tried again by itself" }));
      if (may.has("unpark") && UNPARKABLE.has(state)) buttons.push(button(state === "parked" ? "Unpark" : "Try now", send("unpark"), { title: "Queue it again, with all its attempts" }));
    }
    const asked = question(context, buttons);
    queueMicrotask(() => attend(asked !== null)); // once it is in the document
    const edited = whole && delivery !== null ? editor?.draw(context, delivery) ?? null : null;
    const refused = buttons.length > 0 || context.refused === null ? null
      : h("p", { class: "notice refused-here", "data-key": "refused" }, plain(context.refused));
    if (buttons.length === 0 && edited === null) return refused;
    return h("section", { class: "part actions", "data-key": "actions", "aria-label": "Actions" },
      asked ?? h("div", { class: "row", "data-key": "buttons" }, ...buttons),
      context.who === null ? null : h("p", { class: "notice", "data-key": "who" }, "Recorded as done by ", h("strong", null, plain(context.who)), "."),
      refused, edited);
  }

  /** To be called before anything is drawn, which may take away what has the focus. */
  function note() {
    if (document.activeElement === document.body && focused !== null && !focused.isConnected) return; // it was taken away
    focused = document.activeElement;
    inside = focused?.closest(".actions") != null;
  }

  /** The focus goes to the question, and back when it is gone. @param {boolean} asked */
  function attend(asked) {
    if (before === undefined ? !asked && !inside : asked) return;
    const back = before ?? focused;
    before = asked ? focused : undefined;
    if (asked) focusOn(".confirm button");
    else if (document.activeElement !== document.body) return; // somebody went elsewhere
    else if (back instanceof HTMLElement && back.isConnected) back.focus();
    else focusOn(".actions button"); // what was pressed is gone
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

  return { draw, note, reset: () => editor?.reset(), isEditing: () => editor?.isEditing() ?? false };
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

/** @param {string} selector */
function focusOn(selector) {
  /** @type {HTMLElement | null} */ (document.querySelector(selector))?.focus();
}
