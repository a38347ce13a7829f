import type { StepPlan } from '../../roofline/step-plan.ts';
import type { PromptNodes } from '../../workload/lengths.ts';
import { MAX_FIXED_OTHERS } from '../step-sharers.ts';
import type { BatchingSubject } from '../subject.ts';

/**
 * [node] ms from the first step to the first token, tokenizing included, and the square of their spread, at some prompts ahead.
 * Where a prompt takes several steps others may come meanwhile and fill up the last one: `lateMs` then, with `lateChances`.
 */
export interface NodePrefills {
  aheadTokens: number;
  ms: Float64Array;
  squares: Float64Array;
  hasLate: boolean;
  lateMs: Float64Array;
  lateChances: Float64Array;
}

/** Slots of fixed companions who came before, of those who came after, and one that is computed every time. */
export const ANY_SLOT = 2 * MAX_FIXED_OTHERS;

/** Prompt nodes with what every deposit of a rate asks of them. */
export class NodeTimes {
  /** Are those who come during the steps of a long prompt told apart from nobody? */
  readonly tellsLate: boolean;
  nodes: PromptNodes | null = null;
  #plan: StepPlan | null = null;
  /** [node] ms by which the node's attention differs from what the prefill table assumes. */
  pairsMs = new Float64Array(0);
  longestTokens = 0;
  /** [node] ms of tokenizing. */
  tokenizeMs = new Float64Array(0);
  /** [node] width of the cell / its tokens. */
  relativeWidths = new Float64Array(0);
  /** [node] of one combination: tokens of the step in which the prefill ends, ms of that step and of the full ones before it. */
  lastTokens = new Float64Array(0);
  lastMs = new Float64Array(0);
  beforeMs = new Float64Array(0);
  /** [node] the same of the last step where others came during the full ones, and what a deposit weighs. */
  lateTokens = new Float64Array(0);
  lateLastMs = new Float64Array(0);
  shares = new Float64Array(0);
  /** [slot] the fixed companions of a step, and a last slot that is computed every time. */
  prefills: NodePrefills[] = [];

  constructor(tellsLate: boolean) {
    this.tellsLate = tellsLate;
  }

  /** The prefills that are computed every time. */
  get any(): NodePrefills {
    return this.prefills[ANY_SLOT] as NodePrefills;
  }

  /** Sets the nodes of `subject`, as they are or merged. Of a replica that is asked again only the prefills are forgotten. */
  fill(nodes: PromptNodes, { plan, lengths }: BatchingSubject): void {
    const count = nodes.weights.length;
    if (this.pairsMs.length < count) this.#resize(count);
    for (const prefill of this.prefills) prefill.aheadTokens = NaN;
    if (this.nodes === nodes && this.#plan === plan) return;
    this.nodes = nodes;
    this.#plan = plan;
    this.longestTokens = 0;
    const { attendedMean } = lengths.moments;
    let pairMs = 0;
    for (const group of plan.attention) pairMs += group.promptMsPerPair;
    for (let i = 0; i < count; i += 1) {
      const own = nodes.uncachedTokens[i] as number;
      const cached = nodes.cachedTokens[i] as number;
      if (own > this.longestTokens) this.longestTokens = own;
      this.pairsMs[i] = own * (cached + own / 2 - attendedMean) * pairMs;
      this.tokenizeMs[i] = plan.tokenizeMsPerToken * (own + cached);
      this.relativeWidths[i] = (nodes.widths[i] as number) / own;
    }
  }

  #resize(count: number): void {
    const column = (): Float64Array<ArrayBuffer> => new Float64Array(count);
    this.pairsMs = column();
    this.tokenizeMs = column();
    this.relativeWidths = column();
    this.lastTokens = column();
    this.lastMs = column();
    this.beforeMs = column();
    this.lateTokens = column();
    this.lateLastMs = column();
    this.shares = column();
    this.prefills = Array.from({ length: ANY_SLOT + 1 }, () => ({
      aheadTokens: NaN,
      ms: column(),
      squares: column(),
      hasLate: false,
      lateMs: column(),
      lateChances: column(),
    }));
  }
}
