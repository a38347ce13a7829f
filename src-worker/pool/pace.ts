import type { ModelSource } from '../engine/model/types.ts';
import { offersOf } from '../engine/sweep/demand-axes.ts';
import type { SizeInput } from '../protocol/requests.ts';
import type { WorkerApi } from '../protocol/worker-api.ts';
import type { Job } from './sweep-run.ts';
import type { CallOutcome } from './thread.ts';

/** A piece of work that searched capacities and then wrote rows, in ms of one thread. */
export interface SearchSample {
  input: SizeInput;
  model: ModelSource;
  ms: number;
  rows: number;
  /** Share of the input's plans that were searched. */
  share: number;
  /** First of its thread, which still had to compile the program: several times slower. */
  isCold: boolean;
}

/** What a thread was asked before. */
export interface ThreadPast {
  isWarm: boolean;
  /** Inputs of units that it holds ready: their next points cost rows alone. */
  held: SizeInput[];
  /** Inputs it has answered, whose plans it may remember. */
  asked: SizeInput[];
  /** Instances at a load of their own that it has sized for sweeps. */
  sizings: number;
}

export const newPast = (): ThreadPast => ({ isWarm: false, held: [], asked: [], sizings: 0 });

/** How fast threads were lately: what the duration of a sweep is estimated from. */
export interface Pace {
  /** Newest last. */
  searches: readonly SearchSample[];
  /** ms of one warm thread for an instance at one load where the capacities were searched before; null before the first. */
  msPerSizing: number | null;
}

/** A row at a further place or price: measured, 0.2 to 0.4 µs. */
export const MS_PER_PLACED_ROW = 3e-4;

export interface PaceMeter {
  /** Books a unit that had its thread to itself, also in the thread's past. */
  addUnit(job: Job, outcome: CallOutcome<'sweepUnit'>, past: ThreadPast): void;
  /**
   * Books in the thread's past that it was asked a size question. Its time tells nothing of sweeps: an answer also ranges, explains and
   * counts, ten times the work of the same rows in a sweep.
   */
  addSize(call: Parameters<WorkerApi['size']>, past: ThreadPast): void;
  /** Books a thread's share in the searches of a size question. */
  addShare(call: Parameters<WorkerApi['searchPlans']>, outcome: CallOutcome<'searchPlans'>, past: ThreadPast): void;
  pace(): Pace;
}

/** Older samples tell of another kind of question. */
const KEPT_SEARCHES = 8;
const KEPT_UNITS = 8;
/**
 * Sizings until a thread has compiled what a sweep runs. Measured on one thread: 0.24 ms each for the second thousand, 0.12 at 4,000,
 * 0.05 beyond 8,000.
 */
const COLD_SIZINGS = 4000;
/** Inputs a thread is taken to hold: one fewer than it does, so that a search is never mistaken for none. */
const HELD_INPUTS = 3;

export function paceMeter(): PaceMeter {
  const searches: SearchSample[] = [];
  const units: { ms: number; sizings: number }[] = [];

  const addSearch = (sample: SearchSample) => {
    searches.push(sample);
    if (searches.length > KEPT_SEARCHES) searches.shift();
  };
  /** `sizings` of the rows are at a load of their own, the others are the same sizings in other places. */
  const addRows = (ms: number, rows: number, sizings: number) => {
    if (sizings === 0) return;
    units.push({ ms: Math.max(0, ms - (rows - sizings) * MS_PER_PLACED_ROW), sizings });
    if (units.length > KEPT_UNITS) units.shift();
  };

  return {
    addUnit({ unit: { input, points, demand }, model }, outcome, past) {
      const isHeld = past.held.includes(input);
      const search = isHeld ? null : ask(past, input);
      if (!isHeld) past.held.push(input);
      if (past.held.length > HELD_INPUTS) past.held.shift();
      if (outcome.kind !== 'answered' || !outcome.result.ok || outcome.result.value.kind !== 'done') return;
      const { rows } = outcome.result.value.packed;
      const sizings = rows / Math.min(points, offersOf(demand));
      const isCold = past.sizings < COLD_SIZINGS;
      past.sizings += sizings;
      if (isHeld && !isCold) addRows(outcome.ms, rows, sizings);
      if (search) addSearch({ input, model, ms: outcome.ms, rows, share: 1, ...search });
    },
    addShare([input, model, keys, total], outcome, past) {
      const isCold = !past.isWarm;
      past.isWarm = true;
      if (outcome.kind !== 'answered' || !outcome.result.ok || total === 0) return;
      addSearch({ input, model, ms: outcome.ms, rows: 0, share: keys.length / total, isCold });
    },
    addSize([input], past) {
      ask(past, input);
    },
    pace() {
      const sizings = units.reduce((sum, unit) => sum + unit.sizings, 0);
      const ms = units.reduce((sum, unit) => sum + unit.ms, 0);
      return { searches: [...searches], msPerSizing: sizings > 0 ? ms / sizings : null };
    },
  };
}

/** Whether a thread has answered an input of the same plans, which it most likely remembers. */
export const isAskedBefore = ({ asked }: ThreadPast, input: SizeInput): boolean =>
  asked.some((earlier) => planText(earlier) === planText(input));

/** Inputs of a thread that are compared with a new one. */
const KEPT_ASKED = 100;

/** Books that a thread is asked; null where it may remember plans of the input, so that its time tells of no search. */
function ask(past: ThreadPast, input: SizeInput): Pick<SearchSample, 'isCold'> | null {
  const isKnown = past.asked.some((earlier) => sharesPlans(earlier, input));
  const isCold = !past.isWarm;
  past.isWarm = true;
  past.asked.push(input);
  if (past.asked.length > KEPT_ASKED) past.asked.shift();
  return isKnown ? null : { isCold };
}

/** Whether two inputs may have a plan in common: same subject, and precisions, GPUs and degrees that may meet. */
function sharesPlans(one: SizeInput, other: SizeInput): boolean {
  const meet = (ones: string[], others: string[]) =>
    ones.length === 0 || others.length === 0 || ones.some((name) => others.includes(name));
  return (
    meet(one.quantization, other.quantization) &&
    meet(one.gpu, other.gpu) &&
    (one.tp === null || other.tp === null || one.tp === other.tp) &&
    one.pp === other.pp &&
    subjectText(one) === subjectText(other)
  );
}

/** What decides which plans are looked at: the same text, the same plans. */
const planText = (input: SizeInput): string =>
  JSON.stringify([
    subjectText(input),
    input.quantization,
    input.gpu,
    input.instance,
    input.tp,
    input.pp,
    input.provider,
    input.include_retired,
  ]);

/** What a capacity search depends on besides the plan. */
const subjectText = ({
  model,
  workload,
  kv_cache_dtype,
  input_tokens,
  output_tokens,
  prefix_hit_rate,
  cacheable_ratio,
  prefix_cache,
  strict_context,
  sla,
  method,
  calibration,
}: SizeInput): string =>
  JSON.stringify([
    [model, workload, kv_cache_dtype, input_tokens, output_tokens, prefix_hit_rate, cacheable_ratio],
    [prefix_cache, strict_context, sla, method, calibration],
  ]);
