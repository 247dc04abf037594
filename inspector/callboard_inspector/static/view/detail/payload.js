/**
 * The tab with what arrived: headers and body.
 *
 * Owns loading a long body page by page: the first megabytes at once, the rest when
 * somebody wants it.
 */

import { h, size } from "../format.js";
import { characters, plain } from "../../state/plain.js";
import { curl } from "../../state/curl.js";
import { makeJsonView } from "./json-view.js";
import { copyButton, link, notice } from "./parts.js";

/** @typedef {import("./context.js").Context} Context */

/** Characters that are loaded without being asked for. */
const AT_ONCE = 1024 * 1024;

/**
 * @param {() => void} redraw
 * @param {import("../../state/store.js").Ask} ask
 */
export function makePayload(redraw, ask) {
  const view = makeJsonView(redraw);
  let all = false;
  let raw = false;
  /** @type {{ delivery: string, pages: string[], text: string }} */
  let loaded = { delivery: "", pages: [], text: "" };

  /**
   * @param {Context} context
   * @returns {Array<HTMLElement | null>}
   */
  function draw(context) {
    const { delivery } = context;
    if (delivery === null) return [];
    /** @type {Record<string, string>} */
    let headers = {};
    /** @type {string[]} */
    const pages = [];
    let offset = 0;
    let length = 0;
    let bytes = 0;
    let error = null;
    for (;;) {
      const question = { of: /** @type {const} */ ("payload"), delivery, offset };
      ask(question);
      const known = context.answer(question);
      if (known?.answer?.of !== "payload") {
        error = known?.error ?? null;
        break;
      }
      const page = known.answer;
      if (offset === 0) headers = page.headers;
      pages.push(page.text);
      offset = page.offset + characters(page.text);
      ({ length, size: bytes } = page);
      if (offset >= length || page.text === "" || (!all && offset >= AT_ONCE)) break;
    }
    if (error !== null) return [notice(error)];
    if (pages.length === 0) return [notice("Loading…")];
    const text = joined(delivery, pages);
    const whole = offset >= length;
    const target = context.webhook ?? "https://callboard.example/webhooks/source";
    const where = context.webhook === null ? "The curl command has a made-up address, to be replaced," : `The curl command goes to ${target}`;
    return [
      h("p", { class: "row", "data-key": "row" },
        h("span", { class: "size" }, size(bytes)),
        copyButton("Copy body", () => text),
        copyButton("Copy as curl", () => curl(target, headers, text)),
        h("button", { type: "button", class: "quiet", "aria-pressed": String(raw), onclick: () => { raw = !raw; redraw(); } }, "Raw")),
      notice(`${where} and leaves out the signature: who checks it refuses the copy.`, "curl"),
      headersOf(headers),
      raw
        ? h("pre", { class: "raw", "data-key": "raw", tabindex: "0" }, plain(text.slice(0, AT_ONCE)))
        : view.draw(text, delivery),
      whole ? null : h("p", { class: "row", "data-key": "more" },
        `${offset.toLocaleString("en")} of ${length.toLocaleString("en")} characters are loaded. `,
        all ? "Loading…" : link("Load all", () => { all = true; redraw(); })),
    ];
  }

  /**
   * @param {string} delivery
   * @param {string[]} pages
   */
  function joined(delivery, pages) {
    if (loaded.delivery !== delivery || loaded.pages.length !== pages.length) {
      loaded = { delivery, pages, text: pages.join("") };
    }
    return loaded.text;
  }

  return { draw, reset() { all = false; raw = false; } };
}

/** @param {Record<string, string>} headers */
function headersOf(headers) {
  const names = Object.keys(headers).sort();
  if (names.length === 0) return null;
  return h("details", { class: "headers", "data-key": "headers" },
    h("summary", null, `${names.length} headers`),
    h("dl", { class: "facts" }, ...names.flatMap((name) => [
      h("dt", null, plain(name)),
      h("dd", null, h("code", null, plain(headers[name] ?? ""))),
    ])));
}
