/**
 * The socket: what comes is handed on, what is lost is found again.
 *
 * Owns connecting, waiting longer after each failure, and noticing silence: a server that
 * misses two beats is shown as stale, one that misses many is left and looked for anew.
 */

/** @typedef {import("./wire.js").ServerFrame} ServerFrame */
/** @typedef {import("./wire.js").ClientFrame} ClientFrame */
/** @typedef {import("./state/store.js").Connection} Phase */

const PROTOCOL = "callboard.v1";
const FIRST_WAIT = 250;
const LONGEST_WAIT = 8000;
const SILENT_BEATS = 2.5;
const LOST_BEATS = 10;

export class Connection {
  /**
   * @param {{
   *   opened: (frame: import("./wire.js").Hello) => void,
   *   frame: (frame: ServerFrame) => void,
   *   phase: (phase: Phase) => void,
   * }} listener `opened` comes before `frame` does with the same hello
   */
  constructor(listener) {
    this.listener = listener;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {Phase} */
    this.phase = { phase: "connecting", since: Date.now(), attempts: 0, reason: null };
    this.beat = 1000;
    this.heard = 0;
    /** Whether there is a server: a file that has its run in it has none. */
    this.wanted = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    setInterval(() => this.listen(), 500);
    // Coming back from a suspended tab or another network: do not wait for the timer.
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.hurry(); });
  }

  open() {
    this.wanted = true;
    clearTimeout(this.timer);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws`, [PROTOCOL]);
    this.socket = socket;
    this.heard = Date.now();
    socket.onmessage = (event) => {
      if (this.socket === socket) this.receive(event.data);
    };
    socket.onclose = (event) => {
      if (this.socket === socket) this.lost(event.reason || null);
    };
  }

  /** @param {string} text */
  receive(text) {
    this.heard = Date.now();
    /** @type {ServerFrame} */
    const frame = JSON.parse(text);
    if (frame.type === "hello") {
      this.beat = frame.limits.beat * 1000;
      this.listener.opened(frame);
    }
    if (frame.type === "bye") this.phase = { ...this.phase, reason: frame.reason };
    this.listener.frame(frame);
    if (this.phase.phase !== "live" && frame.type !== "bye") this.enter("live", 0, null);
  }

  /** @param {ClientFrame} frame */
  send(frame) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  /** @param {string | null} reason */
  lost(reason) {
    this.socket = null;
    const attempts = this.phase.attempts + 1;
    if (attempts > 1) void this.inquire();
    this.enter("lost", attempts, reason ?? this.phase.reason);
    const wait = Math.min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT);
    // Half of it by chance: many pages do not come back to a server in one moment.
    this.timer = setTimeout(() => this.open(), wait * (0.5 + Math.random() / 2));
  }

  /** A browser does not say why a socket was refused: a request is told. */
  async inquire() {
    const answer = await fetch("./", { headers: { accept: "text/plain" }, cache: "no-store" }).catch(() => null);
    if (answer?.status === 401 && this.phase.phase === "lost") this.enter("lost", this.phase.attempts, await answer.text());
  }

  hurry() {
    if (this.wanted && this.socket === null) this.open();
  }

  listen() {
    if (this.socket === null) return;
    const silence = Date.now() - this.heard;
    if (silence > LOST_BEATS * this.beat) {
      const socket = this.socket;
      this.lost("nothing was heard of the server");
      socket.close();
    } else if (silence > SILENT_BEATS * this.beat && this.phase.phase === "live") {
      this.enter("stale", 0, null);
    }
  }

  /** @param {Phase["phase"]} phase @param {number} attempts @param {string | null} reason */
  enter(phase, attempts, reason) {
    const since = phase === this.phase.phase || (phase === "lost" && this.phase.phase === "stale") ? this.phase.since : Date.now();
    this.phase = { phase, since, attempts, reason };
    this.listener.phase(this.phase);
  }
}
