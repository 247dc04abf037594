/**
 * The picture that the server keeps current.
 *
 * Owns what is asked for, holding the picture still, keeping it while a file is looked at,
 * and staying at the newest delivery.
 */

import { Freezer } from "./state/freezer.js";
import { firstRow, isFollowing } from "./state/follow.js";
import { writeRoute } from "./state/route.js";
import { reduce } from "./state/store.js";

/** @typedef {import("./state/store.js").State} State */
/** @typedef {import("./wire.js").ServerFrame} ServerFrame */

export class Live {
  /**
   * @param {import("./page.js").Page} page
   * @param {import("./connection.js").Connection} connection
   * @param {() => boolean} isBusy whether somebody does what another delivery would take away
   */
  constructor(page, connection, isBusy) {
    this.page = page;
    this.connection = connection;
    this.isBusy = isBusy;
    /** While the picture is held still. @type {Freezer | null} */
    this.freezer = null;
    /** What was looked at before a file was. @type {Pick<State, "picture" | "place"> | null} */
    this.aside = null;
  }

  get picture() {
    return this.aside?.picture ?? this.page.state.picture;
  }

  /** @param {ServerFrame} frame */
  receive(frame) {
    const { page } = this;
    if (frame.type === "hello") {
      this.picture.apply(frame);
      this.connection.send(this.picture.subscribe(this.scopes()));
      return;
    }
    if (frame.type === "beat") page.update({ beat: frame });
    if (this.freezer?.holds(frame)) {
      const { frozen } = page.state;
      if (frozen !== null) page.update({ frozen: { ...frozen, behind: this.freezer.behind } });
      return;
    }
    const following = this.freezer === null && this.aside === null && !this.isBusy() && isFollowing(page.state);
    this.picture.apply(frame);
    if (following) this.follow();
    page.changed();
  }

  scopes() {
    const { delivery, run, view } = this.page.state.place;
    return delivery === null || view === "file" ? [] : [{ delivery, run }];
  }

  /** Asks for another tree, if another one is looked at now. @param {State} before */
  look(before) {
    const { place, picture } = this.page.state;
    if (before.place.delivery === place.delivery && before.place.run === place.run) return;
    if (place.delivery !== null) this.freezer?.open(place.delivery);
    if (picture.sequence !== null) this.connection.send(picture.subscribe(this.scopes()));
  }

  /** The newest delivery was looked at: one that is newer still takes its place, also in the history. */
  follow() {
    const { page } = this;
    const before = page.state;
    const delivery = firstRow(before);
    if (delivery === null || delivery === before.place.delivery) return;
    page.state = reduce(before, { do: "go", place: { delivery } });
    history.replaceState(null, "", writeRoute(page.state));
    this.look(before);
  }

  freeze() {
    this.freezer = new Freezer();
    this.page.update({ frozen: { at: this.picture.time, behind: 0 } });
  }

  goOn() {
    const whole = this.freezer?.release(this.picture) ?? true;
    this.freezer = null;
    this.page.update({ frozen: null });
    if (!whole) {
      // Too much to catch up with: a new picture is quicker.
      this.picture.sequence = null;
      this.connection.socket?.close();
    }
  }

  /** Something else is looked at, which "back" leaves. */
  setAside() {
    if (this.freezer !== null) this.goOn();
    if (this.aside !== null) return;
    if (this.connection.wanted) history.pushState(null, "", location.href);
    const { picture, place } = this.page.state;
    this.aside = { picture, place };
  }

  /** Looked at again. @param {State["answers"]} answers */
  comeBack(answers) {
    if (this.aside === null) return;
    const { picture, place } = this.aside;
    this.aside = null;
    this.page.update({ picture, place, words: this.page.state.hello?.words ?? {}, folds: new Set(), range: null, answers });
    if (picture.sequence !== null) this.connection.send(picture.subscribe(this.scopes()));
  }
}
