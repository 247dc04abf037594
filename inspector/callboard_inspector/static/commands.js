/**
 * What was ordered, and what became of it.
 *
 * Owns that every command is answered in words, also when the connection was lost before.
 */

import { commandFrame } from "./state/command.js";

/** @typedef {import("./wire.js").Result} Result */
/** @typedef {Extract<import("./state/store.js").Intent, { do: "command" }>} Order */

const KEPT = 5;

export class Commands {
  /**
   * @param {import("./page.js").Page} page
   * @param {(frame: import("./wire.js").ClientFrame) => boolean} send
   */
  constructor(page, send) {
    this.page = page;
    this.send = send;
    this.last = 0;
  }

  /** @param {Order} order */
  order(order) {
    const command = this.add(order.kind, order.target, "");
    if (!this.send(commandFrame(command, order))) this.refuse(command, "there is no connection to the server");
  }

  /** Something that no command was needed for went wrong. @param {string} message for people */
  say(message) {
    this.refuse(this.add("replay", "", message), message);
  }

  /**
   * @param {import("./wire.js").CommandKind} kind
   * @param {string} target
   * @param {string} message
   */
  add(kind, target, message) {
    const command = ++this.last;
    const result = { command, kind, target, done: false, ok: false, message, delivery: null };
    this.page.update({ results: [...this.page.state.results, result].slice(-KEPT) });
    return command;
  }

  /** @param {Pick<Result, "command" | "ok" | "message" | "delivery">} told */
  finish({ command, ok, message, delivery }) {
    const results = this.page.state.results.map((result) => (result.command === command ? { ...result, done: true, ok, message, delivery } : result));
    this.page.update({ results });
  }

  /** @param {number} command @param {string} message */
  refuse(command, message) {
    this.finish({ command, ok: false, message, delivery: null });
  }

  /** Whether what was under way was done, nobody can tell any more. */
  lost() {
    for (const { command, done } of this.page.state.results) if (!done) this.refuse(command, "the connection was lost");
  }
}
