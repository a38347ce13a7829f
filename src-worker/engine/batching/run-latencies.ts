import type { ClosedLoopRun } from './closed-loop-run.ts';
import type { LatencyPercentiles } from './spread.ts';

export interface Latencies {
  ttftMs: LatencyPercentiles;
  tpotMs: LatencyPercentiles;
  e2eMs: LatencyPercentiles;
}

/** ms that the request at a share of all waits for a seat: those who come first find one, then the queue grows to its length. */
function seatWaitMs({ longestMs, freeShare, firstShare }: ClosedLoopRun['seatWait'], share: number): number {
  if (longestMs === 0 || share <= freeShare) return 0;
  return share < firstShare ? (longestMs * (share - freeShare)) / (firstShare - freeShare) : longestMs;
}

type Key = keyof LatencyPercentiles;
const SHARES: Record<Key, number | null> = { mean: null, p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 };

const each = (of: (key: Key) => number): LatencyPercentiles => ({
  mean: of('mean'),
  p50: of('p50'),
  p90: of('p90'),
  p95: of('p95'),
  p99: of('p99'),
});

/**
 * ms of tokens after the first in an end-to-end latency of `ms`, on average over those who have it: the mean, and of what it is
 * longer or shorter than the mean the share that their spread has in its square (linear regression; the two are independent). The
 * rest is the wait for the first token.
 */
function laterMs({ ttftMs, e2eMs }: Latencies, ms: number): number {
  const spread = ({ p50, p95 }: LatencyPercentiles): number => p95 - p50;
  const share = spread(e2eMs) > 0 ? Math.max(0, 1 - (spread(ttftMs) / spread(e2eMs)) ** 2) : 0;
  return Math.min(ms, Math.max(0, e2eMs.mean - ttftMs.mean + share * (ms - e2eMs.mean)));
}

/**
 * Latencies of the rounds, brought to what the run says of them. Tokens after the first come the faster the fewer are left at its
 * end; and the mean time to the last token is that by Little's law, by a factor for all.
 */
export function latenciesOfRun(rounds: Latencies, run: ClosedLoopRun): Latencies {
  const { ttftMs, tpotMs, e2eMs } = rounds;
  const { servedMs, savedShare, seatWait } = run;
  const factor = servedMs / (e2eMs.mean - savedShare * (e2eMs.mean - ttftMs.mean));
  const waitMs = (key: Key): number => {
    const share = SHARES[key];
    return share === null ? seatWait.meanMs : seatWaitMs(seatWait, share);
  };
  const runE2eMs = (ms: number): number => factor * (ms - savedShare * laterMs(rounds, ms));
  return {
    ttftMs: each((key) => waitMs(key) + factor * ttftMs[key]),
    tpotMs: each((key) => factor * (1 - savedShare) * tpotMs[key]),
    // Nobody's last token comes before the first.
    e2eMs: each((key) => waitMs(key) + Math.max(factor * ttftMs[key], runE2eMs(e2eMs[key]))),
  };
}
