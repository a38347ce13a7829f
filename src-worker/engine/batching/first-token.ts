import { gammaLower } from '../numerics/gamma.ts';
import { weightedQuantile } from '../numerics/weighted-quantile.ts';
import type { StepPlan } from '../roofline/step-plan.ts';
import type { PromptNodes } from '../workload/lengths.ts';
import { finds, findOnArrival, NEVER_IDLE, type LoadOnArrival } from './arrival-finds.ts';
import { roundWaits, waitInRounds, type ClientRounds } from './client-rounds.ts';
import { LOCKSTEP_HALF_WIDTH } from './lockstep.ts';
import { newMeanStep, othersPerMs, type MeanStep } from './mean-step.ts';
import { PrefillTable } from './prefill-table.ts';
import {
  findPrefills,
  foundPrefills,
  NUM_BINS,
  shareApart,
  waitAfter,
  type RegularArrivals,
} from './regular-arrivals.ts';
import type { Part, Spread } from './spread.ts';
import { MAX_FIXED_OTHERS, NEGLIGIBLE, Others, othersInStep, regularOthersInStep } from './step-sharers.ts';
import type { BatchingSubject } from './subject.ts';

/** Combinations rarer than this use the prompt nodes merged in pairs. */
const COARSE_BELOW = 0.03;

const busyTable = new PrefillTable();
const idleTable = new PrefillTable();

/**
 * [node] ms from the first step to the first token, tokenizing included, and the square of their spread, at some prompts ahead.
 * Where a prompt takes several steps others may come meanwhile and fill up the last one: `lateMs` then, with `lateChances`.
 */
interface NodePrefills {
  aheadTokens: number;
  ms: Float64Array;
  squares: Float64Array;
  hasLate: boolean;
  lateMs: Float64Array;
  lateChances: Float64Array;
}

