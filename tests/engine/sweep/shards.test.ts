import { describe, expect, it } from 'vitest';
import { dealUnits, INPUTS_PER_SHARD } from '../../../src-worker/engine/sweep/shards.ts';
import { seededRandom } from '../../../src-worker/engine/numerics/random.ts';

interface Unit {
  input: { id: number };
  weight: number;
}

/** Units of some inputs, `of` each, with the weights given by place. */
const unitsOf = (inputs: number, of: number, weightAt: (input: number, unit: number) => number): Unit[] =>
  Array.from({ length: inputs }, (_, id) => ({ id })).flatMap((input) =>
    Array.from({ length: of }, (_, unit) => ({ input, weight: weightAt(input.id, unit) })),
  );

const loads = (units: readonly Unit[], shards: readonly number[], of: number): number[] => {
  const sums = new Array<number>(of).fill(0);
  units.forEach(({ weight }, index) => (sums[shards[index] ?? -1] = (sums[shards[index] ?? -1] ?? 0) + weight));
  return sums;
};

/** Weights as sweeps have them: few kinds of inputs, small first units. */
const weights = [3, 40, 40, 117, 655, 655];

describe('many inputs', () => {
  const units = unitsOf(203, 7, (input, unit) => (weights[input % weights.length] ?? 1) * Math.min(8, 2 ** unit));

  it.each([1, 2, 3, 4, 7, 12, 50])('are dealt whole, every unit to one of %i shards, evenly', (of) => {
    const shards = dealUnits(units, of);
    expect(shards).toHaveLength(units.length);
    for (const shard of shards) expect(Number.isInteger(shard) && shard >= 0 && shard < of).toBe(true);
    for (let index = 1; index < units.length; index += 1) {
      if (units[index]?.input === units[index - 1]?.input) expect(shards[index]).toBe(shards[index - 1]);
    }
    const sums = loads(units, shards, of);
    const total = sums.reduce((sum, load) => sum + load, 0);
    const heaviest = Math.max(...units.map(({ weight }) => weight * 3.875));
    // Graham: no shard is above the best deal by more than a third, and that is at least the mean and the heaviest input.
    expect(Math.max(...sums)).toBeLessThanOrEqual((4 / 3) * Math.max(total / of, heaviest));
  });

  it('of one weight are dealt to within one of each other', () => {
    const alike = unitsOf(101, 3, () => 5);
    const sums = loads(alike, dealUnits(alike, 7), 7);
    expect(Math.max(...sums) - Math.min(...sums)).toBeLessThanOrEqual(15);
  });

  it('do not give one shard all of one value of the fastest axis', () => {
    // Four precisions vary fastest, and four shards share them.
    const alike = unitsOf(400, 1, () => 5);
    const shards = dealUnits(alike, 4);
    for (let shard = 0; shard < 4; shard += 1) {
      const counts = [0, 0, 0, 0];
      shards.forEach((of, index) => {
        if (of === shard) counts[index % 4] = (counts[index % 4] ?? 0) + 1;
      });
      // A hundred draws of four: each expected 25 times, standard deviation 4.3.
      for (const count of counts) expect(Math.abs(count - 25)).toBeLessThan(18);
    }
  });
});

describe('few inputs', () => {
  it.each([2, 3, 4, 7, 40])('give each of %i shards a run of units, cut where the weight is shared', (of) => {
    const random = seededRandom(of);
    const units = unitsOf(2, 30, () => 1 + Math.floor(random() * 100));
    const shards = dealUnits(units, of);
    expect([...shards].sort((one, other) => one - other)).toEqual(shards);
    const total = units.reduce((sum, { weight }) => sum + weight, 0);
    const heaviest = Math.max(...units.map(({ weight }) => weight));
    for (const load of loads(units, shards, of)) expect(Math.abs(load - total / of)).toBeLessThanOrEqual(heaviest);
  });

  it('leaves shards beyond the units empty, and gives no shard two', () => {
    const shards = dealUnits(
      unitsOf(1, 3, () => 2),
      7,
    );
    expect(new Set(shards).size).toBe(3);
  });
});

it('the rule changes where there are four inputs to a shard', () => {
  const shardsOf = (inputs: number) =>
    dealUnits(
      unitsOf(inputs, 2, () => 1),
      4,
    );
  const isRuns = (shards: number[]) => shards.every((shard, index) => index === 0 || shard >= (shards[index - 1] ?? 0));
  expect(isRuns(shardsOf(4 * INPUTS_PER_SHARD - 1))).toBe(true);
  expect(isRuns(shardsOf(4 * INPUTS_PER_SHARD))).toBe(false);
});

it('nothing is dealt to anybody, and everything to one', () => {
  expect(dealUnits([], 3)).toEqual([]);
  expect(
    dealUnits(
      unitsOf(3, 2, () => 1),
      1,
    ),
  ).toEqual([0, 0, 0, 0, 0, 0]);
});
