import { weightedQuantile } from '../numerics/weighted-quantile.ts';
import { stepTimeMs } from '../roofline/step-time.ts';
import type { PromptNodes } from '../workload/lengths.ts';
import { NORMAL_NODES, othersPerMs, type MeanStep } from './mean-step.ts';
import type { Spread } from './spread.ts';
import type { BatchingSubject } from './subject.ts';

/** ms and weights of what stands between an arrival and its own prefill. */
interface Found {
  chance: number;
  /** Length of the step in progress; the arrival meets it at a uniform moment. */
  stepMs: number;
  /** Prompt tokens already waiting beyond what that step computes. */
  leftOverTokens: number;
  isIdle: boolean;
}

/** Nodes of an exponential law in six cells: conditional means and weights of cells cut at 0, .3, .55, .75, .9, .97, 1. */
const EXPONENTIAL_NODES: readonly (readonly [value: number, weight: number])[] = exponentialNodes([
  0, 0.3, 0.55, 0.75, 0.9, 0.97, 1,
]);

function exponentialNodes(edges: readonly number[]): [number, number][] {
  // E[X; a < X < b] = (a + 1) e^-a - (b + 1) e^-b for the unit exponential.
  const partial = (p: number): number => (p >= 1 ? 0 : (1 - Math.log1p(-p)) * (1 - p));
  return edges.slice(1).map((edge, i) => {
    const low = edges[i] as number;
    const weight = edge - low;
    return [(partial(low) - partial(edge)) / weight, weight];
  });
}

const TABLE = 48;
/** Combinations rarer than this use the prompt nodes merged in pairs. */
const COARSE_BELOW = 0.03;
const NEGLIGIBLE = 1e-4;
/** Finds rarer than this are not spread over the lengths of the pieces. */
const SPREAD_ABOVE = 0.02;

/** Step time against prompt tokens at the decodes of the replica, tabulated: the TTFT stage asks some thousand times. */
class PrefillTable {
  private readonly table = new Float64Array(TABLE + 2);
  private readonly room: number;

  constructor(subject: BatchingSubject, decodes: number, contextTokens: number, room: number, pairsPerToken: number) {
    this.room = room;
    for (let i = 0; i <= TABLE; i += 1) {
      const tokens = room * (i / TABLE) ** 2;
      const ms = stepTimeMs(subject.plan, decodes, contextTokens, tokens, tokens * pairsPerToken, i === 0 ? 0 : 1);
      this.table[i] = ms;
    }
    this.table[TABLE + 1] = this.table[TABLE] as number;
  }

  ms(tokens: number): number {
    const position = TABLE * Math.sqrt(Math.min(1, tokens / this.room));
    const cell = position | 0;
    const low = this.table[cell] as number;
    return low + (position - cell) * ((this.table[cell + 1] as number) - low);
  }
}

interface LoadOnArrival {
  arrivalsPerMs: number;
  scvArrival: number;
  step: MeanStep;
  /** Relative slow spread of the step time, from the wandering of the batch. */
  relativeSpread: number;
  /** Share of arrivals to an empty engine does not apply when a user's next request follows at once (closed loop). */
  hasResidual: boolean;
}

/** Chances of what an arrival finds: the time average of the steps, full chunks and left-over prompts apart. */
function whatArrivalsFind(subject: BatchingSubject, load: LoadOnArrival): Found[] {
  const { step } = load;
  const { leftOver, chance: fullChance } = leftOverTokens(subject, load);
  const found: Found[] = [];
  let timeTotal = 0;
  for (let j = 0; j < step.numStates; j += 1) {
    timeTotal += (step.stateChances[j] as number) * (step.stateMs[j] as number);
  }
  const idleShare = idleShareOf(subject, step);
  for (let j = 0; j < step.numStates; j += 1) {
    const ms = step.stateMs[j] as number;
    const count = step.stateCounts[j] as number;
    const chance = ((1 - fullChance) * (step.stateChances[j] as number) * ms) / timeTotal;
    if (chance < NEGLIGIBLE) continue;
    if (count === 0) {
      found.push({ chance: chance * idleShare, stepMs: 0, leftOverTokens: 0, isIdle: true });
      found.push({ chance: chance * (1 - idleShare), stepMs: ms, leftOverTokens: 0, isIdle: false });
      continue;
    }
    // Lengths of the pieces spread the step; arrivals meet long ones more often.
    const sd = Math.min(step.msPerPromptToken * step.pieceStdTokens * Math.sqrt(count), ms / 2.5);
    if (count > 3 || chance < SPREAD_ABOVE || sd < 0.02 * ms) {
      found.push({ chance, stepMs: ms, leftOverTokens: 0, isIdle: false });
      continue;
    }
    for (const [z, weight] of NORMAL_NODES) {
      const long = Math.max(step.decodeOnlyMs, ms + z * sd);
      found.push({ chance: (chance * weight * long) / ms, stepMs: long, leftOverTokens: 0, isIdle: false });
    }
  }
  if (fullChance > NEGLIGIBLE) {
    for (const [value, weight] of EXPONENTIAL_NODES) {
      const tokens = value * leftOver;
      found.push({ chance: fullChance * weight, stepMs: step.fullChunkMs, leftOverTokens: tokens, isIdle: false });
    }
  }
  return found;
}

