import { expect, test } from 'vitest';
import { meanAfterMs, meanLastEndMs, type StreamEnd } from '../../../src-worker/engine/batching/streams-end.ts';

/** Ends with the taking of its last request, or some ms after it. */
const stream = (takenMs: number, takenStdMs: number, count = 1, lastMs = 0): StreamEnd => ({
  count,
  takenMs,
  takenStdMs,
  afterMs: Float64Array.of(0, lastMs),
  anyLeft: Float64Array.of(1, 0),
});

test('the last of so many normal ends comes as late as the largest of so many normals', () => {
  // Of 2 and 3 exactly: 1 / √π and 3 / (2 √π) deviations above the mean (David and Nagaraja 2003, Order Statistics).
  for (const [count, deviations] of [
    [2, 1 / Math.sqrt(Math.PI)],
    [3, 1.5 / Math.sqrt(Math.PI)],
  ] as const) {
    expect((meanLastEndMs([stream(1000, 50, count)]) - 1000) / 50).toBeCloseTo(deviations, 1.5);
    expect((meanLastEndMs([stream(1000, 50, count, 30)]) - 1030) / 50).toBeCloseTo(deviations, 1.5);
  }
});

test('streams that are alike may be counted or named one by one', () => {
  const one = stream(1000, 50, 1, 30);
  expect(meanLastEndMs([{ ...one, count: 3 }])).toBeCloseTo(meanLastEndMs([one, one, one]), 9);
});

test('a stream that ends long before the others makes no end later', () => {
  const one = stream(1000, 50, 2, 30);
  expect(meanLastEndMs([one, stream(100, 10, 5)])).toBeCloseTo(meanLastEndMs([one]), 0);
  expect(meanLastEndMs([stream(1000, 0, 1, 30), stream(100, 0)])).toBeCloseTo(1030, 0);
});

test('a stream alone ends after the area under the chance that somebody is at work', () => {
  // For 10 ms somebody is for sure, for 20 more in half of all cases.
  const end = { ...stream(1000, 50), afterMs: Float64Array.of(0, 10, 30), anyLeft: Float64Array.of(1, 0.5, 0) };
  expect(meanAfterMs(end)).toBe(20);
  expect(meanLastEndMs([end])).toBe(1020);
  // Two of them: one at least is in three of four.
  expect(meanLastEndMs([{ ...end, takenStdMs: 0, count: 2 }])).toBeCloseTo(1000 + 10 + 0.75 * 20, 0);
});
