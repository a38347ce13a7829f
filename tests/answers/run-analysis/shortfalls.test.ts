import { expect, test } from 'vitest';
import { runAnalysis } from '../../../src-worker/answers/run-analysis/analysis.ts';
import { runAnalysisSchema, type FrontierDocument } from '../../../src-worker/protocol/run-analysis.ts';
import { answered, batchesOf, oneOf, PRICINGS, randomOf, SPEC, USERS, type MadeRow } from './made-runs.ts';

/** Reasons with the margin they have; what is worth a second thought first, as `size` lists near misses. */
const REASONS = ['sla_missed', 'max_gpus', 'memory', 'host_memory', 'context_exceeded', 'not_in_zone', 'retired'];
const ELSEWHERE = ['not_in_zone', 'retired'];

function failing(seed: number): MadeRow[][] {
  const random = randomOf(seed);
  const points = USERS.flatMap((users) =>
    PRICINGS.map((pricing) =>
      Array.from({ length: 5 }, (_, i): MadeRow => {
        const reason = oneOf(random, seed % 3 === 0 ? REASONS : REASONS.slice(2));
        const shared = { users, pricing, quantization: 'fp8', provider: 'p', instance: `i${i}`, gpu: 'g' };
        const margin = {
          margin_metric: 'ttft_p95',
          margin_value: random() < 0.1 ? 0 : 1 + 9 * random(),
          margin_limit: 2,
        };
        return {
          ...{ ...shared, meets_sla: 0, reason, detail: `${reason} of i${i}`, tensor_parallel: 2 },
          ...(ELSEWHERE.includes(reason) ? {} : { ...margin, margin_unit: 'ms' }),
        };
      }),
    ),
  );
  return points.map((rows, point_id) => rows.map((row) => ({ ...row, point_id })));
}

const frontierOf = (points: MadeRow[][], perBatch: number) =>
  answered(
    runAnalysis(runAnalysisSchema.parse({ kind: 'frontier', runId: 1 }), SPEC),
    batchesOf(points, perBatch),
  ) as FrontierDocument;

test('a run of which nothing passes says how many points for which reason, and the least violation of all rows', () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const points = failing(seed);
    const { no_answer: found } = frontierOf(points, 4);
    expect(frontierOf(points, 1).no_answer).toEqual(found);
    const commonest = points.map((rows) => {
      const own = rows.map(({ reason }) => String(reason));
      const offered = own.filter((reason) => !ELSEWHERE.includes(reason));
      const told = offered.length > 0 ? offered : own;
      const times = (reason: string) => told.filter((other) => other === reason).length;
      return [...new Set(told)].toSorted((a, b) => times(b) - times(a) || (a < b ? -1 : 1))[0] ?? '';
    });
    expect(found?.points).toBe(points.length);
    expect(Object.fromEntries(found?.reasons.map(({ reason, points: own }) => [reason, own]) ?? [])).toEqual(
      Object.fromEntries(commonest.map((reason) => [reason, commonest.filter((other) => other === reason).length])),
    );
    const counts = found?.reasons.map(({ points: own }) => own) ?? [];
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
    const gap = (row: MadeRow) => Math.abs(Math.log(Number(row['margin_value']) / Number(row['margin_limit'])));
    const measured = points
      .flat()
      .filter((row) => Number(row['margin_value'] ?? 0) > 0)
      .toSorted(
        (a, b) => REASONS.indexOf(String(a['reason'])) - REASONS.indexOf(String(b['reason'])) || gap(a) - gap(b),
      );
    const [nearest] = measured;
    expect(found?.nearest, `seed ${seed}`).toMatchObject({
      at: { users: nearest?.['users'], pricing: nearest?.['pricing'], quantization: 'fp8' },
      ...{ instance: nearest?.['instance'], reason: nearest?.['reason'], detail: nearest?.['detail'] },
      ...{ tensor_parallel: 2, pipeline_parallel: null },
      margin: { metric: 'ttft_p95', value: nearest?.['margin_value'], limit: 2, unit: 'ms' },
    });
  }
});

test('a run of which something passes says nothing of what does not', () => {
  const passing: MadeRow = {
    ...{ point_id: 99, users: 10, pricing: 'spot', quantization: 'fp8', meets_sla: 1, rank: 1, id: 'x' },
    ...{ cost_usd_per_hour: 1, ttft_ms_p95: 1 },
  };
  expect(frontierOf([...failing(1), [passing]], 2).no_answer).toBeNull();
});
