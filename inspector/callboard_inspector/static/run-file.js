/**
 * A run's file in the place of the server.
 *
 * Owns opening and leaving it, its answers, and writing one.
 */

import { chosenTree, keyOf, newState } from "./state/store.js";

/** @typedef {import("./wire.js").Question} Question */

export class RunFile {
  /**
   * @param {import("./page.js").Page} page
   * @param {import("./live.js").Live} live
   * @param {import("./questions.js").Questions} questions
   * @param {(message: string) => void} say what went wrong, to people
   */
  constructor(page, live, questions, say) {
    this.page = page;
    this.live = live;
    this.questions = questions;
    this.say = say;
    /** The one that is looked at. @type {import("./files.js").Opened | null} */
    this.opened = null;
  }

  /** @param {File} file */
  async open(file) {
    let opened;
    try {
      const { Opened } = await import("./files.js");
      opened = await Opened.read(file);
    } catch (error) {
      this.say(`${file.name}: ${/** @type {Error} */ (error).message}`);
      return;
    }
    this.opened = opened;
    const { delivery, picture } = opened;
    const place = { ...newState().place, view: /** @type {const} */ ("file"), delivery };
    this.live.setAside();
    this.page.update({ picture, place, words: opened.bundle.words ?? {}, folds: new Set(), range: null, answers: new Map() });
  }

  leave() {
    this.opened = null;
    this.live.comeBack(new Map(this.questions.answers));
  }

  /** @param {Question} question */
  ask(question) {
    const { opened, page } = this;
    const key = keyOf(question);
    if (opened === null || page.state.answers.has(key)) return;
    const answers = new Map(page.state.answers).set(key, opened.answer(question));
    page.update({ answers });
  }

  /** Writes the run that is looked at. */
  async keep() {
    const { state } = this.page;
    const { delivery } = state.place;
    const run = chosenTree(state)?.run;
    if (delivery === null || !run) return;
    try {
      const { exportRun } = await import("./files.js");
      await exportRun(delivery, run, state.words, (question) => this.questions.once(question));
    } catch (error) {
      this.say(/** @type {Error} */ (error).message);
    }
  }
}
