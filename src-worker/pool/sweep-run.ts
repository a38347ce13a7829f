import { ConfigIqError, type ErrorInfo } from '../engine/errors.ts';
import type { ModelSource } from '../engine/model/types.ts';
import type { SizeInput } from '../protocol/requests.ts';
import {
  CONTROL_CANCEL,
  CONTROL_DONE_POINTS,
  type PackedBatch,
  type SweepUnit,
  type UnitSummary,
} from '../protocol/worker-api.ts';
import { CANCEL_GRACE_MS, newControl } from './control.ts';
import { orderedDelivery, type OrderedDelivery } from './ordered-delivery.ts';
import { startProgress, type ProgressMeter } from './progress.ts';
import type { CallOutcome } from './thread.ts';

/** A sweep as the pool is asked for it. */
export interface SweepRequest {
  /** In the order of their points; `planSweep` makes them. */
  units: SweepUnit[];
  /** By `unit.input.model`. */
  models: ReadonlyMap<string, ModelSource>;
  /** Points done so far, at most ten times a second and once at the end; never goes back. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  /**
   * Batches in the order of the units, with how many points they hold (all of the unit's unless it was cancelled), one after the other: the next waits for the promise, and the threads wait when
   * too many are waiting. If it throws, the sweep stops and `runSweep` rejects with that error.
   */
  onBatch: (batch: PackedBatch, unit: SweepUnit, told: UnitSummary & { points: number }) => void | Promise<void>;
  /** The best row of every so many points is told with a batch; 1 where it is left out. */
  liveEvery?: number | undefined;
  /** A thread died; the points of its unit are computed once more, on another one. */
  onRetry?: ((points: number) => void) | undefined;
  /** Cancels within half a second; what is done by then is delivered. */
  signal?: AbortSignal | undefined;
}

/** Points without an answer, and why. */
export interface SweepProblem {
  error: ErrorInfo;
  points: number;
  firstPointId: number;
}

export interface SweepOutcome {
  status: 'done' | 'cancelled';
  points: number;
  /** Points whose rows were delivered. */
  donePoints: number;
  /** Equal reasons are reported once, with all their points. */
  problems: SweepProblem[];
}

/** A unit on its way through a thread. */
export interface Job {
  index: number;
  unit: SweepUnit;
  model: ModelSource;
  attempt: number;
  /** Shared with the thread that computes it (protocol/worker-api.ts). */
  control: Int32Array;
  liveEvery: number;
}

type Arrival =
  { kind: 'batch'; batch: PackedBatch; summary: UnitSummary; points: number } | { kind: 'problem'; error: ErrorInfo };

/** A unit whose thread died is computed once more, elsewhere. */
const MAX_ATTEMPTS = 2;

/** Keeps the books of one sweep: what is handed out, what came back, what was delivered. Threads are the pool's matter. */
export class SweepRun {
  /** Settles when every unit is accounted for and every batch delivered; rejects only with an error of `onBatch`. */
  readonly finished: Promise<SweepOutcome>;
  readonly #request: SweepRequest;
  readonly #ahead: number;
  readonly #total: number;
  readonly #running = new Set<Job>();
  readonly #retries: Job[] = [];
  readonly #problems = new Map<string, SweepProblem>();
  readonly #delivery: OrderedDelivery<Arrival>;
  readonly #progress: ProgressMeter;
  readonly #ending = Promise.withResolvers<SweepOutcome>();
  /** Units of the window that nobody took yet, in order, and the first one beyond it. */
  readonly #open: number[] = [];
  #nextUnit = 0;
  /** The input each taker worked on last: its capacity search is still at hand there. */
  readonly #lastInput = new Map<string, SizeInput>();
  #settledPoints = 0;
  #donePoints = 0;
  #isStopped = false;
  #isCancelled = false;
  #failure: { thrown: unknown } | null = null;
  #grace: NodeJS.Timeout | null = null;

