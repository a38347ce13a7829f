import type {
  AppApi,
  LivePoint,
  ProgressEvent,
  RunDetail,
  RunEntry,
  SweepSummary,
  TaskEntry,
} from '../../src-worker/protocol/app-api.ts';
import type { ErrorInfo } from '../../src-worker/engine/errors.ts';
import type { SweepSpecDraft } from '../../src-worker/protocol/requests.ts';
import type { Result } from '../../src-worker/protocol/result.ts';

/** The bar moves at most four times a second (design); what is shown first does not wait for its turn. */
const STEP_MS = 250;
/** How often a sweep that another window started is looked after. */
const WATCH_MS = 1000;

type Ask = <Value>(call: (api: AppApi) => Promise<Result<Value>>) => Promise<Result<Value>>;

export interface SweepProgress {
  phase: ProgressEvent['phase'];
  done: number;
  total: number;
  pointsPerS: number | null;
  msLeft: number | null;
  best: string | null;
}

/** What came of a sweep. Who only watched it was not told how many rows pass. */
export type SweepOutcome = Omit<SweepSummary, 'passingRows'> & { passingRows: number | null };

/** One sweep at a time: start, watch, stop, look at what came out. It goes on while other screens are open. */
export class SweepRun {
  phase = $state<'idle' | 'running' | 'stopping' | 'ended'>('idle');
  progress = $state.raw<SweepProgress | null>(null);
  /** Points answered so far, thinned; at most MOST_LIVE_POINTS. */
  live = $state.raw<LivePoint[]>([]);
  /** Points without an answer so far, by reason. */
  excluded = $state.raw<Record<string, number>>({});
  /** What went wrong and was survived. */
  notes = $state.raw<string[]>([]);
  summary = $state.raw<SweepOutcome | null>(null);
  detail = $state.raw<RunDetail | null>(null);
  error = $state.raw<ErrorInfo | null>(null);
  /** The run that the last sweep went on with, or was to; null = it was a new one. */
  resumed = $state.raw<RunEntry | null>(null);
  /** The stored run that is shown; null = the result is that of a sweep of this window. */
  opened = $state.raw<RunEntry | null>(null);
  /** What the result is about; null where another window asked it. */
  spec = $state.raw<SweepSpecDraft | null>(null);

  readonly #ask: Ask;
  #taskId = '';
  #startedAt = 0;
  /** Points that were there when it went on; null = not known yet, or none. */
  #kept: number | null = null;
  #latest: ProgressEvent | null = null;
  /** Points told since the picture was last renewed. */
  #news: LivePoint[] = [];
  #step: ReturnType<typeof setTimeout> | undefined;
  /** Tells the run of the sweep whose host went away; null = none did. */
  #lost: ((run: RunEntry) => boolean) | null = null;

  constructor(ask: Ask, onProgress: (listener: (event: ProgressEvent) => void) => void) {
    this.#ask = ask;
    onProgress((event) => this.#receive(event));
  }

  get isBusy(): boolean {
    return this.phase === 'running' || this.phase === 'stopping';
  }

  async start(spec: SweepSpecDraft, name: string, points: number): Promise<void> {
    this.#begin(crypto.randomUUID(), performance.now());
    this.spec = spec;
    this.progress = { phase: 'planning', done: 0, total: points, pointsPerS: null, msLeft: null, best: null };
    const taskId = this.#taskId;
    const begunMs = Date.now();
    const result = await this.#ask((api) => api.startSweep({ taskId, spec, name }));
    this.#showLatest();
    if (result.ok) return this.#showRun(result.value);
    this.error = result.error;
    this.phase = 'ended';
    if (result.error.family !== 'interrupted') return;
    // The sweep may well go on: the host was only out of reach. If not, what it kept is found when the host is back.
    this.#lost = (run) => Date.parse(run.createdAt) >= begunMs && run.points === points;
    void this.attach();
  }

  /**
   * Goes on with a stored sweep. Where that is refused (other versions, computed elsewhere, a folder that cannot be written) its rows
   * are shown as they are, with the reason.
   */
  async resume(run: RunEntry): Promise<void> {
    if (this.isBusy) return;
    this.#begin(crypto.randomUUID(), performance.now());
    this.resumed = run;
    const { points, donePoints: done } = run;
    this.progress = { phase: 'planning', done, total: points, pointsPerS: null, msLeft: null, best: null };
    const taskId = this.#taskId;
    const result = await this.#ask((api) => api.resumeSweep({ taskId, runId: run.id }));
    this.#showLatest();
    if (result.ok) return this.#showRun(result.value);
    const { error } = result;
    await this.#showRun(outcomeOf(run));
    this.error = error;
    if (error.family === 'interrupted') void this.attach();
  }

  /** Finds a sweep that runs already: before a reload, in another window. Watches it to its end. */
  async attach(): Promise<void> {
    if (this.isBusy) return;
    const tasks = await this.#ask((api) => api.listTasks());
    const [task] = tasks.ok ? tasks.value : [];
    // One may have been started while that was asked.
    if (this.phase === 'running') return;
    if (!task) {
      if (tasks.ok) await this.#showKept();
      return;
    }
    this.#begin(task.taskId, performance.now() - (Date.now() - Date.parse(task.startedAt)));
    if (task.resumedRunId !== null) this.#countFrom(task.progress.done);
    this.#latest = task.progress;
    this.#news = [...task.progress.live];
    this.#showLatest();
    await this.#watch(task);
  }

  /** Shows a stored run again, as it stood when the window was left. */
  async reopen(runId: number): Promise<void> {
    if (this.phase !== 'idle') return;
    const run = await this.#ask((api) => api.showRun(runId));
    // It may have been removed; or another sweep has begun meanwhile, which the type of a moment ago does not know.
    if (!run.ok || (this.phase as string) !== 'idle') return;
    this.summary = outcomeOf(run.value.entry);
    this.detail = run.value;
    this.phase = 'ended';
  }

  /** Shows any stored sweep in place of the one before, from whichever window or command it is; not while one runs. */
  async open(run: RunEntry): Promise<void> {
    if (this.isBusy) return;
    this.#begin(crypto.randomUUID(), performance.now());
    this.opened = run;
    await this.#showRun(outcomeOf(run));
  }

  /** What has been computed is kept. */
  async stop(): Promise<void> {
    if (this.phase !== 'running') return;
    this.phase = 'stopping';
    const result = await this.#ask((api) => api.cancelTask(this.#taskId));
    if (!result.ok) this.error = result.error;
  }

  /** Of a sweep that ended with its host: the rows that are stored are its result. */
  async #showKept(): Promise<void> {
    const isLost = this.#lost;
    if (!isLost) return;
    const runs = await this.#ask((api) => api.listRuns());
    if (!runs.ok || this.isBusy || isLost !== this.#lost) return;
    this.#lost = null;
    // Newest first: of several the one that was begun first after it was asked.
    const entry = runs.value.findLast((run) => run.kind === 'sweep' && isLost(run));
    if (!entry) return;
    this.error = null;
    await this.#showRun(outcomeOf(entry));
  }

  #begin(taskId: string, startedAt: number): void {
    this.#lost = null;
    this.#taskId = taskId;
    this.#startedAt = startedAt;
    this.#news = [];
    this.#kept = null;
    this.phase = 'running';
    this.error = null;
    this.summary = null;
    this.detail = null;
    this.live = [];
    this.excluded = {};
    this.notes = [];
    this.spec = null;
    this.resumed = null;
    this.opened = null;
  }

