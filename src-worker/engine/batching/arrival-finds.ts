import { LEAST_ARRIVALS_PER_MS, NORMAL_NODES, othersPerMs, type MeanStep } from './mean-step.ts';
import { NEGLIGIBLE, SPREAD_ABOVE } from './step-sharers.ts';
import type { PromptNodes } from '../workload/lengths.ts';
import type { BatchingSubject } from './subject.ts';

/** ms and weights of what stands between an arrival and its own prefill. */
export interface Found {
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

export interface LoadOnArrival {
  arrivalsPerMs: number;
  scvArrival: number;
  step: MeanStep;
  /** Relative slow spread of the step time, from the wandering of the batch. */
  relativeSpread: number;
  /** Share of arrivals to an empty engine does not apply when a user's next request follows at once (closed loop). */
  hasResidual: boolean;
  /** Prefills of others that requests wait for which come in step with them; null = they come as they like. */
  lockstepPrefills: number | null;
}

/** Chances of what an arrival finds: the time average of the steps, full chunks and left-over prompts apart. */
export function whatArrivalsFind(subject: BatchingSubject, load: LoadOnArrival): Found[] {
  const { step } = load;
  const { leftOver, chance: behindChance, emptyChance } = leftOverTokens(subject, load);
  const fullChance = behindChance + emptyChance;
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
  if (emptyChance > NEGLIGIBLE) {
    found.push({ chance: emptyChance, stepMs: step.fullChunkMs, leftOverTokens: 0, isIdle: false });
  }
  if (behindChance > NEGLIGIBLE) {
    for (const [value, weight] of EXPONENTIAL_NODES) {
      const tokens = value * leftOver;
      found.push({ chance: behindChance * weight, stepMs: step.fullChunkMs, leftOverTokens: tokens, isIdle: false });
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

/** Chances of meeting a full chunk with prompts left over, of so many tokens on average, and of one without. */
interface LeftOver {
  leftOver: number;
  chance: number;
  emptyChance: number;
}

/**
 * Tokens by which prompts that came together exceed a step's room, where they do. Many short ones exceed it by what is left of
 * the last (`ofMany`, as in renewal theory); where two fill it, by what the two of them have too much.
 */
function overshoot({ uncachedTokens, weights }: PromptNodes, room: number, ofMany: number): number {
  let chance = 0;
  let excess = 0;
  for (let i = 0; i < weights.length; i += 1) {
    const own = uncachedTokens[i] as number;
    for (let j = 0; j < weights.length; j += 1) {
      const over = Math.min(own, room) + Math.min(uncachedTokens[j] as number, room) - room;
      if (over <= 0) continue;
      const weight = (weights[i] as number) * (weights[j] as number);
      chance += weight;
      excess += weight * over;
    }
  }
  return excess + (1 - chance) * ofMany;
}

/**
 * Prompt tokens that wait because a step was full: rests of long prompts, and congestion when many arrive together
 * (a discrete queue of tokens with the Kraemer and Langenbach-Belz correction; QUEUEING.md 3.6, point 2).
 */
function leftOverTokens(subject: BatchingSubject, load: LoadOnArrival): LeftOver {
  const { step, scvArrival } = load;
  const { prompts, moments } = subject.lengths;
  // Nobody finds prompts of his own: a user of a closed loop has one at a time.
  const arrivalsPerMs = Math.max(othersPerMs(subject, load.arrivalsPerMs), LEAST_ARRIVALS_PER_MS);
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
  const fullShare = Math.min(0.999, step.fullChunkShare);
  if (longPrompts >= congestion) {
    return { leftOver: fullShare > 0 ? longPrompts / fullShare : 0, chance: fullShare, emptyChance: 0 };
  }
  const whenAny = overshoot(prompts, room, secondMoment / (2 * moments.uncachedMean)) / (1 - load01);
  const chance = Math.min(0.999, congestion / whenAny);
  // Full chunks are met as often as they take time, however seldom prompts are left over behind them.
  return { leftOver: whenAny, chance, emptyChance: Math.max(0, fullShare - chance) };
}
