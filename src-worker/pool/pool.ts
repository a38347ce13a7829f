import { resolve } from 'node:path';
import type { ErrorInfo } from '../engine/errors.ts';
import type { Facts } from '../engine/facts.ts';
import type { ModelSource } from '../engine/model/types.ts';
import type { SimulateInput, SizeInput } from '../protocol/requests.ts';
import { failure } from '../protocol/result.ts';
import { CONTROL_CANCEL, CONTROL_DONE_POINTS, type TraceToReplay, type WorkerApi } from '../protocol/worker-api.ts';
import { CANCEL_GRACE_MS, newControl, SIMULATION_CANCELLED } from './control.ts';
import { isAskedBefore, newPast, paceMeter, type Pace, type ThreadPast } from './pace.ts';
import { simulatedSize, type SizeWatch } from './simulated-size.ts';
import { SweepRun, type Job, type SweepOutcome, type SweepRequest } from './sweep-run.ts';
import { startThread, type Answer, type CallOutcome, type Method, type Thread } from './thread.ts';

export { MS_PER_PLACED_ROW, type Pace, type SearchSample } from './pace.ts';
export type { SizeWatch } from './simulated-size.ts';
export type { SweepOutcome, SweepProblem, SweepRequest } from './sweep-run.ts';

/** Calls that are answered at once: everything but units, the loading of catalogs, and what can be cancelled. */
export type SingleMethod = Exclude<Method, 'load' | 'sweepUnit' | 'simulate'>;

export interface PoolOptions {
  /** worker.ts, or what it was bundled to. */
  workerPath: string;
  /** Most threads: as many as cores. At least 1. */
  size: number;
  /** Most of them that sweeps may have at once: one fewer while a window is open. All where it is left out. */
  sweepThreads?: number;
  facts: Facts;
}

export interface Pool {
  /** Most threads. */
  readonly threads: number;
  readonly sweepThreads: number;
  /**
   * One call, ahead of every waiting unit of a sweep; a thread in the middle of a unit takes it between two points. Never
   * rejects: a thread that dies meanwhile is a failure `worker_crashed`, a closed pool `pool_closed`.
   */
  run<Name extends SingleMethod>(method: Name, ...args: Parameters<WorkerApi[Name]>): Promise<Answer<Name>>;
  /**
   * As `run`; ends with `simulation_cancelled` within half a second of the signal. The thread looks at a flag it shares with
   * the pool; one that does not in time (it is drawing millions of requests, say) is ended, and started anew when next needed.
   */
  simulate(
    input: SimulateInput,
    trace: TraceToReplay | null,
    model: ModelSource,
    signal: AbortSignal,
  ): Promise<Answer<'simulate'>>;
  /**
   * The answer of a size question, as `run` gives it; idle threads share what it has to search. What is simulated takes seconds,
   * and may be watched and ended.
   */
  size(input: SizeInput, model: ModelSource, watch?: SizeWatch): Promise<Answer<'size'>>;
  /** Resolves when the sweep ends or is cancelled; rejects only with what `onBatch` threw. */
  runSweep(request: SweepRequest): Promise<SweepOutcome>;
  /** How fast the threads were lately, by the units of sweeps they had to themselves. */
  pace(): Pace;
  /** Whether some thread has searched what an input asks for, so that it need not again. */
  remembers(input: SizeInput): boolean;
  /** Catalogs changed: what starts from now on sees the new ones; a running sweep ends with those it began with. */
  setFacts(facts: Facts): void;
  /** Ends every thread. Waiting calls fail, sweeps end as cancelled. */
  close(): Promise<void>;
}

/** A place for one thread; it has at most one single call and one unit at a time. */
interface Seat {
  name: string;
  thread: Thread | null;
  /** What the thread was last sent, and its answer. */
  facts: Facts | null;
  loaded: Promise<CallOutcome<'load'>> | null;
  hasSingle: boolean;
  job: Job | null;
  /** True when the job under way has shared the thread with a call: its time says nothing of its own. */
  isShared: boolean;
  past: ThreadPast;
}

interface Sweep {
  run: SweepRun;
  facts: Facts;
}

const CLOSED: ErrorInfo = {
  family: 'interrupted',
  code: 'pool_closed',
  message: 'The calculation was interrupted: the program is closing.',
  details: {},
};

const CANCELLED: ErrorInfo = {
  family: 'interrupted',
  code: 'simulation_cancelled',
  message: SIMULATION_CANCELLED,
  details: {},
};

/** Threads that die before they are ready, one after the other, until a sweep stops trying. */
const MAX_FAILED_STARTS = 3;
/**
 * Threads that share the searches of one question at most, and the plans each of them has to have: a search takes 0.5 to 0.8 ms,
 * handing over and back a few, and a question has about a hundred.
 */
const MOST_SHARES = 4;
const LEAST_PLANS = 8;
/** Finished or running units a sweep may have beyond the oldest undelivered one, per thread. */
const UNITS_AHEAD_PER_THREAD = 3;

