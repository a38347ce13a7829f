import { expect, test } from 'vitest';
import { byNearness, nearness, type Nearness } from '../../src-worker/protocol/shortfall.ts';

const near = (reason: string, value: number, limit: number): Nearness =>
  nearness(reason, value, limit) ?? expect.fail(`${reason} ${value} of ${limit} says nothing`);

test('half and twice the limit are equally near, and a missed target is nearer than memory that is short', () => {
  expect(near('sla_missed', 150, 300).gap).toBeCloseTo(near('sla_missed', 600, 300).gap, 12);
  expect(byNearness(near('sla_missed', 310, 300), near('sla_missed', 400, 300))).toBeLessThan(0);
  expect(byNearness(near('sla_missed', 900, 300), near('memory', 81, 80))).toBeLessThan(0);
  expect(byNearness(near('memory', 81, 80), near('memory', 81, 80))).toBe(0);
});

test.each([
  ['dtype_unsupported', 1, 2],
  ['sla_missed', 0, 300],
  ['sla_missed', Number.NaN, 300],
  ['max_gpus', 4, 0],
])('%s with %d of %d does not say by how much', (reason, value, limit) => {
  expect(nearness(reason, value, limit)).toBeNull();
});
