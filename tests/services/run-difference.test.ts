import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SweepDifference } from '../../src-worker/protocol/run-diff.ts';

test('two sweeps of a million points are compared in the memory of a window', () => {
  const POINTS = 1_500_000;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', join(import.meta.dirname, 'diffing.ts'), String(POINTS)],
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  const { points, mostBytes, reads } = JSON.parse(stdout) as {
    points: SweepDifference;
    mostBytes: number;
    reads: number;
  };
  expect(points).toMatchObject({ both: POINTS, only_before: 0, only_after: 0 });
  // The same instance where the point counts by thousands: of 1,000 ids each is asked for at one place and twice that.
  expect(points.best_changed).toBe(POINTS - POINTS / 1000);
  expect(points.examples).toHaveLength(10);
  // A window of 21 bytes for each of 1,048,576 points, eight bytes for each change, as much again while that grows, batches of under 1 MB.
  expect(mostBytes).toBeLessThan(22e6 + 3 * 8 * 2 ** 21);
  // Once to see what there is, once to compare; the batch in which the second window begins twice.
  expect(reads).toBeLessThanOrEqual(2 * 2 * (POINTS / 10_000) + 2);
}, 120_000);
