/**
 * Everything that can be done, by name.
 *
 * Owns the order in which names match what is typed. What stands here is made by whoever
 * knows what can be done at this moment.
 */

import { plain } from "../state/plain.js";
import { h } from "./format.js";

/** @typedef {{ name: string, key?: string, run: () => void }} Choice */

const MOST = 50;

/**
 * @param {import("../state/store.js").Emit} emit
 * @param {(typed: string) => Choice[]} choices
 */
export function makePalette(emit, choices) {
  const input = h("input", {
    type: "text", "aria-label": "What to do", placeholder: "What to do, an entity, a delivery's id", autocomplete: "off",
    spellcheck: "false", role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list",
  });
  const list = h("ul", { id: "palette-list", role: "listbox", "aria-label": "What can be done" });
  const element = h("dialog", { class: "palette", "aria-label": "Commands", onclose: () => emit({ do: "dialog", dialog: null }) }, input, list);
  /** @type {Choice[]} */
  let shown = [];
  let at = 0;
  element.onclick = (event) => { if (event.target === element) element.close(); };
  input.oninput = () => { at = 0; list_(); };
  input.onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && shown.length > 0) {
      event.preventDefault();
      at = (at + step + shown.length) % shown.length;
      list_();
    }
    if (event.key === "Enter") {
      event.preventDefault();
      run(at);
    }
  };

  /** @param {number} index */
  function run(index) {
    const choice = shown[index];
    element.close();
    choice?.run();
  }

  function list_() {
    shown = matching(choices(input.value.trim()), input.value).slice(0, MOST);
    list.replaceChildren(...shown.map((choice, index) => h("li", {
      role: "option", id: `choice-${index}`, "aria-selected": String(index === at), onclick: () => run(index),
    }, h("span", null, plain(choice.name)), choice.key ? h("kbd", null, choice.key) : null)));
    if (shown.length === 0) list.replaceChildren(h("li", { class: "notice" }, "Nothing is called so."));
    input.setAttribute("aria-activedescendant", `choice-${at}`);
    list.children[at]?.scrollIntoView({ block: "nearest" });
  }

  /** @param {import("../state/store.js").State} state */
  function draw(state) {
    const wanted = state.dialog === "palette";
    if (wanted && !element.open) {
      input.value = "";
      at = 0;
      element.showModal();
      list_();
    }
    if (!wanted && element.open) element.close();
  }

  return { element, draw };
}

/**
 * Choices that have every typed word, those whose name begins with it first.
 * @param {Choice[]} choices
 * @param {string} typed
 */
export function matching(choices, typed) {
  const words = typed.toLowerCase().match(/\S+/g) ?? [];
  const rank = (/** @type {Choice} */ { name }) => (words[0] !== undefined && name.toLowerCase().startsWith(words[0]) ? 0 : 1);
  return choices
    .filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)))
    .sort((a, b) => rank(a) - rank(b));
}
