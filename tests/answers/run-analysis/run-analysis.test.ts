import { describe, expect, test } from 'vitest';
import { runAnalysis } from '../../../src-worker/answers/run-analysis/analysis.ts';
import { Skyline } from '../../../src-worker/answers/run-analysis/skyline.ts';
import {
  runAnalysisSchema,
  type BreakEvenDocument,
  type ComparisonDocument,
  type FrontierDocument,
} from '../../../src-worker/protocol/run-analysis.ts';
import {
  ask,
  batchesOf,
  madeRun,
  num,
  passing,
  PRICINGS,
  randomOf,
  SEEDS,
  SPEC,
  USERS,
  type MadeRow,
} from './made-runs.ts';

describe('the skyline of points', () => {
  test('is what comparing each with each leaves, in any order', () => {
    for (const seed of SEEDS) {
      const random = randomOf(seed);
      const points = Array.from({ length: 60 }, (_, i) => ({
        x: Math.floor(random() * 12),
        y: Math.floor(random() * 12),
        pointId: Math.floor(i / 4),
        rank: i % 4,
      }));
      const beaten = (p: (typeof points)[0]) =>
        points.some((q) => q.x <= p.x && q.y <= p.y && (q.x < p.x || q.y < p.y));
      const first = (p: (typeof points)[0]) => points.find((q) => q.x === p.x && q.y === p.y);
      const naive = points
        .filter((p) => !beaten(p) && first(p) === p)
        .map((p) => ({ ...p, others: points.filter((q) => q.x === p.x && q.y === p.y).length - 1 }))
        .sort((a, b) => a.x - b.x);
      for (const order of [
        points,
        points.toReversed(),
        points.toSorted((a, b) => ((a.x * 7 + a.y) % 5) - ((b.x * 7 + b.y) % 5)),
      ]) {
        const skyline = new Skyline<(typeof naive)[0]>();
        for (const p of order) skyline.offer(p.x, p.y, p.pointId, p.rank, (others) => ({ ...p, others }));
        expect(skyline.members, `seed ${seed}`).toEqual(naive);
      }
    }
  });
});

