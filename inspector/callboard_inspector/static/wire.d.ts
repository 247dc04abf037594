/**
 * The frames of callboard.v1, generated from callboard_inspector/wire.py by
 * `python -m callboard_inspector.typescript`. Do not edit.
 */

export type ServerFrame = Hello | Snapshot | Delta | Gap | Beat | Detail | Result | Bye;

export type ClientFrame = Subscribe | Inspect | Command;

export type Question = OfDelivery | OfTask | OfLog | OfPayload | OfTree | OfEffects | OfSubject | OfSubjects | OfStack | OfDeliveries | OfCounts | OfProviders;

export type Answer = DeliveryAnswer | TaskAnswer | LogAnswer | PayloadAnswer | TreeAnswer | EffectsAnswer | SubjectAnswer | SubjectsAnswer | StackAnswer | DeliveriesAnswer | CountsAnswer | ProvidersAnswer;

export type CommandKind = "cancel" | "park" | "pause" | "replay" | "resume" | "unpark";

/** The first frame, before anything is subscribed to. */
export interface Hello {
  type: "hello";
  protocol: string;
  boot: string;
  time: number;
  limits: Limits;
  capabilities: Array<string>;
  places: Array<Place>;
  words: Record<string, string>;
  who: string | null;
  refused: string | null;
}

/** What the server keeps to. */
export interface Limits {
  frame: number;
  list: number;
  beat: number;
  scopes: number;
  open: number;
}

/** Where a source's webhooks are to be sent. */
export interface Place {
  source: string;
  path: string;
  url: string | null;
}

/** Everything in one scope, as ``begin``, any number of ``nodes``, and ``end``. */
export interface Snapshot {
  type: "snapshot";
  scope: string;
  part: "begin" | "end" | "nodes";
  sequence: number;
  time: number;
  base?: number;
  strings?: Array<string>;
  deliveries?: Array<DeliveryRow>;
  tasks?: Array<TaskRow>;
  run?: string | null;
  note?: string | null;
  older?: Record<string, number>;
  floor?: string;
}

/** A delivery. Numbers named after texts point into the frame's ``strings``. */
export type DeliveryRow = [
  id: string,
  revision: number,
  source: number,
  event: number,
  action: number | null,
  organization: number | null,
  repository: number | null,
  state: number,
  received: number,
  started: number | null,
  ended: number | null,
  attempts: number,
  run: string | null,
  rest: DeliveryRest | null,
];

/** What most deliveries have nothing of. */
export interface DeliveryRest {
  redeliveries?: number;
  reason?: string | null;
  replay_of?: string | null;
}

/** A task. Numbers named after texts point into the frame's ``strings``. */
export type TaskRow = [
  run: number,
  n: number,
  parent: number | null,
  revision: number,
  name: number,
  kind: number,
  state: number,
  created: number,
  started: number | null,
  ended: number | null,
  rest: TaskRest | null,
];

/** What most tasks have nothing of. */
export interface TaskRest {
  cause?: string | null;
  waits?: string | null;
  labels?: Record<string, string | number | number | boolean | null>;
  labels_left_out?: number;
  progress?: TaskProgress | null;
  error?: string | null;
  timeout?: number | null;
  attempt?: number;
  attempts?: number;
  logs?: number;
  effects?: number;
  remarks?: number;
  folded?: number;
}

/** How far a task says it is. */
export interface TaskProgress {
  done: number;
  total: number | null;
  unit: string;
}

/** What changed in one scope after ``from``, up to ``to``: absolute values. */
export interface Delta {
  type: "delta";
  scope: string;
  from: number;
  to: number;
  time: number;
  base?: number;
  strings?: Array<string>;
  deliveries?: Array<DeliveryRow>;
  tasks?: Array<TaskRow>;
  gone?: Array<Gone>;
}

/** A task that is no longer part of its tree. */
export type Gone = [
  run: string,
  n: number,
];

/** The watcher was too slow for the ring: snapshots of all its scopes follow. */
export interface Gap {
  type: "gap";
  from: number;
  to: number;
  reason: string;
  gaps: number;
  lost: number;
}

/** The server is alive, at ``time``, and everything up to ``sequence`` was sent. */
export interface Beat {
  type: "beat";
  sequence: number;
  time: number;
  loop_lag: number;
  running: number;
  tasks: number;
  watchers: number;
  blocked: Blocked | null;
}

/** A task that holds the runs' event loop at this moment. */
export interface Blocked {
  task: string;
  name: string;
  since: number;
  file: string;
  line: number;
  function: string;
  source: string;
}

