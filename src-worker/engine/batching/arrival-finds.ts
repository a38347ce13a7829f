import type { ClientRounds } from './client-rounds.ts';
import { LEAST_ARRIVALS_PER_MS, othersPerMs, type MeanStep } from './mean-step.ts';
import { NORMAL_WEIGHTS, NORMAL_Z } from './normal-nodes.ts';
import { NEGLIGIBLE, SPREAD_ABOVE } from './step-sharers.ts';
import type { BatchingSubject } from './subject.ts';

/** Kinds of steps met: with up to three pieces in five lengths each, with more, full ones, and none. */
const MOST_FINDS = 96;

/** What stands between an arrival and its own prefill. One instance is written over for every rate. */
class Finds {
  /** [find] */
  readonly chances = new Float64Array(MOST_FINDS);
  /** Length of the step in progress; the arrival meets it at a uniform moment. */
  readonly stepMs = new Float64Array(MOST_FINDS);
  /** Prompt tokens already waiting beyond what that step computes. */
  readonly leftOverTokens = new Float64Array(MOST_FINDS);
  /** 1 where nothing runs. */
  readonly isIdle = new Uint8Array(MOST_FINDS);
  count = 0;

  add(chance: number, stepMs: number, leftOverTokens: number, isIdle: 0 | 1): void {
    const at = this.count;
    if (at >= MOST_FINDS) throw new Error(`more than ${MOST_FINDS} kinds of steps to arrive in`);
    this.chances[at] = chance;
    this.stepMs[at] = stepMs;
    this.leftOverTokens[at] = leftOverTokens;
    this.isIdle[at] = isIdle;
    this.count = at + 1;
  }
}

export const finds = new Finds();

/** Nodes of an exponential law in six cells: conditional means and weights of cells cut at 0, .3, .55, .75, .9, .97, 1. */
const EXPONENTIAL_NODES = exponentialNodes([0, 0.3, 0.55, 0.75, 0.9, 0.97, 1]);
/** The same in columns: what is taken out of a pair in a loop is allocated. */
const EXPONENTIAL_VALUES = Float64Array.from(EXPONENTIAL_NODES, ([value]) => value);
const EXPONENTIAL_WEIGHTS = Float64Array.from(EXPONENTIAL_NODES, ([, weight]) => weight);

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
  /** How those waits are spread: the rounds of the clients; null = evenly around their mean. */
  rounds: ClientRounds | null;
  /** Mean ms that users pause before they ask again: the longer, the fewer are in step. */
  pauseMs: number;
}

/** Fills `finds`: the time average of the steps, full chunks and left-over prompts apart. */
export function findOnArrival(subject: BatchingSubject, load: LoadOnArrival): void {
  const { step } = load;
  setLeftOver(subject, load);
  const { tokens: leftOver, chance: behindChance, emptyChance } = leftOverPrompts;
  const fullChance = behindChance + emptyChance;
  finds.count = 0;
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
      finds.add(chance * idleShare, 0, 0, 1);
      finds.add(chance * (1 - idleShare), ms, 0, 0);
      continue;
    }
    // Lengths of the pieces spread the step; arrivals meet long ones more often.
    const sd = Math.min(step.msPerPromptToken * step.pieceStdTokens * Math.sqrt(count), ms / 2.5);
    if (count > 3 || chance < SPREAD_ABOVE || sd < 0.02 * ms) {
      finds.add(chance, ms, 0, 0);
      continue;
    }
    for (let i = 0; i < NORMAL_Z.length; i += 1) {
      const long = Math.max(step.decodeOnlyMs, ms + (NORMAL_Z[i] as number) * sd);
      finds.add((chance * (NORMAL_WEIGHTS[i] as number) * long) / ms, long, 0, 0);
    }
  }
  if (emptyChance > NEGLIGIBLE) finds.add(emptyChance, step.fullChunkMs, 0, 0);
  if (behindChance > NEGLIGIBLE) {
    for (let i = 0; i < EXPONENTIAL_VALUES.length; i += 1) {
      const chance = behindChance * (EXPONENTIAL_WEIGHTS[i] as number);
      finds.add(chance, step.fullChunkMs, (EXPONENTIAL_VALUES[i] as number) * leftOver, 0);
    }
  }
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
const leftOverPrompts = { tokens: 0, chance: 0, emptyChance: 0 };

/**
 * Fills `leftOverPrompts`: prompt tokens that wait because a step was full: rests of long prompts, and congestion when many arrive together
 * (a discrete queue of tokens with the Kraemer and Langenbach-Belz correction; QUEUEING.md 3.6, point 2).
 */
function setLeftOver(subject: BatchingSubject, load: LoadOnArrival): void {
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
    leftOverPrompts.tokens = fullShare > 0 ? longPrompts / fullShare : 0;
    leftOverPrompts.chance = fullShare;
    leftOverPrompts.emptyChance = 0;
    return;
  }
  const whenAny = secondMoment / (2 * moments.uncachedMean) / (1 - load01);
  const chance = Math.min(0.999, congestion / whenAny);
  // Full chunks are met as often as they take time, however seldom prompts are left over behind them.
  leftOverPrompts.tokens = whenAny;
  leftOverPrompts.chance = chance;
  leftOverPrompts.emptyChance = Math.max(0, fullShare - chance);
}