/** A pool of worker threads, started when first needed. */
export function createPool(options: PoolOptions): Pool {
  return new ThreadPool(options);
}

class ThreadPool implements Pool {
  readonly threads: number;
  readonly sweepThreads: number;
  readonly #workerPath: string;
  readonly #seats: Seat[];
  readonly #meter = paceMeter();
  /** Single calls that wait for a seat, oldest first. */
  readonly #singles: ((seat: Seat) => void)[] = [];
  /** Running sweeps with the catalogs they started with; the first is served next. */
  #sweeps: Sweep[] = [];
  #facts: Facts;
  #failedStarts = 0;
  #isClosed = false;

  constructor({ workerPath, size, sweepThreads = size, facts }: PoolOptions) {
    this.threads = Math.max(1, Math.floor(size));
    this.sweepThreads = Math.min(this.threads, Math.max(1, Math.floor(sweepThreads)));
    this.#workerPath = resolve(workerPath);
    this.#facts = facts;
    this.#seats = Array.from({ length: this.threads }, (_, index) => ({
      name: `configiq-${index + 1}`,
      thread: null,
      facts: null,
      loaded: null,
      hasSingle: false,
      job: null,
      isShared: false,
      past: newPast(),
    }));
  }

  run<Name extends SingleMethod>(method: Name, ...args: Parameters<WorkerApi[Name]>): Promise<Answer<Name>> {
    return this.#run(this.#facts, method, ...args);
  }

  async #run<Name extends SingleMethod>(
    facts: Facts,
    method: Name,
    ...args: Parameters<WorkerApi[Name]>
  ): Promise<Answer<Name>> {
    const seat = await new Promise<Seat>((take) => {
      this.#singles.push(take);
      this.#serve();
    });
    const isAlone = seat.job === null;
    if (!isAlone) seat.isShared = true;
    const outcome = await this.#call(seat, facts, method, ...args);
    seat.hasSingle = false;
    // What the name says of arguments and answer, the compiler cannot follow through the generic name.
    if (method === 'size') this.#meter.addSize(args as Parameters<WorkerApi['size']>, seat.past);
    else if (isAlone && method === 'searchPlans') {
      this.#meter.addShare(
        args as Parameters<WorkerApi['searchPlans']>,
        outcome as CallOutcome<'searchPlans'>,
        seat.past,
      );
    }
    this.#serve();
    return outcome.kind === 'answered' ? outcome.result : failureOf<Name>(this.#isClosed ? CLOSED : outcome.error);
  }

  async size(input: SizeInput, model: ModelSource, watch: SizeWatch = {}): Promise<Answer<'size'>> {
    // The same catalogs to the end: capacities of others would be kept among the plans of these.
    const facts = this.#facts;
    if (input.method === 'simulation') {
      return simulatedSize((method, ...args) => this.#run(facts, method, ...args), this.threads, input, model, watch);
    }
    const missing = await this.#run(facts, 'missingPlans', input, model);
    if (!missing.ok) return missing;
    const keys = missing.value;
    const idle = this.#seats.filter((seat) => !seat.hasSingle && !seat.job).length;
    const shares = Math.min(idle, MOST_SHARES, Math.floor(keys.length / LEAST_PLANS));
    if (shares < 2) return this.#run(facts, 'size', input, model);
    const found = await Promise.all(
      Array.from({ length: shares }, (_, share) =>
        this.#run(
          facts,
          'searchPlans',
          input,
          model,
          keys.filter((_key, index) => index % shares === share),
          keys.length,
        ),
      ),
    );
    const failed = found.find((result) => !result.ok);
    if (failed) return failed;
    return this.#run(
      facts,
      'size',
      input,
      model,
      found.flatMap((result) => (result.ok ? result.value : [])),
    );
  }

  async simulate(
    input: SimulateInput,
    trace: TraceToReplay | null,
    model: ModelSource,
    signal: AbortSignal,
  ): Promise<Answer<'simulate'>> {
    const facts = this.#facts;
    const control = newControl();
    const seat = await this.#seatUnless(signal);
    if (!seat) return failure(CANCELLED);
    if (seat.job) seat.isShared = true;
    // Ending a thread takes its time, too: nobody waits for that.
    const unheard = Promise.withResolvers<Answer<'simulate'>>();
    let grace: NodeJS.Timeout | undefined;
    const stop = () => {
      Atomics.store(control, CONTROL_CANCEL, 1);
      grace = setTimeout(() => {
        void seat.thread?.terminate();
        unheard.resolve(failure(CANCELLED));
      }, CANCEL_GRACE_MS);
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const ended = this.#call(seat, facts, 'simulate', input, trace, model, control).then((outcome) => {
      signal.removeEventListener('abort', stop);
      clearTimeout(grace);
      seat.hasSingle = false;
      this.#serve();
      if (outcome.kind === 'answered') return outcome.result;
      return failure(this.#isClosed ? CLOSED : signal.aborted ? CANCELLED : outcome.error);
    });
    return Promise.race([ended, unheard.promise]);
  }

  async runSweep(request: SweepRequest): Promise<SweepOutcome> {
    const run = new SweepRun(request, this.sweepThreads * UNITS_AHEAD_PER_THREAD, () => this.#serve());
    const sweep: Sweep = { run, facts: this.#facts };
    if (this.#isClosed) run.cancel();
    this.#sweeps.push(sweep);
    this.#serve();
    try {
      return await run.finished;
    } finally {
      this.#sweeps = this.#sweeps.filter((other) => other !== sweep);
    }
  }

  pace(): Pace {
    return this.#meter.pace();
  }

  remembers(input: SizeInput): boolean {
    return this.#seats.some(({ past, facts }) => facts === this.#facts && isAskedBefore(past, input));
  }

  setFacts(facts: Facts): void {
    this.#facts = facts;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { run } of this.#sweeps) run.cancel();
    this.#serve();
    await Promise.all(this.#seats.map(async (seat) => seat.thread?.terminate()));
  }

  /** A seat, once there is one; null where the signal comes first. */
  #seatUnless(signal: AbortSignal): Promise<Seat | null> {
    if (signal.aborted) return Promise.resolve(null);
    return new Promise((resolve) => {
      const take = (seat: Seat) => {
        signal.removeEventListener('abort', giveUp);
        resolve(seat);
      };
      const giveUp = () => {
        this.#singles.splice(this.#singles.indexOf(take), 1);
        resolve(null);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#singles.push(take);
      this.#serve();
    });
  }

  /** Hands out work while there are seats for it: single calls first, then units. */
  #serve(): void {
    for (let seat = this.#seatForSingle(); seat && this.#singles.length > 0; seat = this.#seatForSingle()) {
      seat.hasSingle = true;
      this.#singles.shift()?.(seat);
    }
    let free = this.sweepThreads - this.#seats.filter(({ job }) => job).length;
    for (const seat of this.#seats) {
      if (free <= 0) return;
      if (seat.hasSingle || seat.job) continue;
      const work = this.#takeUnit(seat);
      if (!work) return;
      free -= 1;
      seat.job = work.job;
      seat.isShared = false;
      void this.#runUnit(seat, work.sweep, work.job);
    }
  }

  /**
   * An idle thread, else a new one, else one that is computing points, between which it listens, else one that is still
   * in its capacity search, which it finishes first.
   */
  #seatForSingle(): Seat | undefined {
    const free = this.#seats.filter((seat) => !seat.hasSingle);
    return (
      free.find((seat) => seat.thread !== null && !seat.job) ??
      free.find((seat) => !seat.job) ??
      free.find((seat) => seat.job && Atomics.load(seat.job.control, CONTROL_DONE_POINTS) > 0) ??
      free[0]
    );
  }

  /** Sweeps take turns. */
  #takeUnit(seat: Seat): { sweep: Sweep; job: Job } | null {
    for (const sweep of this.#sweeps) {
      const job = sweep.run.take(seat.name);
      if (!job) continue;
      this.#sweeps = [...this.#sweeps.filter((other) => other !== sweep), sweep];
      return { sweep, job };
    }
    return null;
  }

  async #runUnit(seat: Seat, { run, facts }: Sweep, job: Job): Promise<void> {
    const outcome = await this.#call(seat, facts, 'sweepUnit', job.unit, job.model, job.control, job.liveEvery);
    seat.job = null;
    if (!seat.isShared) this.#meter.addUnit(job, outcome, seat.past);
    run.settle(job, outcome);
    if (outcome.kind === 'died' && this.#failedStarts >= MAX_FAILED_STARTS) run.giveUp(outcome.error);
    this.#serve();
  }

  /** A call on the seat's thread, which is started, and given these catalogs, when need be. */
  async #call<Name extends Method>(
    seat: Seat,
    facts: Facts,
    method: Name,
    ...args: Parameters<WorkerApi[Name]>
  ): Promise<CallOutcome<Name>> {
    if (this.#isClosed) return { kind: 'died', error: CLOSED };
    if (!seat.thread || seat.thread.death()) {
      seat.thread = startThread(this.#workerPath, seat.name);
      seat.facts = null;
      seat.past = newPast();
    }
    const { thread } = seat;
    if (seat.facts !== facts) {
      seat.facts = facts;
      seat.past = { ...newPast(), isWarm: seat.past.isWarm };
      seat.loaded = this.#load(thread, facts);
    }
    const loaded = await seat.loaded;
    if (loaded?.kind === 'died') return loaded;
    if (loaded && !loaded.result.ok) return { kind: 'answered', result: failureOf<Name>(loaded.result.error), ms: 0 };
    return thread.call(method, ...args);
  }

  async #load(thread: Thread, facts: Facts): Promise<CallOutcome<'load'>> {
    const outcome = await thread.call('load', facts);
    this.#failedStarts = outcome.kind === 'died' ? this.#failedStarts + 1 : 0;
    return outcome;
  }
}

/** Every answer of a worker is a Result, so each may be this failure. */
const failureOf = <Name extends Method>(error: ErrorInfo): Answer<Name> => failure(error) as Answer<Name>;
