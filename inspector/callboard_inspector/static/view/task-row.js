/**
 * A task on one line.
 *
 * Owns what stands there, the gravest first, and writing only what has changed.
 */

import { plain, sentence } from "../state/plain.js";
import { taskId } from "../state/rows.js";
import { attemptOf, counted, duration, elapsed, h, icon, shapeOf } from "./format.js";
import { labelOf, setAttribute, setText } from "./virtual-rows.js";

/** @typedef {import("../state/visible.js").Row} Row */

/**
 * What is the same for all rows. `grows`: the time that is looked at goes on.
 * @typedef {{ now: number, grows: boolean, selected: string | null }} Seen
 */

const LABELS = 3;

/**
 * @param {Seen} seen
 * @returns {{ element: HTMLElement, fill: (row: Row) => void }}
 */
export function makeTaskRow(seen) {
  const mark = h("span", { class: "state" }, icon("dot"));
  const shape = mark.querySelector("use");
  const name = h("span", { class: "name" });
  const more = h("span", { class: "more" });
  const took = h("span", { class: "took" });
  const what = h("span", { class: "what" }, h("span", { class: "twist" }, icon("twist")), mark, name, " ", more);
  const element = h("div", { class: "task" }, what, " ", took);
  let stamp = "";

  /** @param {Row} row */
  function fill(row) {
    const { task } = row;
    const id = taskId(task);
    const selected = id === seen.selected;
    const until = task.ended ?? Math.max(seen.now, task.started ?? task.created);
    const seconds = task.started === null ? null : (until - task.started) / 1000;
    const grows = seen.grows && task.ended === null;
    const length = seconds === null ? "" : grows ? elapsed(seconds) : duration(seconds);
    setText(took, length);
    const now = [id, task.revision, task.state, row.depth, row.open, row.hidden, row.worst, row.matches, selected, row.position, row.siblings, grows || length].join(" ");
    if (stamp === now) return;
    stamp = now;
    element.dataset["task"] = id;
    element.id = `task-${id}`;
    element.className = `task ${task.state}${row.matches ? " match" : ""} kind-${task.kind}`;
    setAttribute(element, "aria-level", String(row.depth + 1));
    setAttribute(element, "aria-setsize", String(row.siblings));
    setAttribute(element, "aria-posinset", String(row.position));
    setAttribute(element, "aria-expanded", row.open === null ? null : String(row.open));
    setAttribute(element, "aria-selected", String(selected));
    what.style.setProperty("--depth", String(row.depth));
    mark.className = `state ${task.state}`;
    mark.title = task.state;
    shape?.setAttribute("href", `#${shapeOf(task.state)}`);
    setText(name, plain(task.name));
    name.title = plain(task.name);
    const said = sayMore(row);
    setText(more, said.text);
    more.className = `more ${said.kind}`;
    more.title = said.text;
    // What is seen, in its order, and the state that is seen as a shape; not a time that grows.
    setAttribute(element, "aria-label", labelOf(grows ? [name, more] : [name, more, took], task.state));
  }

  return { element, fill };
}

/**
 * What else stands on a task's line: the gravest first.
 * @param {Row} row
 * @returns {{ text: string, kind: string }}
 */
function sayMore({ task, open, hidden, worst }) {
  const rest = open === false ? `${hidden} below${worst === null ? "" : `, ${worst}`}` : "";
  const joined = (/** @type {string} */ text) => sentence([text, rest].filter(Boolean).join(" · "));
  const tried = task.attempt > 1 ? `attempt ${attemptOf(task)}` : "";
  if (task.error !== null) return { text: plain([tried, task.error, rest].filter(Boolean).join(" · ")), kind: "error" };
  if (task.state === "halted" || task.state === "halting") return { text: joined([tried, task.cause].filter(Boolean).join(" · ")), kind: "cause" };
  if (task.waits !== null) return { text: joined(`waiting for ${task.waits}`), kind: "waits" };
  const said = tried === "" ? [] : [tried];
  if (task.progress !== null) said.push(progressOf(task.progress));
  if (task.effects > task.remarks) said.push(counted(task.effects - task.remarks, "change"));
  if (task.remarks > 0) said.push(counted(task.remarks, "remark"));
  for (const [name, value] of Object.entries(task.labels).slice(0, LABELS)) said.push(`${name} ${String(value)}`);
  if (task.folded > 0) said.push(`${task.folded} more that completed`);
  return { text: joined(said.join(" · ")), kind: "labels" };
}

/** @param {import("../wire.js").TaskProgress} progress */
function progressOf({ done, total, unit }) {
  const whole = total === null ? `${done}` : `${done} of ${total}`;
  return unit ? `${whole} ${unit}` : whole;
}
