/**
 * Questions that views ask, and the answers that are kept.
 *
 * Owns when a question goes to the server: at once when it is new, again when what it is
 * about has changed or the view wants it, never twice at once, and no more than the server
 * takes. A question that no view asks any more is forgotten after a while. One that is asked
 * outside of drawing has one answer, be it that the connection was lost.
 */

import { keyOf } from "./state/store.js";

/** @typedef {import("./wire.js").Question} Question */
/** @typedef {import("./wire.js").Detail} Detail */
/** @typedef {import("./state/store.js").State} State */
/** @typedef {import("./state/store.js").Held} Held */

const AT_ONCE = 8;
const SOONEST = 400;
const KEPT = 30_000;
const LOST = "the connection was lost";
const AWAY = "there is no connection to the server";

/**
 * @typedef {{
 *   question: Question, every: number | null, token: string,
 *   shown: number, sent: number, request: number | null, answered: string | null,
 * }} Asked
 */

export class Questions {
  /**
   * @param {(frame: import("./wire.js").Inspect) => boolean} send
   * @param {(answers: ReadonlyMap<string, Held>) => void} changed
   */
  constructor(send, changed) {
    this.send = send;
    this.changed = changed;
    /** @type {Map<string, Asked>} */
    this.asked = new Map();
    /** @type {Map<string, Held>} */
    this.answers = new Map();
    /** @type {Map<number, string>} */
    this.open = new Map();
    /** Outside of drawing, by request. @type {Map<number, (detail: Detail) => void>} */
    this.single = new Map();
    this.next = 1;
  }

  /**
   * Called while drawing, for what is shown.
   * @param {State} state
   * @param {Question} question
   * @param {{ every?: number }} options
   */
  ask(state, question, options) {
    const key = keyOf(question);
    let asked = this.asked.get(key);
    if (asked === undefined) {
      asked = { question, every: null, token: "", shown: 0, sent: 0, request: null, answered: null };
      this.asked.set(key, asked);
    }
    asked.every = options.every ?? null;
    asked.token = tokenOf(state, question);
    asked.shown = Date.now();
  }

  /** Sends what is due; called after drawing and by a clock. */
  pump() {
    const now = Date.now();
    for (const [key, asked] of this.asked) {
      if (now - asked.shown > KEPT) {
        this.asked.delete(key);
        this.answers.delete(key);
        continue;
      }
      if (asked.request !== null || now - asked.shown > 2 * SOONEST + (asked.every ?? 0)) continue;
      const known = this.answers.get(key);
      const due = asked.answered === null
        || (now - asked.sent > SOONEST && asked.answered !== asked.token)
        || (asked.every !== null && now - asked.sent >= asked.every);
      if (!due || this.open.size >= AT_ONCE) continue;
      const revision = known?.answer ? known.revision : null;
      const request = this.next++;
      if (!this.send({ type: "inspect", request, question: asked.question, revision })) return;
      this.open.set(request, key);
      asked.request = request;
      asked.sent = now;
      asked.answered = asked.token;
    }
  }

  /** Outside of drawing. @param {Question} question @returns {Promise<Detail>} */
  once(question) {
    return new Promise((answered) => {
      const request = this.next++;
      if (this.send({ type: "inspect", request, question, revision: null })) this.single.set(request, answered);
      else answered(unanswered(request, AWAY));
    });
  }

  /** @param {Detail} detail */
  answer(detail) {
    const answered = this.single.get(detail.request);
    if (answered !== undefined) {
      this.single.delete(detail.request);
      answered(detail);
      return;
    }
    const key = this.open.get(detail.request);
    this.open.delete(detail.request);
    const asked = key === undefined ? undefined : this.asked.get(key);
    if (key === undefined || asked === undefined) return;
    asked.request = null;
    const known = this.answers.get(key);
    const at = Date.now();
    if (detail.unchanged && known) this.answers.set(key, { ...known, at });
    else this.answers.set(key, { revision: detail.revision, answer: detail.answer, error: detail.error, pending: false, at });
    this.changed(new Map(this.answers));
  }

  /** The connection is gone: what views ask and was under way is asked again. */
  reset() {
    this.open.clear();
    for (const asked of this.asked.values()) {
      asked.request = null;
      asked.answered = null;
    }
    for (const [request, answered] of this.single) answered(unanswered(request, LOST));
    this.single.clear();
  }
}

/** @param {number} request @param {string} error @returns {Detail} */
function unanswered(request, error) {
  return { type: "detail", request, revision: 0, unchanged: false, answer: null, error };
}

/**
 * What an answer depends on, as far as the page sees it change.
 * @param {State} state
 * @param {Question} question
 */
function tokenOf(state, question) {
  const { deliveries, trees } = state.picture;
  if (question.of === "counts") return `${deliveries.counts.get("parked")} ${deliveries.counts.get("failed")}`;
  if (question.of === "providers") return String(state.results.findLast(({ done }) => done)?.command ?? "");
  if ("delivery" in question) return String(deliveries.known.get(question.delivery)?.revision ?? "");
  const id = "task" in question && typeof question.task === "string" ? question.task : null;
  if (id !== null) {
    const [run, n] = [id.slice(0, id.lastIndexOf(".")), Number(id.slice(id.lastIndexOf(".") + 1))];
    for (const tree of trees.values()) if (tree.run === run) return String(tree.tasks.get(n)?.revision ?? "");
  }
  if ("run" in question) {
    for (const tree of trees.values()) if (tree.run === question.run) return String(effectsOf(tree));
  }
  return "";
}

/** @param {import("./state/forest.js").Tree} tree */
function effectsOf(tree) {
  let sum = 0;
  for (const task of tree.tasks.values()) sum += task.effects;
  return `${sum} ${tree.root?.state ?? ""}`;
}