  /**
   * `ahead`: how many units may be under way or wait beyond the oldest one not yet delivered. `wake` tells the pool that
   * `take` may have something again.
   */
  constructor(request: SweepRequest, ahead: number, wake: () => void) {
    for (const { input } of request.units) {
      if (!request.models.has(input.model)) {
        throw new ConfigIqError('bug', 'model_missing', `The sweep was started without the model "${input.model}".`);
      }
    }
    this.#request = request;
    this.#ahead = ahead;
    this.#total = request.units.reduce((sum, unit) => sum + unit.points, 0);
    this.finished = this.#ending.promise;
    this.#delivery = orderedDelivery(
      (arrival, index) => this.#deliver(arrival, index),
      () => {
        wake();
        this.#endWhenDone();
      },
    );
    this.#progress = startProgress(this.#total, () => this.#countedPoints(), request.onProgress);
    request.signal?.addEventListener('abort', this.cancel, { once: true });
    if (request.signal?.aborted) this.cancel();
    this.#endWhenDone();
  }

  /** A unit for this taker to compute, null when there is none now. */
  take(taker: string): Job | null {
    if (this.#isStopped) return null;
    const job = this.#retries.shift() ?? this.#newJob(taker);
    if (!job) return null;
    this.#running.add(job);
    this.#lastInput.set(taker, job.unit.input);
    return job;
  }

  /** Books how a unit ended. A unit given up by a cancel is not in the books any more. */
  settle(job: Job, outcome: CallOutcome<'sweepUnit'>): void {
    if (!this.#running.delete(job)) return;
    if (outcome.kind === 'answered') this.#bookResult(job, outcome.result);
    else if (job.attempt < MAX_ATTEMPTS && !this.#isStopped) this.#retry(job);
    else if (!this.#isCancelled) this.#arrive(job, { kind: 'problem', error: outcome.error }, job.unit.points);
    if (this.#isStopped && this.#running.size === 0) this.#delivery.closeGaps();
  }

  cancel = (): void => {
    if (!this.#isStopped) this.#isCancelled = true;
    this.#stop();
  };

  /** No thread can be had: every unit not yet computed has this problem. */
  giveUp(error: ErrorInfo): void {
    if (this.#isStopped) return;
    for (const { unit } of this.#retries) this.#noteProblem(unit, error);
    const { units } = this.#request;
    const untaken = [...this.#open.map((index) => units[index]), ...units.slice(this.#nextUnit)];
    for (const unit of untaken) if (unit) this.#noteProblem(unit, error);
    this.#stop(error);
  }

  #retry(job: Job): void {
    this.#retries.push(retryOf(job));
    this.#request.onRetry?.(job.unit.points);
  }

  #newJob(taker: string): Job | null {
    const end = Math.min(this.#request.units.length, this.#delivery.position() + this.#ahead);
    for (; this.#nextUnit < end; this.#nextUnit += 1) this.#open.push(this.#nextUnit);
    const index = this.#choose(taker);
    const unit = index === undefined ? undefined : this.#request.units[index];
    const model = unit && this.#request.models.get(unit.input.model);
    if (index === undefined || !model) return null;
    this.#open.splice(this.#open.indexOf(index), 1);
    return { index, unit, model, attempt: 1, control: newControl(), liveEvery: this.#request.liveEvery ?? 1 };
  }

  /** Rather a unit whose capacity search the taker has done already, else one that nobody has begun to search. */
  #choose(taker: string): number | undefined {
    const inputOf = (index: number) => this.#request.units[index]?.input;
    const begun = new Set<SizeInput | undefined>(this.#lastInput.values());
    return (
      this.#open.find((index) => inputOf(index) === this.#lastInput.get(taker)) ??
      this.#open.find((index) => !begun.has(inputOf(index))) ??
      this.#open[0]
    );
  }

  #bookResult(job: Job, result: Extract<CallOutcome<'sweepUnit'>, { kind: 'answered' }>['result']): void {
    const whole = job.unit.points;
    if (!result.ok) {
      this.#arrive(job, { kind: 'problem', error: result.error }, whole);
      return;
    }
    const { kind, packed: batch, summary } = result.value;
    const points = kind === 'done' ? whole : Atomics.load(job.control, CONTROL_DONE_POINTS);
    this.#arrive(job, { kind: 'batch', batch, summary, points }, points);
  }

  #arrive(job: Job, arrival: Arrival, points: number): void {
    this.#settledPoints += points;
    this.#delivery.put(job.index, arrival);
  }

  async #deliver(arrival: Arrival, index: number): Promise<void> {
    const unit = this.#request.units[index];
    if (!unit || this.#failure) return;
    if (arrival.kind === 'problem') {
      this.#noteProblem(unit, arrival.error);
      return;
    }
    if (arrival.points === 0) return;
    try {
      const { batch, summary, points } = arrival;
      await this.#request.onBatch(batch, unit, { ...summary, points });
      this.#donePoints += points;
    } catch (thrown) {
      this.#failure = { thrown };
      this.#stop();
    }
  }

  #noteProblem(unit: SweepUnit, error: ErrorInfo): void {
    const known = this.#problems.get(error.message);
    if (known) {
      known.points += unit.points;
      known.firstPointId = Math.min(known.firstPointId, unit.firstPointId);
    } else this.#problems.set(error.message, { error, points: unit.points, firstPointId: unit.firstPointId });
  }

  #countedPoints(): number {
    let points = this.#settledPoints;
    for (const { control } of this.#running) points += Atomics.load(control, CONTROL_DONE_POINTS);
    return points;
  }

  /** Units that are still under way after the grace are given up: with this problem where there is one. */
  #stop(problem: ErrorInfo | null = null): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#retries.length = 0;
    for (const { control } of this.#running) Atomics.store(control, CONTROL_CANCEL, 1);
    if (this.#running.size === 0) {
      this.#delivery.closeGaps();
      return;
    }
    this.#grace = setTimeout(() => {
      if (problem) for (const { unit } of this.#running) this.#noteProblem(unit, problem);
      this.#running.clear();
      this.#delivery.closeGaps();
    }, CANCEL_GRACE_MS);
  }

  #endWhenDone(): void {
    const isAllOut = this.#isStopped || this.#delivery.position() >= this.#request.units.length;
    if (!isAllOut || this.#running.size > 0 || !this.#delivery.isIdle()) return;
    this.#progress.stop();
    if (this.#grace) clearTimeout(this.#grace);
    this.#request.signal?.removeEventListener('abort', this.cancel);
    if (this.#failure) this.#ending.reject(this.#failure.thrown);
    else this.#ending.resolve(this.#outcome());
  }

  #outcome(): SweepOutcome {
    return {
      status: this.#isCancelled ? 'cancelled' : 'done',
      points: this.#total,
      donePoints: this.#donePoints,
      problems: [...this.#problems.values()],
    };
  }
}

const retryOf = (job: Job): Job => ({ ...job, attempt: job.attempt + 1, control: newControl() });
