/**
 * A JSON text on the page, unfolded where somebody wants to see it.
 *
 * Owns what is unfolded. Lines are made of the text itself, never of its objects.
 */

import { h } from "../format.js";
import { JsonText, TEXT_PAGE, isContainer, rowsOf, unfolded } from "../../state/json-tree.js";
import { plain, quoted } from "../../state/plain.js";
import { link, notice } from "./parts.js";

/** @typedef {import("../../state/json-tree.js").Row} Row */

const LIMIT = 2000;
const FIRST = 40;
const ALL = 1500;

/** @param {() => void} redraw */
export function makeJsonView(redraw) {
  let json = new JsonText("");
  /** @type {Map<string, number>} */
  let open = new Map();
  let name = "";

  /**
   * @param {string} text
   * @param {string} key another one: another document, with nothing unfolded
   */
  function draw(text, key) {
    if (text !== json.text) {
      // The same document, of which more has arrived, keeps what is unfolded.
      json = new JsonText(text);
      if (key !== name || open.size === 0) open = unfolded(json, FIRST);
      name = key;
    }
    const rows = rowsOf(json, open, LIMIT);
    return h("div", { class: "json", "data-key": "json" },
      h("p", { class: "row", "data-key": "folding" },
        link("Unfold all", () => { open = unfolded(json, ALL); redraw(); }),
        link("Fold all", () => { open = new Map([["$", 0]]); redraw(); })),
      h("ul", { class: "lines", role: "tree", "aria-label": "JSON document" }, ...rows.map(line)),
      rows.length === LIMIT ? notice(`Only the first ${LIMIT} lines are shown: fold some to see others.`) : null);
  }

  /** @param {Row} row */
  function line(row) {
    const { path, depth, key, node, folding, open: isOpen } = row;
    const element = h("li", {
      "data-key": path, role: "treeitem", "aria-level": String(depth + 1),
      "aria-expanded": folding ? String(isOpen) : null, "aria-selected": "false",
    },
      folding
        ? h("button", { type: "button", class: "fold", "aria-expanded": String(isOpen), "aria-label": label(row), onclick: () => toggle(row) })
        : h("span", { class: "no-fold" }),
      key === null ? null : h("span", { class: typeof key === "number" ? "index" : "key" }, plain(String(key))),
      key === null ? null : ": ",
      ...valueOf(row),
      node.cut && !row.range ? h("span", { class: "cut" }, " … more has not been loaded") : null);
    element.style.setProperty("--depth", String(depth));
    return element;
  }

  /** @param {Row} row */
  function toggle(row) {
    if (row.open) open.delete(row.path);
    else open.set(row.path, isContainer(row.node) ? 0 : TEXT_PAGE);
    redraw();
  }

  /**
   * @param {Row} row
   * @returns {Array<HTMLElement | string | null>}
   */
  function valueOf(row) {
    const { node, size, range } = row;
    if (range) return [h("span", { class: "range" }, `[${range[0].toLocaleString("en")} … ${(range[1] - 1).toLocaleString("en")}]`)];
    if (isContainer(node)) {
      const [from, to] = node.kind === "object" ? ["{", "}"] : ["[", "]"];
      const inside = row.open || size === 0 ? "" : plain(row.text);
      return [
        h("span", { class: "preview" }, row.open ? from : `${from}${inside ? ` ${inside} ` : ""}${to}`),
        size > 0 ? h("span", { class: "size" }, ` ${size.toLocaleString("en")}`) : null,
      ];
    }
    if (node.kind !== "string") return [h("span", { class: node.kind }, plain(row.text))];
    if (!row.open) {
      return [
        h("span", { class: "string" }, row.rest > 0 ? `${quoted(row.text).slice(0, -1)}…"` : quoted(row.text)),
        row.rest > 0 ? h("span", { class: "size" }, ` ${size.toLocaleString("en")} characters`) : null,
      ];
    }
    return [
      h("span", { class: "size" }, `${size.toLocaleString("en")} characters`),
      h("pre", { class: "string" }, plain(row.text)),
      row.rest > 0
        ? link(`${Math.min(row.rest, TEXT_PAGE).toLocaleString("en")} more of ${row.rest.toLocaleString("en")}`, () => {
          open.set(row.path, (open.get(row.path) ?? 0) + TEXT_PAGE);
          redraw();
        })
        : null,
    ];
  }

  return { draw };
}

/** @param {Row} row */
function label({ open, key, range }) {
  const what = range ? `${range[0]} to ${range[1] - 1}` : key === null ? "the document" : plain(String(key)).slice(0, 80);
  return `${open ? "fold" : "unfold"} ${what}`;
}
