/**
 * Lines of a stack, with what is a library's folded away.
 *
 * Owns which frames are looked at first: those of the application.
 */

/** @typedef {import("../wire.js").Frame} Frame */

/**
 * Frames that stand together: one of the application, or several of libraries.
 * @typedef {{ library: boolean, frames: Frame[], packages: string[] }} Section
 */

/**
 * The stack in sections: each frame of the application alone, those of libraries together.
 * @param {readonly Frame[]} frames
 * @returns {Section[]}
 */
export function sectionsOf(frames) {
  /** @type {Section[]} */
  const sections = [];
  for (const frame of frames) {
    const last = sections.at(-1);
    if (frame.library && last?.library) {
      last.frames.push(frame);
      const name = packageOf(frame.file);
      if (!last.packages.includes(name)) last.packages.push(name);
    } else {
      const library = frame.library === true;
      sections.push({ library, frames: [frame], packages: library ? [packageOf(frame.file)] : [] });
    }
  }
  return sections;
}

/**
 * The frame to look at first: the application's last; none if there is none.
 * @param {readonly Frame[]} frames
 * @returns {Frame | null}
 */
export function ownFrame(frames) {
  return frames.findLast((frame) => frame.library !== true) ?? null;
}

/**
 * What a library's file belongs to, in a word: `trio`, `httpx`, `asyncio`.
 * @param {string} file
 */
export function packageOf(file) {
  const parts = file.split(/[\\/]/);
  const site = Math.max(parts.lastIndexOf("site-packages"), parts.lastIndexOf("dist-packages"));
  const lib = parts.findLastIndex((part) => /^python\d/.test(part));
  const own = parts.lastIndexOf("callboard");
  if (site < 0 && own >= 0) return "callboard";
  const name = parts[(site >= 0 ? site : lib) + 1] ?? file;
  return name.replace(/\.py$/, "").replace(/^<frozen (.*)>$/, "$1");
}

/**
 * The end of a path that tells one file from another: at most three parts.
 * @param {string} file
 */
export function shortFile(file) {
  const parts = file.split(/[\\/]/).filter((part) => part !== "");
  const site = Math.max(parts.lastIndexOf("site-packages"), parts.lastIndexOf("dist-packages"));
  const kept = site >= 0 ? parts.slice(site + 1) : parts.slice(-3);
  return kept.join("/");
}
