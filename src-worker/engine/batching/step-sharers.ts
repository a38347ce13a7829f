import { burst, setBurst } from './bursts.ts';
import { othersPerMs } from './mean-step.ts';
import { NORMAL_WEIGHTS, NORMAL_Z } from './normal-nodes.ts';
import type { PromptNodes } from '../workload/lengths.ts';
import type { BatchingSubject } from './subject.ts';

/** Chances below this are left out. */
export const NEGLIGIBLE = 1e-4;
/** Finds rarer than this are not spread over the lengths of the pieces. */
export const SPREAD_ABOVE = 0.02;

interface OthersLoad {
  arrivalsPerMs: number;
  scvArrival: number;
}

/** Nobody, one prompt of five groups, and several prompts of five lengths. */
const MAX_OTHERS = 11;
/** Of those, nobody and one prompt: their tokens are the same for every find of a rate. */
export const MAX_FIXED_OTHERS = 6;

/** Prompts of others that share a step: chances and their tokens. One instance is written over for every find. */
export class Others {
  readonly chances = new Float64Array(MAX_OTHERS);
  readonly tokens = new Float64Array(MAX_OTHERS);
  count = 0;
  /** How many of the first have tokens that do not depend on the find. */
  numFixed = 0;

  add(chance: number, tokens: number): void {
    this.chances[this.count] = chance;
    this.tokens[this.count] = tokens;
    this.count += 1;
  }
}

/** Chances of 0 and 1 arrivals in a window, written over for every find. */
const counted = { none: 1, one: 0 };

/** Fills `counted` for Poisson and (variance/mean > 1) negative binomial counts. */
function setCounted(mean: number, dispersion: number): void {
  if (dispersion <= 1.0001) {
    counted.none = Math.exp(-mean);
    counted.one = mean * counted.none;
    return;
  }
  // The arrival itself belongs to the burst: size-biased counts have index k + 1 (QUEUEING.md 3.11).
  const index = mean / (dispersion - 1) + 1;
  counted.none = dispersion ** -index;
  counted.one = (index * (dispersion - 1) * counted.none) / dispersion;
}

const others = new Others();

/**
 * Prompt tokens of others that share the tagged request's first step: they arrived during the same step, the one of `stepsMs`
 * at `at`.
 */
export function othersInStep(subject: BatchingSubject, load: OthersLoad, stepsMs: Float64Array, at: number): Others {
  const { moments, prompts } = subject.lengths;
  others.count = 0;
  others.numFixed = 0;
  const mean = othersPerMs(subject, load.arrivalsPerMs) * (stepsMs[at] as number);
  setBurst(mean, load.scvArrival);
  const { dispersion } = burst;
  setCounted(mean, dispersion);
  const { none, one } = counted;
  const more = Math.max(0, 1 - none - one);
  others.add(none, 0);
  if (one > SPREAD_ABOVE) {
    const { tokens, weights } = promptGroups(prompts);
    for (let i = 0; i < weights.length; i += 1) others.add(one * (weights[i] as number), tokens[i] as number);
  } else if (one > NEGLIGIBLE) others.add(one, moments.uncachedMean);
  others.numFixed = others.count;
  if (more > NEGLIGIBLE) {
    const expected = dispersion > 1.0001 ? mean + (dispersion - 1) : mean;
    const count = Math.max(2, (expected - one) / more);
    const tokens = count * moments.uncachedMean;
    const sd = Math.sqrt(count * moments.uncachedVariance + Math.max(0, expected) * moments.uncachedMean ** 2);
    for (let i = 0; i < NORMAL_Z.length; i += 1) {
      const ofNode = more * (NORMAL_WEIGHTS[i] as number);
      others.add(ofNode, Math.max(tokens / count, tokens + (NORMAL_Z[i] as number) * sd));
    }
  }
  return others;
}

/** Prompt lengths in five groups, for the one other prompt that may share a step. */
interface PromptGroups {
  tokens: Float64Array;
  weights: Float64Array;
}

const groupCache = new WeakMap<PromptNodes, PromptGroups>();

function promptGroups(prompts: PromptNodes): PromptGroups {
  const known = groupCache.get(prompts);
  if (known) return known;
  const made = groupedPrompts(prompts);
  groupCache.set(prompts, made);
  return made;
}

function groupedPrompts({ uncachedTokens: tokens, weights }: PromptNodes): PromptGroups {
  const order = Array.from(tokens.keys()).sort((a, b) => (tokens[a] as number) - (tokens[b] as number));
  const groups: { tokens: number; weight: number }[] = [];
  let cumulated = 0;
  for (const i of order) {
    const slot = Math.min(4, Math.floor(cumulated * 5));
    const group = (groups[slot] ??= { tokens: 0, weight: 0 });
    const weight = weights[i] as number;
    group.tokens += weight * (tokens[i] as number);
    group.weight += weight;
    cumulated += weight;
  }
  const filled = groups.filter(Boolean);
  return {
    tokens: Float64Array.from(filled, (group) => group.tokens / group.weight),
    weights: Float64Array.from(filled, ({ weight }) => weight),
  };
}