/** The answer to an ``inspect`` with the same ``request``. */
export interface Detail {
  type: "detail";
  request: number;
  revision: number;
  unchanged: boolean;
  answer: DeliveryAnswer | TaskAnswer | LogAnswer | PayloadAnswer | TreeAnswer | EffectsAnswer | SubjectAnswer | SubjectsAnswer | StackAnswer | DeliveriesAnswer | CountsAnswer | ProvidersAnswer | null;
  error: string | null;
}

/** See ``OfDelivery``. */
export interface DeliveryAnswer {
  of: "delivery";
  strings: Array<string>;
  base: number;
  row: DeliveryRow;
  guid: string;
  hook: string;
  size: number;
  runs: Array<RunSummary>;
  actions: Array<ActionEntry>;
}

/** One run of a delivery. */
export interface RunSummary {
  id: string;
  delivery: string;
  attempt: number;
  started_at: number;
  ended_at: number | null;
  state: string;
  cause: string | null;
}

/** What a person did, that had an effect. */
export interface ActionEntry {
  at: number;
  who: string;
  kind: string;
  target: string;
  delivery: string | null;
  until: number | null;
}

/** See ``OfTask``. Times in the record are Unix seconds. */
export interface TaskAnswer {
  of: "task";
  record: TaskRecord;
  note: string | null;
}

/** A task as it is stored and sent: absolute values, no reference to live objects. */
export interface TaskRecord {
  n: number;
  parent: number | null;
  name: string;
  kind: "provider" | "run" | "span" | "task" | "thread";
  state: "pending" | "running" | "completing" | "erroring" | "halting" | "completed" | "errored" | "halted";
  created: number;
  started?: number | null;
  ended?: number | null;
  cause?: string | null;
  waits?: string | null;
  labels?: Record<string, string | number | number | boolean | null>;
  progress?: Progress | null;
  timeout?: number | null;
  attempt?: number;
  site?: string | null;
  function?: string | null;
  failure?: Failure | null;
  logs?: Array<LogLine>;
  logs_left_out?: number;
  effects?: number;
  folded?: number;
  told?: number | null;
  remarks?: number;
  attempts?: number;
}

/** How far a task says it is, in its own unit; ``total`` None when unknown. */
export interface Progress {
  done: number;
  total: number | null;
  unit: string;
}

/** An exception: its type, message, frames, notes, cause and members. */
export interface Failure {
  type: string;
  message: string;
  frames?: Array<Frame>;
  notes?: Array<string>;
  cause?: Failure | null;
  direct?: boolean;
  members?: Array<Failure>;
  left_out?: number;
}

/** One line of a traceback. */
export interface Frame {
  file: string;
  line: number;
  function: string;
  source?: string;
  library?: boolean;
}

/** One log record, written by the task it is attached to. */
export interface LogLine {
  at: number;
  level: string;
  logger: string;
  message: string;
  failure: Failure | null;
}

/** See ``OfLog``: oldest first. */
export interface LogAnswer {
  of: "log";
  lines: Array<TaskLog>;
  left_out: number;
}

/** A line of some task's log. */
export interface TaskLog {
  n: number;
  line: LogLine;
}

/** See ``OfPayload``. */
export interface PayloadAnswer {
  of: "payload";
  headers: Record<string, string>;
  text: string;
  offset: number;
  length: number;
  size: number;
}

/** See ``OfTree``: parents before children. */
export interface TreeAnswer {
  of: "tree";
  run: string;
  delivery: string;
  tasks: Array<TaskRecord>;
  next: number | null;
}

/** See ``OfEffects``. */
export interface EffectsAnswer {
  of: "effects";
  effects: Array<EffectAnswer>;
  offset: number;
  more: boolean;
}

/** One effect. */
export interface EffectAnswer {
  run: string;
  task: number;
  delivery: string;
  provider: string;
  at: number;
  subject: string;
  operation: string;
  before: unknown;
  after: unknown;
  cut: string | null;
}

/** See ``OfSubject``. */
export interface SubjectAnswer {
  of: "subject";
  subject: string;
  effects: Array<EffectAnswer>;
  more: boolean;
  standing: EffectAnswer | null;
  looks: Array<Look>;
}

/** The newest run that a provider took part in. */
export interface Look {
  provider: string;
  run: string;
  delivery: string;
  at: number;
  state: string;
  operation: string | null;
}

/** See ``OfSubjects``. */
export interface SubjectsAnswer {
  of: "subjects";
  subjects: Array<SubjectSummary>;
  more: boolean;
}

/** A subject, and the newest effect on it. */
export interface SubjectSummary {
  subject: string;
  operation: string;
  provider: string;
  at: number;
}

/** See ``OfStack``: the task's own function first, what it waits for last. */
export interface StackAnswer {
  of: "stack";
  at: number;
  state: string;
  frames: Array<Frame>;
  note: string | null;
  scope: ScopeFacts | null;
}

