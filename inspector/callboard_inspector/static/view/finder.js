/**
 * Finding a subject: those that were changed last, and those with what is typed in their name.
 *
 * Owns what is typed, and which of the found ones the arrows have reached. What is typed
 * whole is looked up as it is, for it may be what is not there.
 */

import { signOf } from "../state/standing.js";
import { answerTo } from "../state/store.js";
import { plain } from "../state/plain.js";
import { ago, h } from "./format.js";
import { morphChildren } from "./detail/morph.js";
import { notice, section } from "./detail/parts.js";

/** @typedef {import("../state/store.js").State} State */
/** @typedef {import("../wire.js").SubjectSummary} SubjectSummary */

const EVERY = 5000;
/** Milliseconds without a key after which it is asked what there is. */
const REST = 150;

/**
 * @param {import("../state/store.js").Ask} ask
 * @param {(subject: string) => void} go
 * @param {() => void} redraw
 */
export function makeFinder(ask, go, redraw) {
  const input = h("input", {
    type: "search", id: "subject", placeholder: "Part of a name, such as site", autocomplete: "off", spellcheck: "false",
    role: "combobox", "aria-controls": "found", "aria-autocomplete": "list",
  });
  const form = h("form", { class: "row look-up" }, h("label", { for: "subject" }, "Look up"), input, h("button", { type: "submit" }, "Why?"));
  const list = h("div", { class: "finder" });
  /** @type {readonly SubjectSummary[]} */
  let found = [];
  let at = -1;
  /** The subject that is shown. */
  let shown = "";
  /** What the list is of: what was typed when it was at rest. */
  let like = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting = undefined;

  form.onsubmit = (event) => {
    event.preventDefault();
    choose(found[at]?.subject ?? input.value.trim());
  };
  input.oninput = () => {
    at = -1;
    clearTimeout(resting);
    resting = setTimeout(rest, REST);
  };
  input.onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      // One more place than there are: that of what is typed.
      at = (at + 1 + step + found.length + 1) % (found.length + 1) - 1;
      redraw();
      list.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Escape" && input.value !== shown) {
      event.preventDefault();
      input.value = shown;
      rest();
    }
  };

  function rest() {
    clearTimeout(resting);
    like = input.value.trim();
    at = -1;
    redraw();
  }

  /** @param {string} subject */
  function choose(subject) {
    if (subject === "") return;
    input.value = subject;
    rest();
    go(subject);
  }

  /** Whether something is looked for, instead of the chosen subject. @param {State} state */
  function draw(state) {
    const subject = state.place.subject ?? "";
    if (subject !== shown) {
      shown = input.value = like = subject;
      at = -1;
    }
    const open = like !== shown || shown === "";
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open && found.length > 0));
    if (!open) {
      found = [];
      input.removeAttribute("aria-activedescendant");
      return false;
    }
    const question = { of: /** @type {const} */ ("subjects"), like };
    ask(question, like === "" ? { every: EVERY } : {});
    const known = answerTo(state, question);
    const answer = known?.answer?.of === "subjects" ? known.answer : null;
    found = answer?.subjects ?? [];
    at = Math.min(at, found.length - 1);
    if (at < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", `found-${at}`);
    morphChildren(list, [
      found.length > 0 ? section(like === "" ? "Newest" : "Found", h("ul", { class: "found", id: "found", role: "listbox", "aria-label": "Subjects" },
        ...found.map((each, index) => option(each, index, state.picture.time)))) : null,
      answer === null ? notice(known?.error ?? "Loading…") : found.length === 0 ? notice(nothing()) : null,
      answer?.more ? notice(like === "" ? "Older ones are found by a part of their name." : "There are more: type more of the name.", "more") : null,
    ]);
    return true;
  }

  function nothing() {
    return like === "" ? "No run that is on record has changed anything yet. What one changes is listed here."
      : "Nothing that is on record is called so. Enter tells who could have made it.";
  }

  /**
   * @param {SubjectSummary} each
   * @param {number} index
   * @param {number} now
   */
  function option({ subject, operation, provider, at: when }, index, now) {
    return h("li", { role: "option", id: `found-${index}`, "data-key": subject, "aria-selected": String(index === at), onclick: () => choose(subject) },
      h("span", { class: `sub ${operation}` }, h("span", { class: "sign" }, signOf(operation)), ` ${plain(operation)}`),
      h("span", { class: "subject" }, plain(subject)),
      h("span", { class: "sub provider" }, plain(provider)),
      h("time", null, ago(when * 1000, now)));
  }

  return { form, list, draw };
}
