/**
 * What can be done at this moment, by name: the palette's choices.
 *
 * Owns which there are; what each does is an intent.
 */

import { chosenDelivery, chosenTask, isAlone } from "../state/store.js";
import { PARKABLE, SCOPED, UNPARKABLE } from "./actions.js";

/** @typedef {import("./palette.js").Choice} Choice */

/**
 * @param {import("../state/store.js").State} state
 * @param {string} typed
 * @param {import("../state/store.js").Emit} emit
 * @param {() => void} chooseNewest
 * @returns {Choice[]}
 */
export function choicesOf(state, typed, emit, chooseNewest) {
  const { delivery, view } = state.place;
  const file = view === "file";
  /** @param {Partial<import("../state/store.js").Place>} place */
  const go = (place) => () => emit({ do: "go", place });
  /** @type {Choice[]} */
  const served = isAlone(state) ? [] : [
    { name: "Go to runs", run: go({ view: "runs" }) },
    { name: "Go to providers", run: go({ view: "providers" }) },
    { name: "Go to entities", run: go({ view: "entity" }) },
    { name: "Newest delivery", key: "n", run: () => { emit({ do: "go", place: { view: "runs" } }); chooseNewest(); } },
  ];
  /** @type {Choice[]} */
  const living = file ? [] : [
    { name: state.frozen === null ? "Freeze" : "Go on", key: "p", run: () => emit({ do: "freeze" }) },
    { name: "Show what is parked or failed", run: () => emit({ do: "filter", text: "state:parked,failed", show: true }) },
  ];
  const offered = [
    ...served,
    ...living,
    { name: "Show everything", run: () => emit({ do: "filter", text: "" }) },
    { name: "Change the density", key: "d", run: () => emit({ do: "density" }) },
    { name: "Open a run's file", run: () => void choose(emit) },
    { name: "Keys", key: "?", run: () => emit({ do: "dialog", dialog: "help" }) },
  ];
  if (delivery !== null) {
    offered.push({ name: "Fit the whole run", key: "f", run: () => emit({ do: "range", range: null }) });
    if (!file) offered.push({ name: "Keep this run in a file", run: () => emit({ do: "keep" }) });
    if (!file) offered.push(...deeds(state, delivery, emit));
  }
  if (!isAlone(state) && /^\w+:[^\s/]+\/\S+$/.test(typed)) offered.unshift({ name: `Why is ${typed} so?`, run: go({ view: "entity", subject: typed }) });
  for (const id of !file && typed.length > 3 ? state.picture.deliveries.order : []) {
    if (id.startsWith(typed)) offered.push({ name: `Delivery ${id}`, run: go({ view: "runs", delivery: id }) });
  }
  return offered;
}

/**
 * What may be done to the delivery that is looked at, and to its task.
 * @param {import("../state/store.js").State} state
 * @param {string} delivery
 * @param {import("../state/store.js").Emit} emit
 * @returns {Choice[]}
 */
function deeds(state, delivery, emit) {
  const may = new Set(state.hello?.capabilities);
  const known = chosenDelivery(state)?.state ?? "";
  const task = chosenTask(state);
  /** @type {Array<Choice & { offered: boolean }>} */
  const all = [
    { name: "Replay this delivery", key: "r", offered: may.has("replay"), run: () => emit({ do: "asking", what: "replay" }) },
    { name: "Park this delivery", offered: may.has("park") && PARKABLE.has(known), run: () => emit({ do: "command", kind: "park", target: delivery }) },
    { name: known === "parked" ? "Unpark this delivery" : "Try this delivery now", offered: may.has("unpark") && UNPARKABLE.has(known), run: () => emit({ do: "command", kind: "unpark", target: delivery }) },
    {
      name: `Cancel ${task?.name ?? ""}`, key: "c", offered: may.has("cancel") && task !== null && task.ended === null && SCOPED.has(task.kind),
      run: () => emit({ do: "asking", what: "cancel" }),
    },
  ];
  return all.filter(({ offered }) => offered);
}

/** @param {import("../state/store.js").Emit} emit */
async function choose(emit) {
  const { chooseFile } = await import("../files.js");
  chooseFile((file) => emit({ do: "open", file }));
}
