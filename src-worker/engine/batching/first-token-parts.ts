import { firstTokenLatency } from './first-token-latency.ts';
import { newEvaluation } from './evaluation.ts';
import { solveLoad } from './load-state.ts';
import { depositFirstToken } from './first-token/first-token.ts';
import type { BatchingSubject } from './subject.ts';

/** Mean TTFT in ms, taken apart; the parts add up to it. */
export interface FirstTokenMean {
  /** Wait for room in the KV cache or for a seat, on average over those who wait and those who do not. */
  roomMs: number;
  /** Prompts of others before this one and in the same step. */
  otherPromptsMs: number;
  /** Rest of the step that runs when a request arrives. */
  runningStepMs: number;
  /** Step that the engine has handed out ahead. */
  aheadMs: number;
  /** The request's own prompt, in a step with everything that decodes. */
  prefillMs: number;
  tokenizeMs: number;
  apiMs: number;
}

/** Stands for no other prompts at all, where the formula divides by their rate. */
const NOBODY_PER_MS = 1e-12;

/**
 * Each part is what the mean falls by when its cause is switched off, one cause after the other, so that the parts are the
 * engine's own and add up, the wait for room included. null where the load has no steady state.
 */
export function firstTokenMean(subject: BatchingSubject, arrivalsPerMs: number): FirstTokenMean | null {
  const evaluation = newEvaluation();
  if (solveLoad(evaluation.load, subject, arrivalsPerMs) !== null) return null;
  const step = firstTokenLatency(evaluation, subject, arrivalsPerMs);
  const { scvArrival } = subject;
  const { spread, scratch } = evaluation;
  const mean = (plan: BatchingSubject['plan'], othersPerMs: number, hasResidual: boolean): number => {
    spread.clear();
    const arrival = {
      arrivalsPerMs: othersPerMs,
      scvArrival,
      step,
      relativeSpread: 0,
      hasResidual,
      lockstepPrefills: null,
      rounds: null,
      pauseMs: 0,
    };
    depositFirstToken(scratch, { ...subject, plan }, arrival, spread);
    return spread.mean;
  };
  const { plan } = subject;
  const noTokenizer = { ...plan, tokenizeMsPerToken: 0 };
  const noApi = { ...noTokenizer, ttftBaseMs: 0 };
  const notAhead = { ...noApi, firstTokenWaitSteps: 0 };
  const all = mean(plan, arrivalsPerMs, true);
  const withoutOthers = mean(plan, NOBODY_PER_MS, true);
  const withoutResidual = mean(plan, NOBODY_PER_MS, false);
  const withoutTokenizer = mean(noTokenizer, NOBODY_PER_MS, false);
  const withoutApi = mean(noApi, NOBODY_PER_MS, false);
  const prefillMs = mean(notAhead, NOBODY_PER_MS, false);
  return {
    roomMs: evaluation.roomWaitMs,
    otherPromptsMs: all - withoutOthers,
    runningStepMs: withoutOthers - withoutResidual,
    tokenizeMs: withoutResidual - withoutTokenizer,
    apiMs: withoutTokenizer - withoutApi,
    aheadMs: withoutApi - prefillMs,
    prefillMs,
  };
}