describe('the frontier of a run', () => {
  test('has per load the passing rows that none of that load beats, whatever the batches', () => {
    for (const seed of SEEDS) {
      const points = madeRun(seed);
      const request = { kind: 'frontier', runId: 1, x: 'cost_usd_per_hour', y: 'ttft_p95' } as const;
      const found = ask(request, points) as FrontierDocument;
      expect(ask(request, points, 1), `seed ${seed}`).toEqual(found);
      expect(found.per).toEqual(['users']);
      for (const users of USERS) {
        const rows = points.flat().filter((row) => row['users'] === users && row['meets_sla'] === 1);
        const figures = rows.map((row) => [num(row, 'cost_usd_per_hour'), num(row, 'ttft_ms_p95')] as const);
        const left = figures.filter(([x, y]) => !figures.some(([a, b]) => a <= x && b <= y && (a < x || b < y)));
        const group = found.groups.find(({ at }) => at['users'] === users);
        const unique = [...new Set(left.map(String))].sort();
        expect(group?.points.map(({ x, y }) => String([x, y])).sort() ?? [], `seed ${seed}`).toEqual(unique);
        expect(group?.points.reduce((sum, { others }) => sum + 1 + others, 0) ?? 0).toBe(left.length);
      }
    }
  });

  test('turns a metric of which more is better, and takes one that only the window computes', () => {
    const points = madeRun(3);
    const request = { kind: 'frontier', runId: 1, x: 'speed_per_user', at: { users: 10 } } as const;
    const { groups, x, y } = ask(request, points) as FrontierDocument;
    expect([x.better, y.id, groups.length]).toEqual(['higher', 'ttft_p95', 1]);
    const rows = passing(points.flat().filter((row) => row['users'] === 10));
    expect(groups[0]?.points[0]?.x).toBe(Math.max(...rows.map((row) => 1000 / num(row, 'tpot_ms_p50'))));
  });

  test('in room weighs how often its load a configuration carries: more of it is better', () => {
    for (const seed of SEEDS.slice(0, 10)) {
      const random = randomOf(seed);
      const points = madeRun(seed).map((rows) =>
        rows.map((row): MadeRow => ({ ...row, capacity_share: (1 + Math.floor(random() * 8)) / 8 })),
      );
      const found = ask({ kind: 'frontier', runId: 1, x: 'usd_per_hour', y: 'room' }, points) as FrontierDocument;
      expect(found.y).toMatchObject({ id: 'room', better: 'higher' });
      for (const users of USERS) {
        const figures = passing(points.flat().filter((row) => row['users'] === users)).map(
          (row) => [num(row, 'cost_usd_per_hour'), 1 / num(row, 'capacity_share')] as const,
        );
        const left = figures.filter(([x, y]) => !figures.some(([a, b]) => a <= x && b >= y && (a < x || b > y)));
        const own = found.groups.find(({ at }) => at['users'] === users)?.points ?? [];
        const expected = [...new Map(left.map((pair) => [pair[0], pair])).values()].toSorted(([a], [b]) => a - b);
        expect(own.map(({ x, y }) => [x, y])).toEqual(expected.map(([x, y]) => [x, expect.closeTo(y, 8) as number]));
      }
    }
  });

  test.each([
    [{ x: 'cost_usd_per_hor' }, /Unknown metric .*did you mean "cost_usd_per_hour"/],
    [{ x: 'planned_requests_per_s' }, /neither more nor less is better/],
    [{ x: 'ttft_p95' }, /Both axes are ttft_p95:/],
    [{ x: 'cost_usd_per_hour', y: 'cost_usd_per_hour' }, /Both axes are cost_usd_per_hour:/],
    [{ x: 'ttft_ms_p95' }, /^ttft_ms_p95 and ttft_p95 are one metric:/],
    [{ x: 'throughput_requests_per_s' }, /Of throughput_requests_per_s neither/],
    [{ at: { user: 10 } }, /no axis "user": did you mean "users"/],
    [{ at: { users: 11 } }, /No point of the run has users=11: it has 10, 20, 40\./],
  ])('refuses %o in a sentence', (wrong, sentence) => {
    expect(() => ask({ kind: 'frontier', runId: 1, ...wrong }, madeRun(1))).toThrow(sentence);
  });

  test('of a saved answer is one group', () => {
    const spec = { model: 'm', users: 10 };
    const found = ask({ kind: 'frontier', runId: 1 }, madeRun(1).slice(0, 1), 1, spec) as FrontierDocument;
    expect([found.per, found.groups.length]).toEqual([[], 1]);
  });
});

