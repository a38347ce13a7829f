import { depositEndToEnd, TTFT_PROBABILITIES } from './end-to-end.ts';
import type { Evaluation } from './evaluation.ts';
import { setFirstTokenWait } from './first-token-latency.ts';
import { newPercentiles } from './spread.ts';
import type { BatchingSubject } from './subject.ts';
import { depositTokenTimes } from './time-per-token.ts';

/** Third stage, right after `firstTokenLatency`: TPOT, and E2E only when it is asked for. */
export function laterLatencies(evaluation: Evaluation, subject: BatchingSubject, hasE2e: boolean): void {
  const { load, ttftMs, ttftNodesMs, tpotMs, e2eMs, spread } = evaluation;
  if (hasE2e) spread.quantiles(TTFT_PROBABILITIES, ttftNodesMs);
  setFirstTokenWait(evaluation, subject, ttftMs.mean - evaluation.roomWaitMs);
  if (subject.lengths.moments.outputMean <= 1) {
    Object.assign(tpotMs, newPercentiles());
    // An answer of one token ends with its first.
    Object.assign(e2eMs, ttftMs);
    return;
  }
  spread.clear();
  depositTokenTimes(subject, load.state, load.times, spread);
  spread.read(tpotMs);
  if (!hasE2e) return;
  spread.clear();
  depositEndToEnd(load, ttftMs, ttftNodesMs, subject, spread);
  spread.read(e2eMs);
  // Nobody's last token comes before the first: where answers are short, what is left between the nodes of TTFT.
  e2eMs.p50 = Math.max(e2eMs.p50, ttftMs.p50);
  e2eMs.p90 = Math.max(e2eMs.p90, ttftMs.p90);
  e2eMs.p95 = Math.max(e2eMs.p95, ttftMs.p95);
  e2eMs.p99 = Math.max(e2eMs.p99, ttftMs.p99);
}
