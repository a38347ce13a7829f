import { tokenFlops } from '../model/flops.ts';
import { contextBytesRead, kvLayout } from '../model/kv.ts';
import { expertWork } from './operator-work.ts';
import type { StepPlan, StepSubject } from './step-plan.ts';
import { bytesOf, denseWeights } from './step-weights.ts';
import { touchedExperts } from './step-time.ts';

/**
 * What one GPU of a replica does in a step. The ranks of data-parallel attention send each other as many tokens as they get,
 * so that a GPU computes as much as its own tokens ask for.
 */
export interface StepWork {
  flop: number;
  /** Weights and KV cache read, states read and written back; activations, which mostly stay in caches, are not counted. */
  bytes: number;
}

/** Bytes of the routed experts that a step of `tokens` loads, as the step time counts them. */
function expertBytesRead(subject: StepSubject, { experts }: StepPlan, tokens: number): number {
  const held = expertWork(subject);
  if (!experts || !held || tokens <= 0) return 0;
  return (held.bytes * touchedExperts(experts, tokens * experts.ranks)) / experts.numExperts;
}

function weightBytesRead(subject: StepSubject, plan: StepPlan, tokens: number): number {
  const { attention, ffn, head } = denseWeights(subject);
  return bytesOf(attention) + bytesOf(ffn) + bytesOf(head) + expertBytesRead(subject, plan, tokens);
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
