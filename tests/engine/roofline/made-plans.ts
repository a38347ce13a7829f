import type { GemmClass, StepPlan } from '../../../src-worker/engine/roofline/step-plan.ts';
import type { StepBatch } from '../../../src-worker/engine/roofline/step-time.ts';
import { stepPlanOf } from '../world.ts';

/** A matrix product that takes no time. */
export const NO_GEMM: GemmClass = { computeMsPerRow: 0, readMs: 0 };

/** A plan in which nothing takes time but what is given, and the larger of two times counts: sums can be done by hand. */
export const planWith = (given: Partial<StepPlan>): StepPlan => ({
  ...stepPlanOf('meta-llama/Llama-3.1-8B-Instruct', 'nvidia-h100-80gb'),
  attentionProjections: NO_GEMM,
  denseFfn: NO_GEMM,
  head: NO_GEMM,
  experts: null,
  attention: [],
  tileRowsCubed: 0,
  extraRows: 0,
  headTileRowsCubed: 0,
  activationMsPerToken: 0,
  communicationLatencyMs: 0,
  communicationMsPerToken: 0,
  launchMs: 0,
  sequenceMs: 0,
  requestMs: 0,
  hidesSequenceTime: false,
  ttftBaseMs: 0,
  tokenizeMsPerToken: 0,
  combine: Math.max,
  ...given,
});

/** A step of so many decodes, each over as much context. */
export const decodes = (count: number, contextEach = 0): StepBatch => ({
  decodes: count,
  contextTokens: count * contextEach,
  promptTokens: 0,
  promptPairs: 0,
  promptsEnding: 0,
});

/** A step of one whole prompt. */
export const prompt = (tokens: number): StepBatch => ({
  decodes: 0,
  contextTokens: 0,
  promptTokens: tokens,
  promptPairs: (tokens * tokens) / 2,
  promptsEnding: 1,
});
