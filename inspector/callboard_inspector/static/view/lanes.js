/**
 * The bars of the tasks in sight: one picture that lies over their rows.
 *
 * Owns where a bar begins and ends, and what each state looks like there. Elements for
 * every bar would be laid out anew with every change of the time that is shown.
 */

import { share } from "../state/scale.js";
import { h } from "./format.js";
import { ink } from "./ink.js";

/** @typedef {import("../state/rows.js").Task} Task */
/** @typedef {import("../state/scale.js").Range} Range */

const BAR = 10;
const LEAST = 2;
const HATCH = 4;

/** A state's colour; what has none of its own is drawn in `--bar`. @type {Readonly<Record<string, string>>} */
const INKS = {
  completed: "--bar-completed", running: "--running", completing: "--running",
  errored: "--errored", erroring: "--errored", halted: "--halted", halting: "--halted",
};

export function makeLanes() {
  const element = h("canvas", { class: "lanes", "aria-hidden": "true" });
  let width = 0;
  new ResizeObserver(([entry]) => { width = entry?.contentRect.width ?? 0; }).observe(element);

  /**
   * @param {readonly Task[]} tasks those in sight
   * @param {{ top: number, height: number, range: Range, now: number }} where the first row's top, the height of each
   */
  function draw(tasks, { top, height, range, now }) {
    const place = `translateY(${top}px)`;
    if (element.style.transform !== place) element.style.transform = place;
    const pen = clean(tasks.length * height);
    if (pen === null) return;
    tasks.forEach((task, index) => drawTask(pen, task, (index + 0.5) * height, range, now));
  }

  /** An empty picture of that height. @param {number} height */
  function clean(height) {
    const scale = devicePixelRatio;
    const across = Math.round(width * scale), down = Math.round(height * scale);
    const pen = element.getContext("2d");
    if (element.width !== across || element.height !== down) {
      element.width = across;
      element.height = down;
      element.style.height = `${height}px`;
    } else {
      pen?.resetTransform();
      pen?.clearRect(0, 0, across, down);
    }
    pen?.scale(scale, scale);
    return pen;
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Task} task
   * @param {number} middle of its row
   * @param {Range} range
   * @param {number} now
   */
  function drawTask(pen, task, middle, range, now) {
    const until = task.ended ?? Math.max(now, task.started ?? task.created);
    const start = task.started ?? until;
    if (start - task.created > 0.5) {
      const wait = within(range, task.created, start);
      pen.fillStyle = ink("--pending");
      if (wait !== null) pen.fillRect(wait.left, middle - 0.5, wait.across, 1);
    }
    const bar = task.started === null ? null : within(range, start, until);
    if (bar === null) return;
    pen.fillStyle = ink(INKS[task.state] ?? "--bar");
    if (task.state === "halted" || task.state === "halting") hatch(pen, bar, middle);
    else {
      pen.beginPath();
      pen.roundRect(bar.left, middle - BAR / 2, bar.across, BAR, 2);
      pen.fill();
    }
  }

  /**
   * Where a stretch of time lies, pixels; null if nothing of it is in the range.
   * @param {Range} range
   * @param {number} from
   * @param {number} to
   */
  function within(range, from, to) {
    const left = share(range, from), right = share(range, to);
    if (right < 0 || left > 1) return null;
    const begin = Math.max(0, left) * width;
    return { left: begin, across: Math.max(LEAST, Math.min(1, right) * width - begin) };
  }

  return { element, draw };
}

/**
 * Halted is told by more than its colour.
 * @param {CanvasRenderingContext2D} pen
 * @param {{ left: number, across: number }} bar
 * @param {number} middle
 */
function hatch(pen, { left, across }, middle) {
  const top = middle - BAR / 2, right = left + across;
  pen.save();
  pen.strokeStyle = pen.fillStyle;
  pen.beginPath();
  pen.rect(left, top, across, BAR);
  pen.clip();
  pen.lineWidth = 2;
  pen.stroke();
  pen.beginPath();
  for (let x = left; x < right + BAR; x += HATCH) {
    pen.moveTo(x, top);
    pen.lineTo(x - BAR, top + BAR);
  }
  pen.lineWidth = 1.4;
  pen.stroke();
  pen.restore();
}
