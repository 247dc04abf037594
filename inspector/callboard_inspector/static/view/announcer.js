/** Says aloud, to those who do not see the page, what has come to grief. */

import { plain } from "../state/plain.js";
import { h } from "./format.js";

export function makeAnnouncer() {
  const element = h("div", { class: "unseen", role: "log", "aria-live": "polite", "aria-label": "Failures" });

  /** @param {import("../state/store.js").State} state */
  function draw(state) {
    for (const id of state.picture.news.splice(0)) {
      const delivery = state.picture.deliveries.known.get(id);
      if (delivery === undefined) continue;
      const about = delivery.repository ?? delivery.organization ?? "";
      const text = `${delivery.event} ${about} ${delivery.state}. ${delivery.reason ?? ""}`;
      element.append(h("p", null, plain(text)));
      while (element.children.length > 5) element.firstElementChild?.remove();
    }
  }

  return { element, draw };
}
