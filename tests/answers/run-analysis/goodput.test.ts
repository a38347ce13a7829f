import { describe, expect, test } from 'vitest';
import { runAxes } from '../../../src-worker/answers/run-analysis/axes.ts';
import { goodputAnalysis } from '../../../src-worker/answers/run-analysis/goodput.ts';
import type { GoodputDocument, GoodputRow, Place } from '../../../src-worker/protocol/run-analysis.ts';
import {
  answered,
  ask,
  batchesOf,
  LOAD_AXES,
  madeRun,
  num,
  passing,
  PRICINGS,
  SEEDS,
  type MadeRow,
} from './made-runs.ts';

/** What the instances of a row serve with every replica they hold at work. */
const servedFull = (row: MadeRow): number =>
  num(row, 'capacity_requests_per_s') * num(row, 'replicas_per_instance') * num(row, 'instances');
const fullPerUsd = (row: MadeRow): number => (servedFull(row) * 3600) / num(row, 'cost_usd_per_hour');
const fullPerGpu = (row: MadeRow): number => servedFull(row) / (num(row, 'instances') * num(row, 'gpu_count'));
const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.abs(b);

const goodput = (points: MadeRow[][], spec?: unknown, at: Place = {}): GoodputDocument =>
  ask({ kind: 'goodput', runId: 1, at }, points, 5, spec) as GoodputDocument;

test('goodput is what full instances serve within the targets; each configuration stands where a dollar buys most', () => {
  for (const seed of SEEDS) {
    const points = madeRun(seed);
    const { groups, loads, per } = goodput(points);
    expect([per, groups.length]).toEqual([[], 1]);
    const rows = passing(points.flat());
    const keys = new Set(rows.map((row) => `${row['instance']}/${row['quantization']}/${row['pricing']}`));
    expect(groups[0]?.rows).toHaveLength(keys.size);
    const listed = groups[0]?.rows.map((row) => Math.round(row.requests_per_usd ?? 0)) ?? [];
    expect(listed).toEqual(listed.toSorted((a, b) => b - a));
    for (const row of groups[0]?.rows ?? []) {
      const own = rows.filter(
        (other) =>
          other['instance'] === row.instance &&
          other['quantization'] === row.quantization &&
          other['pricing'] === row.chosen['pricing'],
      );
      const most = Math.max(...own.map(fullPerUsd));
      const best = own.filter((other) => isNear(fullPerUsd(other), most));
      const fewest = Math.min(...best.map((other) => num(other, 'instances')));
      const smallest = best.filter((other) => num(other, 'instances') === fewest);
      expect(row.requests_per_usd).toBeCloseTo(most, 6);
      expect(row.instances, `seed ${seed}`).toBe(fewest);
      expect(row.per_gpu_requests_per_s).toBeCloseTo(Math.max(...smallest.map(fullPerGpu)), 8);
      expect(smallest.some((other) => isNear(servedFull(other), row.goodput_requests_per_s))).toBe(true);
      expect(row.loads_met).toBe(new Set(own.map((other) => other['users'])).size);
    }
    for (const { value, points: all, points_met: met } of loads) {
      const there = points.filter(([row]) => row?.['users'] === value);
      expect([all, met]).toEqual([there.length, there.filter((point) => passing(point).length > 0).length]);
    }
  }
});

/** `instances` of an instance of 8 GPUs in 8 replicas, at `usd` dollars an hour each. */
const row = (instances: number, replicas: number, usd: number | null, more: MadeRow = {}): MadeRow => ({
  ...{ rank: 1, meets_sla: 1, id: 'p/8x/r/tp1pp1/fp16', provider: 'p', instance: '8x', quantization: 'fp16' },
  ...{ tensor_parallel: 1, pipeline_parallel: 1, gpu_count: 8, replicas_per_instance: 8, instances, replicas },
  ...{ capacity_requests_per_s: 1.25, users: 10 * replicas },
  cost_usd_per_hour_instance: usd && Number(usd.toPrecision(10)),
  cost_usd_per_hour: usd && Number((usd * instances).toPrecision(10)),
  ...more,
});
const pointsOf = (rows: MadeRow[]): MadeRow[][] => rows.map((one, point_id) => [{ ...one, point_id }]);
const listed = (rows: MadeRow[], spec?: unknown): GoodputRow[] => goodput(pointsOf(rows), spec).groups[0]?.rows ?? [];

test('counts GPUs that the load leaves idle: what they can serve is the same at every load', () => {
  // Eight replicas of 1.25 requests/s for $4: 10 a second, 1.25 a GPU, 36,000 requests an hour for 4 dollars.
  const expected = { instances: 1, replicas: 8, goodput_requests_per_s: 10, per_gpu_requests_per_s: 1.25 };
  expect(listed([row(1, 1, 4)])).toMatchObject([{ ...expected, requests_per_usd: 9000 }]);
  expect(listed([row(1, 8, 4)])).toMatchObject([{ ...expected, requests_per_usd: 9000 }]);
});

test('stands at the fewest instances among sizes of equal worth, whatever their prices are rounded to', () => {
  for (const usd of [1 / 3, 0.1, 4.39, 2.6400000001]) {
    for (const counts of [
      [3, 1, 2],
      [4, 3, 2],
    ]) {
      const rows = listed(counts.map((count) => row(count, 8 * count, usd)));
      expect(rows).toMatchObject([{ instances: Math.min(...counts) }]);
    }
  }
});

