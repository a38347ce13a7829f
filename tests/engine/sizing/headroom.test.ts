import { expect, test } from 'vitest';
import { headroomRule } from '../../../src-worker/engine/sizing/headroom.ts';

test.each([
  [0, 0.95, 1],
  [25, 0.75, 1.33],
  [50, 0.5, 2],
  [100, 0.5, 2],
  [12.5, 0.85, 1.165],
  [75, 0.5, 2],
])('headroom %f %% plans with %f of the capacity and names a burst of %f', (percent, utilization, burst) => {
  const rule = headroomRule(percent, undefined);
  expect(rule.utilizationTarget).toBeCloseTo(utilization, 9);
  expect(rule.burstFactor).toBeCloseTo(burst, 9);
});

test('the example of the decisions: rate 13, capacity 8 -> 2, 3, 4, 4 replicas', () => {
  const replicas = [0, 25, 50, 100].map((percent) =>
    Math.ceil(13 / (headroomRule(percent, undefined).utilizationTarget * 8)),
  );
  expect(replicas).toEqual([2, 3, 4, 4]);
});
