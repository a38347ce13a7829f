import { runAnalysis } from '../../../src-worker/answers/run-analysis/analysis.ts';
import type { RunAnalysis } from '../../../src-worker/answers/run-analysis/points.ts';
import { columnBuilder } from '../../../src-worker/answers/column-builder.ts';
import type { ColumnBatch } from '../../../src-worker/protocol/columns.ts';
import { runAnalysisSchema, type RunAnalysisDraft } from '../../../src-worker/protocol/run-analysis.ts';
import { sweepColumns } from '../../../src-worker/protocol/sweep-columns.ts';

/** A row of a made run; what is left out is null. */
export type MadeRow = Record<string, number | string | null>;

export const num = (row: MadeRow, column: string): number => Number(row[column]);
export const passing = (rows: MadeRow[]): MadeRow[] => rows.filter(({ meets_sla }) => meets_sla === 1);

export const SEEDS = Array.from({ length: 40 }, (_, i) => i + 1);

/** mulberry32, so that a failing case can be made again. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const oneOf = <Value>(random: () => number, values: readonly Value[]): Value =>
  values[Math.floor(random() * values.length)] as Value;

export const USERS = [40, 10, 20];
export const PRICINGS = ['ondemand', 'spot'];
export const SPEC = {
  base: { model: 'm' },
  axes: { users: USERS, quantization: ['fp16', 'fp8'], pricing: PRICINGS },
};

const REFUSALS = ['memory', 'max_gpus', 'sla_missed'];

/** Points in the order of a sweep over SPEC, its users listed in any order; coarse figures, so that equal ones are common. */
export function madeRun(seed: number, users = USERS, instances = 6): MadeRow[][] {
  return numbered(pointsOver(seed, users, instances));
}

const numbered = (points: MadeRow[][]): MadeRow[][] =>
  points.map((rows, point_id) => rows.map((row) => ({ ...row, point_id })));

function pointsOver(seed: number, listed: readonly number[], instances: number): MadeRow[][] {
  const random = randomOf(seed);
  const points: MadeRow[][] = [];
  for (const quantization of ['fp16', 'fp8']) {
    for (const users of listed) {
      for (const pricing of PRICINGS) {
        const rows = Array.from({ length: instances }, (_, i): MadeRow => {
          const passes = random() < 0.7;
          const [usd, count] = [1 + Math.floor(random() * 6), 1 + Math.floor(random() * 3)];
          // Every other instance has 8 GPUs in 4 replicas, and the last of them some to spare.
          const perInstance = i % 2 === 0 ? 1 : 4;
          const shared = { users, pricing, quantization, provider: 'p', instance: `i${i}`, gpu: `g${i % 3}` };
          if (!passes) return { ...shared, meets_sla: 0, reason: REFUSALS[(i + users) % REFUSALS.length] ?? '' };
          return {
            ...shared,
            meets_sla: 1,
            id: `p/i${i}/r/tp${1 + (i % 2)}pp1/${quantization}`,
            gpu_count: perInstance === 1 ? 1 : 8,
            tensor_parallel: 1 + (i % 2),
            pipeline_parallel: 1,
            instances: count,
            replicas_per_instance: perInstance,
            replicas: count * perInstance - Math.floor(random() * perInstance),
            capacity_requests_per_s: 1 + Math.floor(random() * 4),
            capacity_share: 0.5,
            cost_usd_per_hour_instance: usd,
            cost_usd_per_hour: usd * count,
            cost_usd_per_request: (usd * count) / users,
            ttft_ms_p95: 100 * (1 + Math.floor(random() * 6)),
            tpot_ms_p50: 10 * (1 + Math.floor(random() * 3)),
          };
        });
        const passing = rows.filter(({ meets_sla }) => meets_sla === 1);
        passing.sort((a, b) => Number(a['cost_usd_per_hour']) - Number(b['cost_usd_per_hour']));
        passing.forEach((row, i) => (row['rank'] = i + 1));
        points.push([...passing, ...rows.filter(({ meets_sla }) => meets_sla !== 1)]);
      }
    }
  }
  return points;
}

/** Axes beside users that only say how much arrives, and how it is provided for. */
export const LOAD_AXES = ['rate', 'think_time', 'headroom', 'max_gpus'];
const AXES = ['pricing', 'price_factor', 'users', 'quantization', ...LOAD_AXES];

/** Points of a sweep over these axes as batches of `perBatch` points. */
export function batchesOf(
  points: readonly MadeRow[][],
  perBatch: number,
  axes: readonly string[] = AXES,
): ColumnBatch[] {
  const batches: ColumnBatch[] = [];
  for (let i = 0; i < points.length; i += perBatch) {
    const builder = columnBuilder(sweepColumns(axes));
    for (const row of points.slice(i, i + perBatch).flat()) builder.add((column) => row[column] ?? null);
    batches.push(builder.build());
  }
  return batches;
}

export function answered<Answer>(analysis: RunAnalysis<Answer>, batches: readonly ColumnBatch[]): Answer {
  do {
    for (const batch of batches) Array.from(analysis.add(batch));
  } while (analysis.needsRowsAgain?.());
  return analysis.answer();
}

export const ask = (request: RunAnalysisDraft, points: MadeRow[][], perBatch = 5, spec: unknown = SPEC) =>
  answered(runAnalysis(runAnalysisSchema.parse(request), spec), batchesOf(points, perBatch));
