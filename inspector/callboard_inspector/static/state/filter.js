/**
 * What a person types to see less.
 *
 * Owns the little language: words, `state:failed,parked`, `event:push`, `org:`, `repo:`,
 * `task:name`; a leading `-` turns one around. All of them must hold.
 */

/** @typedef {import("./rows.js").Delivery} Delivery */
/** @typedef {import("./rows.js").Task} Task */

/** @typedef {{ field: string | null, text: string, not: boolean }} Term */

/** Fields that speak of deliveries. */
const OF_DELIVERY = new Set(["state", "event", "action", "org", "repo", "source", "id"]);

/** Where a delivery can stand. */
export const STATES = Object.freeze(["queued", "running", "completed", "failed", "held", "parked", "folded", "ignored"]);

/**
 * The states of which one must hold; null when any may.
 * @param {readonly Term[]} terms
 */
export function statesOf(terms) {
  const wanted = terms.filter(({ field, text, not }) => field === "state" && text !== "" && !not).map(({ text }) => text.split(","));
  const [first] = wanted;
  return first === undefined ? null : first.filter((state) => STATES.includes(state) && wanted.every((each) => each.includes(state)));
}

/** Whether a delivery's state alone says if it passes: those the journal finds by itself. @param {readonly Term[]} terms */
export function onlyStates(terms) {
  const own = ofDeliveries(terms);
  return own.length > 0 && own.every(({ field, not }) => field === "state" && !not);
}

/** @param {readonly Term[]} terms */
function ofDeliveries(terms) {
  return terms.filter(({ field, text }) => field !== "task" && text !== "");
}

/** What was typed for a state and is none, after the last comma perhaps unfinished. @param {readonly Term[]} terms */
export function noStates(terms) {
  return terms.filter(({ field }) => field === "state").flatMap(({ text }) => text.split(",")).filter((state) => state !== "" && !STATES.includes(state));
}

/**
 * @param {string} text
 * @returns {Term[]}
 */
export function parse(text) {
  return (text.match(/\S+/g) ?? []).map((part) => {
    const not = part.length > 1 && part.startsWith("-");
    const body = (not ? part.slice(1) : part).toLowerCase();
    const at = body.indexOf(":");
    const field = at > 0 ? body.slice(0, at) : null;
    if (field !== null && (OF_DELIVERY.has(field) || field === "task")) {
      return { field, text: body.slice(at + 1), not };
    }
    return { field: null, text: body, not };
  });
}

/**
 * @param {readonly Term[]} terms
 * @returns {((delivery: Delivery) => boolean) | null} null when everything passes
 */
export function deliveryFilter(terms) {
  const own = ofDeliveries(terms);
  if (own.length === 0) return null;
  return (delivery) => own.every((term) => holds(delivery, term) !== term.not);
}

/**
 * @param {readonly Term[]} terms
 * @returns {((task: Task) => boolean) | null} null when everything passes
 */
export function taskFilter(terms) {
  const own = terms.filter((term) => term.field === "task" && term.text !== "");
  if (own.length === 0) return null;
  return (task) => own.every((term) => (isTaskLike(task, term.text)) !== term.not);
}

/** @param {Delivery} delivery @param {Term} term */
function holds(delivery, { field, text }) {
  switch (field) {
    case "state": return text.split(",").includes(delivery.state);
    case "event": return `${delivery.event}.${delivery.action ?? ""}`.startsWith(text);
    case "action": return delivery.action === text;
    case "org": return (delivery.organization ?? "").toLowerCase() === text;
    case "repo": return (delivery.repository ?? "").toLowerCase().includes(text);
    case "source": return delivery.source === text;
    case "id": return delivery.id.startsWith(text);
    default: return textOf(delivery).includes(text);
  }
}

/** @param {Delivery} delivery */
function textOf(delivery) {
  const { event, action, organization, repository, state, id, reason } = delivery;
  return `${event}.${action ?? ""} ${organization ?? ""} ${repository ?? ""} ${state} ${id} ${reason ?? ""}`.toLowerCase();
}

/** @param {Task} task @param {string} text */
function isTaskLike(task, text) {
  if (task.name.toLowerCase().includes(text) || task.state === text) return true;
  return Object.entries(task.labels).some(([name, value]) => `${name}=${String(value)}`.toLowerCase().includes(text));
}