describe('what is chosen beside a configuration', () => {
  const axes = { users: [10, 20], pricing: PRICINGS, kv_cache_dtype: ['auto', 'fp8'], quantization: ['fp16'] };
  const spec = { base: { model: 'm' }, axes };
  // Spot costs half, and a smaller cache carries twice.
  const rows = axes.pricing.flatMap((pricing) =>
    axes.kv_cache_dtype.flatMap((kv_cache_dtype) =>
      axes.users.map((users) =>
        row(1, users / 10, pricing === 'spot' ? 2 : 4, {
          ...{ pricing, kv_cache_dtype, users },
          capacity_requests_per_s: kv_cache_dtype === 'fp8' ? 2.5 : 1.25,
        }),
      ),
    ),
  );

  test('makes rows of its own: no price list and no KV cache stands in for another', () => {
    expect(
      listed(rows, spec).map(({ chosen, requests_per_usd: worth, loads_met: met }) => [chosen, worth, met]),
    ).toEqual([
      [{ pricing: 'spot', kv_cache_dtype: 'fp8' }, 36_000, 2],
      [{ pricing: 'ondemand', kv_cache_dtype: 'fp8' }, 18_000, 2],
      [{ pricing: 'spot', kv_cache_dtype: 'auto' }, 18_000, 2],
      [{ pricing: 'ondemand', kv_cache_dtype: 'auto' }, 9000, 2],
    ]);
  });

  test('is no longer a choice where it is fixed, with the same figures', () => {
    for (const seed of SEEDS) {
      const points = madeRun(seed);
      const [all] = goodput(points).groups;
      for (const pricing of PRICINGS) {
        const of = all?.rows.filter(({ chosen }) => chosen['pricing'] === pricing) ?? [];
        const without = of.map(({ chosen: { pricing: _, ...chosen }, ...figures }) => ({ ...figures, chosen }));
        expect(goodput(points, undefined, { pricing }).groups[0]?.rows).toEqual(without);
      }
    }
  });
});

test.each(['users', ...LOAD_AXES])('what a replica carries does not hang on %s: no situation of its own', (axis) => {
  const quantization = ['fp16', 'fp8'];
  const spec = { base: { model: 'm' }, axes: { [axis]: [10, 20], quantization } };
  const rows = [10, 20].map((value, i) => row(2 - i, 8, 4, { [axis]: value }));
  const { per, groups } = goodput(pointsOf(rows), spec);
  expect([per, groups.length]).toEqual([[], 1]);
  expect(groups[0]).toMatchObject({ at: {}, points: 2, points_met: 2, rows: [{ instances: 1 }] });
});

test('situations beyond the rows that an answer holds are counted, those that it began are whole', () => {
  const users = [10, 20];
  const spec = { base: { model: 'm' }, axes: { users, price_factor: [1, 2, 3], pricing: PRICINGS } };
  const points = pointsOf(
    spec.axes.price_factor.flatMap((price_factor) =>
      PRICINGS.flatMap((pricing) => users.map((load) => row(1, 1, 4, { price_factor, pricing, users: load }))),
    ),
  );
  const asked = { runId: 1, at: {} };
  const batches = batchesOf(points, 5);
  // Two rows a situation: after the second there are four, and no room for a third.
  for (const mostRows of [3, 4]) {
    const found = answered(goodputAnalysis(asked, runAxes(spec), mostRows), batches);
    expect([found.groups.map(({ rows }) => rows.length), found.points_left_out]).toEqual([[2, 2], 4]);
  }
  const all = answered(goodputAnalysis(asked, runAxes(spec)), batches);
  expect([all.groups.length, all.points_left_out]).toEqual([3, 0]);
});

test('without a load that varies nothing is counted of loads', () => {
  const spec = { base: { model: 'm' }, axes: { users: [10], pricing: PRICINGS } };
  const { loads, groups } = goodput(pointsOf([row(1, 1, 4, { pricing: 'spot' })]), spec);
  expect([loads, groups[0]?.rows.map(({ loads_met: met }) => met)]).toEqual([[], [null]]);
});

describe('the order of configurations', () => {
  const instance = (gpus: number, usd: number | null, more: MadeRow = {}): MadeRow =>
    row(1, gpus, usd, {
      ...{ instance: `${gpus}g`, id: `p/${gpus}g/r/tp1pp1/fp16`, gpu_count: gpus, replicas_per_instance: gpus },
      ...more,
    });
  const names = (rows: MadeRow[]) => listed(rows).map(({ instance: name }) => name);

  test('is that of fewest GPUs where what is shown of their worth is equal', () => {
    // 4.5 million requests an hour and GPU: 1,406,250 for a dollar or nearly so, apart in the eighth digit as their prices are.
    const usd = { 1: 3.2000004, 2: 6.4000001, 4: 12.8000003, 8: 25.6 };
    const many = { capacity_requests_per_s: 1250 };
    const rows = ([8, 4, 2, 1] as const).map((gpus) => instance(gpus, usd[gpus], many));
    expect(names(rows)).toEqual(['1g', '2g', '4g', '8g']);
    expect(names(rows.toReversed())).toEqual(['1g', '2g', '4g', '8g']);
    // One more for a dollar is seen, and counts.
    expect(names([...rows, instance(16, 51.2 * (1 - 1e-6), many)])[0]).toBe('16g');
  });

  test('goes by three digits where a dollar buys less than a hundred requests', () => {
    // 4,500 for $500 is 9 requests, for $501 8.98, for $500.1 9.00.
    expect(names([instance(2, 1000), instance(1, 500.1), instance(4, 2004)])).toEqual(['1g', '2g', '4g']);
  });

  test('is that of what a GPU serves without prices, as it is shown', () => {
    const rows = [
      instance(4, null, { capacity_requests_per_s: 1.2501 }),
      instance(2, null, { capacity_requests_per_s: 1.25 }),
      instance(1, null, { capacity_requests_per_s: 1.2 }),
    ];
    expect(names(rows)).toEqual(['2g', '4g', '1g']);
    expect(names([...rows, instance(8, 1e9)])[0]).toBe('8g');
  });
});