/** What the cancel scopes around a live task say at this moment. */
export interface ScopeFacts {
  deadline: number | null;
  shielded: boolean;
  cancelled: boolean;
}

/** See ``OfDeliveries``. */
export interface DeliveriesAnswer {
  of: "deliveries";
  strings: Array<string>;
  base: number;
  rows: Array<DeliveryRow>;
  more: boolean;
}

/** See ``OfCounts``. */
export interface CountsAnswer {
  of: "counts";
  failed: number;
  parked: number;
}

/** See ``OfProviders``. */
export interface ProvidersAnswer {
  of: "providers";
  providers: Array<ProviderView>;
  since: number;
}

/** A provider; figures are of the runs kept in memory. */
export interface ProviderView {
  name: string;
  kind: string;
  timeout: number | null;
  attempts: number;
  concurrency: number | null;
  handlers: Array<HandlerView>;
  running: number;
  waiting: number;
  completed: number;
  errored: number;
  halted: number;
  p50: number | null;
  p95: number | null;
  lag: number | null;
  last_at: number | null;
  last_error: Failure | null;
  last_error_delivery: string | null;
  last_error_task: string | null;
  last_error_at: number | null;
  pause: PauseView | null;
  actions: Array<ActionEntry>;
}

/** A handler of a provider. */
export interface HandlerView {
  method: string;
  events: Array<string>;
  ordered_by: string | null;
  every: number | null;
  cron: string | null;
  due: number | null;
}

/** Why a provider starts nothing, and until when. */
export interface PauseView {
  since: number;
  until: number | null;
  reason: string;
}

/** What became of a command. */
export interface Result {
  type: "result";
  command: number;
  ok: boolean;
  message: string;
  delivery: string | null;
}

/** The last frame, when it is the server that leaves. */
export interface Bye {
  type: "bye";
  code: "flood" | "full" | "protocol" | "shutdown";
  reason: string;
}

/** What to watch from now on; replaces what was said before. */
export interface Subscribe {
  type: "subscribe";
  scopes?: Array<Scope>;
  resume?: Resume | null;
}

/** A delivery whose tree is watched. */
export interface Scope {
  delivery: string;
  run?: string | null;
  held?: boolean;
}

/** Where the watcher was when it lost the connection. */
export interface Resume {
  boot: string;
  sequence: number;
}

/** A question. ``revision`` is that of the answer already held, if any. */
export interface Inspect {
  type: "inspect";
  request: number;
  question: OfDelivery | OfTask | OfLog | OfPayload | OfTree | OfEffects | OfSubject | OfSubjects | OfStack | OfDeliveries | OfCounts | OfProviders;
  revision?: number | null;
}

/** A delivery: its row, its identity, its runs. */
export interface OfDelivery {
  of: "delivery";
  delivery: string;
}

/** A task: everything but its log. */
export interface OfTask {
  of: "task";
  task: string;
}

/** A task's log; with ``below`` also that of every task below it. */
export interface OfLog {
  of: "log";
  task: string;
  below?: boolean;
}

/** Headers and body of a delivery, from the character ``offset`` on. */
export interface OfPayload {
  of: "payload";
  delivery: string;
  offset?: number;
}

/** A run's tasks with all they say, from the ordinal ``start`` on: to keep or compare. */
export interface OfTree {
  of: "tree";
  run: string;
  start?: number;
}

/** What a run changed, or one task of it; ``offset`` counts effects. */
export interface OfEffects {
  of: "effects";
  run: string;
  task?: number | null;
  offset?: number;
}

/** Everything that changed a subject, newest first, and who looked at it last. */
export interface OfSubject {
  of: "subject";
  subject: string;
}

/** Subjects whose name has every word of ``like`` in it; those changed last if empty. */
export interface OfSubjects {
  of: "subjects";
  like?: string;
}

/** Where a live task stands at this moment. */
export interface OfStack {
  of: "stack";
  task: string;
}

/** Deliveries of the journal, newest first; every field that is set must match. */
export interface OfDeliveries {
  of: "deliveries";
  before?: string | null;
  state?: string | null;
  source?: string | null;
  event?: string | null;
  organization?: string | null;
  repository?: string | null;
  guid?: string | null;
  provider?: string | null;
}

/** How many deliveries are in trouble, in the whole journal. */
export interface OfCounts {
  of: "counts";
}

/** Every provider and how it fares. */
export interface OfProviders {
  of: "providers";
}

/** Something to do. */
export interface Command {
  type: "command";
  command: number;
  kind: "cancel" | "park" | "pause" | "replay" | "resume" | "unpark";
  target: string;
  if_revision?: number | null;
  payload?: string | null;
}
