import { evaluateBatching } from '../batching/closed-form.ts';
import { saturationRate } from '../batching/saturation-rate.ts';
import type { BatchingSubject } from '../batching/subject.ts';
import { stepBreakdown, type StepBatch, type StepBreakdown } from '../roofline/step-time.ts';
import type { Target } from '../workload/types.ts';
import type { SubjectAt } from './arrival-law.ts';
import { marginsAt } from './capacity.ts';
import type { ReplicaCapacity } from './replica-capacity.ts';
import type { LoadOutcome, ReplicaLoad, StepView } from './types.ts';

/** Parts as shown: what hides behind the GPU's work is taken off the sequences, so that the parts add up to the total. */
function shownParts(breakdown: StepBreakdown): Record<string, number> {
  const { sequences, ...rest } = breakdown.partsMs;
  const others = Object.values(rest).reduce((sum, part) => sum + part, 0);
  return { ...rest, sequences: Math.max(0, Math.min(sequences, breakdown.totalMs - others)), total: breakdown.totalMs };
}

export function stepViewOf(
  subject: BatchingSubject,
  meanRunning: number,
  ratePerMs: number,
  meanStepMs: number,
): StepView {
  const { moments } = subject.lengths;
  const decodes = moments.outputMean > 1 ? Math.max(meanRunning, 1) : 0;
  const contextTokens = decodes * moments.decodeContextMean;
  const attended = moments.promptMean - moments.uncachedMean + moments.uncachedMean / 2;
  const batch = (promptTokens: number, promptsEnding: number, running: number): StepBatch => ({
    decodes: running,
    contextTokens: running === 0 ? 0 : contextTokens,
    promptTokens,
    promptPairs: promptTokens * attended,
    promptsEnding,
  });
  const prompts = ratePerMs * meanStepMs;
  const mixed = stepBreakdown(
    subject.plan,
    batch(Math.min(prompts * moments.uncachedMean, subject.maxNumBatchedTokens), prompts, decodes),
  );
  const chunk = Math.min(moments.uncachedMean, subject.maxNumBatchedTokens);
  return {
    decode: shownParts(stepBreakdown(subject.plan, batch(0, 0, decodes))),
    prefill: shownParts(stepBreakdown(subject.plan, batch(chunk, 1, 0))),
    roofsMs: mixed.roofsMs,
  };
}

/** Rates kept by a load: an answer asks for two of a plan, and instances that share the plan ask for the same ones. */
const KEPT_RATES = 16;

/** `evaluate` with its latest outcomes remembered, as `at`. */
export function rememberedByRate(
  evaluate: (ratePerMs: number) => LoadOutcome,
): Pick<ReplicaLoad, 'at' | 'curveAt' | 'adopt' | 'remembers'> {
  const known = new Map<number, LoadOutcome>();
  const adopt = (ratePerMs: number, outcome: LoadOutcome): void => {
    known.set(ratePerMs, outcome);
    const [oldest] = known.keys();
    if (known.size > KEPT_RATES && oldest !== undefined) known.delete(oldest);
  };
  return {
    at(ratePerMs) {
      const remembered = known.get(ratePerMs);
      if (remembered) return remembered;
      const outcome = evaluate(ratePerMs);
      adopt(ratePerMs, outcome);
      return outcome;
    },
    curveAt: evaluate,
    adopt,
    remembers: (ratePerMs) => known.has(ratePerMs),
  };
}

/** What an answer shows of a load; the state behind it is let go. */
function loadOutcome(subject: BatchingSubject, ratePerMs: number): LoadOutcome {
  const outcome = evaluateBatching(subject, ratePerMs);
  if (outcome.kind === 'saturated') return outcome;
  const { ttftMs, tpotMs, e2eMs, meanRunning, maxRunning, meanStepMs, unhinderedTtftP95Ms, trust, pressureZ } = outcome;
  return {
    kind: 'steady',
    ttftMs,
    tpotMs,
    e2eMs,
    meanRunning,
    maxRunning,
    meanStepMs,
    unhinderedTtftP95Ms,
    trust,
    pressureZ,
  };
}

/** What a load asks of a capacity, searched or known. */
export type LoadCapacity = Pick<ReplicaCapacity, 'found' | 'replicasFor'>;

/** Continuous batching as the latency of a replica; `subjectAt` where what comes to it depends on the rate. */
export function batchingLoad(
  subject: BatchingSubject,
  targets: Target[],
  capacity: LoadCapacity,
  subjectAt: SubjectAt = () => subject,
): ReplicaLoad {
  let saturation: ReturnType<ReplicaLoad['saturation']> | null = null;
  return {
    get ratePerMsAtCapacity() {
      return capacity.found.ratePerMs;
    },
    get capacity() {
      return capacity.found;
    },
    replicasFor: (sharedPerMs) => capacity.replicasFor(sharedPerMs),
    ...rememberedByRate((ratePerMs) => loadOutcome(subjectAt(ratePerMs), ratePerMs)),
    marginsAt: (ratePerMs) => marginsAt(subjectAt(ratePerMs), ratePerMs, targets),
    stepFloorMs: subject.plan.weightReadFloorMs,
    saturation() {
      const carriedPerMs = capacity.found.ratePerMs;
      saturation ??= saturationRate(carriedPerMs > 0 ? subjectAt(carriedPerMs) : subject, carriedPerMs);
      return saturation;
    },
    stepParts: (meanRunning, ratePerMs, meanStepMs) => stepViewOf(subject, meanRunning, ratePerMs, meanStepMs),
  };
}
