/**
 * A run kept in a file, and a file shown without a server.
 *
 * Owns asking for a run's parts one by one, handing the file to the browser, and reading
 * one that somebody chose or dropped.
 */

import { Collecting, answerFrom, fileName, framesOf, idOf, readBundle } from "./state/bundle.js";
import { Picture } from "./state/picture.js";

/** @typedef {import("./wire.js").Question} Question */
/** @typedef {import("./wire.js").Detail} Detail */
/** @typedef {import("./state/bundle.js").Bundle} Bundle */

/**
 * @param {string} delivery
 * @param {string} run
 * @param {Readonly<Record<string, string>>} words what things are called
 * @param {(question: Question) => Promise<Detail>} ask
 * @returns {Promise<void>}
 */
export async function exportRun(delivery, run, words, ask) {
  const collecting = new Collecting(delivery, run);
  while (collecting.next !== null) {
    const detail = await ask(collecting.next);
    collecting.take(detail.answer, detail.error);
  }
  const bundle = collecting.bundle(Date.now() / 1000, words);
  if (bundle === null) throw new Error(`the run cannot be kept: ${collecting.missing.join("; ") || "nothing is known of it"}`);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(bundle)], { type: "application/json" }));
  link.download = fileName(bundle);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A file that is looked at instead of a server. */
export class Opened {
  /** @param {Bundle} bundle */
  constructor(bundle) {
    this.bundle = bundle;
    this.delivery = idOf(bundle);
    this.picture = new Picture();
    this.picture.subscribe([{ delivery: this.delivery, run: null }]);
    for (const frame of framesOf(bundle)) this.picture.apply(frame);
    this.picture.deliveries.first = this.delivery; // there is no other
  }

  /**
   * @param {File} file
   * @throws {Error} It is no run's file; the message is for people.
   */
  static async read(file) {
    return new Opened(readBundle(await file.text()));
  }

  /**
   * @param {Question} question
   * @returns {import("./state/store.js").Held}
   */
  answer(question) {
    const answer = answerFrom(this.bundle, question);
    const error = answer === null ? "This is not in the file." : null;
    return { revision: 0, answer, error, pending: false, at: Date.now() };
  }
}

/** Opens the browser's dialog. @param {(file: File) => void} chosen */
export function chooseFile(chosen) {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = "application/json,.json";
  input.onchange = () => {
    const file = input.files?.[0];
    if (file !== undefined) chosen(file);
  };
  input.click();
}
