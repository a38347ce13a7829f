import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { meanOf } from '../src-worker/engine/numerics/sample.ts';
import type { PredictInputDraft } from '../src-worker/protocol/requests.ts';
import { compare, differenceRows, isUnpressed, type Compared } from './closed-form/compare.ts';

/**
 * How far the closed form is from the simulation: `npm run report:closed-form [-- FILE] [-- --json] [-- --requests N]`. FILE
 * holds questions to `predict`; without one the stored scenarios are taken (closed-form/draw-scenarios.ts made them). `--by-trust` prints
 * the factors within which four in five figures of each trust lie, which widen the ranges of what is not trusted (uncertainty/).
 */

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
    const rows = differenceRows(judged.filter(belongs));
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

/** Of four in five |ln(closed form / simulation)|, as a factor. */
function factor80(differences: readonly number[]): number {
  const logs = differences.map((percent) => Math.abs(Math.log1p(percent / 100))).sort((a, b) => a - b);
  return Math.exp(logs[Math.floor(0.8 * logs.length)] ?? NaN);
}

function printByTrust(compared: readonly Compared[]): void {
  const steady = Map.groupBy(compared, ({ closed }) => (closed.kind === 'steady' ? closed.trust : 'saturated'));
  for (const [trust, group] of steady) {
    console.log(`${trust}: ${group.length} scenarios, factor that four in five lie within`);
    const rows = ['ttft', 'tpot', 'e2e'].map((latency) => [
      latency,
      Object.fromEntries(
        ['p50', 'p95', 'p99'].map((statistic) => {
          const known = group.flatMap(({ differences }) => differences[`${latency} ${statistic}`] ?? []);
          return [statistic, Number(factor80(known).toFixed(2))];
        }),
      ),
    ]);
    console.table(Object.fromEntries(rows));
  }
}

const { values, positionals } = parseArgs({
  options: {
    'by-trust': { type: 'boolean' },
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
const rows = differenceRows(compared.filter(isUnpressed));
if (values.json) console.log(JSON.stringify({ scenarios: compared.length, rows }));
else if (values['by-trust']) printByTrust(compared);
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
