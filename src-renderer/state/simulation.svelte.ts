import type { ErrorInfo } from '../../src-worker/engine/errors.ts';
import type { AppApi } from '../../src-worker/protocol/app-api.ts';
import type { PredictDocument } from '../../src-worker/protocol/documents.ts';
import type { SimulateInputDraft, TraceFile } from '../../src-worker/protocol/requests.ts';
import type { Result } from '../../src-worker/protocol/result.ts';

type Ask = <Value>(call: (api: AppApi) => Promise<Result<Value>>) => Promise<Result<Value>>;

/** Edits that follow each other sooner are simulated as one: a simulation may take a second. */
const SETTLED_MS = 200;
/** One that takes longer is shown as being under way. */
const STALE_AFTER_MS = 150;
/** One that takes longer is worth stopping: it says so, and for how long it has been going on. */
const LONG_AFTER_MS = 500;
const SECOND_MS = 1000;
/** Largest trace that travels from a window to its host, in bytes: the host takes messages of twice that, quotes escaped. */
export const MOST_TRACE_BYTES = 25_000_000;

interface Question {
  key: string;
  request: SimulateInputDraft;
  trace: TraceFile | null;
}

/**
 * The simulation beside its form. At most one is under way: a new question ends it, and so does whoever stops it. The last
 * result stays until the next one.
 */
export class Simulation {
  document = $state.raw<PredictDocument | null>(null);
  /** What the document is the answer to. */
  answered = $state.raw<Question | null>(null);
  /** Why the newest question has no answer; the document then belongs to an older one. */
  error = $state.raw<ErrorInfo | null>(null);
  isStale = $state(false);
  tookMs = $state<number | null>(null);
  /** Somebody stopped it: the newest question has no answer, and is asked again when that is wanted. */
  isStopped = $state(false);
  isRunning = $state(false);
  /** Whole seconds that it has been going on for; null while it may well be a short one. */
  runningForS = $state<number | null>(null);
  /** The trace that was chosen; its content is not kept when the window closes. */
  trace = $state.raw<TraceFile | null>(null);
  /** Why the file that was chosen last was not taken. */
  traceProblem = $state('');

  readonly #ask: Ask;
  #last: [request: SimulateInputDraft, hasTrace: boolean, revision: number] | null = null;
  /** The host knows the simulations of this window by it: one at a time. */
  readonly #taskId = `simulate-${crypto.randomUUID()}`;
  #waiting: Question | null = null;
  #asking: Question | null = null;
  #askedKey = '';
  #settling: ReturnType<typeof setTimeout> | undefined;
  #staleTimer: ReturnType<typeof setTimeout> | undefined;
  #clock: ReturnType<typeof setTimeout> | undefined;
  #numTraces = 0;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Asks once edits have paused; the same again does nothing. `revision`: of the catalogs, which the answer depends on. */
  request(request: SimulateInputDraft, hasTrace: boolean, revision: number): void {
    const key = JSON.stringify([request, hasTrace ? this.#numTraces : null, revision]);
    this.#last = [request, hasTrace, revision];
    if (key === this.answered?.key) {
      // Back at what is on screen: what was asked between has no say any more.
      this.withdraw();
      this.error = null;
      return;
    }
    if (key === this.#askedKey) return;
    this.isStopped = false;
    const isFirst = this.#askedKey === '';
    this.#askedKey = key;
    this.#waiting = { key, request, trace: hasTrace ? this.trace : null };
    this.#staleTimer ??= setTimeout(() => (this.isStale = true), STALE_AFTER_MS);
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => void this.#next(), isFirst ? 0 : SETTLED_MS);
  }

  /** Nothing can be asked at present; what is on screen stays, and the same question may be asked again. */
  withdraw(): void {
    this.#end();
    this.#askedKey = this.answered?.key ?? '';
    this.isStopped = false;
  }

  /** Ends the one under way; the question stays as it is, and is not asked by itself again. */
  stop(): void {
    if (!this.isRunning) return;
    this.#end();
    this.isStopped = true;
    this.error = null;
  }

  /** Asks again what had no answer. */
  retry(): void {
    this.#askedKey = '';
    this.error = null;
    this.isStopped = false;
    if (this.#last) this.request(...this.#last);
  }

  /** Takes in a file; false where it is too large to travel. */
  async takeTrace(file: File): Promise<boolean> {
    if (file.size > MOST_TRACE_BYTES) {
      const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
      this.traceProblem = `${file.name} has ${megabytes(file.size)}, and the window takes traces of up to ${megabytes(MOST_TRACE_BYTES)}: cut it, or run configiq simulate --trace ${file.name}.`;
      return false;
    }
    this.#take({ name: file.name, text: await file.text() });
    return true;
  }

  /** Takes in what was pasted. */
  takePasted(text: string): void {
    this.#take({ name: 'pasted trace', text });
  }

  #take(trace: TraceFile): void {
    this.#numTraces += 1;
    this.traceProblem = '';
    this.trace = trace;
  }

  async #next(): Promise<void> {
    const question = this.#waiting;
    if (!question) return;
    this.#waiting = null;
    this.#asking = question;
    this.#run();
    const startedAt = performance.now();
    const result = await this.#ask((api) => api.simulate(question.request, question.trace, this.#taskId));
    // Stopped, or ended by a newer one.
    if (this.#asking !== question) return;
    this.#asking = null;
    // Somebody is still typing: what was typed is asked next.
    if (this.#waiting) return;
    this.error = result.ok ? null : result.error;
    if (result.ok) {
      this.document = result.value;
      this.answered = question;
      this.tookMs = performance.now() - startedAt;
    }
    this.#settle();
  }

  /** Whatever is asked or about to be is not wanted any more. */
  #end(): void {
    clearTimeout(this.#settling);
    this.#waiting = null;
    if (this.#asking) void this.#ask((api) => api.cancelTask(this.#taskId));
    this.#asking = null;
    this.#settle();
  }

  #run(): void {
    clearTimeout(this.#clock);
    this.isRunning = true;
    this.runningForS = null;
    const tick = (seconds: number): void => {
      this.runningForS = seconds;
      this.#clock = setTimeout(() => tick(seconds + 1), SECOND_MS);
    };
    this.#clock = setTimeout(() => {
      this.runningForS = 0;
      this.#clock = setTimeout(() => tick(1), SECOND_MS - LONG_AFTER_MS);
    }, LONG_AFTER_MS);
  }

  #settle(): void {
    clearTimeout(this.#staleTimer);
    clearTimeout(this.#clock);
    this.#staleTimer = undefined;
    this.isStale = false;
    this.isRunning = false;
    this.runningForS = null;
  }
}
