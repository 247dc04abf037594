/** The keys, and the words of the filter. */

import { h } from "./format.js";

/** Keys with what they do, in the order in which people need them. @type {ReadonlyArray<readonly [string, string]>} */
export const KEYS = [
  ["j k", "next, previous delivery"],
  ["↑ ↓", "previous, next task"],
  ["← →", "close or go up, open or go down"],
  ["e w", "expand, collapse everything below"],
  ["1 … 9", "show so many levels"],
  ["0", "show all levels"],
  ["[ ]", "previous, next tab"],
  ["/", "filter"],
  ["f", "fit the whole run into the waterfall"],
  ["p", "freeze, go on"],
  ["d", "density"],
  ["n", "the newest delivery, and follow"],
  ["r", "replay the delivery"],
  ["c", "cancel the task"],
  ["Ctrl K", "everything that can be done"],
  ["Esc", "close, or leave the filter"],
  ["?", "this list"],
];

const FILTER = [
  ["word", "event, organization, repository, state, id or reason has it"],
  ["state:parked,failed", "deliveries in one of these states, however old"],
  ["event:push", "of this event; event:team.created too"],
  ["org:acme repo:site", "of this organization, of repositories named like this"],
  ["task:teams", "tasks named or labelled like this, with all above them"],
  ["-event:push", "all but these"],
  ["Enter", "to the list, and the first that is found"],
];

/** @param {import("../state/store.js").Emit} emit */
export function makeHelp(emit) {
  const rows = (/** @type {ReadonlyArray<readonly string[]>} */ list) => list.flatMap(([key, what]) => [
    h("dt", null, h("kbd", null, key)), h("dd", null, what),
  ]);
  const element = h("dialog", { class: "help", "aria-label": "Help", onclose: () => emit({ do: "dialog", dialog: null }) },
    h("form", { method: "dialog" }, h("h2", null, "Keys"), h("button", null, "Close")), h("dl", null, ...rows(KEYS)),
    h("h2", null, "Filter"), h("dl", null, ...rows(FILTER)));
  element.onclick = (event) => { if (event.target === element) element.close(); };

  /** @param {import("../state/store.js").State} state */
  function draw(state) {
    const wanted = state.dialog === "help";
    if (wanted && !element.open) element.showModal();
    if (!wanted && element.open) element.close();
  }

  return { element, draw };
}