describe('break-evens', () => {
  test.each([[[10, 20, 40]], [[40, 20, 10]], [[40, 10, 20]], [[20, 40, 10]]])(
    'lie where neighbouring values have other winners, and say what staying would cost: listed as %j',
    (listed) => {
      const reasons: Record<string, number> = {};
      for (const seed of SEEDS) {
        const points = madeRun(seed, listed, 3);
        const found = ask({ kind: 'break_even', runId: 1, along: 'users' }, points) as BreakEvenDocument;
        expect(ask({ kind: 'break_even', runId: 1 }, points, 1)).toEqual(found);
        expect(found.lines).toHaveLength(4);
        for (const { at, steps, choices, changes } of found.lines) {
          const here = points.filter(
            ([row]) => row?.['pricing'] === at['pricing'] && row?.['quantization'] === at['quantization'],
          );
          const rising = here.toSorted((a, b) => num(a[0] as MadeRow, 'users') - num(b[0] as MadeRow, 'users'));
          const winners = rising.map((rows) => rows.find(({ rank }) => rank === 1) ?? null);
          expect(steps.map(({ value }) => value)).toEqual([10, 20, 40]);
          expect(steps.map(({ cost }) => cost?.usd_per_hour ?? null)).toEqual(
            winners.map((row) => row?.['cost_usd_per_hour'] ?? null),
          );
          expect(steps.map(({ choice }) => (choice === null ? null : choices[choice]?.instance))).toEqual(
            winners.map((row) => row?.['instance'] ?? null),
          );
          const expected = winners.flatMap((next, i) => {
            const old = winners[i - 1];
            if (old === undefined || next?.['instance'] === old?.['instance']) return [];
            const kept = old && rising[i]?.find((row) => row['instance'] === old['instance'] && row['meets_sla'] === 1);
            const usd = kept?.['cost_usd_per_hour'] ?? null;
            const reason = old ? (kept ? null : 'not_possible') : 'nothing_before';
            return [{ from: rising[i - 1]?.[0]?.['users'], to: rising[i]?.[0]?.['users'], usd, reason }];
          });
          const told = changes.map(({ from, to, staying, staying_reason: reason }) => {
            reasons[reason ?? 'cost'] = (reasons[reason ?? 'cost'] ?? 0) + 1;
            return { from, to, usd: staying?.usd_per_hour ?? null, reason };
          });
          expect(told, `seed ${seed}`).toEqual(expected);
          for (const { staying, cost_after: after } of changes) {
            if (staying && after) expect(staying.usd_per_hour).toBeGreaterThanOrEqual(after.usd_per_hour);
          }
        }
      }
      expect(Object.keys(reasons).sort()).toEqual(['cost', 'not_possible', 'nothing_before']);
    },
  );

  test('tell another plan of the same instance, one without a price, and rows that cannot be read again', () => {
    const row = (users: number, rank: number, instance: string, more: MadeRow = {}): MadeRow => ({
      ...{ users, rank, instance, pricing: 'spot', quantization: 'fp8', provider: 'p', meets_sla: 1 },
      ...{ tensor_parallel: 1, pipeline_parallel: 1, instances: 1, cost_usd_per_hour: rank },
      ...more,
    });
    const points = [
      [row(30, 1, 'b'), row(30, 2, 'desk', { cost_usd_per_hour: null })],
      [row(20, 1, 'desk', { cost_usd_per_hour: null })],
      [row(10, 1, 'desk', { cost_usd_per_hour: null, tensor_parallel: 2 })],
    ].map((rows, point_id) => rows.map((one) => ({ ...one, point_id })));
    const reasons = ({ lines }: BreakEvenDocument) =>
      lines.flatMap(({ changes }) => changes.map(({ staying_reason: reason }) => reason));
    const request = runAnalysisSchema.parse({ kind: 'break_even', runId: 1 });
    expect(reasons(ask(request, points) as BreakEvenDocument)).toEqual(['same_instance', 'without_price']);
    const analysis = runAnalysis(request, SPEC);
    for (const batch of batchesOf(points, 1)) Array.from(analysis.add(batch));
    expect(analysis.needsRowsAgain?.()).toBe(true);
    // The second time nothing can be read.
    expect(analysis.needsRowsAgain?.()).toBe(false);
    expect(reasons(analysis.answer() as BreakEvenDocument)).toEqual(['same_instance', 'not_known']);
  });

  test('need the rows once where values come rising', () => {
    const analysis = runAnalysis(runAnalysisSchema.parse({ kind: 'break_even', runId: 1 }), SPEC);
    for (const batch of batchesOf(madeRun(1, [10, 20, 40]), 2)) Array.from(analysis.add(batch));
    expect(analysis.needsRowsAgain?.()).toBe(false);
  });

  test.each([
    ['pricing', /pricing is no axis of numbers: of this run users can be taken/],
    ['rate', /no axis "rate"/],
  ])('refuse to run along %s', (along, sentence) => {
    expect(() => ask({ kind: 'break_even', runId: 1, along }, madeRun(1))).toThrow(sentence);
  });

  test('need an axis of numbers that varies', () => {
    const spec = { base: { model: 'm' }, axes: { users: [10], pricing: PRICINGS } };
    expect(() => ask({ kind: 'break_even', runId: 1 }, madeRun(1), 5, spec)).toThrow(/No axis of numbers varies/);
    expect(() => ask({ kind: 'break_even', runId: 1, along: 'users' }, madeRun(1), 5, spec)).toThrow(/does not vary/);
  });
});