/** Chance that nobody decodes when a request arrives, among the times without prompt pieces. */
function idleShareOf(subject: BatchingSubject, step: MeanStep): number {
  if (subject.lengths.moments.outputMean <= 1) return 1;
  // In a closed loop an arrival meets the others only (arrival theorem).
  if (subject.population !== null) {
    const busy = Math.min(1, step.decodes / subject.population);
    return (1 - busy) ** Math.max(0, subject.population - 1);
  }
  return step.decodes < 6 ? Math.exp(-step.decodes) : 0;
}

/**
 * Prompt tokens that wait because a step was full: rests of long prompts, and congestion when many arrive together
 * (a discrete queue of tokens with the Kraemer and Langenbach-Belz correction; QUEUEING.md 3.6, point 2).
 */
function leftOverTokens(subject: BatchingSubject, load: LoadOnArrival): { leftOver: number; chance: number } {
  const { step, arrivalsPerMs, scvArrival } = load;
  const { prompts, moments } = subject.lengths;
  const room = step.roomTokens;
  const tokensPerStep = arrivalsPerMs * step.fullChunkMs * moments.uncachedMean;
  const load01 = Math.min(0.999, tokensPerStep / room);
  let rests = 0;
  for (let i = 0; i < prompts.weights.length; i += 1) {
    const uncached = prompts.uncachedTokens[i] as number;
    const chunks = Math.max(0, Math.ceil(uncached / room) - 1);
    rests += (prompts.weights[i] as number) * (chunks * uncached - (room * chunks * (chunks + 1)) / 2);
  }
  const longPrompts = (arrivalsPerMs * step.fullChunkMs * rests) / (1 - load01);
  const burst = scvArrival > 1 ? scvArrival : 1;
  const secondMoment = moments.uncachedVariance + burst * moments.uncachedMean ** 2;
  const variance = arrivalsPerMs * step.fullChunkMs * secondMoment;
  const correction = Math.exp(
    (-2 * (1 - load01)) / (3 * load01 * (Math.max(scvArrival, 0.05) + variance / tokensPerStep ** 2)),
  );
  const congestion = Math.max(0, variance / (2 * (room - load01 * room)) - tokensPerStep / 2) * correction;
  if (longPrompts >= congestion) {
    const chance = Math.min(0.999, step.fullChunkShare);
    return { leftOver: chance > 0 ? longPrompts / chance : 0, chance };
  }
  const whenAny = secondMoment / (2 * moments.uncachedMean) / (1 - load01);
  return { leftOver: whenAny, chance: Math.min(0.999, congestion / whenAny) };
}

interface Others {
  chance: number;
  tokens: number;
}

/** Chances of 0, 1 and more arrivals in a window, for Poisson and (variance/mean > 1) negative binomial counts. */
function countChances(mean: number, dispersion: number): { none: number; one: number } {
  if (dispersion <= 1.0001) {
    const none = Math.exp(-mean);
    return { none, one: mean * none };
  }
  // The arrival itself belongs to the burst: size-biased counts have index k + 1 (QUEUEING.md 3.11).
  const index = mean / (dispersion - 1) + 1;
  const none = dispersion ** -index;
  return { none, one: (index * (dispersion - 1) * none) / dispersion };
}

/** Variance over mean of gamma arrivals in a window that expects `mean`: short windows see less of the burstiness. */
function dispersionOf(mean: number, scvArrival: number): number {
  if (scvArrival <= 1) return 1;
  const y = 3.5 * mean;
  return 1 + (scvArrival - 1) * (y < 1e-6 ? y / 2 : 1 + Math.expm1(-y) / y);
}

