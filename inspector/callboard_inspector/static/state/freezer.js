/**
 * What comes while the picture is held still.
 *
 * Owns which frames wait until it goes on, and how far behind it is. A tree that somebody
 * opens meanwhile is shown: there is no picture of it yet to hold still.
 */

/** @typedef {import("../wire.js").ServerFrame} ServerFrame */

const MOST = 20_000;

export class Freezer {
  constructor() {
    /** @type {ServerFrame[]} */
    this.frames = [];
    /** Changes that are not shown. */
    this.behind = 0;
    /** Trees that were opened since. @type {Set<string>} */
    this.opened = new Set();
  }

  /** @param {string} delivery whose tree is asked for now */
  open(delivery) {
    this.opened.add(delivery);
    this.frames = this.frames.filter((held) => !("scope" in held) || held.scope !== delivery);
  }

  /**
   * Whether `frame` waits; what does not is shown.
   * @param {ServerFrame} frame
   */
  holds(frame) {
    if (frame.type === "snapshot" && this.opened.has(frame.scope)) {
      if (frame.part === "end") this.opened.delete(frame.scope);
      return false;
    }
    if (frame.type === "delta") this.behind += (frame.deliveries?.length ?? 0) + (frame.tasks?.length ?? 0);
    if (this.frames.length <= MOST) this.frames.push(frame);
    return true;
  }

  /**
   * Shows what has waited.
   * @param {import("./picture.js").Picture} picture
   * @returns {boolean} false if it was too much to keep, and the picture is as it was
   */
  release(picture) {
    if (this.frames.length > MOST) return false;
    for (const frame of this.frames) picture.apply(frame);
    return true;
  }
}
