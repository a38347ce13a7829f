import { tokenFlops } from '../model/flops.ts';
import { contextBytesRead, kvLayout } from '../model/kv.ts';
import { bytesPerWeightOfClass, SIXTEEN_BIT_BYTES, weightBreakdown } from '../model/weights.ts';
import type { StepPlan, StepSubject } from './step-plan.ts';

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

function weightBytesRead({ model, precision, tensorParallel }: StepSubject, plan: StepPlan, tokens: number): number {
  const classes = weightBreakdown(model, tensorParallel);
  const dense =
    classes.attention * bytesPerWeightOfClass(model, precision, 'attention') +
    (classes.ffn + classes.router) * bytesPerWeightOfClass(model, precision, 'denseFfn') +
    classes.head * SIXTEEN_BIT_BYTES;
  const share = plan.experts ? touchedExperts(plan, tokens) / plan.experts.numExperts : 0;
  const experts = classes.experts * bytesPerWeightOfClass(model, precision, 'experts') * share;
  return dense + experts;
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