/** Prompt tokens of others that share the tagged request's first step: they arrived during the same step. */
function othersInStep(subject: BatchingSubject, load: LoadOnArrival, stepMs: number): Others[] {
  const { moments, prompts } = subject.lengths;
  const mean = othersPerMs(subject, load.arrivalsPerMs) * stepMs;
  // Constant arrivals: the neighbors are a full gap away. In between, the share of randomness is the scv.
  const random = Math.min(1, load.scvArrival);
  const regular: Others = { chance: 1 - random, tokens: Math.max(0, mean - 1) * moments.uncachedMean };
  if (random === 0) return [regular];
  const dispersion = dispersionOf(mean, load.scvArrival);
  const { none, one } = countChances(mean, dispersion);
  const more = Math.max(0, 1 - none - one);
  const result: Others[] = [{ chance: none, tokens: 0 }];
  if (one > SPREAD_ABOVE) {
    for (const group of promptGroups(prompts.uncachedTokens, prompts.weights)) {
      result.push({ chance: one * group.weight, tokens: group.tokens });
    }
  } else if (one > NEGLIGIBLE) result.push({ chance: one, tokens: moments.uncachedMean });
  if (more > NEGLIGIBLE) {
    const expected = dispersion > 1.0001 ? mean + (dispersion - 1) : mean;
    const count = Math.max(2, (expected - one) / more);
    const tokens = count * moments.uncachedMean;
    const sd = Math.sqrt(count * moments.uncachedVariance + Math.max(0, expected) * moments.uncachedMean ** 2);
    for (const [z, weight] of NORMAL_NODES) {
      result.push({ chance: more * weight, tokens: Math.max(tokens / count, tokens + z * sd) });
    }
  }
  for (const other of result) other.chance *= random;
  if (random < 1) result.push(regular);
  return result;
}

const groupCache = new WeakMap<Float64Array, { tokens: number; weight: number }[]>();

/** Prompt lengths in five groups, for the one other prompt that may share a step. */
function promptGroups(tokens: Float64Array, weights: Float64Array): { tokens: number; weight: number }[] {
  const known = groupCache.get(tokens);
  if (known) return known;
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
  const result = groups.filter(Boolean).map((g) => ({ tokens: g.tokens / g.weight, weight: g.weight }));
  groupCache.set(tokens, result);
  return result;
}

/** What the first-token stage returns beside the deposits. */
export interface FirstTokenParts {
  /** Mean ms of the step in progress that an arrival waits for. */
  residualMeanMs: number;
  /** P95 of prefill, tokenizing and API time of a request that waits for nobody. */
  unhinderedP95Ms: number;
}

/**
 * Deposits the distribution of TTFT (ms) into `spread`: residual of the step in progress, left-over and simultaneous
 * prompts of others, the request's own prefill, tokenizing and API time (QUEUEING.md 3.6).
 */
