import type { Recommendation, SizeDocument } from '../../src-worker/protocol/documents.ts';
import type { ProgressEvent } from '../../src-worker/protocol/app-api.ts';
import type { ErrorInfo } from '../../src-worker/engine/errors.ts';
import type { SizeInputDraft } from '../../src-worker/protocol/requests.ts';
import type { Result } from '../../src-worker/protocol/result.ts';

/** An answer that takes longer is shown as being updated; a shorter one would only flicker. */
const STALE_AFTER_MS = 150;

type Ask = (request: SizeInputDraft, taskId: string) => Promise<Result<SizeDocument>>;
type Cancel = (taskId: string) => void;

/**
 * The answer beside the form. An edit is asked at once when nothing is under way: waiting for further edits would only add to
 * what the user waits for. At most one question is under way; while it is, only the newest edit is kept, so that a slow host
 * never works through a queue of questions nobody asks any more. The last answer stays until the next one.
 */
export class LiveAnswer {
  document = $state.raw<SizeDocument | null>(null);
  /** Why the newest question has no answer; the document then belongs to an older one. */
  error = $state.raw<ErrorInfo | null>(null);
  answeredInMs = $state<number | null>(null);
  /** True once the answer on screen has been out of date for a while. */
  isStale = $state(false);
  selectedId = $state<string | null>(null);
  /** The question under way, or the one that waits to be sent, takes seconds. */
  isSimulating = $state(false);
  /** Plans of it that are simulated; null until the host has counted them. */
  progress = $state.raw<{ done: number; total: number } | null>(null);
  /** Somebody stopped it: the newest question has no answer, and is asked again when that is wanted. */
  isStopped = $state(false);

  /** It goes on long enough to be told of, and to be worth stopping. */
  isLong = $derived(this.isSimulating && (this.isStale || this.progress !== null));
  /** What is shown is the answer to an older question, and may stay for long. */
  isBehind = $derived(this.isLong || this.isStopped || this.error !== null);

  selected: Recommendation | null = $derived.by(() => {
    const rows = this.document?.recommendations ?? [];
    return rows.find((row) => row.id === this.selectedId) ?? rows[0] ?? null;
  });

  readonly #ask: Ask;
  readonly #cancel: Cancel;
  /** The question under way where it takes seconds. */
  #task: string | null = null;
  #waiting: SizeInputDraft | null = null;
  #last: SizeInputDraft | null = null;
  #isAsking = false;
  #staleTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(ask: Ask, cancel: Cancel = () => undefined) {
    this.#ask = ask;
    this.#cancel = cancel;
  }

  /** What the host tells of a task, perhaps of another one. */
  receive({ taskId, done, total }: Pick<ProgressEvent, 'taskId' | 'done' | 'total'>): void {
    if (taskId === this.#task) this.progress = { done, total };
  }

  /** Ends one that takes seconds; the question stays as it is, and is not asked by itself again. */
  stop(): void {
    if (!this.isSimulating) return;
    this.#waiting = null;
    this.#end();
    this.isStopped = true;
    this.#settle();
  }

  /** Asks again what was stopped. */
  retry(): void {
    if (this.#last) this.request(this.#last);
  }

  /** Asks at once, or when the question under way is answered; a newer request replaces one that has not been sent. */
  request(request: SizeInputDraft): void {
    this.#last = request;
    this.#waiting = request;
    this.isStopped = false;
    this.isSimulating = request.method === 'simulation';
    // Why an older question had no answer would stand beside this one's progress for seconds.
    if (this.isSimulating) this.error = null;
    // What nobody waits for any more must not keep the newer question waiting for seconds.
    this.#end();
    this.#staleTimer ??= setTimeout(() => (this.isStale = true), STALE_AFTER_MS);
    void this.#next();
  }

  /** Nothing can be asked at present; what is on screen stays. */
  withdraw(): void {
    this.#waiting = null;
    this.isStopped = false;
    this.isSimulating = false;
    this.#end();
    if (!this.#isAsking) this.#settle();
  }

  async #next(): Promise<void> {
    if (this.#isAsking || !this.#waiting) return;
    const request = this.#waiting;
    this.#waiting = null;
    this.#isAsking = true;
    const startedAt = performance.now();
    const taskId = crypto.randomUUID();
    const isLong = request.method === 'simulation';
    this.#task = isLong ? taskId : null;
    const result = await this.#ask(request, taskId);
    const isEnded = isLong && this.#task === null;
    this.#task = null;
    this.progress = null;
    this.#isAsking = false;
    const isSuperseded = this.#waiting !== null;
    if (isSuperseded) {
      await this.#next();
      return;
    }
    if (!isEnded) this.#take(result, performance.now() - startedAt);
    this.#settle();
  }

  #take(result: Result<SizeDocument>, tookMs: number): void {
    if (result.ok) {
      this.document = result.value;
      // What no longer meets the targets must not come back as chosen when a later edit lets it in again.
      if (!result.value.recommendations.some(({ id }) => id === this.selectedId)) this.selectedId = null;
      this.answeredInMs = tookMs;
    }
    this.error = result.ok ? null : result.error;
  }

  /** The host still finishes what it has begun of it; whatever comes of that is passed over. */
  #end(): void {
    if (this.#task === null) return;
    this.#cancel(this.#task);
    this.#task = null;
    this.progress = null;
  }

  #settle(): void {
    clearTimeout(this.#staleTimer);
    this.#staleTimer = undefined;
    this.isStale = false;
    this.isSimulating = false;
  }
}
