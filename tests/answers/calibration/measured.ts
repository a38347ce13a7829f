import { operatorWork } from '../../../src-worker/engine/roofline/operator-work.ts';
import { planOf } from '../../../src-worker/engine/roofline/step-plan.ts';
import { predictColumns } from '../../../src-worker/engine/validation/predicted-columns.ts';
import { resolveBenchmark } from '../../../src-worker/engine/validation/resolve-benchmark.ts';
import type { Measurement } from '../../../src-worker/engine/validation/types.ts';
import type { MeasuredSet } from '../../../src-worker/protocol/calibration.ts';
import { Draws, knownModel } from '../../engine/roofline/random-deployments.ts';
import { rowOf } from '../../engine/validation/rows.ts';
import { calibrationOf, facts, modelSource } from '../../engine/world.ts';

export const LLAMA = 'meta-llama/Llama-3.1-8B-Instruct';
export const SMALL = 'Qwen/Qwen2.5-0.5B';
export const LARGE = 'meta-llama/Llama-3.1-70B-Instruct';

/** How a machine of ours would differ from the bundled profile: everything a little slower. */
const SLOWER = 1.12;

/** A row with the figures the bundled profile predicts, slower and with noise. */
function measuredRow(given: Partial<Measurement>, columns: readonly string[], draws: Draws): Measurement {
  const row = rowOf({ ...given, measured: Object.fromEntries(columns.map((column) => [column, 1])) });
  const resolved = resolveBenchmark(row, knownModel(row.model), facts, calibrationOf());
  if (resolved.kind === 'skipped') throw new Error(resolved.reason);
  const { benchmark } = resolved;
  const predicted = predictColumns(
    benchmark,
    planOf(operatorWork(benchmark.deployment), calibrationOf()),
    calibrationOf(),
  );
  const measured = Object.fromEntries(
    columns.map((column) => {
      const noise = Math.exp(draws.between(-0.05, 0.05));
      const isRate = !column.includes('_ms_');
      return [column, (predicted[column] as number) * (isRate ? 1 / SLOWER : SLOWER) * noise];
    }),
  );
  return { ...row, measured };
}

/** Some twenty rows as a source might publish them: three set-ups, every kind of load. */
export function soundRows(): Measurement[] {
  const draws = new Draws(4);
  const rows: Measurement[] = [];
  const add = (given: Partial<Measurement>, columns: readonly string[]): void => {
    rows.push(measuredRow({ pointId: `row-${rows.length + 1}`, ...given }, columns, draws));
  };
  const SET_UPS: Partial<Measurement>[] = [
    { sourceId: 'ours', model: LLAMA, gpu: 'nvidia-h100-80gb', engineVersion: '0.10.2' },
    { sourceId: 'ours', model: SMALL, gpu: 'nvidia-l40s', engineVersion: '0.19.0' },
    { sourceId: 'theirs', model: LARGE, gpu: 'nvidia-h100-80gb', tensorParallel: 4, engineVersion: '0.10.2' },
  ];
  for (const set of SET_UPS) {
    for (const batchOrConcurrency of [1, 8, 32])
      add({ ...set, batchOrConcurrency }, [
        'ttft_ms_mean',
        'ttft_ms_p99',
        'tpot_ms_mean',
        'e2e_ms_mean',
        'output_tok_s',
      ]);
    add({ ...set, kind: 'static_batch', batchOrConcurrency: 8 }, ['e2e_ms_mean']);
    add({ ...set, kind: 'offline_max', batchOrConcurrency: null, numPrompts: 500 }, ['output_tok_s', 'total_tok_s']);
    add({ ...set, kind: 'open_loop', requestRatePerS: 1, batchOrConcurrency: null }, ['ttft_ms_p50', 'tpot_ms_mean']);
    add(
      {
        ...set,
        kind: 'open_loop',
        requestRatePerS: 60,
        batchOrConcurrency: null,
        numPrompts: 120,
        regime: 'over_capacity',
      },
      ['ttft_ms_mean', 'tpot_ms_mean', 'req_s'],
    );
  }
  return rows;
}

export const models: MeasuredSet['models'] = Object.fromEntries(
  [LLAMA, SMALL, LARGE].map((id) => [id, modelSource(id)]),
);

/** Rows that no average may have in it, with the reason that each is skipped for. */
export function badRows(): { row: Measurement; reason: RegExp }[] {
  const good = soundRows()[1] as Measurement;
  const bad = (pointId: string, given: Partial<Measurement>, reason: RegExp) => ({
    row: { ...good, pointId, ...given },
    reason,
  });
  return [
    bad('no-length', { outputTokens: null }, /no lengths/),
    bad('no-model', { model: 'nobody/none' }, /unknown model "nobody\/none"/),
    bad('odd-model', { model: 'constructor' }, /unknown model "constructor"/),
    bad('no-gpu', { gpu: 'h10000' }, /unknown GPU "h10000"/),
    bad('no-engine', { engine: 'lmdeploy' }, /unknown engine "lmdeploy"/),
    bad('no-format', { weightDtype: 'q5_1' }, /unknown weight format/),
    bad('seconds', { measured: { tpot_ms_mean: 0.009 } }, /^impossible: TPOT/),
    bad('mixed', { measured: { ttft_ms_mean: 50, tpot_ms_mean: 9, e2e_ms_mean: 90_000 } }, /^contradictory: E2E/),
    bad('no-rate', { kind: 'open_loop' }, /no rate/),
  ];
}

/** Every number in a document, with its path. */
export function numbersIn(value: unknown, path = ''): [path: string, value: number][] {
  if (typeof value === 'number') return [[path, value]];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, part]) => numbersIn(part, `${path}.${key}`));
}
