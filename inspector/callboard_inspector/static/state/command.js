/**
 * A command as it goes over the wire, and how large that is.
 *
 * Owns the frame's shape: a server closes the connection on one that is too large.
 */

/** @typedef {import("../wire.js").Command} Command */

/**
 * @param {number} command
 * @param {{ kind: import("../wire.js").CommandKind, target: string, payload?: string }} asked
 * @returns {Command}
 */
export function commandFrame(command, { kind, target, payload }) {
  return { type: "command", command, kind, target, if_revision: null, payload: payload ?? null };
}

/** @param {Command} frame */
export function bytesOf(frame) {
  return new TextEncoder().encode(JSON.stringify(frame)).length;
}
