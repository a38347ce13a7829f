import type { Arrivals } from '../../../../src-worker/engine/queueing/arrival.ts';
import type { ServiceLaw } from '../../../../src-worker/engine/queueing/service.ts';
import type { DelaySummary } from '../../../../src-worker/engine/queueing/summary.ts';

/**
 * Queues, first come first served, played customer by customer: Lindley's recursion for one server, departures in order of time
 * for several. Nothing here is the engine's: neither its laws nor its random numbers.
 */

export type Figure = keyof DelaySummary;
export const FIGURES: Figure[] = ['mean', 'p50', 'p90', 'p95', 'p99'];
const SHARES: Record<Exclude<Figure, 'mean'>, number> = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 };

export interface Estimate {
  value: number;
  /** Standard error, from the batches. */
  error: number;
}

export interface SimulatedQueue {
  waiting: Estimate;
  wait: Record<Figure, Estimate>;
  response: Record<Figure, Estimate>;
}

/** Uniform numbers in (0, 1): the generator sfc32. */
export function uniforms(seed: number): () => number {
  let a = seed | 0;
  let b = 0x9e3779b9 | 0;
  let c = 0x243f6a88 | 0;
  let counter = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return ((t >>> 0) + 0.5) / 4_294_967_296;
  };
  for (let i = 0; i < 20; i += 1) next();
  return next;
}

type Draw = () => number;

/** Normal numbers in pairs (Box and Muller). */
function normals(random: Draw): Draw {
  let spare: number | null = null;
  return () => {
    if (spare !== null) {
      const kept = spare;
      spare = null;
      return kept;
    }
    const radius = Math.sqrt(-2 * Math.log(random()));
    const angle = 2 * Math.PI * random();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/** Gamma numbers of unit mean (G. Marsaglia and W. W. Tsang, 2000; below shape 1 with a power of a uniform). */
function gammas(cv: number, random: Draw): Draw {
  const shape = 1 / (cv * cv);
  const lifted = shape < 1 ? shape + 1 : shape;
  const d = lifted - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  const normal = normals(random);
  const whole = (): number => {
    for (;;) {
      const x = normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  };
  return shape < 1 ? () => (whole() * random() ** (1 / shape)) / shape : () => whole() / shape;
}

function drawsOf(kind: string, cv: number, random: Draw): Draw {
  if (kind === 'deterministic' || kind === 'constant' || (cv === 0 && kind !== 'poisson' && kind !== 'exponential'))
    return () => 1;
  if (kind === 'exponential' || kind === 'poisson') return () => -Math.log(random());
  if (kind === 'gamma') return gammas(cv, random);
  const sigma = Math.sqrt(Math.log1p(cv * cv));
  const normal = normals(random);
  return () => Math.exp(sigma * normal() - (sigma * sigma) / 2);
}

export interface SimulatedQuestion {
  arrivals: Arrivals;
  service: Pick<ServiceLaw, 'kind' | 'cv'>;
  utilization: number;
  servers: number;
  /** Customers of a batch; as many more are played first and forgotten. */
  batch: number;
  batches: number;
  seed: number;
}

function estimate(values: number[]): Estimate {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { value: mean, error: Math.sqrt(square / values.length) };
}

/** Smallest time that at least the share of the sorted times does not exceed. */
const percentile = (sorted: Float64Array, share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;

function figuresOf(batches: Float64Array[]): Record<Figure, Estimate> {
  const sorted = batches.map((batch) => batch.slice().sort());
  const entries = FIGURES.map((figure) => [
    figure,
    estimate(
      sorted.map((batch) =>
        figure === 'mean'
          ? batch.reduce((sum, value) => sum + value, 0) / batch.length
          : percentile(batch, SHARES[figure]),
      ),
    ),
  ]);
  return Object.fromEntries(entries) as Record<Figure, Estimate>;
}

/** Times in mean service times. */
export function simulateQueue(question: SimulatedQuestion): SimulatedQueue {
  const { arrivals, service, utilization, servers, batch, batches, seed } = question;
  const random = uniforms(seed);
  const gapOf = drawsOf(arrivals.kind, arrivals.cv, random);
  const serviceOf = drawsOf(service.kind, service.cv, random);
  const meanGap = 1 / (utilization * servers);
  /** Times at which servers become free, a heap with the earliest on top. */
  const free = new Float64Array(servers);
  const waits: Float64Array[] = [];
  const responses: Float64Array[] = [];
  let now = 0;
  for (let b = 0; b <= batches; b += 1) {
    const wait = new Float64Array(batch);
    const response = new Float64Array(batch);
    for (let i = 0; i < batch; i += 1) {
      now += meanGap * gapOf();
      const start = Math.max(now, free[0] as number);
      const time = serviceOf();
      wait[i] = start - now;
      response[i] = start - now + time;
      replaceTop(free, start + time);
    }
    // Times count from the batch on, so that they keep their digits.
    for (let s = 0; s < servers; s += 1) free[s] = (free[s] as number) - now;
    now = 0;
    if (b > 0) {
      waits.push(wait);
      responses.push(response);
    }
  }
  const waiting = waits.map(
    (batchWaits) => batchWaits.reduce((sum, value) => sum + (value > 1e-12 ? 1 : 0), 0) / batch,
  );
  return { waiting: estimate(waiting), wait: figuresOf(waits), response: figuresOf(responses) };
}

function replaceTop(heap: Float64Array, value: number): void {
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && (heap[child + 1] as number) < (heap[child] as number)) child += 1;
    if ((heap[child] as number) >= value) break;
    heap[at] = heap[child] as number;
    at = child;
  }
  heap[at] = value;
}
