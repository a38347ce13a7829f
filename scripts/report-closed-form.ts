import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { evaluateBatching, isSaturationConfirmed, type TrustKind } from '../src-worker/engine/batching/closed-form.ts';
import type { LatencyPercentiles } from '../src-worker/engine/batching/spread.ts';
import { meanOf, sampleQuantile } from '../src-worker/engine/numerics/sample.ts';
import { POISSON } from '../src-worker/engine/simulation/arrivals.ts';
import {
  DEFAULT_RULES,
  simulateSteady,
  type SaturatedSimulation,
  type SteadySimulation,
} from '../src-worker/engine/simulation/load.ts';
import type { PredictInputDraft } from '../src-worker/protocol/requests.ts';
import { subjectOf } from './closed-form/subject.ts';

/**
 * How far the closed form is from the simulation: `npm run report:closed-form [-- FILE] [-- --json] [-- --requests N]`. FILE
 * holds questions to `predict`; without one the stored scenarios are taken (closed-form/draw-scenarios.ts made them).
 */

const METRICS = [
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
const ASKED: Record<string, readonly [median: number, p90: number]> = {
  'ttft p50': [1, 6],
  'ttft p95': [3, 18],
  'ttft p99': [6, 28],
  'tpot mean': [0.5, 5],
  'tpot p95': [1.5, 10],
  'tpot p99': [2.5, 15],
  'e2e p95': [1, 6],
};

interface Compared {
  draft: PredictInputDraft;
  index: number;
  closed: { kind: 'steady'; trust: TrustKind; prefillShare: number } | { kind: 'saturated' };
  simulated: SteadySimulation | SaturatedSimulation;
  /** By metric, per cent of the simulated; empty where one of the two has no steady state. */
  differences: Record<string, number>;
  isConfirmed: boolean;
}

function compare(draft: PredictInputDraft, index: number, requests: number, seed: number): Compared {
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

interface Row {
  metric: string;
  count: number;
  median: number;
  p90: number;
  signed: number;
  asked: readonly [number, number] | null;
}

function rowsOf(compared: readonly Compared[]): Row[] {
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

const isUnpressed = ({ closed }: Compared): boolean =>
  closed.kind === 'steady' && closed.trust !== 'kv_pressure' && closed.trust !== 'slot_pressure';

const isMoe = ({ draft }: Compared): boolean => /A3B|oss|Mixtral|V3/.test(draft.model);
const GROUPS: Record<string, (one: Compared) => boolean> = {
  all: () => true,
  'trust ok': ({ closed }) => closed.kind === 'steady' && closed.trust === 'ok',
  'trust critical': ({ closed }) => closed.kind === 'steady' && closed.trust === 'critical',
  'constant arrivals': ({ draft }) => draft.arrival === 'constant',
  'prefix mixture': ({ draft }) => (draft.prefix_tokens ?? 0) > 0,
  experts: isMoe,
  'prompts > 2048': ({ draft }) => draft.input_tokens > 2048,
};

const round = (value: number): number => Number(value.toFixed(1));

function print(compared: readonly Compared[]): void {
  const judged = compared.filter(isUnpressed);
  for (const [name, belongs] of Object.entries(GROUPS)) {
    const rows = rowsOf(judged.filter(belongs));
    console.log(`${name}: ${judged.filter(belongs).length} scenarios, |closed form / simulation - 1|, per cent`);
    console.table(
      Object.fromEntries(
        rows.map(({ metric, median, p90, signed, asked }) => [
          metric,
          {
            median: round(median),
            p90: round(p90),
            signed: round(signed),
            ...(name === 'all' && { asked: asked?.join(' / ') ?? '' }),
          },
        ]),
      ),
    );
  }
  const count = (belongs: (one: Compared) => boolean): number => compared.filter(belongs).length;
  console.log({
    scenarios: compared.length,
    judged: judged.length,
    saturated_in_both: count(({ closed, simulated }) => closed.kind === 'saturated' && simulated.kind === 'saturated'),
    saturated_in_closed_form_only: count((c) => c.closed.kind === 'saturated' && c.simulated.kind === 'steady'),
    of_these_confirmed: count((c) => c.closed.kind === 'saturated' && c.simulated.kind === 'steady' && c.isConfirmed),
    saturated_in_simulation_only: count((c) => c.closed.kind === 'steady' && c.simulated.kind === 'saturated'),
    mean_interval_ttft_p99_percent: round(
      meanOf(
        judged.flatMap(({ simulated }) =>
          simulated.kind === 'steady' && simulated.halfWidths.ttftMs
            ? (simulated.halfWidths.ttftMs.p99 / simulated.ttftMs.p99) * 100
            : [],
        ),
      ),
    ),
  });
}

const { values, positionals } = parseArgs({
  options: {
    json: { type: 'boolean' },
    requests: { type: 'string' },
    seed: { type: 'string' },
    worst: { type: 'string' },
  },
  allowPositionals: true,
});
const file = positionals[0] ?? new URL('closed-form/scenarios.json', import.meta.url);
const drafts = JSON.parse(readFileSync(file, 'utf8')) as PredictInputDraft[];
const compared = drafts.map((draft, i) =>
  compare(draft, i, Number(values.requests ?? 200_000), Number(values.seed ?? 1) + i),
);
const rows = rowsOf(compared.filter(isUnpressed));
if (values.json) console.log(JSON.stringify({ scenarios: compared.length, rows }));
else print(compared);
if (values.worst) {
  const worst = compared
    .filter(isUnpressed)
    .sort(
      (a, b) =>
        Math.abs(b.differences[values.worst as string] ?? 0) - Math.abs(a.differences[values.worst as string] ?? 0),
    );
  for (const { index, draft, differences, closed } of worst.slice(0, 25))
    console.log(
      index,
      JSON.stringify(draft),
      closed.kind === 'steady' ? closed.trust : '',
      Object.entries(differences)
        .map(([k, v]) => `${k} ${v.toFixed(0)}`)
        .join(' '),
    );
}
