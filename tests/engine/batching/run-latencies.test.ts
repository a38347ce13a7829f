import { expect, test } from 'vitest';
import type { ClosedLoopRun } from '../../../src-worker/engine/batching/closed-loop-run.ts';
import { latenciesOfRun, type Latencies } from '../../../src-worker/engine/batching/run-latencies.ts';
import type { LatencyPercentiles } from '../../../src-worker/engine/batching/spread.ts';

const percentiles = (mean: number, p50: number, p90: number, p95: number, p99: number): LatencyPercentiles => ({
  mean,
  p50,
  p90,
  p95,
  p99,
});
const KEYS = ['mean', 'p50', 'p90', 'p95', 'p99'] as const;

/** Short answers behind a burst: half of all have ended before the mean first token comes. */
const SHORT: Latencies = {
  ttftMs: percentiles(100, 40, 300, 500, 900),
  tpotMs: percentiles(10, 9, 15, 18, 25),
  e2eMs: percentiles(120, 70, 330, 540, 950),
};
const FREE = { longestMs: 0, meanMs: 0, freeShare: 1, firstShare: 1 };
const runOf = (servedMs: number, savedShare: number, seatWait: ClosedLoopRun['seatWait'] = FREE): ClosedLoopRun => ({
  wallMs: 1000,
  servedMs,
  savedShare,
  seatWait,
});

test('steps that nothing makes faster leave the shape of every latency: all are longer by one factor', () => {
  for (const factor of [0.5, 1, 1.7]) {
    const run = latenciesOfRun(SHORT, runOf(factor * SHORT.e2eMs.mean, 0));
    for (const kind of ['ttftMs', 'tpotMs', 'e2eMs'] as const)
      for (const key of KEYS) expect(run[kind][key]).toBeCloseTo(factor * SHORT[kind][key], 9);
  }
});

test.each([0, 0.1, 0.4])(
  '%d of the time after the first token saved comes off it, and Little has the mean',
  (saved) => {
    const run = latenciesOfRun(SHORT, runOf(150, saved));
    expect(run.e2eMs.mean).toBeCloseTo(150, 9);
    const laterMs = SHORT.e2eMs.mean - SHORT.ttftMs.mean;
    const perFirst = run.ttftMs.mean / SHORT.ttftMs.mean;
    expect((run.e2eMs.mean - run.ttftMs.mean) / perFirst).toBeCloseTo((1 - saved) * laterMs, 9);
    for (const key of KEYS) expect(run.tpotMs[key] / SHORT.tpotMs[key] / perFirst).toBeCloseTo(1 - saved, 9);
    // Nobody's last token comes before the first.
    for (const key of KEYS) expect(run.e2eMs[key]).toBeGreaterThan(run.ttftMs[key]);
  },
);

test('who comes first finds a seat, and the queue for the others grows to its length', () => {
  // Of ten, two find a seat; the queue is as long as it gets when the sixth has come.
  const seatWait = { longestMs: 80, meanMs: 48, freeShare: 0.2, firstShare: 0.6 };
  const [free, queued] = [FREE, seatWait].map((wait) => latenciesOfRun(SHORT, runOf(120, 0.1, wait)));
  const waited = (kind: 'ttftMs' | 'e2eMs' | 'tpotMs', key: (typeof KEYS)[number]): number =>
    (queued as Latencies)[kind][key] - (free as Latencies)[kind][key];
  for (const kind of ['ttftMs', 'e2eMs'] as const) {
    expect(waited(kind, 'mean')).toBeCloseTo(48, 9);
    // The fifth of ten waits three quarters of the way from the second to the sixth.
    expect(waited(kind, 'p50')).toBeCloseTo(60, 9);
    for (const key of ['p90', 'p95', 'p99'] as const) expect(waited(kind, key)).toBeCloseTo(80, 9);
  }
  for (const key of KEYS) expect(waited('tpotMs', key)).toBe(0);
});
