import type { LoadOnArrival } from './arrival-finds.ts';
import { TTFT_PROBABILITIES } from './end-to-end.ts';
import { FirstTokenScratch } from './first-token/scratch.ts';
import { newLoadState, type LoadState } from './load-state.ts';
import { newMeanStep, type MeanStep } from './mean-step.ts';
import { newPercentiles, Spread, type LatencyPercentiles } from './spread.ts';

/**
 * One evaluation, stage by stage: `load` (load-state.ts), then TTFT (first-token-latency.ts), then TPOT and E2E
 * (later-latencies.ts). It belongs to the caller and is written over, so that sweeps over rates allocate nothing.
 */
export interface Evaluation {
  load: LoadState;
  ttftMs: LatencyPercentiles;
  /** ms of TTFT at the probabilities that E2E is mixed from. */
  ttftNodesMs: Float64Array;
  /** Mean ms that an arrival waits for the step in progress, or for others in step with it. */
  residualMeanMs: number;
  /** Mean ms that a request waits for room in the KV cache or for a seat. */
  roomWaitMs: number;
  /** The steps as arrivals see them, where they differ from the mean step. */
  seenStep: MeanStep;
  tpotMs: LatencyPercentiles;
  e2eMs: LatencyPercentiles;
  /** What an arrival meets. */
  arrival: LoadOnArrival;
  /** The distribution that is being worked out: of TTFT after the second stage. */
  spread: Spread;
  scratch: FirstTokenScratch;
}

export const newEvaluation = (): Evaluation => ({
  load: newLoadState(),
  ttftMs: newPercentiles(),
  ttftNodesMs: new Float64Array(TTFT_PROBABILITIES.length),
  residualMeanMs: 0,
  roomWaitMs: 0,
  seenStep: newMeanStep(),
  tpotMs: newPercentiles(),
  e2eMs: newPercentiles(),
  arrival: {
    arrivalsPerMs: 0,
    scvArrival: 1,
    step: newMeanStep(),
    relativeSpread: 0,
    hasResidual: true,
    lockstepPrefills: null,
    rounds: null,
    pauseMs: 0,
  },
  spread: new Spread(),
  scratch: new FirstTokenScratch(),
});