  /** Until the host no longer lists the task; its run then tells what came of it. */
  async #watch({ taskId, startedAt, resumedRunId }: TaskEntry): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
      const tasks = await this.#ask((api) => api.listTasks());
      if (!tasks.ok) {
        this.error = tasks.error;
        this.phase = 'ended';
        this.#lost = (run) => run.createdAt === startedAt;
        return;
      }
      if (!tasks.value.some((task) => task.taskId === taskId)) break;
    }
    this.#showLatest();
    const runs = await this.#ask((api) => api.listRuns());
    const isRunOf = ({ id, createdAt, kind }: RunEntry): boolean =>
      resumedRunId === null ? createdAt === startedAt && kind === 'sweep' : id === resumedRunId;
    const entry = runs.ok ? runs.value.find(isRunOf) : undefined;
    if (entry) return this.#showRun(outcomeOf(entry));
    if (!runs.ok) this.error = runs.error;
    this.phase = 'ended';
  }

  /** That it is over is said at once; thousands of rows take a second longer. */
  async #showRun(summary: SweepOutcome): Promise<void> {
    const taskId = this.#taskId;
    this.summary = summary;
    this.phase = 'ended';
    const run = await this.#ask((api) => api.showRun(summary.runId));
    // Another one may have been started meanwhile.
    if (taskId !== this.#taskId) return;
    if (run.ok) this.detail = run.value;
    else this.error = run.error;
  }

  #receive(event: ProgressEvent): void {
    if (event.taskId !== this.#taskId || !this.isBusy) return;
    if (this.resumed && event.phase === 'computing') this.#countFrom(event.done);
    this.#latest = event;
    this.#news.push(...event.live);
    if (this.live.length === 0 && event.live.length > 0) this.#showLatest();
    this.#step ??= setTimeout(() => this.#showLatest(), STEP_MS);
  }

  /** What comes after so many points is computed from now on; the first to say so is right. */
  #countFrom(points: number): void {
    if (this.#kept !== null) return;
    this.#kept = points;
    this.#startedAt = performance.now();
  }

  #showLatest(): void {
    clearTimeout(this.#step);
    this.#step = undefined;
    if (!this.#latest) return;
    const { phase, done, total, best, excluded, notes } = this.#latest;
    this.#latest = null;
    // What was kept took no time.
    const computed = done - (this.#kept ?? 0);
    const pointsPerS = computed > 0 ? (computed / (performance.now() - this.#startedAt)) * 1000 : null;
    const msLeft = pointsPerS === null ? null : ((total - done) / pointsPerS) * 1000;
    this.progress = { phase, done, total, pointsPerS, msLeft, best };
    this.excluded = excluded;
    this.notes = notes;
    if (this.#news.length > 0) this.live = [...this.live, ...this.#news];
    this.#news = [];
  }
}

/** Whether a stored run is a sweep that lacks points: stopped, cut short by a kill or a full disk, or with points that failed. */
export const canResume = ({ kind, status, points, donePoints }: RunEntry): boolean =>
  kind === 'sweep' && status !== 'running' && (status !== 'done' || donePoints < points);

function outcomeOf({ id, status, points, donePoints, rows }: RunEntry): SweepOutcome {
  // A run that a kill cut short is as partial as one that was stopped.
  const ended = status === 'done' || status === 'failed' ? status : 'cancelled';
  return { runId: id, status: ended, points, donePoints, rows, passingRows: null, problems: [] };
}