describe('two values of an axis', () => {
  test('are counted by who is cheaper, and the price factor is what makes them equal', () => {
    for (const seed of SEEDS) {
      const points = madeRun(seed);
      const found = ask({ kind: 'comparison', runId: 1, between: 'pricing' }, points) as ComparisonDocument;
      const [pair] = found.pairs;
      const costs = (pricing: string) =>
        points
          .filter(([row]) => row?.['pricing'] === pricing)
          .map((rows) => rows.find(({ rank }) => rank === 1)?.['cost_usd_per_hour'] ?? null) as (number | null)[];
      const [a, b] = [costs('ondemand'), costs('spot')];
      const both = a.flatMap((cost, i) => (cost !== null && b[i] !== null ? [[cost, b[i] as number] as const] : []));
      expect(pair).toMatchObject({
        a: 'ondemand',
        b: 'spot',
        a_cheaper: both.filter(([x, y]) => x < y).length,
        b_cheaper: both.filter(([x, y]) => x > y).length,
        equal: both.filter(([x, y]) => x === y).length,
        only_a: a.filter((cost, i) => cost !== null && b[i] === null).length,
        only_b: b.filter((cost, i) => cost !== null && a[i] === null).length,
      });
      const ratios = both.map(([x, y]) => y / x);
      expect(pair?.ratio?.least).toBeCloseTo(Math.min(...ratios), 9);
      // At the factor that is least the dearest of b costs what a does.
      expect((pair?.break_even_price_factor?.least ?? 0) * Math.max(...ratios)).toBeCloseTo(1, 8);
      const flips = pair?.lines.flatMap(({ changes }) => changes) ?? [];
      for (const { ratio_before: before, ratio_after: after } of flips)
        expect((before - 1) * (after - 1)).toBeLessThanOrEqual(0);
    }
  });
});

