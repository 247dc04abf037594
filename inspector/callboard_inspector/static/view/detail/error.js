/**
 * The tab that says what went wrong: the group's tree, then the chosen exception.
 *
 * Owns which exception is shown in full: at first the one that a person wants to read.
 */

import { h } from "../format.js";
import { asText, firstOf, membersOf, shortType } from "../../state/failure.js";
import { plain } from "../../state/plain.js";
import { shortFile } from "../../state/stack.js";
import { Folds, copyButton, link, notice, section, stack } from "./parts.js";

/** @typedef {import("../../wire.js").Failure} Failure */
/** @typedef {import("../../state/failure.js").Member} Member */
/** @typedef {import("./context.js").Context} Context */

/**
 * @param {() => void} redraw
 * @param {import("../../state/store.js").Emit} emit
 */
export function makeError(redraw, emit) {
  const folds = new Folds(redraw);
  /** @type {string | null} */
  let chosen = null;

  /**
   * @param {Context} context
   * @returns {Array<HTMLElement | null>}
   */
  function draw(context) {
    const { record, blame, failure } = context;
    if (record === null) return [];
    if (!failure) return [nothing(context)];
    const members = membersOf(failure);
    const shown = members.find((member) => member.path === chosen) ?? firstOf(failure);
    return [
      blame && blame.by && blame.kind === "child"
        ? h("p", { class: "lead", "data-key": "blame" }, "It passes on what failed in ",
          link(blame.by.name, () => emit({ do: "select", task: context.idOf(blame.by) })))
        : null,
      members.length > 1 ? section("All that was raised", tree(members, shown)) : null,
      exception(shown),
      h("p", { class: "row", "data-key": "copy" }, copyButton("Copy as text", () => asText(failure))),
      context.note ? notice(context.note, "note") : null,
    ];
  }

  /**
   * @param {readonly Member[]} members
   * @param {Member} shown
   */
  function tree(members, shown) {
    return h("ul", { class: "members" }, ...members.map((member) => {
      const { failure, depth, link: how, path } = member;
      const current = member.path === shown.path;
      const row = h("li", { "data-key": path, class: current ? "current" : "" },
        h("button", {
          type: "button", class: "member", "aria-current": current ? "true" : null,
          onclick: () => { chosen = path; redraw(); },
        },
          how ? h("span", { class: "how" }, how === "from" ? "raised from " : "while handling ") : null,
          h("span", { class: "type" }, plain(shortType(failure.type))),
          member.members > 0 ? h("span", { class: "count" }, ` of ${member.members + (failure.left_out ?? 0)}`) : null,
          failure.message ? h("span", { class: "message" }, `: ${plain(failure.message.slice(0, 200))}`) : null,
          member.where ? h("span", { class: "file" }, ` ${plain(`${shortFile(member.where.file)}:${member.where.line}`)}`) : null));
      row.style.setProperty("--depth", String(depth));
      return row;
    }));
  }

  /** @param {Member} member */
  function exception({ failure, path }) {
    const frames = failure.frames ?? [];
    const module = failure.type.slice(0, Math.max(failure.type.lastIndexOf("."), 0));
    const left = failure.left_out ?? 0;
    return h("section", { class: "part exception", "data-key": `exception ${path}` },
      h("h3", null, plain(shortType(failure.type)),
        module ? h("span", { class: "module" }, ` ${plain(module)}`) : null),
      failure.message ? h("pre", { class: "message" }, plain(failure.message)) : null,
      ...(failure.notes ?? []).map((note) => h("pre", { class: "note" }, plain(note))),
      frames.length > 0 ? stack(frames, path, folds) : notice("It was made without a traceback."),
      left > 0 ? notice(`${left} more are not kept.`, "left") : null);
  }

  return { draw, reset() { folds.clear(); chosen = null; } };
}

/** @param {Context} context */
function nothing({ record, live }) {
  if (record?.state === "halted") return notice("It did not fail: it was told to stop. Overview says why.");
  return notice(live ? "It has not failed so far." : "It did not fail.");
}
