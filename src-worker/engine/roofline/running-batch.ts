import { pipelineExtraMs } from './pipeline.ts';
import type { StepPlan } from './step-plan.ts';
import {
  allToAllMs,
  communicationMs,
  expertsMs,
  gemmMs,
  headRows,
  kvReadMs,
  paddedRows,
  promptAttentionMs,
} from './step-time.ts';

/**
 * Times of steps that share their decodes and differ in their prompts. The KV read depends on the decodes alone and the head
 * on the sequences that sample, so both are worked out once. Same bits as `stepTimeMs`; one instance is reused, so that
 * nothing is allocated in the searches.
 */
export class RunningBatch {
  #plan: StepPlan | null = null;
  #decodes = 0;
  #kvReadMs = 0;
  #sampled = -1;
  #headMs = 0;

  /** From now on steps of `plan` with `decodes` sequences that read `contextTokens` tokens of context together. */
  set(plan: StepPlan, decodes: number, contextTokens: number): void {
    this.#plan = plan;
    this.#decodes = decodes;
    this.#sampled = -1;
    let kvRead = 0;
    for (const group of plan.attention) kvRead += kvReadMs(plan, group, decodes, contextTokens);
    this.#kvReadMs = kvRead;
  }

  /** ms of a step that computes `promptTokens` prompt tokens beside the decodes (step-time.ts names the arguments). */
  stepMs(promptTokens: number, promptPairs: number, promptsEnding: number): number {
    const plan = this.#plan;
    if (!plan) throw new Error('a running batch was asked before it was set');
    const tokens = this.#decodes + promptTokens;
    const rows = paddedRows(plan, tokens);
    const projections = gemmMs(plan, plan.attentionProjections, rows) + gemmMs(plan, plan.denseFfn, rows);
    let promptAttention = 0;
    if (promptTokens > 0) {
      for (const group of plan.attention) promptAttention += promptAttentionMs(group, promptTokens, promptPairs);
    }
    const sampled = this.#decodes + promptsEnding;
    if (sampled !== this.#sampled) this.#setHead(plan, sampled);
    const experts = expertsMs(plan, tokens);
    const activations = plan.activationMsPerToken * tokens;
    let communication = communicationMs(plan, tokens);
    const allToAll = allToAllMs(plan, tokens);
    if (plan.pipeline) {
      const layers = activations + communication + allToAll + plan.launchMs;
      const parts = { projections, experts, context: this.#kvReadMs, promptAttention, layers, head: this.#headMs };
      communication += pipelineExtraMs(plan.pipeline, tokens, parts);
    }
    const sequences = plan.sequenceMs * sampled + plan.requestMs * promptsEnding;
    const messages = communication + allToAll;
    const rest =
      projections + experts + this.#kvReadMs + promptAttention + activations + this.#headMs + messages + plan.launchMs;
    return plan.hidesSequenceTime ? plan.combine(rest, sequences) : rest + sequences;
  }

  #setHead(plan: StepPlan, sampled: number): void {
    this.#sampled = sampled;
    this.#headMs = sampled > 0 ? gemmMs(plan, plan.head, headRows(plan, sampled)) : 0;
  }
}
