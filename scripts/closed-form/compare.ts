import { evaluateBatching } from '../../src-worker/engine/batching/closed-form.ts';
import { isSaturationConfirmed } from '../../src-worker/engine/batching/fluid-check.ts';
import type { TrustKind } from '../../src-worker/engine/batching/trust.ts';
import type { LatencyPercentiles } from '../../src-worker/engine/batching/spread.ts';
import { sampleQuantile } from '../../src-worker/engine/numerics/sample.ts';
import { POISSON } from '../../src-worker/engine/simulation/arrivals.ts';
import { DEFAULT_RULES } from '../../src-worker/engine/simulation/simulated-server.ts';
import {
  simulateSteady,
  type SaturatedSimulation,
  type SteadySimulation,
} from '../../src-worker/engine/simulation/steady-state.ts';
import type { PredictInputDraft } from '../../src-worker/protocol/requests.ts';
import { subjectOf } from './subject.ts';

export const METRICS = [
  ['ttftMs', 'p50'],
  ['ttftMs', 'p95'],
  ['ttftMs', 'p99'],
  ['tpotMs', 'mean'],
  ['tpotMs', 'p50'],
  ['tpotMs', 'p95'],
  ['tpotMs', 'p99'],
  ['e2eMs', 'mean'],
  ['e2eMs', 'p50'],
  ['e2eMs', 'p95'],
  ['e2eMs', 'p99'],
] as const;
type Metric = (typeof METRICS)[number];
const nameOf = ([latency, statistic]: Metric): string => `${latency.replace('Ms', '')} ${statistic}`;

/** Median and 90 % point of the differences asked for, per cent (issue of the closed form). */
export const ASKED: Record<string, readonly [median: number, p90: number]> = {
  'ttft p50': [1, 6],
  'ttft p95': [3, 18],
  'ttft p99': [6, 28],
  'tpot mean': [0.5, 5],
  'tpot p95': [1.5, 10],
  'tpot p99': [2.5, 15],
  'e2e p95': [1, 6],
};

/** One question, answered both ways. */
export interface Compared {
  draft: PredictInputDraft;
  index: number;
  closed: { kind: 'steady'; trust: TrustKind; prefillShare: number } | { kind: 'saturated' };
  simulated: SteadySimulation | SaturatedSimulation;
  /** By metric, per cent of the simulated; empty where one of the two has no steady state. */
  differences: Record<string, number>;
  isConfirmed: boolean;
}

/** Asks both with so many requests simulated; every scenario has a seed of its own, so that errors of drawing differ. */
export function compare(draft: PredictInputDraft, index: number, requests: number, seed: number): Compared {
  const { subject, ratePerMs } = subjectOf(draft);
  const outcome = evaluateBatching(subject, ratePerMs);
  const law = { ...POISSON, process: draft.arrival ?? 'poisson', scv: subject.scvArrival };
  const simulated = simulateSteady(
    { subject, rules: DEFAULT_RULES, load: { kind: 'open', ratePerMs, law }, seed },
    { relativeHalfWidth: Infinity, statistics: [], fewest: requests, most: requests },
  );
  const differences: Record<string, number> = {};
  if (outcome.kind === 'steady' && simulated.kind === 'steady') {
    for (const metric of METRICS) {
      const [latency, statistic] = metric;
      const truth: LatencyPercentiles | null = simulated[latency];
      if (truth) differences[nameOf(metric)] = (outcome[latency][statistic] / truth[statistic] - 1) * 100;
    }
  }
  const closed: Compared['closed'] =
    outcome.kind === 'steady'
      ? {
          kind: 'steady',
          trust: outcome.trust,
          prefillShare: outcome.prefillShare,
        }
      : { kind: 'saturated' };
  return {
    draft,
    index,
    closed,
    simulated,
    differences,
    isConfirmed: outcome.kind === 'saturated' && isSaturationConfirmed(subject, ratePerMs),
  };
}

export interface DifferenceRow {
  metric: string;
  count: number;
  median: number;
  p90: number;
  signed: number;
  asked: readonly [number, number] | null;
}

/** The differences of many, by metric. */
export function differenceRows(compared: readonly Compared[]): DifferenceRow[] {
  return METRICS.map((metric) => {
    const name = nameOf(metric);
    const values = compared.flatMap(({ differences }) => differences[name] ?? []);
    const sizes = values.map(Math.abs);
    return {
      metric: name,
      count: values.length,
      median: sampleQuantile(sizes, 0.5),
      p90: sampleQuantile(sizes, 0.9),
      signed: sampleQuantile(values, 0.5),
      asked: ASKED[name] ?? null,
    };
  });
}

/** The closed form's figures are estimates where KV cache or seats are short. */
export const isUnpressed = ({ closed }: Compared): boolean =>
  closed.kind === 'steady' && closed.trust !== 'kv_pressure' && closed.trust !== 'slot_pressure';
