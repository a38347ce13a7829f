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

const each = (
  { mean, p50, p90, p95, p99 }: LatencyPercentiles,
  of: (ms: number, share: number | null) => number,
): LatencyPercentiles => ({
  mean: of(mean, null),
  p50: of(p50, 0.5),
  p90: of(p90, 0.9),
  p95: of(p95, 0.95),
  p99: of(p99, 0.99),
});

/**
 * Latencies of the rounds, brought to what the run says of them. Tokens after the first come the faster the fewer are left at its
 * end; and the mean time to the last token is that by Little's law, by a factor for all.
 */
export function latenciesOfRun({ ttftMs, tpotMs, e2eMs }: Latencies, run: ClosedLoopRun): Latencies {
  const { servedMs, savedShare, seatWait } = run;
  const first = ttftMs.mean;
  const later = e2eMs.mean - first;
  const factor = servedMs / (first + later * (1 - savedShare));
  const laterFactor = factor * (1 - savedShare);
  const waited = (ms: number, share: number | null): number =>
    ms + (share === null ? seatWait.meanMs : seatWaitMs(seatWait, share));
  return {
    ttftMs: each(ttftMs, (ms, share) => waited(factor * ms, share)),
    tpotMs: each(tpotMs, (ms) => ms * laterFactor),
    e2eMs: each(e2eMs, (ms, share) =>
      waited(factor * Math.min(ms, first) + laterFactor * Math.max(0, ms - first), share),
    ),
  };
}
