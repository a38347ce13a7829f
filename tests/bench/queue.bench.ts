import { pathToFileURL } from 'node:url';
import { answerQueue } from '../../src-worker/answers/queue.ts';
import type { Arrivals } from '../../src-worker/engine/queueing/arrival.ts';
import { gigkWaiting } from '../../src-worker/engine/queueing/gigk.ts';
import type { ServiceLawKind } from '../../src-worker/engine/queueing/service.ts';
import type { SteadyQueue } from '../../src-worker/engine/queueing/summary.ts';
import { queueInputSchema } from '../../src-worker/protocol/requests.ts';
import { mg1Bounds, type Curve } from '../engine/queueing/oracle/mg1-bounds.ts';
import { FIGURES, simulateQueue, type Figure } from '../engine/queueing/oracle/simulated.ts';

/**
 * How far the answers of `configiq queue` lie from the truth, and what a case costs: `npm run bench:queue [-- --json]`;
 * `--quick` simulates less, `--simulated` leaves the M/G/1 out.
 *
 * M/G/1: a case is one law, spread and utilization. Mean, P50, P90, P95 and P99 of wait and response against rigorous bounds (all
 * masses rounded down, all rounded up, on up to 2^20 cells of a lattice that takes nothing from the engine) and the
 * Pollaczek-Khinchine mean; error = |value - middle of the bounds| / max(value, 1 ms) at a mean service of 1 s. "Certain" adds
 * half the distance of the bounds: no error can be larger. Then Lindley's recursion as a second, statistical oracle.
 * GI/G/1 against Lindley's recursion, M/G/k and GI/G/k against simulation.
 */

const UTILIZATIONS = [0.05, 0.1, 0.3, 0.5, 0.505, 0.7, 0.9, 0.95, 0.99];
const SPREADS: Record<ServiceLawKind, number[]> = {
  exponential: [1],
  deterministic: [0],
  gamma: [0, 0.001, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 3],
  lognormal: [0, 0.001, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 3],
};
const TAILS: Record<Exclude<Figure, 'mean'>, number> = { p50: 0.5, p90: 0.1, p95: 0.05, p99: 0.01 };
const CURVES = [
  ['wait', 'waitMs'],
  ['response', 'responseMs'],
] as const;
const SERVICE_MS = 1000;
const FLOOR_MS = 1;
/** Half the distance of the bounds that is asked for; the finest lattice leaves 0.05 % at utilization 0.99. */
const HALF_WIDTH = 2e-4;
const TIMED_RUNS = 60;
const POISSON: Arrivals = { kind: 'poisson', cv: 1 };

interface Case {
  arrivals: Arrivals;
  kind: ServiceLawKind;
  cv: number;
  utilization: number;
  servers: number;
}

function solve({ arrivals, kind, cv, utilization, servers }: Case): SteadyQueue {
  const outcome = gigkWaiting({
    arrivalRateReqPerS: (utilization * servers * 1000) / SERVICE_MS,
    arrivals,
    service: { kind, meanMs: SERVICE_MS, cv },
    servers,
  });
  if (outcome.kind !== 'steady') throw new Error(`unstable at ${utilization}`);
  return outcome;
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const at90 = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.9)] ?? 0;
const most = (values: number[]): number => Math.max(0, ...values);

/** Microseconds of a whole answer, median over runs. */
function microseconds({ kind, cv, utilization }: Case): number {
  const input = queueInputSchema.parse({
    rate: utilization,
    service_ms: SERVICE_MS,
    service_cv: cv,
    distribution: kind,
  });
  const times: number[] = [];
  for (let run = 0; run < TIMED_RUNS; run += 1) {
    const start = performance.now();
    answerQueue(input);
    times.push((performance.now() - start) * 1000);
  }
  return median(times);
}

interface Deviation {
  figure: Figure;
  curve: Curve;
  error: number;
  certain: number;
}

