/**
 * The tab to read first: what became of a task, why, and by when.
 *
 * Owns the order of what is told: the reason, what it waits for, its times, its scope.
 */

import { attemptOf, clockTime, duration, h, size, stateMark } from "../format.js";
import { firstOf, shortType } from "../../state/failure.js";
import { plain, sentence } from "../../state/plain.js";
import { readDelivery, splitTaskId } from "../../state/rows.js";
import { ownFrame, shortFile } from "../../state/stack.js";
import { facts, link, linkOut, notice, section } from "./parts.js";

/** @typedef {import("./context.js").Context} Context */
/** @typedef {import("../../wire.js").TaskRecord} TaskRecord */

const WARNINGS = new Set(["WARNING", "ERROR", "CRITICAL"]);
const STACK_EVERY = 2000;
/** Seconds that a task may take to unwind before it is said to ignore that it was told to stop. */
const PATIENCE = 1;

/**
 * @param {import("../../state/store.js").Ask} ask
 * @param {import("../../state/store.js").Emit} emit
 * @param {import("../actions.js").ActionBar} actions
 */
export function makeOverview(ask, emit, actions) {
  /**
   * @param {Context} context
   * @returns {Array<HTMLElement | null>}
   */
  function draw(context) {
    const { record } = context;
    if (record === null) return [context.error ? notice(context.error) : notice("Loading…")];
    return [
      why(context, record),
      warnings(context, record),
      actions.draw(context),
      times(context, record),
      scope(context, record),
      record.kind === "run" ? ofDelivery(context) : null,
      context.note ? notice(context.note, "note") : null,
    ];
  }

  /**
   * What is known of a delivery without a run.
   * @param {Context} context
   * @returns {Array<HTMLElement | null>}
   */
  function drawDelivery(context) {
    const { delivery, error } = context;
    const unknown = delivery !== null && context.answer({ of: "delivery", delivery })?.error;
    if (unknown) return [notice(unknown)];
    return [error ? notice(error) : null, actions.draw(context), ofDelivery(context)];
  }

  /** @param {number} n @param {Context} context */
  const select = (n, context) => emit({ do: "select", task: context.idOf({ n }) });

  /**
   * Why it ended, or what keeps it from ending.
   * @param {Context} context
   * @param {TaskRecord} record
   */
  function why(context, record) {
    const { blame, failure, live } = context;
    /** @type {Array<HTMLElement | null>} */
    const said = [];
    if (failure) {
      const first = firstOf(failure);
      const at = first.where;
      said.push(
        h("p", { class: "failed" },
          h("strong", null, plain(shortType(first.failure.type))),
          first.failure.message ? `: ${plain(first.failure.message.slice(0, 600))}` : ""),
        at ? h("p", { class: "where" },
          link(`${shortFile(at.file)}:${at.line}`, () => emit({ do: "tab", tab: "error" })),
          ` in ${plain(at.function)}`,
          at.source ? h("pre", { class: "source" }, h("code", null, plain(at.source))) : null) : null,
      );
    }
    if (record.cause && !sameAs(record)) said.push(h("p", null, sentence(capital(record.cause))));
    if (blame?.by) {
      const words = { sibling: "What failed: ", deadline: "Whose deadline it was: ", child: "It began in " };
      const by = blame.by;
      said.push(h("p", { class: "blame" }, words[/** @type {keyof typeof words} */ (blame.kind)] ?? "See ",
        link(by.name, () => select(by.n, context)), by.error && !failure ? `: ${plain(by.error)}` : null));
    }
    if (record.waits) said.push(h("p", null, "It waits for ", h("strong", null, plain(record.waits)), "."));
    if (live) said.push(...stops(context, record), ...stands(context, record));
    const shown = said.filter((each) => each !== null);
    return shown.length > 0 ? h("section", { class: "part why", "data-key": "why" }, ...shown) : null;
  }

  /**
   * Of a live task that was told to stop: since when, and what keeps it.
   * @param {Context} context
   * @param {TaskRecord} record
   */
  function stops(context, record) {
    const told = record.told ?? null;
    if (told === null && !limitsOf(context)?.cancelled) return [];
    const ago = told === null ? 0 : Math.max(context.now / 1000 - told, 0);
    const since = told === null ? "" : ` ${duration(ago)} ago`;
    const open = [...context.tasks.values()].filter(({ parent, ended }) => parent === record.n && ended === null);
    if (open.length > 0) {
      return [h("p", { class: "stops" }, `It was told to stop${since}, and waits for `,
        ...open.slice(0, 3).flatMap((each, at) => [at > 0 ? ", " : "", link(each.name, () => select(each.n, context))]), ".")];
    }
    return [h("p", { class: "stops" }, told !== null && ago >= PATIENCE
      ? h("strong", { class: "failed" }, `It ignores cancellation since ${duration(ago)}: it was told to stop, and still runs.`)
      : `It was told to stop${since}, and has not ended yet.`)];
  }

  /**
   * What the cancel scopes of a live task say.
   * @param {Context} context
   */
  function limitsOf(context) {
    if (context.task === null || !context.live) return null;
    const question = { of: /** @type {const} */ ("stack"), task: context.task };
    ask(question, { every: STACK_EVERY });
    const known = context.answer(question);
    return known?.answer?.of === "stack" ? known.answer.scope : null;
  }

  /**
   * Where a live task stands, in one line.
   * @param {Context} context
   * @param {TaskRecord} record
   */
  function stands(context, record) {
    if (record.kind === "span" || record.kind === "thread" || context.task === null) return [];
    const question = { of: /** @type {const} */ ("stack"), task: context.task };
    ask(question, { every: STACK_EVERY });
    const known = context.answer(question);
    const frames = known?.answer?.of === "stack" ? known.answer.frames : [];
    const own = ownFrame(frames);
    if (own === null) return [];
    return [h("p", { class: "where" }, "It stands at ",
      link(`${shortFile(own.file)}:${own.line}`, () => emit({ do: "tab", tab: "stack" })),
      ` in ${plain(own.function)}`,
      own.source ? h("pre", { class: "source" }, h("code", null, plain(own.source))) : null)];
  }

  /**
   * The newest warnings that it logged itself, and for a run those of all its tasks: one
   * that held the loop or tries again has one.
   * @param {Context} context
   * @param {TaskRecord} record
   */
  function warnings(context, record) {
    const below = record.kind === "run";
    if (context.task === null || !(below ? hasLogs(context) : context.logs > 0)) return null;
    const question = { of: /** @type {const} */ ("log"), task: context.task, below };
    ask(question);
    const known = context.answer(question);
    const lines = known?.answer?.of === "log" ? known.answer.lines : [];
    const warned = lines.filter(({ line }) => WARNINGS.has(line.level)).slice(-3);
    if (warned.length === 0) return null;
    return section("Warnings",
      h("ul", { class: "warnings" }, ...warned.map(({ n, line }) => {
        const first = line.failure ? firstOf(line.failure).failure : null;
        const name = n === record.n ? null : context.tasks.get(n)?.name ?? `task ${n}`;
        return h("li", null,
          h("time", null, clockTime(line.at * 1000)), " ",
          name === null ? null : link(name, () => select(n, context)),
          `${name === null ? "" : ": "}${plain(line.message.slice(0, 400))}`,
          first ? h("span", { class: "message" }, ` ${plain(`${shortType(first.type)}: ${first.message.slice(0, 200)}`)}`) : null);
      })),
      link("All of its log", () => emit({ do: "tab", tab: "log" })));
  }

  /**
   * @param {Context} context
   * @param {TaskRecord} record
   */
  function times(context, record) {
    const { created } = record;
    const started = record.started ?? null;
    const ended = record.ended ?? null;
    const until = ended ?? context.now / 1000;
    const waited = (started ?? until) - created;
    const ran = started === null ? 0 : until - started;
    const { progress } = record;
    return section("Times", waitBar(waited, ran), facts([
      ["Created", clockTime(created * 1000)],
      ["Waited", `${duration(waited)}${started === null ? " so far" : " before it began"}`],
      ["Ran", started === null ? null : `${duration(ran)}${ended === null ? " so far" : ""}`],
      ["Ended", ended === null ? null : clockTime(ended * 1000)],
      ["Progress", progress ? [
        h("progress", progress.total === null ? {} : { value: String(progress.done), max: String(progress.total) }),
        ` ${progress.done.toLocaleString("en")}${progress.total === null ? "" : ` of ${progress.total.toLocaleString("en")}`} ${plain(progress.unit)}`,
      ] : null],
    ]));
  }

  /**
   * @param {Context} context
   * @param {TaskRecord} record
   */
  function scope(context, record) {
    const parent = record.parent === null ? null : context.tasks.get(record.parent) ?? null;
    const labels = Object.entries(record.labels ?? {});
    const timeout = record.timeout ?? null;
    const due = timeout !== null && record.started ? record.started + timeout : null;
    const left = due !== null && context.live ? due - context.now / 1000 : null;
    const limits = limitsOf(context);
    const known = facts([
      ["Parent", parent ? link(parent.name, () => select(parent.n, context)) : null],
      ["Timeout", timeout === null ? null : `${duration(timeout)} for each attempt`],
      ["Deadline", due === null || record.attempt !== 1 || record.waits ? null
        : `${clockTime(due * 1000)}${left === null ? "" : left >= 0 ? `, in ${duration(left)}` : ", passed"}`],
      ["Reached by", limits?.deadline && due === null ? `a deadline further out at ${clockTime(limits.deadline * 1000)}, in ${duration(Math.max(limits.deadline - context.now / 1000, 0))}` : null],
      ["Shielded", limits?.shielded ? "yes: it is not stopped from further out" : null],
      ["Told to stop", record.told ? `${clockTime(record.told * 1000)}${record.ended ? `, ended ${duration(record.ended - record.told)} later` : ""}` : null],
      ["Attempt", attemptOf(record) || null],
      ["Created at", place(record.site)],
      ["Runs", place(record.function)],
      ["Folded", record.folded ? `${record.folded.toLocaleString("en")} completed children were left out, to bound the tree` : null],
      ...labels.map(([name, value]) => /** @type {[string, HTMLElement]} */ ([plain(name), h("code", null, plain(String(value)))])),
    ]);
    return known.childElementCount > 0 ? section("Scope", known) : null;
  }

  /** @param {string | null | undefined} line */
  function place(line) {
    return line ? h("code", { title: plain(line) }, plain(shortFile(line))) : null;
  }

  /** @param {Context} context */
  function ofDelivery(context) {
    const { delivery, run } = context;
    if (delivery === null) return null;
    const question = { of: /** @type {const} */ ("delivery"), delivery };
    ask(question);
    const known = context.answer(question);
    const answer = known?.answer?.of === "delivery" ? known.answer : null;
    if (answer === null) return known?.error ? notice(known.error) : null;
    const { state, reason, redeliveries, replayOf: origin } = readDelivery(answer.row, answer);
    const done = answer.actions ?? []; // a file of an earlier version has none
    return h("div", { "data-key": "delivery" }, done.length === 0 ? null : section("What people did",
      h("ul", { class: "deeds" }, ...done.map((deed) => h("li", null, h("time", null, clockTime(deed.at * 1000)), " ", h("strong", null, plain(deed.who)), " ", ...deedWords(deed, context))))),
    section("Delivery", facts([
      ["State", [stateMark(state), reason === null ? null : h("span", { class: "reason" }, `: ${sentence(reason)}`)]],
      ["Id", h("code", null, plain(answer.row[0]))],
      ["GUID", h("code", null, plain(answer.guid))],
      ["Hook", answer.hook ? h("code", null, plain(answer.hook)) : null],
      ["Body", link(size(answer.size), () => emit({ do: "tab", tab: "payload" }))],
      ["Sent again", redeliveries > 0 ? `${redeliveries} ${redeliveries === 1 ? "time" : "times"} by its source` : null],
      ["Replay of", origin ? [
        linkOut(context, origin, () => emit({ do: "go", place: { view: "runs", delivery: origin, run: null, task: null } })),
        " ",
        context.alone ? null : link("compare", () => emit({ do: "go", place: { view: "compare", delivery, run, other: origin } })),
      ] : null],
    ]), context.kept || run === null ? null : h("p", { class: "row keep", "data-key": "keep" },
      h("button", { type: "button", class: "quiet", title: "Everything that is known of this run, to be sent to somebody", onclick: () => emit({ do: "keep" }) }, "Keep as a file")),
    runs(context, answer.runs)));
  }

  /**
   * @param {import("../../wire.js").ActionEntry} deed
   * @param {Context} context
   * @returns {Array<HTMLElement | string>}
   */
  function deedWords({ kind, target, delivery: made }, context) {
    if (kind === "park") return ["parked it"];
    if (kind === "unpark") return ["queued it again"];
    if (kind === "replay" && made === context.delivery) return ["made it, as a replay"];
    if (kind === "replay") {
      return ["replayed it as ", linkOut(context, made ?? "", () => emit({ do: "go", place: { view: "runs", delivery: made, run: null, task: null } }))];
    }
    const { run, n } = splitTaskId(target);
    const name = run === context.run ? context.tasks.get(n)?.name ?? null : null;
    return [kind === "cancel" ? "cancelled " : `${plain(kind)}: `,
      name !== null ? link(name, () => select(n, context))
        : linkOut(context, target, () => emit({ do: "go", place: { view: "runs", run, task: target } }))];
  }

  /**
   * @param {Context} context
   * @param {import("../../wire.js").RunSummary[]} all
   */
  function runs(context, all) {
    if (all.length === 0) return null;
    return h("table", { class: "runs", "data-key": "runs" },
      h("caption", null, "Runs"),
      h("tbody", null, ...all.flatMap((each) => {
        const here = each.id === context.run;
        return [h("tr", { class: `run${here ? " current" : ""}`, "data-key": each.id },
          h("td", null, `${each.attempt}.`),
          h("td", null, stateMark(each.state)),
          h("td", null, here ? clockTime(each.started_at * 1000)
            : linkOut(context, clockTime(each.started_at * 1000), () => emit({ do: "go", place: { view: "runs", delivery: each.delivery, run: each.id, task: null } }))),
          h("td", null, each.ended_at === null ? "" : duration(each.ended_at - each.started_at)),
          h("td", null, here ? h("span", { class: "count" }, "shown") : context.alone ? null : link("compare", () =>
            emit({ do: "go", place: { view: "compare", delivery: each.delivery, run: context.run, other: each.id } })))),
        each.cause ? h("tr", { class: "cause", "data-key": `${each.id} cause` }, h("td", null), h("td", { colspan: "4" }, sentence(each.cause))) : null];
      })));
  }

  return { draw, drawDelivery };
}

/**
 * Waiting and running as two parts of one line; the words below it say the same.
 * @param {number} waited
 * @param {number} ran
 */
function waitBar(waited, ran) {
  const share = waited / (waited + ran);
  if (!(share > 0.01)) return null;
  const waiting = h("span", { class: "waited" });
  const running = h("span", { class: "ran" });
  waiting.style.flexGrow = String(share);
  running.style.flexGrow = String(1 - share);
  return h("div", { class: "wait-bar", "aria-hidden": "true" }, waiting, running);
}

/** Whether any task of the run logged something. @param {Context} context */
function hasLogs({ tasks }) {
  for (const task of tasks.values()) if (task.logs > 0) return true;
  return false;
}

/**
 * Whether the cause only says again what the failure says.
 * @param {TaskRecord} record
 */
function sameAs(record) {
  return record.failure !== null && record.failure !== undefined && record.failure.message === record.cause;
}

/** @param {string} text */
function capital(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
