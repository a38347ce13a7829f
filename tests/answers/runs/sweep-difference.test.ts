import { expect, test } from 'vitest';
import { SweepComparison } from '../../../src-worker/answers/runs/sweep-difference.ts';
import { columnBuilder } from '../../../src-worker/answers/column-builder.ts';
import { rounded } from '../../../src-worker/protocol/rounded.ts';
import type { ColumnBatch } from '../../../src-worker/protocol/columns.ts';
import { sweepSpecSchema } from '../../../src-worker/protocol/requests.ts';
import { sweepColumns } from '../../../src-worker/protocol/sweep-columns.ts';
import { randomFrom } from '../../measurements/random.ts';

const { axes } = sweepSpecSchema.parse({
  base: { model: 'm' },
  axes: { users: [1, 2], quantization: ['fp16', 'fp8'], zone: ['a'] },
});

interface Point {
  users: number;
  quantization: string;
  zone: string | null;
  id: string;
  instances: number;
  usd: number | null;
}
type Random = ReturnType<typeof randomFrom>;

const some = <Value>(random: Random, values: readonly Value[]): Value[] => {
  const kept = values.filter(() => random.next() < 0.7);
  // In an order of its own now and then, as a person may write the values of an axis.
  return random.next() < 0.3 ? kept.toReversed() : kept;
};

/** Points of a grid, some of them without an answer. */
function madePoints(random: Random): Point[] {
  const points: Point[] = [];
  const [users, zones] = [some(random, [5, 10, 20, 40]), some(random, ['a', 'b', 'c', null])];
  for (const quantization of some(random, ['fp16', 'fp8', 'int4'])) {
    for (const load of users) {
      for (const zone of zones) {
        if (random.next() < 0.2) continue;
        const [id, instances] = [`p/${random.below(2)}`, 1 + random.below(2)];
        const usd = random.next() < 0.1 ? null : 1 + random.below(4) / 3;
        points.push({ users: load, quantization, zone, id, instances, usd });
      }
    }
  }
  return points;
}

const cellsOf = (cells: Record<string, number | string | null>) => (column: string) => cells[column] ?? null;

/** Batches of a few points each; every point has a second row, which is not the cheapest. */
function batchesOf(points: readonly Point[], size: number): ColumnBatch[] {
  const batches: ColumnBatch[] = [];
  for (let from = 0; from < points.length; from += size) {
    const builder = columnBuilder(sweepColumns([]));
    for (const { users, quantization, zone, id, instances, usd } of points.slice(from, from + size)) {
      const shared = { users, quantization, zone, meets_sla: 1 };
      builder.add(cellsOf({ ...shared, rank: 1, id, instances, cost_usd_per_hour: usd }));
      builder.add(cellsOf({ ...shared, rank: 2, id: 'dearer', instances: 9, cost_usd_per_hour: 99 }));
    }
    batches.push(builder.build());
  }
  return batches;
}

function compared(before: ColumnBatch[], after: ColumnBatch[], mostCells?: number) {
  const comparison = new SweepComparison(axes, mostCells);
  const [one, other] = [before, after].map((batches, run) =>
    batches.map((batch) => ({ batch, surveyed: comparison.survey(batch, run === 0 ? 'before' : 'after') })),
  );
  let given = 0;
  for (const { needs, addBefore, addAfter } of comparison.windows()) {
    for (const [batches, add] of [
      [one, addBefore],
      [other, addAfter],
    ] as const) {
      for (const { batch, surveyed } of batches ?? []) {
        if (!needs(surveyed)) continue;
        given += 1;
        add(batch);
      }
    }
  }
  return { difference: comparison.difference(), given };
}

