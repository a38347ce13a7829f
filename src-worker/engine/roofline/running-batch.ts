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

/** Steps that are timed at once. */
const MOST_STEPS = 64;

/** What decodes in a step. */
export interface Decoding {
  /** Sequences. */
  busyDecodes: number;
  /** Tokens of context that all of them read together. */
  contextTokens: number;
}

/**
 * Times of steps that share their decodes and differ in their prompts. The KV read depends on the decodes alone and the head
 * on the sequences that sample, so both are worked out once. Same bits as `stepTimeMs`; one instance is reused, and steps are
 * asked for in columns, so that nothing is allocated in the searches: a number that is worked out and handed to a function is.
 */
export class RunningBatch {
  /** [step] what `time` reads: prompt tokens, pairs and endings beside the decodes (step-time.ts names them). */
  readonly tokens = new Float64Array(MOST_STEPS);
  readonly pairs = new Float64Array(MOST_STEPS);
  readonly endings = new Float64Array(MOST_STEPS);
  /** [step] ms, what it writes. */
  readonly ms = new Float64Array(MOST_STEPS);
  /** [step] ms of its parts. */
  readonly #projections = new Float64Array(MOST_STEPS);
  readonly #experts = new Float64Array(MOST_STEPS);
  readonly #heads = new Float64Array(MOST_STEPS);
  #plan: StepPlan | null = null;
  #decodes = 0;
  #kvReadMs = 0;
  #sampled = -1;
  #headMs = 0;

  /** From now on steps of `plan` with these decodes. */
  set(plan: StepPlan, { busyDecodes: decodes, contextTokens }: Decoding): void {
    this.#plan = plan;
    this.#decodes = decodes;
    this.#sampled = -1;
    let kvRead = 0;
    for (const group of plan.attention) kvRead += kvReadMs(plan, group, decodes, contextTokens);
    this.#kvReadMs = kvRead;
  }

  /** ms of a step that computes `promptTokens` prompt tokens beside the decodes. */
  stepMs(promptTokens: number, promptPairs: number, promptsEnding: number): number {
    this.tokens[0] = promptTokens;
    this.pairs[0] = promptPairs;
    this.endings[0] = promptsEnding;
    this.time(1);
    return this.ms[0] as number;
  }

  /** Fills `ms` for the first `count` steps: in passes small enough that the compiler makes one loop of each. */
  time(count: number): void {
    const plan = this.#plan;
    if (!plan) throw new Error('a running batch was asked before it was set');
    if (count > MOST_STEPS) throw new Error(`${count} steps were asked for at once, at most ${MOST_STEPS} are timed`);
    this.#timeProjections(plan, count);
    if (plan.experts) this.#timeExperts(plan, count);
    else this.#experts.fill(0, 0, count);
    this.#timeHeads(plan, count);
    this.#sum(plan, count);
  }

  #timeProjections(plan: StepPlan, count: number): void {
    for (let i = 0; i < count; i += 1) {
      const rows = paddedRows(plan, this.#decodes + (this.tokens[i] as number));
      this.#projections[i] = gemmMs(plan, plan.attentionProjections, rows) + gemmMs(plan, plan.denseFfn, rows);
    }
  }

  #timeExperts(plan: StepPlan, count: number): void {
    for (let i = 0; i < count; i += 1) this.#experts[i] = expertsMs(plan, this.#decodes + (this.tokens[i] as number));
  }

  #timeHeads(plan: StepPlan, count: number): void {
    for (let i = 0; i < count; i += 1) {
      const sampled = this.#decodes + (this.endings[i] as number);
      if (sampled !== this.#sampled) {
        this.#sampled = sampled;
        this.#headMs = sampled > 0 ? gemmMs(plan, plan.head, headRows(plan, sampled)) : 0;
      }
      this.#heads[i] = this.#headMs;
    }
  }

  #sum(plan: StepPlan, count: number): void {
    const kvRead = this.#kvReadMs;
    for (let i = 0; i < count; i += 1) {
      const promptTokens = this.tokens[i] as number;
      const promptsEnding = this.endings[i] as number;
      const tokens = this.#decodes + promptTokens;
      const projections = this.#projections[i] as number;
      const experts = this.#experts[i] as number;
      const head = this.#heads[i] as number;
      let promptAttention = 0;
      if (promptTokens > 0) {
        const promptPairs = this.pairs[i] as number;
        for (const group of plan.attention) promptAttention += promptAttentionMs(group, promptTokens, promptPairs);
      }
      const activations = plan.activationMsPerToken * tokens;
      let communication = communicationMs(plan, tokens);
      const allToAll = allToAllMs(plan, tokens);
      if (plan.pipeline) {
        const layers = activations + communication + allToAll + plan.launchMs;
        const parts = { projections, experts, context: kvRead, promptAttention, layers, head };
        communication += pipelineExtraMs(plan.pipeline, tokens, parts);
      }
      const sequences = plan.sequenceMs * (this.#decodes + promptsEnding) + plan.requestMs * promptsEnding;
      const messages = communication + allToAll;
      const rest = projections + experts + kvRead + promptAttention + activations + head + messages + plan.launchMs;
      this.ms[i] = plan.hidesSequenceTime ? plan.combine(rest, sequences) : rest + sequences;
    }
  }
}
