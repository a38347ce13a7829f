import { pathToFileURL } from 'node:url';
import { lawDefinition } from '../../src-worker/engine/queueing/laws/registry.ts';
import { mgkWaiting } from '../../src-worker/engine/queueing/mgk.ts';
import type { ServiceLawKind } from '../../src-worker/engine/queueing/service.ts';
import type { SteadyQueue } from '../../src-worker/engine/queueing/summary.ts';
import { boundedQueue, type Bounds } from '../engine/queueing/bounds.ts';

/**
 * How far the M/G/1 percentiles lie from rigorous bounds, and what a case costs: `node tests/bench/queue.bench.ts [--json]`.
 * A case is one law, spread and utilization; its cost is everything `configiq queue` computes for it.
 */

const UTILIZATIONS = [0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99];
const SPREADS: Record<ServiceLawKind, number[]> = {
  exponential: [1],
  deterministic: [0],
  gamma: [0.02, 0.1, 0.2, 0.5, 1, 2, 3],
  lognormal: [0.02, 0.1, 0.2, 0.5, 1, 2, 3],
};
const PERCENTILES = [
  ['p50', 0.5],
  ['p90', 0.1],
  ['p95', 0.05],
  ['p99', 0.01],
] as const;
/** Cells of the oracle: its bounds stand 0.002 % (low load) to 1 % (utilization 0.99) apart. */
const ORACLE_SIZE = 2 ** 16;
const TIMED_RUNS = 60;

export interface LawRow {
  law: ServiceLawKind;
  cases: number;
  percentiles: number;
  /** Largest distance outside the bounds, per cent of the percentile; 0 = never outside. */
  worstOutsidePercent: number;
  /** Largest and median distance from the middle of the bounds, per cent, with the bounds' half width there. */
  worstFromMiddlePercent: number;
  halfWidthAtWorstPercent: number;
  medianFromMiddlePercent: number;
  worstAt: string;
  /** Microseconds, median over runs: median and largest over cases. */
  medianUs: number;
  worstUs: number;
}

interface Deviation {
  outside: number;
  fromMiddle: number;
  halfWidth: number;
  at: string;
}

function deviation(value: number, { low, high }: Bounds, at: string): Deviation {
  const middle = (low + high) / 2;
  return {
    outside: Math.max(0, low - value, value - high) / middle,
    fromMiddle: Math.abs(value - middle) / middle,
    halfWidth: (high - low) / 2 / middle,
    at,
  };
}

function solve(kind: ServiceLawKind, cv: number, utilization: number): SteadyQueue {
  const outcome = mgkWaiting({ arrivalRateReqPerS: utilization, service: { kind, meanMs: 1000, cv }, servers: 1 });
  if (outcome.kind !== 'steady') throw new Error(`unstable at ${utilization}`);
  return outcome;
}

/** Every percentile of a case against an oracle lattice that fits it. */
function deviations(kind: ServiceLawKind, cv: number, utilization: number): Deviation[] {
  const { waitMs, responseMs } = solve(kind, cv, utilization);
  const service = lawDefinition({ kind, cv }).service(cv);
  const found: Deviation[] = [];
  for (const [name, tail] of PERCENTILES) {
    const response = responseMs[name] / 1000;
    const bounds = boundedQueue(service, utilization, 1.2 * response, ORACLE_SIZE);
    const at = `cv ${cv}, utilization ${utilization}, ${name}`;
    found.push(deviation(response, bounds.response(tail), `${at} of the response`));
    const wait = waitMs[name] / 1000;
    if (wait > 0) found.push(deviation(wait, bounds.wait(tail), `${at} of the wait`));
  }
  return found;
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

function microseconds(kind: ServiceLawKind, cv: number, utilization: number): number {
  const times: number[] = [];
  for (let run = 0; run < TIMED_RUNS; run += 1) {
    const start = performance.now();
    solve(kind, cv, utilization);
    times.push((performance.now() - start) * 1000);
  }
  return median(times);
}

export function measure(kind: ServiceLawKind, utilizations = UTILIZATIONS, spreads = SPREADS[kind]): LawRow {
  const cases = spreads.flatMap((cv) => utilizations.map((utilization) => ({ cv, utilization })));
  const found = cases.flatMap(({ cv, utilization }) => deviations(kind, cv, utilization));
  const worst = found.reduce((a, b) => (b.fromMiddle > a.fromMiddle ? b : a));
  const times = cases.map(({ cv, utilization }) => microseconds(kind, cv, utilization));
  return {
    law: kind,
    cases: cases.length,
    percentiles: found.length,
    worstOutsidePercent: 100 * Math.max(...found.map((d) => d.outside)),
    worstFromMiddlePercent: 100 * worst.fromMiddle,
    halfWidthAtWorstPercent: 100 * worst.halfWidth,
    medianFromMiddlePercent: 100 * median(found.map((d) => d.fromMiddle)),
    worstAt: worst.at,
    medianUs: median(times),
    worstUs: Math.max(...times),
  };
}

function print(rows: LawRow[]): void {
  const percent = (value: number): string => (value === 0 ? '0' : value.toExponential(1));
  console.log('M/G/1 percentiles against rigorous bounds (all masses rounded down / up), per cent of the percentile');
  console.log('law            cases  pcts  outside  from middle (half width)  median   us median  us worst  worst at');
  for (const row of rows) {
    console.log(
      [
        row.law.padEnd(14),
        String(row.cases).padStart(5),
        String(row.percentiles).padStart(5),
        percent(row.worstOutsidePercent).padStart(8),
        `${percent(row.worstFromMiddlePercent)} (${percent(row.halfWidthAtWorstPercent)})`.padStart(25),
        percent(row.medianFromMiddlePercent).padStart(8),
        row.medianUs.toFixed(0).padStart(10),
        row.worstUs.toFixed(0).padStart(9),
        ` ${row.worstAt}`,
      ].join(' '),
    );
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const rows = (Object.keys(SPREADS) as ServiceLawKind[]).map((kind) => measure(kind));
  if (process.argv.includes('--json')) console.log(JSON.stringify({ schema_version: 1, rows }, null, 2));
  else print(rows);
}