describe('many values of an axis', () => {
  const zones = Array.from({ length: 20 }, (_, i) => `z${String(i).padStart(2, '0')}`);
  const spec = { base: { model: 'm' }, axes: { users: USERS, quantization: ['fp16', 'fp8'], zone: zones } };

  test('are one list by cost beside the cheapest of the same situation, and no pairs', () => {
    for (const seed of SEEDS.slice(0, 10)) {
      const random = randomOf(seed);
      const rows = USERS.flatMap((users) =>
        ['fp16', 'fp8'].flatMap((quantization) =>
          zones.map((zone): MadeRow => {
            const shared = { users, quantization, zone, provider: 'p', instance: 'i' };
            // The last has no answer anywhere.
            // Of the last of users and precisions only one zone has, and it is a situation of its own.
            const isLonely = users === USERS.at(-1) && quantization === 'fp8';
            if (zone === zones.at(-1) || (isLonely ? zone !== 'z04' : random() < 0.2))
              return { ...shared, meets_sla: 0, reason: 'zone' };
            // Costs that are nearly the least are not the least.
            const cost_usd_per_hour = 1 + Math.floor(random() * 60) / 10;
            return { ...shared, rank: 1, meets_sla: 1, instances: 1, cost_usd_per_hour };
          }),
        ),
      );
      const points = rows.map((row, point_id) => [{ ...row, point_id }]);
      const request = { kind: 'comparison', runId: 1, between: 'zone' } as const;
      const found = ask(request, points, 7, spec) as ComparisonDocument;
      expect([found.situations, found.pairs, found.points_left_out]).toEqual([6, [], 0]);
      const costsBeside = (row: MadeRow) =>
        passing(rows)
          .filter((other) => other['users'] === row['users'] && other['quantization'] === row['quantization'])
          .map((other) => num(other, 'cost_usd_per_hour'));
      expect(found.values.map(({ value }) => value).sort()).toEqual(zones);
      for (const { value, situations, alone, cheapest, usd_per_hour: usd, times_cheapest: times } of found.values) {
        const own = passing(rows.filter((row) => row['zone'] === value));
        const compared = own.filter((row) => costsBeside(row).length > 1);
        const factors = compared.map((row) => num(row, 'cost_usd_per_hour') / Math.min(...costsBeside(row)));
        const best = factors.filter((factor) => factor === 1).length;
        expect([situations, alone, cheapest]).toEqual([own.length, own.length - compared.length, best]);
        expect(alone).toBe(value === 'z04' ? 1 : 0);
        if (own.length === 0) {
          expect([usd, times]).toEqual([null, null]);
          continue;
        }
        expect(times?.mean).toBeCloseTo(factors.reduce((sum, factor) => sum + factor, 0) / factors.length, 8);
        expect([times?.least, times?.most]).toEqual([
          expect.closeTo(Math.min(...factors), 8),
          expect.closeTo(Math.max(...factors), 8),
        ]);
        expect(usd?.most).toBe(Math.max(...own.map((row) => num(row, 'cost_usd_per_hour'))));
      }
      const means = found.values.map(({ times_cheapest: times }) => times?.mean ?? Infinity);
      expect(means).toEqual(means.toSorted((a, b) => a - b));
      expect(found.values.at(-1)?.situations).toBe(0);
    }
  });

  /** Costs of values in one situation after the other; null = none. */
  const comparedBy = (costs: Record<string, (number | null)[]>) => {
    const rows = Object.entries(costs).flatMap(([zone, usd]) =>
      usd.map((cost_usd_per_hour, i): MadeRow => {
        const shared = { users: i, quantization: 'fp8', zone };
        return cost_usd_per_hour === null
          ? { ...shared, meets_sla: 0 }
          : { ...shared, rank: 1, meets_sla: 1, cost_usd_per_hour };
      }),
    );
    const points = rows.map((row, point_id) => [{ ...row, point_id }]);
    return (ask({ kind: 'comparison', runId: 1, between: 'zone' }, points, 7, spec) as ComparisonDocument).values;
  };

  test('are ranked by situations in which another has a cost: being alone is not being cheap', () => {
    const values = comparedBy({
      // Nearly always alone, and dear where it is not.
      a: [...Array<number>(30).fill(9), 6],
      b: [...Array<null>(30).fill(null), 2],
      c: [...Array<null>(30).fill(null), 5],
    });
    expect(values).toMatchObject([
      { value: 'b', situations: 1, alone: 0, cheapest: 1, times_cheapest: { mean: 1 } },
      { value: 'c', situations: 1, alone: 0, cheapest: 0, times_cheapest: { mean: 2.5 } },
      { value: 'a', situations: 31, alone: 30, cheapest: 0, times_cheapest: { least: 3, mean: 3, most: 3 } },
    ]);
    expect(values[2]?.usd_per_hour).toEqual({ least: 6, most: 9 });
  });

  test('that are alone wherever they have a cost stand between the others and those without one', () => {
    const values = comparedBy({ z: [null, null], lonely: [3, null], a: [null, 2], b: [null, 4] });
    expect(values).toMatchObject([
      { value: 'a', cheapest: 1 },
      { value: 'b', cheapest: 0, times_cheapest: { mean: 2 } },
      { value: 'lonely', situations: 1, alone: 1, cheapest: 0, times_cheapest: null, usd_per_hour: { least: 3 } },
      { value: 'z', situations: 0, alone: 0, times_cheapest: null, usd_per_hour: null },
    ]);
  });

  test('that cost nearly as little as the cheapest are not the cheapest; equals all are', () => {
    const values = comparedBy({ a: [1, 1, 2], b: [1.01, 1, 2.0001], c: [4, 1, 8] });
    expect(values.map(({ value, cheapest }) => [value, cheapest])).toEqual([
      ['a', 3],
      ['b', 1],
      ['c', 1],
    ]);
  });

  test('of which one is picked are one value', () => {
    const points = zones.map((zone, point_id) => [
      { ...{ point_id, users: 10, quantization: 'fp8', zone, rank: 1, meets_sla: 1, cost_usd_per_hour: 2 } },
    ]);
    const request = { kind: 'comparison', runId: 1, between: 'zone', at: { zone: 'z03' } } as const;
    const { values, pairs } = ask(request, points, 7, spec) as ComparisonDocument;
    expect([values.map(({ value }) => value), pairs]).toEqual([['z03'], []]);
  });

  test('that cost nothing are no factor for the others', () => {
    const points = [0, 3].map((cost_usd_per_hour, point_id) => [
      {
        ...{ point_id, users: 10, quantization: 'fp8', zone: zones[point_id] ?? '', rank: 1, meets_sla: 1 },
        cost_usd_per_hour,
      },
    ]);
    const { values } = ask({ kind: 'comparison', runId: 1, between: 'zone' }, points, 7, spec) as ComparisonDocument;
    expect(values).toMatchObject([
      { value: 'z00', cheapest: 1, times_cheapest: null },
      { value: 'z01', cheapest: 0, times_cheapest: null, usd_per_hour: { least: 3, most: 3 } },
    ]);
  });
});
