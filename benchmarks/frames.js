/**
 * What the frames benchmark does inside of a page.
 *
 * Every function takes one argument and may return a promise: the benchmark calls them by
 * name. A frame's time is what lies between two calls of `requestAnimationFrame`.
 */

/** Reads the list of deliveries to its end. @param {number} many */
async function readList(many) {
  const box = document.querySelector(".deliveries .rows");
  const older = document.querySelector(".deliveries .older");
  const total = document.querySelector(".deliveries .pane-head");
  const shown = () => Number(total.textContent.replace(/\D/g, ""));
  const until = performance.now() + 60_000;
  while (shown() < many && performance.now() < until) {
    if (box.scrollHeight > box.clientHeight) box.scrollTop = box.scrollHeight;
    else older.click();
    await new Promise(requestAnimationFrame);
  }
  box.scrollTop = 0;
  return shown();
}

/**
 * Scrolls a box up and down, by so many pixels each frame.
 * @param {{ box: string, pixels: number, seconds: number }} how
 * @returns {Promise<number[]>} milliseconds of each frame
 */
async function scroll({ box, pixels, seconds }) {
  const element = document.querySelector(box);
  const frames = [];
  let step = pixels;
  let before = await new Promise(requestAnimationFrame);
  const until = before + seconds * 1000;
  while (before < until) {
    const { scrollTop } = element;
    if (scrollTop <= 0) step = pixels;
    if (scrollTop + element.clientHeight >= element.scrollHeight) step = -pixels;
    element.scrollTop = scrollTop + step;
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - before);
    before = now;
  }
  return frames;
}

/**
 * How old what a task last said of itself is, when it can be seen.
 *
 * The task `clock` says the time again and again. What is in the document when a frame
 * begins is on the screen when the next one does.
 * @param {number} seconds
 * @returns {Promise<number[]>} milliseconds, of everything that it said
 */
async function ages(seconds) {
  const row = [...document.querySelectorAll(".task")].find((task) => task.querySelector(".name").textContent === "clock");
  const said = () => Number(row.querySelector(".more").textContent.replace(/\D/g, ""));
  const found = [];
  let before = said();
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    await new Promise(requestAnimationFrame);
    const now = said();
    if (now === before) continue;
    before = now;
    await new Promise(requestAnimationFrame);
    found.push(performance.timeOrigin + performance.now() - now);
  }
  return found;
}

/** Rows of plain text, all of them in the document. @param {number} many */
function bare(many) {
  const box = document.createElement("div");
  box.id = "bare";
  box.style.cssText = "position:fixed;inset:40px 25% 0 20%;overflow:auto;font:13px sans-serif";
  for (let n = 0; n < many; n += 1) {
    const row = document.createElement("div");
    row.style.cssText = "height:26px;line-height:26px;contain:strict";
    row.textContent = `row ${n}`;
    box.append(row);
  }
  document.body.replaceChildren(box);
}
