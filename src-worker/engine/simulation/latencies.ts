import { meanOf, sampleQuantiles } from '../numerics/sample.ts';
import type { LatencyPercentiles } from '../batching/spread.ts';
import type { SimulatedRequests } from './requests.ts';
import type { SimulatedRun } from './simulated-run.ts';

/** [request] ms of those that were served, in order of their sending. */
export interface ServedLatencies {
  ttftMs: Float64Array;
  /** Of answers with more than one token. */
  tpotMs: Float64Array;
  e2eMs: Float64Array;
}

/**
 * Latencies of the requests from `from` to `to` - 1, of those of one `priority` or of all; those who were refused, or had not
 * ended, have none.
 */
export function latenciesOf(
  run: SimulatedRun,
  requests: SimulatedRequests,
  from: number,
  to: number,
  priority: number | null = null,
): ServedLatencies {
  const ttftMs = new Float64Array(to - from);
  const tpotMs = new Float64Array(to - from);
  const e2eMs = new Float64Array(to - from);
  let served = 0;
  let answers = 0;
  for (let i = from; i < to; i += 1) {
    const [sent, first, end] = [run.sentMs[i] as number, run.firstMs[i] as number, run.endMs[i] as number];
    if (Number.isNaN(end)) continue;
    if (priority !== null && requests.priorities?.[i] !== priority) continue;
    ttftMs[served] = first - sent;
    e2eMs[served] = end - sent;
    served += 1;
    const later = (requests.outputTokens[i] as number) - 1;
    if (later < 1) continue;
    tpotMs[answers] = (end - first) / later;
    answers += 1;
  }
  return {
    ttftMs: ttftMs.subarray(0, served),
    tpotMs: tpotMs.subarray(0, answers),
    e2eMs: e2eMs.subarray(0, served),
  };
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Latencies of runs beside each other, one run after the other. */
export const joinedLatencies = (parts: readonly ServedLatencies[]): ServedLatencies => ({
  ttftMs: joined(parts.map(({ ttftMs }) => ttftMs)),
  tpotMs: joined(parts.map(({ tpotMs }) => tpotMs)),
  e2eMs: joined(parts.map(({ e2eMs }) => e2eMs)),
});

const PROBABILITIES = [0.5, 0.9, 0.95, 0.99];

/** Mean and percentiles (R type 7); null for none. */
export function percentilesOf(values: Float64Array): LatencyPercentiles | null {
  if (values.length === 0) return null;
  const [p50, p90, p95, p99] = sampleQuantiles(values, PROBABILITIES) as [number, number, number, number];
  return { mean: meanOf(values), p50, p90, p95, p99 };
}

/** Batches in a row that a sample is cut into, so that neighbors in a queue do not count as so many witnesses. */
export const BATCHES = 20;
/** Student's t with 19 degrees of freedom at 97.5 %. */
const T_95 = 2.093;

/** Half widths of the 95 % confidence intervals of `percentilesOf` by batch means (QUEUEING.md 2.3); null below 5 a batch. */
export function halfWidthsOf(values: Float64Array): LatencyPercentiles | null {
  const size = Math.floor(values.length / BATCHES);
  if (size < 5) return null;
  const batches: LatencyPercentiles[] = [];
  for (let i = 0; i < BATCHES; i += 1) {
    const batch = percentilesOf(values.subarray(i * size, (i + 1) * size));
    if (batch) batches.push(batch);
  }
  const widthOf = (statistic: keyof LatencyPercentiles): number => {
    const each = batches.map((batch) => batch[statistic]);
    const mean = meanOf(each);
    const variance = each.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (BATCHES - 1);
    return T_95 * Math.sqrt(variance / BATCHES);
  };
  return {
    mean: widthOf('mean'),
    p50: widthOf('p50'),
    p90: widthOf('p90'),
    p95: widthOf('p95'),
    p99: widthOf('p99'),
  };
}