export function depositFirstToken(subject: BatchingSubject, load: LoadOnArrival, spread: Spread): FirstTokenParts {
  const { plan, lengths } = subject;
  const { step } = load;
  const { prompts } = lengths;
  const pairsPerToken = lengths.moments.uncachedMean / 2 + meanCached(lengths.prompts);
  const busy = new PrefillTable(subject, step.busyDecodes, step.contextTokens, step.roomTokens, pairsPerToken);
  const idle = new PrefillTable(subject, 0, 0, step.roomTokens, pairsPerToken);
  const pairMs = plan.attention.reduce((sum, group) => sum + group.promptMsPerPair, 0);
  // Engines hand a step over one ahead: a request waits for that one too (FIDELITY.md section 2, wres).
  const pipelineMs = Math.max(0, plan.firstTokenWaitSteps - 0.5) * step.busyMeanMs;
  const meanTokens = lengths.moments.uncachedMean;
  let meanResidual = 0;

  const coarse = coarseNodes(prompts);
  for (const found of whatArrivalsFind(subject, load)) {
    if (found.chance < NEGLIGIBLE) continue;
    const residualMs = load.hasResidual ? found.stepMs : 0;
    meanResidual += (found.chance * residualMs) / 2;
    const others = found.isIdle ? ALONE : othersInStep(subject, load, found.stepMs);
    const table = found.isIdle ? idle : busy;
    const fixedMs = residualMs / 2 + plan.ttftBaseMs + (found.isIdle ? 0 : pipelineMs);
    for (const other of others) {
      const chance = found.chance * other.chance;
      if (chance < NEGLIGIBLE) continue;
      const nodes = chance < COARSE_BELOW ? coarse : prompts;
      for (let i = 0; i < nodes.weights.length; i += 1) {
        const own = nodes.uncachedTokens[i] as number;
        const cached = nodes.cachedTokens[i] as number;
        const pairsMs = own * (cached + own / 2 - pairsPerToken) * pairMs;
        const shared = prefillMs(step, table, load.arrivalsPerMs, meanTokens, found.leftOverTokens, other.tokens, own);
        const computeMs = Math.max(shared + pairsMs, step.decodeOnlyMs);
        const cellMs = ((nodes.widths[i] as number) / own) * (computeMs - step.decodeOnlyMs);
        const slowMs = load.relativeSpread * computeMs;
        const width = Math.sqrt(residualMs * residualMs + cellMs * cellMs + 12 * slowMs * slowMs);
        const value = fixedMs + computeMs + plan.tokenizeMsPerToken * (own + cached);
        spread.add(value, width, chance * (nodes.weights[i] as number));
      }
    }
  }
  const alone = prompts.uncachedTokens.map((own, i) => {
    const cached = prompts.cachedTokens[i] as number;
    const pairsMs = own * (cached + own / 2 - pairsPerToken) * pairMs;
    const computeMs = prefillMs(step, busy, load.arrivalsPerMs, meanTokens, 0, 0, own) + pairsMs;
    return Math.max(computeMs, step.decodeOnlyMs) + plan.ttftBaseMs + plan.tokenizeMsPerToken * (own + cached);
  });
  return { residualMeanMs: meanResidual, unhinderedP95Ms: weightedQuantile(alone, prompts.weights, 0.95) };
}

const ALONE: Others[] = [{ chance: 1, tokens: 0 }];

const coarseCache = new WeakMap<PromptNodes, PromptNodes>();

/** Neighboring prompt nodes merged in pairs, for rare combinations. */
function coarseNodes(prompts: PromptNodes): PromptNodes {
  const known = coarseCache.get(prompts);
  if (known) return known;
  const count = Math.ceil(prompts.weights.length / 2);
  const merged: PromptNodes = {
    uncachedTokens: new Float64Array(count),
    cachedTokens: new Float64Array(count),
    weights: new Float64Array(count),
    widths: new Float64Array(count),
  };
  for (let i = 0; i < count; i += 1) {
    const first = 2 * i;
    const second = Math.min(first + 1, prompts.weights.length - 1);
    const weightA = prompts.weights[first] as number;
    const weightB = second > first ? (prompts.weights[second] as number) : 0;
    const mean = (values: Float64Array): number =>
      (weightA * (values[first] as number) + weightB * (values[second] as number)) / (weightA + weightB);
    merged.uncachedTokens[i] = mean(prompts.uncachedTokens);
    merged.cachedTokens[i] = mean(prompts.cachedTokens);
    merged.weights[i] = weightA + weightB;
    const apart = Math.abs((prompts.uncachedTokens[second] as number) - (prompts.uncachedTokens[first] as number));
    merged.widths[i] = mean(prompts.widths) + apart;
  }
  coarseCache.set(prompts, merged);
  return merged;
}

/** ms from the start of the step in which a prompt can first take part to the end of its prefill. */
function prefillMs(
  step: MeanStep,
  table: PrefillTable,
  arrivalsPerMs: number,
  meanPromptTokens: number,
  leftOver: number,
  others: number,
  own: number,
): number {
  const room = step.roomTokens;
  const all = leftOver + others + own;
  if (all <= room) return table.ms(all);
  const ahead = leftOver + others / 2 + own;
  const full = Math.floor(ahead / room);
  const fullMs = full * table.ms(room);
  const lateArrivals = arrivalsPerMs * meanPromptTokens * fullMs;
  const last = Math.min(room, ahead - full * room + others / 2 + lateArrivals);
  return fullMs + table.ms(last);
}

function meanCached(prompts: { cachedTokens: Float64Array; weights: Float64Array }): number {
  return prompts.cachedTokens.reduce((sum, cached, i) => sum + cached * (prompts.weights[i] as number), 0);
}