/** Every figure of an M/G/1 against its bounds, in shares of max(value, FLOOR_MS). */
function deviations(subject: Case): Deviation[] {
  const queue = solve(subject);
  const { kind, cv, utilization } = subject;
  const found: Deviation[] = [];
  const asked: { curve: Curve; figure: Exclude<Figure, 'mean'>; tail: number; roughly: number }[] = [];
  const meanWait = (utilization * (1 + cv * cv)) / (2 * (1 - utilization));
  for (const [curve, key] of CURVES) {
    const exact = (curve === 'wait' ? meanWait : 1 + meanWait) * SERVICE_MS;
    const error = Math.abs(queue[key].mean - exact) / Math.max(exact, FLOOR_MS);
    found.push({ figure: 'mean', curve, error, certain: error });
    for (const [figure, tail] of Object.entries(TAILS) as [Exclude<Figure, 'mean'>, number][]) {
      const value = queue[key][figure];
      if (curve === 'wait' && tail >= utilization) {
        // Exactly 0, for 1 - utilization of the arrivals do not wait.
        found.push({ figure, curve, error: value / FLOOR_MS, certain: value / FLOOR_MS });
      } else {
        asked.push({ curve, figure, tail, roughly: value / SERVICE_MS });
      }
    }
  }
  const floor = FLOOR_MS / SERVICE_MS;
  const bounds = mg1Bounds({ kind, cv, utilization }, asked, { halfWidth: HALF_WIDTH, floor });
  asked.forEach(({ curve, figure, roughly }, i) => {
    const { low, high } = bounds[i] as (typeof bounds)[number];
    const middle = (low + high) / 2;
    const scale = Math.max(middle, floor);
    const error = Math.abs(roughly - middle) / scale;
    found.push({ figure, curve, error, certain: error + (high - low) / 2 / scale });
  });
  return found;
}

export interface LawRow {
  law: ServiceLawKind;
  cases: number;
  /** Worst error, per cent: of each figure, over wait and response. */
  worstPercent: Record<Figure, number>;
  /** No error is larger than this, per cent. */
  certainPercent: number;
  worstAt: string;
  medianUs: number;
  worstUs: number;
}

export function measureLaw(kind: ServiceLawKind, utilizations: number[], spreads: number[]): LawRow {
  const cases = spreads.flatMap((cv) =>
    utilizations.map((utilization): Case => ({ arrivals: POISSON, kind, cv, utilization, servers: 1 })),
  );
  const found = cases.flatMap((subject) => deviations(subject).map((deviation) => ({ ...deviation, subject })));
  const worst = found.reduce((a, b) => (b.certain > a.certain ? b : a));
  const times = cases.map(microseconds);
  const ofFigure = (figure: Figure): number => 100 * most(found.filter((d) => d.figure === figure).map((d) => d.error));
  return {
    law: kind,
    cases: cases.length,
    worstPercent: Object.fromEntries(FIGURES.map((figure) => [figure, ofFigure(figure)])) as Record<Figure, number>,
    certainPercent: 100 * worst.certain,
    worstAt: `${worst.figure} of the ${worst.curve}, cv ${worst.subject.cv}, utilization ${worst.subject.utilization}`,
    medianUs: median(times),
    worstUs: most(times),
  };
}

/** Customers and batches of a simulation. */
interface Effort {
  batch: number;
  batches: number;
}

export interface SimulatedRow {
  queue: string;
  cases: number;
  /** Differences in standard errors of the simulation, of P50 to P99 and mean: median, P90 and largest. */
  standardErrors: { median: number; p90: number; max: number };
  /** Per cent of max(simulated, 1 % of the mean service): median, P90 and largest over cases, by figure. */
  waitPercent: Record<Figure, Spread>;
  responsePercent: Record<Figure, Spread>;
  /** The same, signed: a positive median says that the answer is too long. */
  waitBiasPercent: Record<Figure, number>;
  medianMs: number;
}

interface Spread {
  median: number;
  p90: number;
  max: number;
}

const spreadOf = (values: number[]): Spread => ({ median: median(values), p90: at90(values), max: most(values) });

/** Waits below this share of the mean service count as so long: a wait of a thousandth of a service is not missed by 50 %. */
const LEAST_WAIT = 0.01;

export function measureSimulated(queue: string, cases: Case[], { batch, batches }: Effort): SimulatedRow {
  const errors = { wait: {} as Record<Figure, number[]>, response: {} as Record<Figure, number[]> };
  for (const figure of FIGURES) {
    errors.wait[figure] = [];
    errors.response[figure] = [];
  }
  const scores: number[] = [];
  const times: number[] = [];
  cases.forEach((subject, index) => {
    const { kind, cv } = subject;
    const simulated = simulateQueue({ ...subject, service: { kind, cv }, batch, batches, seed: 1000 + index });
    const start = performance.now();
    const answer = solve(subject);
    times.push(performance.now() - start);
    for (const [curve, key] of CURVES) {
      for (const figure of FIGURES) {
        const { value, error } = simulated[curve][figure];
        const difference = answer[key][figure] / SERVICE_MS - value;
        errors[curve][figure].push((100 * difference) / Math.max(value, LEAST_WAIT));
        if (error > 0) scores.push(Math.abs(difference) / error);
      }
    }
  });
  const sizes = (curve: Curve): Record<Figure, Spread> =>
    Object.fromEntries(FIGURES.map((f) => [f, spreadOf(errors[curve][f].map(Math.abs))])) as Record<Figure, Spread>;
  return {
    queue,
    cases: cases.length,
    standardErrors: spreadOf(scores),
    waitPercent: sizes('wait'),
    responsePercent: sizes('response'),
    waitBiasPercent: Object.fromEntries(FIGURES.map((f) => [f, median(errors.wait[f])])) as Record<Figure, number>,
    medianMs: median(times),
  };
}

