/**
 * Modules that the first picture does without.
 *
 * Owns when they are fetched: right after it, so that a page whose server dies has them.
 */

const AGAIN = 2000;

/**
 * @template T
 * @param {() => Promise<T>} fetch
 * @param {(module: T) => void} arrived
 */
export function later(fetch, arrived) {
  async function attempt() {
    let module;
    try {
      module = await fetch();
    } catch {
      setTimeout(attempt, AGAIN); // the server is away
      return;
    }
    arrived(module);
  }
  requestAnimationFrame(() => setTimeout(attempt));
}
