/**
 * The page of one subject: why it is so, or why it is not there.
 *
 * Owns the verdict in a sentence or two, and the list of everything that was done to it.
 */

import { clockTime, h, stateMark } from "./format.js";
import { plain } from "../state/plain.js";
import { decides, signOf } from "../state/standing.js";
import { answerTo } from "../state/store.js";
import { changeOf } from "./detail/entities.js";
import { morphChildren } from "./detail/morph.js";
import { Folds, link, notice, section } from "./detail/parts.js";
import { makeFinder } from "./finder.js";

/** @typedef {import("../state/store.js").State} State */
/** @typedef {import("../wire.js").EffectAnswer} EffectAnswer */
/** @typedef {import("../wire.js").Look} Look */
/** @typedef {import("../wire.js").SubjectAnswer} SubjectAnswer */

const EVERY = 5000;
const SIMILAR = 20;

/**
 * @param {import("../state/store.js").Emit} emit
 * @param {import("../state/store.js").Ask} ask
 */
export function makeSubject(emit, ask) {
  /** @type {State | null} */
  let last = null;
  const redraw = () => { if (last) draw(last); };
  const folds = new Folds(redraw);
  let shown = "";

  /** @param {string} subject */
  const go = (subject) => emit({ do: "go", place: { view: "entity", subject } });
  const finder = makeFinder(ask, go, redraw);
  const title = h("h2", null, "Why is it so?");
  const body = h("div", { class: "body" });
  const element = h("section", { class: "page subject-page", "aria-label": "Entity", tabindex: "0" }, title, finder.form, body, finder.list);

  /** @param {State} state */
  function draw(state) {
    last = state;
    const subject = state.place.subject;
    if (!subject) {
      title.textContent = "Why is it so?";
    } else if (subject !== shown) {
      folds.clear();
      title.textContent = plain(subject);
    }
    shown = subject ?? "";
    body.hidden = finder.draw(state);
    if (!subject || body.hidden) return;
    const question = { of: /** @type {const} */ ("subject"), subject };
    ask(question, { every: EVERY });
    const known = answerTo(state, question);
    const answer = known?.answer?.of === "subject" ? known.answer : null;
    if (answer === null) {
      morphChildren(body, [notice(known?.error ?? "Loading…")]);
      return;
    }
    title.textContent = plain(answer.subject); // in the case in which it was changed
    morphChildren(body, [verdict(answer), ...history(answer), looks(answer), similar(state, answer)]);
  }

  /** Whether it is there follows from what gives or takes it; any other word is told beside. @param {SubjectAnswer} answer */
  function verdict({ effects, standing, subject }) {
    const newest = effects[0];
    if (!newest) {
      return h("p", { class: "verdict absent", "data-key": "verdict" }, h("strong", null, "Not there: "),
        "no run that is on record changed ", h("code", null, plain(subject)), ".");
    }
    const there = standing !== null && standing.operation !== "removed";
    return h("p", { class: there ? "verdict" : "verdict absent", "data-key": "verdict" },
      h("strong", null, there ? "There: " : "− Not there: "),
      ...(standing === null ? ["no run that is on record added it."] : [`${standing.operation}${there ? " last" : ""} by `, ...by(standing), "."]),
      ...(decides(newest) ? [] : [
        " The last word on it is ", h("strong", null, plain(newest.operation)), ", by ", ...by(newest),
        there ? ": what is there stays as it was." : ": it is not there all the same."]));
  }

  /** @param {EffectAnswer} effect */
  function by(effect) {
    return [plain(effect.provider), ", in ", runLink(effect), ` at ${clockTime(effect.at * 1000)}`];
  }

  /** @param {SubjectAnswer} answer */
  function history({ effects, more }) {
    if (effects.length === 0) return [];
    return [section("What was done to it, newest first",
      ...effects.map((effect, at) => {
        const key = `${effect.run} ${effect.task} ${effect.at} ${at}`;
        const open = at < 3 ? !folds.has(key) : folds.has(key);
        return h("section", { class: `effect ${effect.operation}`, "data-key": key },
          h("div", { class: "head" },
            h("button", { type: "button", class: "fold", "aria-expanded": String(open), onclick: () => folds.toggle(key) },
              h("span", { class: "sign" }, signOf(effect.operation)), ` ${plain(effect.operation)}`),
            h("span", { class: "provider" }, plain(effect.provider)),
            h("time", null, clockTime(effect.at * 1000)),
            runLink(effect)),
          open ? changeOf(effect, key, folds) : null);
      }),
      more ? notice("What is older is not shown.") : null)];
  }

  /** @param {SubjectAnswer} answer */
  function looks({ looks: found, effects }) {
    if (found.length === 0) return notice("No run of any provider is on record.", "looks");
    const heading = effects.length > 0 ? "Who looked at it last" : "Who could have made it: the newest run of each provider";
    return section(heading, h("table", null, h("tbody", null, ...found.map((look) => lookRow(look)))));
  }

  /** @param {Look} look */
  function lookRow({ provider, run, delivery, at, state, operation }) {
    return h("tr", { "data-key": provider },
      h("th", { scope: "row" }, plain(provider)),
      h("td", null, stateMark(state)),
      h("td", null, link(clockTime(at * 1000), () => emit({ do: "go", place: { view: "runs", delivery, run, task: null } }))),
      h("td", null, operation === null ? "did not touch it" : `${plain(operation)} it in this run`));
  }

  /** Where nothing was done to it: those that have its last part in their names. @param {State} state @param {SubjectAnswer} answer */
  function similar(state, { subject, effects }) {
    const like = subject.split(/[:/]/).at(-1)?.trim() ?? "";
    if (effects.length > 0 || like === "") return null;
    const question = { of: /** @type {const} */ ("subjects"), like };
    ask(question);
    const known = answerTo(state, question);
    if (known?.answer?.of !== "subjects" || known.answer.subjects.length === 0) return null;
    return section("Did you mean", h("ul", { class: "similar" },
      ...known.answer.subjects.slice(0, SIMILAR).map(({ subject: name }) => h("li", { "data-key": name }, link(name, () => go(name))))));
  }

  /** @param {EffectAnswer} effect */
  function runLink({ delivery, run, task }) {
    return link(`run ${run}`, () => emit({ do: "go", place: { view: "runs", delivery, run, task: `${run}.${task}`, tab: "entities" } }),
      { title: "The task that did it" });
  }

  return { element, draw };
}
