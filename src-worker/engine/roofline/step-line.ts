import type { StageShares } from './pipeline.ts';
import type { AttentionGroup, StepPlan } from './step-plan.ts';
import {
  allToAllMs,
  communicationMs,
  cubeRootSum,
  expertsMs,
  gemmMs,
  kvReadMs,
  paddedRows,
  promptAttentionMs,
} from './step-time.ts';

/** Attention over a window at most, in proportion to the tokens attended to up to there. */
interface Window {
  kvMsPerContextToken: number;
  mostContextTokens: number;
  promptMsPerPair: number;
  mostPairs: number;
}

/** One stage of a pipeline: what it takes whatever the context, and its shares of what depends on it. */
interface Stage {
  fixedMs: number;
  context: number;
  promptAttention: number;
}

/** Layers without states: their time is in proportion to what they attend to. */
const isStateless = (group: AttentionGroup): boolean => group.readMsPerSequence === 0 && group.promptMsPerToken === 0;

/**
 * Times of steps that share their decodes and their prompt tokens and differ in how much context those attend to: what
 * changes from one step of a running batch to the next. All that depends on the number of tokens is worked out once; what is
 * left is linear in contextTokens and promptPairs (QUEUEING.md section 3.1) up to the kinks of windows, of the slowest stage
 * of a pipeline and of hidden sequence time. Same figures as `stepTimeMs` but for the order of a sum; one instance is
 * reused, so that nothing is allocated for a step.
 */
export class StepLine {
  #plan: StepPlan | null = null;
  #decodes = 0;
  #promptTokens = 0;
  /** Everything but attention, sequences and the wait for a pipeline's slowest stage. */
  #fixedMs = 0;
  #sequencesMs = 0;
  #kvMsPerContextToken = 0;
  #promptMsPerPair = 0;
  readonly #windows: Window[] = [];
  /** Layers with states: they follow their own smooth maximum. */
  readonly #recurrent: AttentionGroup[] = [];
  readonly #stages: Stage[] = [];
  /** Share of the other batches that are there to be waited for: pipelineExtraMs. */
  #sharedFraction = 0;

  /** From now on steps of `plan` with so many decodes, prompt tokens, and prompts that end (see StepBatch). */
  set(plan: StepPlan, decodes: number, promptTokens: number, promptsEnding: number): void {
    this.#plan = plan;
    this.#decodes = decodes;
    this.#promptTokens = promptTokens;
    const tokens = decodes + promptTokens;
    const sampled = decodes + promptsEnding;
    const rows = paddedRows(plan, tokens);
    const projections = gemmMs(plan, plan.attentionProjections, rows) + gemmMs(plan, plan.denseFfn, rows);
    const experts = expertsMs(plan, tokens);
    const headRows = cubeRootSum(plan.headTileRowsCubed, sampled) + plan.extraRows;
    const head = sampled > 0 ? gemmMs(plan, plan.head, headRows) : 0;
    const messages = communicationMs(plan, tokens) + allToAllMs(plan, tokens);
    const layers = plan.activationMsPerToken * tokens + messages + plan.launchMs;
    this.#fixedMs = projections + experts + head + layers;
    this.#sequencesMs = plan.sequenceMs * sampled + plan.requestMs * promptsEnding;
    this.#setAttention(plan.attention);
    this.#setStages(plan, tokens, { projections, experts, head, layers });
  }

  #setAttention(groups: readonly AttentionGroup[]): void {
    this.#kvMsPerContextToken = 0;
    this.#promptMsPerPair = 0;
    this.#windows.length = 0;
    this.#recurrent.length = 0;
    for (const group of groups) {
      const { windowTokens, kvMsPerContextToken } = group;
      const promptMsPerPair = this.#promptTokens > 0 ? group.promptMsPerPair : 0;
      if (!isStateless(group)) {
        this.#recurrent.push(group);
      } else if (windowTokens === null) {
        this.#kvMsPerContextToken += kvMsPerContextToken;
        this.#promptMsPerPair += promptMsPerPair;
      } else {
        const mostContextTokens = this.#decodes * windowTokens;
        const mostPairs = this.#promptTokens * windowTokens;
        this.#windows.push({ kvMsPerContextToken, mostContextTokens, promptMsPerPair, mostPairs });
      }
    }
  }

  #setStages({ pipeline }: StepPlan, tokens: number, parts: Omit<StageShares, 'context' | 'promptAttention'>): void {
    this.#stages.length = 0;
    if (!pipeline || tokens <= 0) return;
    const sendMs = pipeline.sendLatencyMs + pipeline.sendMsPerToken * tokens;
    const last = pipeline.stages.length - 1;
    pipeline.stages.forEach((stage, index) => {
      const fixedMs =
        stage.projections * parts.projections +
        stage.experts * parts.experts +
        stage.layers * parts.layers +
        stage.head * parts.head +
        (index < last ? sendMs : 0);
      this.#stages.push({ fixedMs, context: stage.context, promptAttention: stage.promptAttention });
    });
    this.#fixedMs += last * sendMs;
    this.#sharedFraction = Math.min(1, Math.max(0, tokens - 1));
  }

  /** ms of the step in which the decodes read `contextTokens` of context and the prompt tokens attend to `promptPairs`. */
  at(contextTokens: number, promptPairs: number): number {
    const plan = this.#plan;
    if (!plan) throw new Error('a line of steps was asked before it was set');
    let kvRead = this.#kvMsPerContextToken * contextTokens;
    let promptAttention = this.#promptMsPerPair * promptPairs;
    for (const window of this.#windows) {
      kvRead += window.kvMsPerContextToken * Math.min(contextTokens, window.mostContextTokens);
      promptAttention += window.promptMsPerPair * Math.min(promptPairs, window.mostPairs);
    }
    for (const group of this.#recurrent) {
      kvRead += kvReadMs(plan, group, this.#decodes, contextTokens);
      if (this.#promptTokens > 0) promptAttention += promptAttentionMs(group, this.#promptTokens, promptPairs);
    }
    let rest = this.#fixedMs + kvRead + promptAttention;
    if (this.#stages.length > 0) rest += this.#waitMs(kvRead, promptAttention);
    return plan.hidesSequenceTime ? plan.combine(rest, this.#sequencesMs) : rest + this.#sequencesMs;
  }

  /** Wait for the slowest stage of a pipeline. */
  #waitMs(kvRead: number, promptAttention: number): number {
    let slowestMs = 0;
    let totalMs = 0;
    for (const stage of this.#stages) {
      const stageMs = stage.fixedMs + stage.context * kvRead + stage.promptAttention * promptAttention;
      totalMs += stageMs;
      if (stageMs > slowestMs) slowestMs = stageMs;
    }
    return this.#sharedFraction * Math.max(0, this.#stages.length * slowestMs - totalMs);
  }
}
