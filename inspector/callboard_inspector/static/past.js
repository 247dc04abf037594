/**
 * Older deliveries, read from the journal a page at a time.
 *
 * Owns that one page is under way at most, and waiting longer after each that did not come:
 * a list with room for more asks with every drawing.
 */

import { readDelivery } from "./state/rows.js";

/** @typedef {import("./wire.js").Question} Question */
/** @typedef {import("./wire.js").Detail} Detail */
/** @typedef {import("./state/deliveries.js").Deliveries} Deliveries */

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 60_000;

export class Past {
  /**
   * @param {(question: Question) => Promise<Detail>} ask
   * @param {(past: { asking: boolean, error: string | null }) => void} changed
   */
  constructor(ask, changed) {
    this.ask = ask;
    this.changed = changed;
    this.asking = false;
    this.connections = 0;
    this.failures = 0;
    /** Not before, in the browser's clock. */
    this.until = 0;
  }

  /**
   * @param {Deliveries} deliveries
   * @param {ReadonlyArray<string> | null} states null for any
   * @param {boolean} urgent a person asked, who does not wait
   */
  async read(deliveries, states, urgent) {
    const question = deliveries.nextOlder(states);
    if (question === null || this.asking || (!urgent && Date.now() < this.until)) return;
    const { generation } = deliveries;
    const { connections } = this;
    this.asking = true;
    if (urgent) this.changed({ asking: true, error: null });
    const { answer, error } = await this.ask(question);
    this.asking = false;
    if (answer?.of === "deliveries") {
      this.startOver();
      deliveries.take(question, answer.rows.map((row) => readDelivery(row, answer)), answer.more, generation);
      this.changed({ asking: false, error: null });
    } else if (connections !== this.connections) {
      this.changed({ asking: false, error: null });
    } else {
      this.until = Date.now() + Math.min(FIRST_WAIT * 2 ** this.failures, LONGEST_WAIT);
      this.failures += 1;
      this.changed({ asking: false, error: error ?? "there was no answer" });
    }
  }

  /** Another connection: what the one before did not answer is asked again, and is no failure of this one. */
  forgive() {
    this.connections += 1;
    this.startOver();
    this.changed({ asking: this.asking, error: null });
  }

  startOver() {
    this.failures = 0;
    this.until = 0;
  }
}
