/**
 * The page's state as it is now, for all who read or change it.
 *
 * Owns that what has changed is drawn once, with the next frame of animation.
 */

/** @typedef {import("./state/store.js").State} State */

export class Page {
  /**
   * @param {State} state
   * @param {() => void} draw
   */
  constructor(state, draw) {
    this.state = state;
    this.draw = draw;
    this.asked = 0;
  }

  /** @param {Partial<State>} some */
  update(some) {
    this.state = { ...this.state, ...some };
    this.changed();
  }

  changed() {
    if (this.asked !== 0) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      this.draw();
    });
  }
}
