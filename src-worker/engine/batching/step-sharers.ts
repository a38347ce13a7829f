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
  const { moments } = subject.lengths;
  others.count = 0;
  others.numFixed = 0;
  const mean = othersPerMs(subject, load.arrivalsPerMs) * (stepsMs[at] as number);
  setBurst(mean, load.scvArrival);
  const { dispersion } = burst;
  setCounted(mean, dispersion);
  const { none, one } = counted;
  const more = Math.max(0, 1 - none - one);
  others.add(none, 0);
  addOne(subject, one);
  others.numFixed = others.count;
  if (more > NEGLIGIBLE) {
    const expected = dispersion > 1.0001 ? mean + (dispersion - 1) : mean;
    const count = Math.max(2, (expected - one) / more);
    const tokens = count * moments.uncachedMean;
    const sd = Math.sqrt(count * moments.uncachedVariance + Math.max(0, expected) * moments.uncachedMean ** 2);
    addSeveral(more, tokens, sd, moments.uncachedMean);
  }
  return others;
}

/** One other prompt: which of five lengths matters where it is not rare. */
function addOne({ lengths }: BatchingSubject, chance: number): void {
  if (chance <= SPREAD_ABOVE) {
    if (chance > NEGLIGIBLE) others.add(chance, lengths.moments.uncachedMean);
    return;
  }
  const { tokens, weights } = promptGroups(lengths.prompts);
  for (let i = 0; i < weights.length; i += 1) others.add(chance * (weights[i] as number), tokens[i] as number);
}

/** Several other prompts, of so many tokens with that spread, one at the least. */
function addSeveral(chance: number, tokens: number, sd: number, oneTokens: number): void {
  for (let i = 0; i < NORMAL_Z.length; i += 1) {
    const ofNode = chance * (NORMAL_WEIGHTS[i] as number);
    others.add(ofNode, Math.max(oneTokens, tokens + (NORMAL_Z[i] as number) * sd));
  }
}

/**
 * The same for prompts that come one gap after the other. A step of n gaps and a rest r holds n + 1 arrivals where the first of them
 * comes within r, and n otherwise: an arrival is with n others with chance (n + 1) r / (n + r), else with n - 1.
 */
export function regularOthersInStep(
  subject: BatchingSubject,
  load: OthersLoad,
  stepsMs: Float64Array,
  at: number,
): Others {
  others.count = 0;
  others.numFixed = 0;
  const gaps = othersPerMs(subject, load.arrivalsPerMs) * (stepsMs[at] as number);
  const whole = Math.floor(gaps);
  const moreChance = gaps > 0 ? ((whole + 1) * (gaps - whole)) / gaps : 1;
  if (whole > 0) addRegular(subject, 1 - moreChance, whole - 1);
  addRegular(subject, moreChance, whole);
  return others;
}

function addRegular(subject: BatchingSubject, chance: number, count: number): void {
  const { uncachedMean, uncachedVariance } = subject.lengths.moments;
  if (chance <= NEGLIGIBLE) return;
  if (count === 0) others.add(chance, 0);
  else if (count === 1) addOne(subject, chance);
  else addSeveral(chance, count * uncachedMean, Math.sqrt(count * uncachedVariance), uncachedMean);
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
