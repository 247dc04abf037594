/**
 * What a page without deliveries says: what to do next.
 */

import { h } from "./format.js";

/** @typedef {import("../state/store.js").State} State */

export function makeEmpty() {
  const list = h("div", { class: "steps" });
  const element = h("section", { class: "empty-page", "aria-label": "Nothing yet", hidden: true },
    h("h2", null, "Nothing has arrived yet"), list);
  let shown = "";

  /** @param {State} state */
  function draw(state) {
    const known = state.picture.sequence !== null;
    element.hidden = !(known && state.picture.deliveries.order.length === 0 && state.place.view === "runs" && state.place.delivery === null);
    const places = state.hello?.places ?? [];
    const key = JSON.stringify(places);
    if (element.hidden || key === shown) return;
    shown = key;
    list.replaceChildren(...(places.length === 0
      ? [h("p", null, "No source of webhooks is configured. Runs that begin here in other ways show up by themselves.")]
      : [
        h("p", null, "Point a webhook here, with its content type as JSON:"),
        ...places.map((place) => h("pre", null, h("code", null, place.url ?? place.path))),
        h("p", null, "or send a signed sample, with the server's secret in the environment:"),
        h("pre", null, h("code", null, "callboard send push")),
        h("p", { class: "notice" }, "What arrives shows up here at once, with everything that it starts."),
      ]));
  }

  return { element, draw };
}