/** Prompt nodes with what every deposit of a rate asks of them. */
class NodeTimes {
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

/** Slots of fixed companions who came before, of those who came after, and one that is computed every time. */
const ANY_SLOT = 2 * MAX_FIXED_OTHERS;
const fineTimes = new NodeTimes(true);
const coarseTimes = new NodeTimes(false);

/** What one combination adds: its chance, the residual of the step in progress and all that is the same for every prompt. */
const part: Part = { chance: 0, fixedMs: 0, squareWidth: 0 };
/**
 * Tokens of others that wait already, that share the step, and of these the ones that are computed before a request's own and
 * after it, in the same steps where there is room.
 */
const ahead = { leftOver: 0, beside: 0, before: 0, after: 0 };
/** Mean ms that arrivals wait for the step in progress, or for others in step with them; of what was deposited last. */
export const waited = { meanMs: 0 };
/** Chance of what is found on arrival, written over by every find. */
const found = { chance: 0 };
const NOTHING_DECODES = newMeanStep();
/** Prompts of others that arrive in a ms and the tokens of one, and what the slow spread of steps adds to squares of widths, per square of ms. */
const around = { arrivalsPerMs: 0, meanTokens: 0, slowSquare: 0 };

/** What regular arrivals are, written over by every rate. */
const regular: RegularArrivals = {
  gapMs: 0,
  decodeOnlyMs: 0,
  handedOutBefore: 0,
  lastStepMs: 0,
  prefillMs: new Float64Array(0),
  weights: new Float64Array(0),
  sharedSavingMs: 0,
};

function setAround(subject: BatchingSubject, arrivalsPerMs: number, relativeSpread: number): void {
  around.arrivalsPerMs = othersPerMs(subject, arrivalsPerMs);
  around.meanTokens = subject.lengths.moments.uncachedMean;
  around.slowSquare = 12 * relativeSpread * relativeSpread;
}

/**
 * Deposits the distribution of TTFT (ms) into `spread`: residual of the step in progress, left-over and simultaneous
 * prompts of others, the request's own prefill, tokenizing and API time (QUEUEING.md 3.6). Fills `waited`.
 */
export function depositFirstToken(subject: BatchingSubject, load: LoadOnArrival, spread: Spread): void {
  const { step } = load;
  const { prompts } = subject.lengths;
  busyTable.set(subject, step, step);
  fineTimes.fill(prompts, subject);
  coarseTimes.fill(coarseNodes(prompts), subject);
  setAround(subject, load.arrivalsPerMs, load.relativeSpread);
  let free = 1;
  waited.meanMs = 0;
  if (load.lockstepPrefills !== null) {
    waited.meanMs = depositInStep(subject, load, load.lockstepPrefills, spread);
    free = 1 - part.chance;
    if (free < NEGLIGIBLE) return;
  }
  idleTable.set(subject, NOTHING_DECODES, step);
  const random = free * randomShare(subject, load);
  const regularShare = free - random;
  if (regularShare > 0) depositRegular(subject, load, regularShare, spread);
  if (random > 0) depositInSteps(subject, load, random, othersInStep, spread);
}

/**
 * Share of arrivals that find others as Poisson arrivals do: the squared CV of the gaps, or fewer where a prefill is so short that
 * hardly a gamma gap ends within it.
 */
function randomShare(subject: BatchingSubject, { arrivalsPerMs, scvArrival, step }: LoadOnArrival): number {
  if (scvArrival === 0 || scvArrival >= 1) return Math.min(1, scvArrival);
  const full = subject.lengths.moments.uncachedMean / step.roomTokens;
  const prefillMs = Math.floor(full) * step.fullChunkMs + (step.stateMs[1] as number);
  const mean = arrivalsPerMs * prefillMs;
  const exact = gammaLower(1 / scvArrival, mean / scvArrival) / -Math.expm1(-mean);
  return Math.min(scvArrival, exact);
}

/** Deposits those who arrive at any moment of the step in progress, `share` of all, with the others who come meanwhile. */
function depositInSteps(
  subject: BatchingSubject,
  load: LoadOnArrival,
  share: number,
  othersIn: typeof othersInStep,
  spread: Spread,
): void {
  const { plan } = subject;
  const { step } = load;
  // Engines hand a step over one ahead: a request waits for that one too (FIDELITY.md section 2, wres).
  const pipelineMs = Math.max(0, plan.firstTokenWaitSteps - 0.5) * step.busyMeanMs;
  findOnArrival(subject, load);
  for (let find = 0; find < finds.count; find += 1) {
    found.chance = share * (finds.chances[find] as number);
    if (found.chance < NEGLIGIBLE) continue;
    const isIdle = finds.isIdle[find] === 1;
    const residualMs = load.hasResidual ? (finds.stepMs[find] as number) : 0;
    waited.meanMs += (found.chance * residualMs) / 2;
    ahead.leftOver = finds.leftOverTokens[find] as number;
    part.fixedMs = residualMs / 2 + plan.ttftBaseMs + (isIdle ? 0 : pipelineMs);
    part.squareWidth = residualMs * residualMs;
    const others = isIdle ? ALONE : othersIn(subject, load, finds.stepMs, find);
    depositBeside(others, isIdle ? idleTable : busyTable, step, spread);
  }
}

/** Deposits what is `found` with everyone who may share the step. */
function depositBeside(others: Others, table: PrefillTable, step: MeanStep, spread: Spread): void {
  const { chances, tokens, count, numFixed } = others;
  for (let k = 0; k < count; k += 1) {
    const chance = found.chance * (chances[k] as number);
    if (chance < NEGLIGIBLE) continue;
    const beside = tokens[k] as number;
    ahead.beside = beside;
    part.chance = chance;
    const isFixed = k < numFixed && ahead.leftOver === 0;
    const isOneStep = beside === 0 || ahead.leftOver + beside + fineTimes.longestTokens <= step.roomTokens;
    const times = (isOneStep ? chance : chance / 2) < COARSE_BELOW ? coarseTimes : fineTimes;
    if (isOneStep) {
      depositOrdered(1, isFixed ? k : ANY_SLOT, times, table, step, spread);
    } else if (!isFixed && chance < SPLIT_ABOVE) {
      depositOrdered(0.5, ANY_SLOT, times, table, step, spread);
    } else {
      // Not all fit into one step: who came first is served first. One other came before or after, of several a part did.
      const isOne = k < numFixed;
      const behind = isFixed ? k : ANY_SLOT;
      const inFront = isFixed ? MAX_FIXED_OTHERS + k : ANY_SLOT;
      part.chance = chance / 2;
      depositOrdered(isOne ? 1 : 1 - PART_BEFORE, behind, times, table, step, spread);
      depositOrdered(isOne ? 0 : PART_BEFORE, inFront, times, table, step, spread);
    }
  }
}

/** Rarer combinations take half of the others to come before. */
const SPLIT_ABOVE = 0.01;
/** Of several prompts that share a step with another, the share that came before it in the lower half of all cases. */
const PART_BEFORE = 0.25;

/** Deposits the case that a share of the tokens `beside` is computed before one's own; times are kept in `slot`. */
function depositOrdered(
  shareBefore: number,
  slot: number,
  times: NodeTimes,
  table: PrefillTable,
  step: MeanStep,
  spread: Spread,
): void {
  const prefills = times.prefills[slot] as NodePrefills;
  ahead.before = shareBefore * ahead.beside;
  ahead.after = ahead.beside - ahead.before;
  if (slot === ANY_SLOT || prefills.aheadTokens !== ahead.beside) computePrefills(prefills, times, table, step);
  deposit(prefills, times, spread);
}

/** Regular arrivals, `share` of all. */
function depositRegular(subject: BatchingSubject, load: LoadOnArrival, share: number, spread: Spread): void {
  const apart = shareApart(load.step, around.arrivalsPerMs);
  ahead.leftOver = 0;
  found.chance = share * apart;
  if (found.chance >= NEGLIGIBLE) depositApart(subject, load, spread);
  const together = share * (1 - apart);
  if (together >= NEGLIGIBLE) depositInSteps(subject, load, together, regularOthersInStep, spread);
}

/** Prompts that mostly end before the next one comes: what one finds is what the one before left (regular-arrivals.ts). */
function depositApart(subject: BatchingSubject, load: LoadOnArrival, spread: Spread): void {
  const weight = found.chance;
  const own = fineTimes.prefills[ANY_SLOT] as NodePrefills;
  const { plan, lengths } = subject;
  const { step } = load;
  const { arrivalsPerMs } = around;
  // Nobody comes while one's own prompt is computed.
  around.arrivalsPerMs = 0;
  ahead.before = 0;
  ahead.after = 0;
  computePrefills(own, fineTimes, busyTable, step);
  around.arrivalsPerMs = arrivalsPerMs;
  regular.gapMs = 1 / load.arrivalsPerMs;
  regular.decodeOnlyMs = step.decodeOnlyMs;
  regular.handedOutBefore = Math.max(0, plan.firstTokenWaitSteps - 0.5);
  regular.lastStepMs = busyTable.ms(Math.min(step.pieceMeanTokens, step.roomTokens));
  regular.sharedSavingMs = Math.max(0, regular.lastStepMs - step.msPerPromptToken * step.pieceMeanTokens);
  regular.prefillMs = own.ms;
  regular.weights = lengths.prompts.weights;
  findPrefills(regular);
  const { noneChance, chances, leftMs, widthsMs } = foundPrefills;
  const freeMs = (regular.handedOutBefore + 0.5) * step.decodeOnlyMs;
  const idleChance = noneChance * idleBetween(subject, step, regular.gapMs);
  part.chance = weight * (noneChance - idleChance);
  part.fixedMs = plan.ttftBaseMs + freeMs;
  part.squareWidth = step.decodeOnlyMs ** 2;
  deposit(own, fineTimes, spread);
  waited.meanMs += part.chance * freeMs;
  for (let bin = 0; bin < NUM_BINS; bin += 1) {
    const chance = chances[bin] as number;
    if (chance < NEGLIGIBLE) continue;
    const waitMs = waitAfter(regular, leftMs[bin] as number);
    part.chance = weight * chance;
    waited.meanMs += part.chance * waitMs;
    part.fixedMs = plan.ttftBaseMs + waitMs;
    part.squareWidth = (widthsMs[bin] as number) ** 2;
    deposit(own, fineTimes, spread);
  }
  if (idleChance > NEGLIGIBLE) {
    around.arrivalsPerMs = 0;
    computePrefills(own, fineTimes, idleTable, step);
    around.arrivalsPerMs = arrivalsPerMs;
    part.chance = weight * idleChance;
    part.fixedMs = plan.ttftBaseMs;
    part.squareWidth = 0;
    deposit(own, fineTimes, spread);
  }
}

/** Gaps after which nobody who came before is still there. */
const MOST_GAPS = 64;

/** Chance that regular arrivals find nobody: everyone who came before, one gap after the other, has ended. */
function idleBetween({ lengths }: BatchingSubject, step: MeanStep, gapMs: number): number {
  if (lengths.moments.outputMean <= 1) return 1;
  if (step.decodes > NEVER_IDLE) return 0;
  const { tokens, weights, widths } = lengths.outputs;
  const firstMs = step.decodeOnlyMs + step.msPerPromptToken * lengths.moments.uncachedMean;
  let chance = 1;
  for (let gaps = 1; gaps <= MOST_GAPS && chance > NEGLIGIBLE; gaps += 1) {
    const afterMs = gaps * gapMs - firstMs;
    let ended = 0;
    for (let i = 0; i < tokens.length; i += 1) {
      const endMs = ((tokens[i] as number) - 1) * step.meanMs;
      const halfMs = Math.max(step.meanMs, ((widths[i] as number) * step.meanMs) / 2);
      ended += (weights[i] as number) * Math.min(1, Math.max(0, (afterMs - endMs + halfMs) / (2 * halfMs)));
    }
    if (ended > 1 - 1e-9) return chance;
    chance *= ended;
  }
  return chance;
}

/**
 * Clients who ask again at once find a busy engine every time. They wait for the steps that the profile says, and for prefills
 * of others in step with them. Pauses as long as that wait dissolve it: `part.chance` is the share of those still in step.
 * Returns the mean ms of the wait beyond the steps under way, times that share.
 */
function depositInStep(subject: BatchingSubject, load: LoadOnArrival, waited: number, spread: Spread): number {
  const { plan, lengths } = subject;
  const { step } = load;
  const prefills = fineTimes.prefills[ANY_SLOT] as NodePrefills;
  const { weights, uncachedTokens } = lengths.prompts;
  // Prompts that come faster than one a step share steps.
  const perStep = load.arrivalsPerMs * lengths.moments.uncachedMean * step.busyMeanMs;
  ahead.leftOver = 0;
  ahead.before = Math.max(0, Math.min(step.roomTokens, perStep) - lengths.moments.uncachedMean);
  ahead.after = 0;
  computePrefills(prefills, fineTimes, busyTable, step);
  let prefillMs = 0;
  for (let i = 0; i < weights.length; i += 1) {
    const own = uncachedTokens[i] as number;
    // The rest of a long prompt shares its step with the next one's beginning: in a queue of them steps are full.
    const inFullSteps = (own / step.roomTokens) * busyTable.fullMs + (fineTimes.pairsMs[i] as number);
    const computeMs =
      own > step.roomTokens ? inFullSteps : (prefills.ms[i] as number) - (fineTimes.tokenizeMs[i] as number);
    prefillMs += (weights[i] as number) * computeMs;
  }
  const inStepMs = waited * prefillMs;
  if (load.rounds) return depositRounds(subject, load, load.rounds, inStepMs, spread);
  const waitMs = waitInStep(subject, step, inStepMs);
  part.chance = shareStill(load, inStepMs);
  part.fixedMs = plan.ttftBaseMs + waitMs;
  part.squareWidth = (2 * LOCKSTEP_HALF_WIDTH * inStepMs) ** 2;
  if (part.chance > NEGLIGIBLE) deposit(prefills, fineTimes, spread);
  return part.chance * inStepMs;
}

/** ms that a client in step waits: for the steps under way, and for prefills of others, which are the same where nobody decodes. */
function waitInStep({ plan, lengths }: BatchingSubject, step: MeanStep, inStepMs: number): number {
  const underWayMs = plan.firstTokenWaitSteps * step.busyMeanMs;
  return lengths.moments.outputMean > 1 ? underWayMs + inStepMs : Math.max(underWayMs, inStepMs);
}

/** Share of those who pause that what lasts so many ms still holds together. */
const shareStill = ({ pauseMs }: LoadOnArrival, ms: number): number =>
  pauseMs > 0 ? Math.exp(-pauseMs / Math.max(ms, 1e-9)) : 1;

/** The clients in step as their rounds say, and those whose answers end at any time. The mean of those in step is `inStepMs`, as measured. */
function depositRounds(
  subject: BatchingSubject,
  load: LoadOnArrival,
  rounds: ClientRounds,
  inStepMs: number,
  spread: Spread,
): number {
  const { plan, lengths } = subject;
  const { step } = load;
  idleTable.set(subject, NOTHING_DECODES, step);
  waitInRounds(rounds, {
    promptTokens: lengths.moments.uncachedMean,
    roomTokens: step.roomTokens,
    outputTokens: lengths.moments.outputMean,
    handedOutChance: plan.firstTokenWaitSteps > MEAN_REST_OF_STEP ? 1 : 0,
    burstMs,
    laterMs,
  });
  const { count, numInStep, chances, ms, squareWidths, inStepShare, inStepMeanMs } = roundWaits;
  const eachInStepMs = inStepMs / inStepShare;
  const scale = inStepMeanMs > 0 ? waitInStep(subject, step, eachInStepMs) / inStepMeanMs : 1;
  const inStep = shareStill(load, eachInStepMs);
  // Pauses of a step take those whose answers end at any time away from the ends of steps.
  const atEnds = shareStill(load, step.busyMeanMs);
  let held = 0;
  let waitedMs = 0;
  for (let k = 0; k < count; k += 1) {
    const factor = k < numInStep ? scale : 1;
    part.chance = (k < numInStep ? inStep : atEnds) * (chances[k] as number);
    if (part.chance < NEGLIGIBLE) continue;
    part.fixedMs = plan.ttftBaseMs + factor * (ms[k] as number);
    part.squareWidth = factor * factor * (squareWidths[k] as number);
    deposit(fineTimes.prefills[ANY_SLOT] as NodePrefills, fineTimes, spread);
    held += part.chance;
    waitedMs += part.chance * factor * (ms[k] as number);
  }
  part.chance = held;
  return Math.max(0, waitedMs - held * plan.firstTokenWaitSteps * step.busyMeanMs);
}

/** Steps that an arrival at any time waits for the one that runs. */
const MEAN_REST_OF_STEP = 0.5;

/** ms of a step with so many prompt tokens while nobody decodes yet on average, and later. */
const burstMs = (tokens: number): number => (idleTable.ms(tokens) + busyTable.ms(tokens)) / 2;
const laterMs = (tokens: number): number => busyTable.ms(tokens);

/** The deposits of one combination of what is found and who shares the step, `part`. */
function deposit(prefills: NodePrefills, { nodes, shares }: NodeTimes, spread: Spread): void {
  if (!nodes) return;
  const { ms, squares, hasLate, lateMs, lateChances } = prefills;
  const { weights } = nodes;
  if (!hasLate) {
    spread.addPart(part, ms, squares, weights);
    return;
  }
  shares.fill(0, weights.length);
  for (let i = 0; i < weights.length; i += 1) shares[i] = (weights[i] as number) * (1 - (lateChances[i] as number));
  spread.addPart(part, ms, squares, shares);
  for (let i = 0; i < weights.length; i += 1) shares[i] = (weights[i] as number) * (lateChances[i] as number);
  spread.addPart(part, lateMs, squares, shares);
}

/**
 * For every node the ms from the start of the step in which a prompt can first take part to the end of its prefill behind and
 * beside what is `ahead`: the step in which it ends, and the full ones before that. Whether others come during those is a chance;
 * where it is not told, as many come as do on average.
 */
function timePrefills(prefills: NodePrefills, times: NodeTimes, table: PrefillTable, step: MeanStep): void {
  const { nodes, lastTokens, lastMs, beforeMs, lateTokens, lateLastMs } = times;
  if (!nodes) return;
  const { uncachedTokens } = nodes;
  const { lateChances } = prefills;
  const count = uncachedTokens.length;
  const room = step.roomTokens;
  const { leftOver, before, after } = ahead;
  prefills.hasLate = false;
  for (let i = 0; i < count; i += 1) {
    const own = uncachedTokens[i] as number;
    const first = leftOver + before + own;
    lateChances[i] = 0;
    if (first <= room) {
      const all = Math.min(room, first + after);
      lastTokens[i] = all;
      lateTokens[i] = all;
      beforeMs[i] = 0;
      continue;
    }
    const full = Math.ceil(first / room) - 1;
    const fullMs = full * table.fullMs;
    const rest = first - full * room + after;
    const late = around.arrivalsPerMs * fullMs;
    beforeMs[i] = fullMs;
    if (!times.tellsLate) {
      lastTokens[i] = Math.min(room, rest + late * around.meanTokens);
      continue;
    }
    const chance = -Math.expm1(-late);
    lastTokens[i] = Math.min(room, rest);
    lateTokens[i] = chance > 0 ? Math.min(room, rest + (late / chance) * around.meanTokens) : Math.min(room, rest);
    lateChances[i] = chance;
    if (chance > NEGLIGIBLE) prefills.hasLate = true;
  }
  table.times(lastTokens, lastMs, count);
  if (prefills.hasLate) table.times(lateTokens, lateLastMs, count);
}

/** Fills `prefills`: every node's own prefill behind and beside what is `ahead`. */
function computePrefills(prefills: NodePrefills, times: NodeTimes, table: PrefillTable, step: MeanStep): void {
  const { nodes, pairsMs, tokenizeMs, relativeWidths, lastMs, lateLastMs, beforeMs } = times;
  if (!nodes) return;
  const { decodeOnlyMs } = step;
  const { slowSquare } = around;
  const { ms, squares, lateMs } = prefills;
  const count = nodes.weights.length;
  prefills.aheadTokens = ahead.leftOver + ahead.before + ahead.after;
  timePrefills(prefills, times, table, step);
  for (let i = 0; i < count; i += 1) {
    const prefill = (beforeMs[i] as number) + (lastMs[i] as number) + (pairsMs[i] as number);
    const computeMs = prefill > decodeOnlyMs ? prefill : decodeOnlyMs;
    const cellMs = (relativeWidths[i] as number) * (computeMs - decodeOnlyMs);
    ms[i] = computeMs + (tokenizeMs[i] as number);
    squares[i] = cellMs * cellMs + slowSquare * computeMs * computeMs;
    if (prefills.hasLate) lateMs[i] = (ms[i] as number) + (lateLastMs[i] as number) - (lastMs[i] as number);
  }
}

/** P95 (ms) of prefill, tokenizing and API time of a request that waits for nobody. */
export function unhinderedP95Ms(subject: BatchingSubject, arrivalsPerMs: number, step: MeanStep): number {
  const { plan, lengths } = subject;
  const { prompts } = lengths;
  busyTable.set(subject, step, step);
  fineTimes.fill(prompts, subject);
  setAround(subject, arrivalsPerMs, 0);
  ahead.leftOver = 0;
  ahead.before = 0;
  ahead.after = 0;
  const alone = fineTimes.prefills[ANY_SLOT] as NodePrefills;
  computePrefills(alone, fineTimes, busyTable, step);
  const { ms, hasLate, lateMs, lateChances } = alone;
  const firstTokenMs = prompts.weights.map((_, i) => {
    const ownMs = (ms[i] as number) + plan.ttftBaseMs;
    return hasLate ? ownMs + (lateChances[i] as number) * ((lateMs[i] as number) - (ms[i] as number)) : ownMs;
  });
  return weightedQuantile(firstTokenMs, prompts.weights, 0.95);
}

const ALONE = new Others();
ALONE.add(1, 0);

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
