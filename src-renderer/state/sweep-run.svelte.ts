import type { AppApi, ProgressEvent, RunDetail, SweepSummary } from '../../src-worker/protocol/app-api.ts';
import type { ErrorInfo } from '../../src-worker/engine/errors.ts';
import type { SweepSpecDraft } from '../../src-worker/protocol/requests.ts';
import type { Result } from '../../src-worker/protocol/result.ts';

/** The bar moves at most four times a second (design). */
const STEP_MS = 250;

type Ask = <Value>(call: (api: AppApi) => Promise<Result<Value>>) => Promise<Result<Value>>;

export interface SweepProgress {
  phase: ProgressEvent['phase'];
  done: number;
  total: number;
  pointsPerS: number | null;
  msLeft: number | null;
  best: string | null;
}

/** One sweep at a time: start, watch, stop, look at what came out. It goes on while other screens are open. */
export class SweepRun {
  phase = $state<'idle' | 'running' | 'stopping' | 'ended'>('idle');
  progress = $state.raw<SweepProgress | null>(null);
  summary = $state.raw<SweepSummary | null>(null);
  detail = $state.raw<RunDetail | null>(null);
  error = $state.raw<ErrorInfo | null>(null);

  readonly #ask: Ask;
  #taskId = '';
  #startedAt = 0;
  #latest: ProgressEvent | null = null;
  #step: ReturnType<typeof setTimeout> | undefined;

  constructor(ask: Ask, onProgress: (listener: (event: ProgressEvent) => void) => void) {
    this.#ask = ask;
    onProgress((event) => this.#receive(event));
  }

  get isBusy(): boolean {
    return this.phase === 'running' || this.phase === 'stopping';
  }

  async start(spec: SweepSpecDraft, name: string, points: number): Promise<void> {
    this.#taskId = crypto.randomUUID();
    this.#startedAt = performance.now();
    this.phase = 'running';
    this.error = null;
    this.summary = null;
    this.detail = null;
    this.progress = { phase: 'planning', done: 0, total: points, pointsPerS: null, msLeft: null, best: null };
    const taskId = this.#taskId;
    const result = await this.#ask((api) => api.startSweep({ taskId, spec, name }));
    this.#showLatest();
    if (result.ok) {
      const run = await this.#ask((api) => api.showRun(result.value.runId));
      this.summary = result.value;
      if (run.ok) this.detail = run.value;
      else this.error = run.error;
    } else {
      this.error = result.error;
    }
    this.phase = 'ended';
  }

  /** What has been computed is kept. */
  async stop(): Promise<void> {
    if (this.phase !== 'running') return;
    this.phase = 'stopping';
    const result = await this.#ask((api) => api.cancelTask(this.#taskId));
    if (!result.ok) this.error = result.error;
  }

  #receive(event: ProgressEvent): void {
    if (event.taskId !== this.#taskId || !this.isBusy) return;
    this.#latest = event;
    this.#step ??= setTimeout(() => this.#showLatest(), STEP_MS);
  }

  #showLatest(): void {
    clearTimeout(this.#step);
    this.#step = undefined;
    if (!this.#latest) return;
    const { phase, done, total, best } = this.#latest;
    this.#latest = null;
    const pointsPerS = done > 0 ? (done / (performance.now() - this.#startedAt)) * 1000 : null;
    const msLeft = pointsPerS === null ? null : ((total - done) / pointsPerS) * 1000;
    this.progress = { phase, done, total, pointsPerS, msLeft, best };
  }
}