const LAWS: [ServiceLawKind, number][] = [
  ['deterministic', 0],
  ['gamma', 0.5],
  ['exponential', 1],
  ['lognormal', 1],
  ['gamma', 2],
];
const ARRIVALS: Arrivals[] = [
  { kind: 'constant', cv: 0 },
  { kind: 'gamma', cv: 0.5 },
  { kind: 'gamma', cv: 2 },
];

/** All combinations; constant gaps and constant service never wait and are left out. */
const grid = (arrivals: Arrivals[], servers: number[], utilizations: number[], laws = LAWS): Case[] =>
  arrivals.flatMap((arrival) =>
    servers.flatMap((count) =>
      utilizations.flatMap((utilization) =>
        laws
          .filter(([, cv]) => cv > 0 || arrival.cv > 0)
          .map(([kind, cv]) => ({ arrivals: arrival, kind, cv, utilization, servers: count })),
      ),
    ),
  );

function simulatedRows(isQuick: boolean): SimulatedRow[] {
  const effort = isQuick ? { batch: 10_000, batches: 8 } : { batch: 50_000, batches: 10 };
  const servers = [2, 4, 8, 16, 64];
  return [
    measureSimulated('M/G/1, Lindley', grid([POISSON], [1], [0.3, 0.6, 0.8]), effort),
    measureSimulated('GI/G/1, Lindley', grid(ARRIVALS, [1], [0.3, 0.6, 0.8]), effort),
    measureSimulated('M/G/k', grid([POISSON], servers, [0.5, 0.7, 0.8, 0.9]), effort),
    measureSimulated('GI/G/k', grid(ARRIVALS, [2, 8, 32], [0.5, 0.7, 0.9]), effort),
  ];
}

function printLaws(rows: LawRow[]): void {
  const percent = (value: number): string => (value < 1e-7 ? '0' : value.toExponential(1)).padStart(8);
  console.log('M/G/1 against rigorous bounds: worst error in % of max(value, 1 ms), wait and response, service 1 s');
  console.log(
    'law            cases     mean      P50      P90      P95      P99  certain  us median  worst  least certain at',
  );
  for (const row of rows) {
    console.log(
      [
        row.law.padEnd(14),
        String(row.cases).padStart(5),
        ...FIGURES.map((figure) => percent(row.worstPercent[figure])),
        percent(row.certainPercent),
        row.medianUs.toFixed(0).padStart(10),
        row.worstUs.toFixed(0).padStart(6),
        ` ${row.worstAt}`,
      ].join(' '),
    );
  }
}

function printSimulated(rows: SimulatedRow[]): void {
  console.log('\nAgainst simulation, in % of max(simulated, 1 % of the mean service): median / P90 / largest');
  for (const row of rows) {
    const { median: middle, p90, max } = row.standardErrors;
    console.log(
      `${row.queue}: ${row.cases} cases, ${row.medianMs.toFixed(1)} ms each; in standard errors of the simulation ${middle.toFixed(1)} / ${p90.toFixed(1)} / ${max.toFixed(1)}`,
    );
    for (const [name, spreads] of [
      ['wait', row.waitPercent],
      ['response', row.responsePercent],
    ] as const) {
      const cells = FIGURES.map((figure) => {
        const spread = spreads[figure];
        return `${figure} ${[spread.median, spread.p90, spread.max].map((v) => v.toFixed(1)).join(' / ')}`;
      });
      console.log(`  ${name.padEnd(9)} ${cells.join('   ')}`);
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const isQuick = process.argv.includes('--quick');
  const kinds = Object.keys(SPREADS) as ServiceLawKind[];
  const laws = process.argv.includes('--simulated')
    ? []
    : kinds.map((kind) => measureLaw(kind, UTILIZATIONS, SPREADS[kind]));
  const isJson = process.argv.includes('--json');
  if (!isJson) printLaws(laws);
  const simulated = simulatedRows(isQuick);
  if (isJson) console.log(JSON.stringify({ schema_version: 2, laws, simulated }, null, 2));
  else printSimulated(simulated);
}
