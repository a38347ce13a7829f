import type { SteadyState } from './fixed-point.ts';
import { IDLE_KV_TOKENS_PER_SEQUENCE, type BatchingSubject } from './subject.ts';
import type { TokenTimes } from './time-per-token.ts';

/** Below this distance the closed form's figures are estimates (room-wait.ts); it is also the limit of capacity. */
export const PRESSURE_LIMIT_Z = 4;

/** How far a load is from the limits of the KV cache and of the seats. */
export interface Pressure {
  /** Distance to the nearer of the two, in standard deviations of the demand. */
  pressureZ: number;
  /** Which of the two limits pressureZ is the distance to. */
  pressureCause: 'kv' | 'seats';
}

/** Standard deviation of the number that decode. */
export const batchDeviation = ({ step }: SteadyState, { batchDispersion }: TokenTimes): number =>
  Math.sqrt(Math.max(0, step.decodes * batchDispersion));

/** Fills the distance of the KV demand to the cache, and of the batch to the seats, in standard deviations (QUEUEING.md 3.9). */
export function setPressure(
  pressure: Pressure,
  subject: BatchingSubject,
  { step }: SteadyState,
  { batchDispersion }: TokenTimes,
): void {
  const { moments } = subject.lengths;
  const { decodes } = step;
  const context = moments.decodeContextMean + IDLE_KV_TOKENS_PER_SEQUENCE;
  const demand = decodes * context;
  const perSequence = moments.decodeContextMean ** 2 + moments.decodeContextVariance;
  const sd = Math.sqrt(decodes * batchDispersion * perSequence);
  // One request always holds its seat and its blocks, however low the load.
  const scale = Math.max(sd, 1e-9);
  const kv = (subject.kvCacheTokens - Math.max(demand, context)) / scale;
  const seats = ((subject.maxNumSeqs - decodes) * context) / scale;
  pressure.pressureZ = Math.min(kv, seats);
  pressure.pressureCause = kv <= seats ? 'kv' : 'seats';
}