/** All points held at once, by the texts of their axes. */
function byHand(before: readonly Point[], after: readonly Point[]) {
  const keyOf = ({ users, quantization, zone }: Point) => JSON.stringify([users, quantization, zone]);
  const known = new Map(before.map((point) => [keyOf(point), point]));
  const pairs = after.flatMap((point) => {
    const one = known.get(keyOf(point));
    return one ? [[one, point] as const] : [];
  });
  const changes = pairs
    .flatMap(([{ usd: one }, { usd: other }]) => (one === null || other === null ? [] : [(other / one - 1) * 100]))
    .map(rounded)
    .toSorted((one, other) => one - other);
  const half = (changes.length - 1) / 2;
  const at = (place: number) => changes[place] ?? Number.NaN;
  return {
    both: pairs.length,
    only_before: before.length - pairs.length,
    only_after: after.length - pairs.length,
    best_changed: pairs.filter(([one, other]) => one.id !== other.id).length,
    instances_changed: pairs.filter(([one, other]) => one.id === other.id && one.instances !== other.instances).length,
    cost_change_percent:
      changes.length === 0
        ? null
        : {
            // The tenth digit of a mean of two may be rounded either way.
            median: expect.closeTo((at(Math.floor(half)) + at(Math.ceil(half))) / 2, 6) as number,
            least: at(0),
            most: at(changes.length - 1),
          },
  };
}

test('window by window, two runs differ as they do all at once, whatever their axes and the order of their values', () => {
  const random = randomFrom(11);
  let shared = 0;
  for (let round = 0; round < 300; round += 1) {
    const [before, after] = [madePoints(random), madePoints(random)];
    const batches = [before, after].map((points) => batchesOf(points, 1 + random.below(7)));
    const expected = byHand(before, after);
    shared += expected.both;
    const sizes = [undefined, 1, 1 + random.below(9)];
    const found = sizes.map((size) => compared(batches[0] ?? [], batches[1] ?? [], size).difference);
    for (const difference of found) {
      expect(difference).toMatchObject(expected);
      expect(difference.examples.length).toBeLessThanOrEqual(10);
    }
    const changeOf = ({ before: one, after: other }: (typeof found)[number]['examples'][number]) =>
      rounded(Math.abs((other.usd_per_hour ?? 0) / (one.usd_per_hour ?? 1) - 1));
    // Which of equal changes are shown is up to the order in which they come.
    expect(found[1]?.examples.map(changeOf)).toEqual(found[0]?.examples.map(changeOf));
    for (const { axes: place, after: best } of found[0]?.examples ?? []) {
      expect(
        after.find(
          ({ users, quantization, zone }) =>
            users === place['users'] && quantization === place['quantization'] && zone === place['zone'],
        ),
      ).toMatchObject({ id: best.id, usd: best.usd_per_hour });
    }
  }
  expect(shared).toBeGreaterThan(1000);
});

test('the ten points that are shown are those whose cost moved most, up or down', () => {
  const points = (usd: (users: number) => number): Point[] =>
    Array.from({ length: 40 }, (_, i) => {
      return { users: i, quantization: 'fp8', zone: 'a', id: 'x', instances: 1, usd: usd(i) };
    });
  const usersOf = ({ examples }: ReturnType<typeof compared>['difference']) =>
    examples.map(({ axes: { users } }) => users);
  // Every other one falls.
  const percent = (users: number): number => (users % 2 === 0 ? -users : users);
  const after = points((users) => 100 + percent(users));
  for (const order of [after, after.toReversed()]) {
    const before = points(() => 100);
    const { difference } = compared(batchesOf(before, 7), batchesOf(order, 7), 9);
    expect(usersOf(difference)).toEqual([39, 38, 37, 36, 35, 34, 33, 32, 31, 30]);
  }
  const falling = compared(
    batchesOf(
      points(() => 100),
      7,
    ),
    batchesOf(
      points((users) => 100 - users),
      7,
    ),
  );
  expect(usersOf(falling.difference)).toEqual([39, 38, 37, 36, 35, 34, 33, 32, 31, 30]);
});

test('runs in the same order are read about once: a window needs the batches that have its points', () => {
  const points: Point[] = [];
  for (const quantization of ['fp16', 'fp8', 'int4']) {
    for (let users = 1; users <= 40; users += 1) {
      for (const zone of ['a', 'b']) points.push({ users, quantization, zone, id: 'x', instances: 1, usd: 1 });
    }
  }
  const batches = batchesOf(points, 8);
  const { difference, given } = compared(batches, batches, 24);
  expect(difference).toMatchObject({ both: points.length, only_before: 0, only_after: 0, examples: [] });
  expect(given).toBe(2 * batches.length);
});
