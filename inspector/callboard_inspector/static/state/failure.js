/**
 * A failure as lines: the group's tree first, then each exception on its own.
 *
 * Owns the order in which a person wants to see it: what failed, where in the
 * application, and what it was raised from.
 */

import { ownFrame } from "./stack.js";

/** @typedef {import("../wire.js").Failure} Failure */
/** @typedef {import("../wire.js").Frame} Frame */

/**
 * One exception of the group's tree. `path` is stable: "0", "0.2", and "0.2c" for a
 * cause. `link` says how a cause came to be.
 * @typedef {{
 *   path: string, depth: number, failure: Failure, members: number,
 *   link: "" | "from" | "during", where: Frame | null,
 * }} Member
 */

/**
 * Every exception, groups before their members, an exception before its cause.
 * @param {Failure} failure
 * @returns {Member[]}
 */
export function membersOf(failure) {
  /** @type {Member[]} */
  const found = [];
  visit(failure, "0", 0, "", found);
  return found;
}

/**
 * @param {Failure} failure
 * @param {string} path
 * @param {number} depth
 * @param {Member["link"]} link
 * @param {Member[]} found
 */
function visit(failure, path, depth, link, found) {
  const members = failure.members ?? [];
  found.push({
    path, depth, failure, members: members.length, link,
    where: ownFrame(failure.frames ?? []),
  });
  members.forEach((member, at) => visit(member, `${path}.${at}`, depth + 1, "", found));
  if (failure.cause) {
    visit(failure.cause, `${path}c`, depth + 1, failure.direct ? "from" : "during", found);
  }
}

/**
 * The exception to read first: down the groups to the first that is none.
 * @param {Failure} failure
 * @returns {Member}
 */
export function firstOf(failure) {
  const all = membersOf(failure);
  const plain = all.find((member) => member.members === 0 && member.link === "");
  return plain ?? /** @type {Member} */ (all[0]);
}

/**
 * Its type without the module, which is shown beside it.
 * @param {string} type
 */
export function shortType(type) {
  return type.slice(type.lastIndexOf(".") + 1);
}

/**
 * The failure as Python would print it, to be pasted into an issue.
 * @param {Failure} failure
 * @param {string} [indent]
 * @returns {string}
 */
export function asText(failure, indent = "") {
  /** @type {string[]} */
  const lines = [];
  if (failure.cause) {
    lines.push(asText(failure.cause, indent), "");
    lines.push(`${indent}${failure.direct
      ? "The above exception was the direct cause of the following exception:"
      : "During handling of the above exception, another exception occurred:"}`, "");
  }
  const frames = failure.frames ?? [];
  if (frames.length > 0) lines.push(`${indent}Traceback (most recent call last):`);
  for (const frame of frames) {
    lines.push(`${indent}  File "${frame.file}", line ${frame.line}, in ${frame.function}`);
    if (frame.source) lines.push(`${indent}    ${frame.source}`);
  }
  lines.push(`${indent}${failure.message ? `${failure.type}: ${failure.message}` : failure.type}`);
  for (const note of failure.notes ?? []) lines.push(`${indent}${note}`);
  const members = failure.members ?? [];
  members.forEach((member, at) => {
    lines.push(`${indent}  +-- ${at + 1} of ${members.length + (failure.left_out ?? 0)}`);
    lines.push(asText(member, `${indent}  | `));
  });
  return lines.join("\n");
}

/**
 * A failure on one line, as a row has it: of a group, the first exception that is none itself.
 * @param {Failure} failure
 */
export function summaryOf(failure) {
  let others = 0;
  let first = failure;
  while (first.members && first.members.length > 0) {
    others += first.members.length - 1;
    first = /** @type {Failure} */ (first.members[0]);
  }
  const said = [shortType(first.type), first.message.replace(/\s+/g, " ").trim()].filter(Boolean).join(": ");
  return `${said}${others > 0 ? ` (and ${others} more)` : ""}`;
}
