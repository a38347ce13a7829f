import { tokenFlops } from '../model/flops.ts';
import { contextBytesRead, kvLayout } from '../model/kv.ts';
import { weightBreakdown } from '../model/weights.ts';
import type { StepPlan, StepSubject } from './step-plan.ts';
import { bytesOf, denseWeights, expertBytes } from './step-weights.ts';

/** What one GPU of a replica does in a step. */
export interface StepWork {
  flop: number;
  /** Weights and KV cache read, states read and written back; activations, which mostly stay in caches, are not counted. */
  bytes: number;
}

/** Routed experts a step of `tokens` loads, as the step time counts them. */
function touchedExperts(plan: StepPlan, tokens: number): number {
  const { experts } = plan;
  if (!experts || tokens <= 0) return 0;
  const touched = experts.numExperts * -Math.expm1(experts.routingSkew * tokens * experts.logMissPerToken);
  return Math.min(experts.numExperts, Math.max(touched, experts.expertsPerToken));
}

function weightBytesRead(subject: StepSubject, plan: StepPlan, tokens: number): number {
  const { attention, ffn, head } = denseWeights(subject);
  const share = plan.experts ? touchedExperts(plan, tokens) / plan.experts.numExperts : 0;
  const { experts } = weightBreakdown(subject.model, subject.tensorParallel);
  return bytesOf(attention) + bytesOf(ffn) + bytesOf(head) + expertBytes(subject, experts) * share;
}

/** A step in which `decodes` sequences of `contextTokens` each get their next token. */
export function decodeWork(subject: StepSubject, plan: StepPlan, decodes: number, contextTokens: number): StepWork {
  const { model, kvBytesPerElement, tensorParallel } = subject;
  const { stateBytes } = kvLayout(model, kvBytesPerElement, tensorParallel);
  // States are read, which contextBytesRead counts, and written back.
  const readBytes = contextBytesRead(model, kvBytesPerElement, tensorParallel, contextTokens);
  return {
    flop: (decodes * tokenFlops(model, contextTokens).total) / tensorParallel,
    bytes: weightBytesRead(subject, plan, decodes) + decodes * (readBytes + stateBytes),
  };
}

/** A step that computes `tokens` of one prompt, each attending to `attendedTokens` on average, and samples once. */
export function promptWork(subject: StepSubject, plan: StepPlan, tokens: number, attendedTokens: number): StepWork {
  const flops = tokenFlops(subject.model, attendedTokens, 'prompt');
  return {
    flop: (tokens * (flops.total - flops.head) + flops.head) / subject.tensorParallel,
    bytes: weightBytesRead(subject, plan, tokens),
  };
}
