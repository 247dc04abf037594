/**
 * The page of providers: how each fares, when it ticks next, and whether it is paused.
 *
 * Owns the countdown to ticks, and pausing and resuming.
 */

import { clockTime, duration, h } from "./format.js";
import { firstOf, shortType } from "../state/failure.js";
import { plain } from "../state/plain.js";
import { morphChildren } from "./detail/morph.js";
import { link, notice } from "./detail/parts.js";
import { makeResult } from "./actions.js";
import { answerTo } from "../state/store.js";

/** @typedef {import("../state/store.js").State} State */
/** @typedef {import("../wire.js").ProviderView} ProviderView */
/** @typedef {import("../wire.js").HandlerView} HandlerView */

const EVERY = 2000;
const NUMBERS = new Set(["p50", "p95", "Lag"]);

/**
 * @param {import("../state/store.js").Emit} emit
 * @param {import("../state/store.js").Ask} ask
 */
export function makeProviders(emit, ask) {
  const body = h("div", { class: "providers" });
  const result = makeResult(emit);
  const element = h("section", { class: "page providers-page", "aria-label": "Providers", tabindex: "0" },
    h("div", { class: "title" }, h("h2", null, "Providers"), result.element), body);

  /** @param {State} state */
  function draw(state) {
    const question = /** @type {const} */ ({ of: "providers" });
    ask(question, { every: EVERY });
    const known = answerTo(state, question);
    const answer = known?.answer?.of === "providers" ? known.answer : null;
    result.draw(state.results);
    if (answer === null) {
      morphChildren(body, [notice(known?.error ?? "Loading…")]);
      return;
    }
    if (answer.providers.length === 0) {
      morphChildren(body, [notice("No provider is installed: what arrives is recorded, and nothing runs.")]);
      return;
    }
    const may = new Set(state.hello?.capabilities ?? []);
    const now = state.picture.time / 1000;
    morphChildren(body, [
      h("p", { class: "notice", "data-key": "since" }, `Figures are of runs since ${clockTime(answer.since * 1000)}.`),
      h("table", { "data-key": "table" },
        h("thead", null, h("tr", null, ...["Provider", "Runs", "Completed", "p50", "p95", "Lag", "Last error", "Next tick"].map((title) => h("th", { scope: "col", class: NUMBERS.has(title) ? "number" : null }, title)), h("td", null))),
        h("tbody", null, ...answer.providers.map((provider) => row(provider, may, now)))),
    ]);
  }

  /**
   * @param {ProviderView} provider
   * @param {ReadonlySet<string>} may
   * @param {number} now Unix seconds
   */
  function row(provider, may, now) {
    const { name, completed, errored, halted, running, waiting, pause } = provider;
    const ended = completed + errored + halted;
    const share = completed + errored === 0 ? null : completed / (completed + errored);
    return h("tr", { "data-key": name, class: pause ? "paused" : "" },
      h("th", { scope: "row" },
        h("div", { class: "name" }, plain(name)),
        h("div", { class: "kind", title: plain(provider.kind) }, plain(provider.kind.slice(provider.kind.lastIndexOf(".") + 1))),
        pause ? h("div", { class: "pause" }, h("strong", null, "‖ paused"), ` ${plain(pause.reason)}, since ${clockTime(pause.since * 1000)}`,
          pause.until === null ? ", until somebody resumes it" : `, for another ${duration(Math.max(pause.until - now, 0))}`) : null,
        ...provider.actions.map((deed) => h("div", { class: "sub", "data-key": String(deed.at) },
          `${clockTime(deed.at * 1000)} ${plain(deed.who)} ${deed.kind}d it`))),
      h("td", { "data-label": "Runs" }, String(ended + running), running > 0 ? h("div", { class: "sub" }, `● ${running} running`) : null,
        waiting > 0 ? h("div", { class: "sub" }, `${waiting} wait for a slot`) : null),
      h("td", { "data-label": "Completed" },
        share === null ? "" : `${(Math.floor(share * 1000) / 10).toLocaleString("en")} %`,
        errored > 0 ? h("div", { class: "sub failed" }, `✗ ${errored} failed`) : null,
        halted > 0 ? h("div", { class: "sub" }, `⊘ ${halted} halted`) : null),
      h("td", { class: "number", "data-label": "p50" }, provider.p50 === null ? "" : duration(provider.p50)),
      h("td", { class: "number", "data-label": "p95" }, provider.p95 === null ? "" : duration(provider.p95)),
      h("td", { class: "number", "data-label": "Lag", title: "From a delivery's receipt to its run's start: the median" }, provider.lag === null ? "" : duration(provider.lag)),
      h("td", { class: "error", "data-label": "Last error" }, lastError(provider)),
      h("td", { "data-label": "Next tick" }, ...ticks(provider, now)),
      h("td", null, toggle(provider, may)));
  }

  /** @param {ProviderView} provider */
  function lastError({ last_error: failure, last_error_task: task, last_error_delivery: delivery, last_error_at: at }) {
    if (failure === null) return null;
    const { failure: first } = firstOf(failure);
    const text = `${shortType(first.type)}${first.message ? `: ${first.message.slice(0, 160)}` : ""}`;
    return h("div", null,
      task === null || delivery === null ? plain(text)
        : link(text, () => emit({ do: "go", place: { view: "runs", delivery, run: task.slice(0, task.lastIndexOf(".")), task, tab: "error" } })),
      at === null ? null : h("div", { class: "sub" }, clockTime(at * 1000)));
  }

  /**
   * @param {ProviderView} provider
   * @param {number} now
   */
  function ticks(provider, now) {
    return provider.handlers.filter(({ every, cron }) => every !== null || cron !== null).map((handler) => {
      const left = handler.due === null ? null : handler.due - now;
      return h("div", { class: "due", "data-key": handler.method },
        h("span", null, left === null ? "not known" : left > 0 ? `in ${duration(Math.ceil(left))}` : "due now"),
        h("div", { class: "sub" }, plain(`${handler.method}: ${handler.cron ?? `every ${duration(handler.every ?? 0)}`}`)));
    });
  }

  /**
   * @param {ProviderView} provider
   * @param {ReadonlySet<string>} may
   */
  function toggle({ name, pause }, may) {
    const kind = pause ? "resume" : "pause";
    if (!may.has(kind)) return null;
    return h("button", { type: "button", "aria-label": `${kind} ${name}`, onclick: () => emit({ do: "command", kind, target: name }) },
      pause ? "Resume" : "Pause");
  }

  return { element, draw };
}
