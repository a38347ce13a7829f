import { weightedQuantile } from '../numerics/weighted-quantile.ts';
import type { PromptNodes } from '../workload/lengths.ts';
import { whatArrivalsFind, type LoadOnArrival } from './arrival-finds.ts';
import { LOCKSTEP_HALF_WIDTH } from './lockstep.ts';
import { othersPerMs, shareApart, type MeanStep } from './mean-step.ts';
import { PrefillTable } from './prefill-table.ts';
import { findPrefills, foundPrefills, leftMsOf, NUM_BINS, waitAfter } from './regular-arrivals.ts';
import type { Spread } from './spread.ts';
import { MAX_FIXED_OTHERS, NEGLIGIBLE, Others, othersInStep } from './step-sharers.ts';
import type { BatchingSubject } from './subject.ts';

/** Combinations rarer than this use the prompt nodes merged in pairs. */
const COARSE_BELOW = 0.03;

const busyTable = new PrefillTable();
const idleTable = new PrefillTable();

/**
 * [node] ms from the first step to the first token, tokenizing included, and the square of their spread, at some prompts ahead.
 * Where a prompt takes several steps others may come meanwhile and fill up the last one: `lateMs` more, with `lateChances`.
 */
interface NodePrefills {
  aheadTokens: number;
  ms: Float64Array;
  squares: Float64Array;
  lateMs: Float64Array;
  lateChances: Float64Array;
  hasLate: boolean;
}

/** Prompt nodes with what every deposit of a rate asks of them. */
class NodeTimes {
  nodes: PromptNodes | null = null;
  /** [node] ms by which the node's attention differs from what the prefill table assumes. */
  pairsMs = new Float64Array(0);
  /** [node] ms of tokenizing. */
  tokenizeMs = new Float64Array(0);
  /** [node] width of the cell / its tokens. */
  relativeWidths = new Float64Array(0);
  /** [node] ms and width of the deposits of one combination. */
  values = new Float64Array(0);
  widths = new Float64Array(0);
  shares = new Float64Array(0);
  /** [slot] the fixed companions of a step, and a last slot that is computed every time. */
  prefills: NodePrefills[] = [];

  fill(nodes: PromptNodes, pairMs: number, pairsPerToken: number, tokenizeMsPerToken: number): void {
    const count = nodes.weights.length;
    this.nodes = nodes;
    if (this.pairsMs.length !== count) this.#resize(count);
    for (const prefill of this.prefills) prefill.aheadTokens = NaN;
    for (let i = 0; i < count; i += 1) {
      const own = nodes.uncachedTokens[i] as number;
      const cached = nodes.cachedTokens[i] as number;
      this.pairsMs[i] = own * (cached + own / 2 - pairsPerToken) * pairMs;
      this.tokenizeMs[i] = tokenizeMsPerToken * (own + cached);
      this.relativeWidths[i] = (nodes.widths[i] as number) / own;
    }
  }

  #resize(count: number): void {
    this.pairsMs = new Float64Array(count);
    this.tokenizeMs = new Float64Array(count);
    this.relativeWidths = new Float64Array(count);
    this.values = new Float64Array(count);
    this.widths = new Float64Array(count);
    this.shares = new Float64Array(count);
    this.prefills = Array.from({ length: ANY_SLOT + 1 }, () => ({
      aheadTokens: NaN,
      ms: new Float64Array(count),
      squares: new Float64Array(count),
      lateMs: new Float64Array(count),
      lateChances: new Float64Array(count),
      hasLate: false,
    }));
  }
}

const ANY_SLOT = MAX_FIXED_OTHERS;
const fineTimes = new NodeTimes();
const coarseTimes = new NodeTimes();

const pairMsOf = ({ plan }: BatchingSubject): number =>
  plan.attention.reduce((sum, group) => sum + group.promptMsPerPair, 0);

const pairsPerTokenOf = ({ lengths }: BatchingSubject): number =>
  lengths.moments.uncachedMean / 2 + meanCached(lengths.prompts);

/**
 * Deposits the distribution of TTFT (ms) into `spread`: residual of the step in progress, left-over and simultaneous
 * prompts of others, the request's own prefill, tokenizing and API time (QUEUEING.md 3.6). Returns the mean ms that an
 * arrival waits for the step in progress, or for others in step with it.
 */
export function depositFirstToken(subject: BatchingSubject, load: LoadOnArrival, spread: Spread): number {
  const { plan, lengths } = subject;
  const { step } = load;
  const { prompts } = lengths;
  const pairsPerToken = pairsPerTokenOf(subject);
  const pairMs = pairMsOf(subject);
  busyTable.set(subject, step.busyDecodes, step.contextTokens, step.roomTokens, pairsPerToken);
  fineTimes.fill(prompts, pairMs, pairsPerToken, plan.tokenizeMsPerToken);
  coarseTimes.fill(coarseNodes(prompts), pairMs, pairsPerToken, plan.tokenizeMsPerToken);
  if (load.lockstepPrefills !== null) return depositInStep(subject, load, load.lockstepPrefills, spread);
  idleTable.set(subject, 0, 0, step.roomTokens, pairsPerToken);
  // Engines hand a step over one ahead: a request waits for that one too (FIDELITY.md section 2, wres).
  const pipelineMs = Math.max(0, plan.firstTokenWaitSteps - 0.5) * step.busyMeanMs;
  const random = Math.min(1, load.scvArrival);
  let meanResidual = random < 1 ? (1 - random) * depositRegular(subject, load, 1 - random, spread) : 0;
  if (random === 0) return meanResidual;

  for (const found of whatArrivalsFind(subject, load)) {
    if (found.chance < NEGLIGIBLE) continue;
    const residualMs = load.hasResidual ? found.stepMs : 0;
    meanResidual += (random * found.chance * residualMs) / 2;
    const table = found.isIdle ? idleTable : busyTable;
    const fixedMs = residualMs / 2 + plan.ttftBaseMs + (found.isIdle ? 0 : pipelineMs);
    const { chances, tokens, count, numFixed } = found.isIdle ? ALONE : othersInStep(subject, load, found.stepMs);
    for (let k = 0; k < count; k += 1) {
      const chance = random * found.chance * (chances[k] as number);
      if (chance < NEGLIGIBLE) continue;
      const times = chance < COARSE_BELOW ? coarseTimes : fineTimes;
      const slot = k < numFixed && found.leftOverTokens === 0 ? k : ANY_SLOT;
      const prefills = times.prefills[slot];
      if (!prefills) continue;
      if (slot === ANY_SLOT || prefills.aheadTokens !== tokens[k]) {
        computePrefills(prefills, times, table, load, found.leftOverTokens, tokens[k] as number, subject);
      }
      deposit(prefills, times, { chance, residualMs, fixedMs }, spread);
    }
  }
  return meanResidual;
}

/** Regular arrivals, `weight` of all. Returns the mean ms that they wait for steps under way. */
function depositRegular(subject: BatchingSubject, load: LoadOnArrival, weight: number, spread: Spread): number {
  const apart = shareApart(load.step, othersPerMs(subject, load.arrivalsPerMs));
  return (
    apart * depositApart(subject, load, weight * apart, spread) +
    (1 - apart) * depositTogether(subject, load, weight * (1 - apart), spread)
  );
}

/** Prompts that mostly end before the next one comes: what one finds is what the one before left (regular-arrivals.ts). */
function depositApart(subject: BatchingSubject, load: LoadOnArrival, weight: number, spread: Spread): number {
  const own = fineTimes.prefills[ANY_SLOT];
  if (!own || weight < NEGLIGIBLE) return 0;
  const { plan, lengths } = subject;
  const { step } = load;
  // Nobody comes while one's own prompt is computed.
  computePrefills(own, fineTimes, busyTable, { ...load, arrivalsPerMs: 0 }, 0, 0, subject);
  const handedOutBefore = Math.max(0, plan.firstTokenWaitSteps - 0.5);
  const lastStepMs = busyTable.ms(Math.min(step.pieceMeanTokens, step.roomTokens));
  const arrivals = {
    gapMs: 1 / load.arrivalsPerMs,
    decodeOnlyMs: step.decodeOnlyMs,
    handedOutBefore,
    lastStepMs,
    prefillMs: own.ms,
    weights: lengths.prompts.weights,
    sharedSavingMs: lastStepMs - Math.min(lastStepMs, step.msPerPromptToken * step.pieceMeanTokens),
  };
  findPrefills(arrivals);
  const { noneChance, chances, binMs } = foundPrefills;
  const freeMs = (handedOutBefore + 0.5) * step.decodeOnlyMs;
  const free = { chance: weight * noneChance, residualMs: step.decodeOnlyMs, fixedMs: plan.ttftBaseMs + freeMs };
  deposit(own, fineTimes, free, spread);
  let waitedMs = noneChance * freeMs;
  for (let bin = 0; bin < NUM_BINS; bin += 1) {
    const chance = chances[bin] as number;
    if (chance < NEGLIGIBLE) continue;
    const waitMs = waitAfter(arrivals, leftMsOf(bin));
    waitedMs += chance * waitMs;
    deposit(own, fineTimes, { chance: weight * chance, residualMs: binMs, fixedMs: plan.ttftBaseMs + waitMs }, spread);
  }
  return waitedMs;
}

/** Prompts that come several to a step: every step is like the last, and all that come in one are computed in the next. */
function depositTogether(subject: BatchingSubject, load: LoadOnArrival, weight: number, spread: Spread): number {
  const own = fineTimes.prefills[ANY_SLOT];
  if (!own || weight < NEGLIGIBLE) return 0;
  const { step } = load;
  const perStep = othersPerMs(subject, load.arrivalsPerMs) * step.busyMeanMs;
  const beside = Math.max(0, perStep - 1) * subject.lengths.moments.uncachedMean;
  computePrefills(own, fineTimes, busyTable, load, 0, beside, subject);
  const waitMs = subject.plan.firstTokenWaitSteps * step.busyMeanMs;
  const fixedMs = subject.plan.ttftBaseMs + waitMs;
  deposit(own, fineTimes, { chance: weight, residualMs: step.busyMeanMs, fixedMs }, spread);
  return waitMs;
}

/**
 * Clients who ask again at once find a busy engine every time. They wait for the steps that the profile says, and for prefills
 * of others in step with them.
 */
function depositInStep(subject: BatchingSubject, load: LoadOnArrival, waited: number, spread: Spread): number {
  const { plan, lengths } = subject;
  const { step } = load;
  const prefills = fineTimes.prefills[ANY_SLOT];
  if (!prefills) return 0;
  // Prompts that come faster than one a step share steps.
  const perStep = load.arrivalsPerMs * lengths.moments.uncachedMean * step.busyMeanMs;
  const beside = Math.max(0, Math.min(step.roomTokens, perStep) - lengths.moments.uncachedMean);
  computePrefills(prefills, fineTimes, busyTable, load, 0, beside, subject);
  const fullMs = busyTable.ms(step.roomTokens);
  let prefillMs = 0;
  for (let i = 0; i < prefills.ms.length; i += 1) {
    const own = lengths.prompts.uncachedTokens[i] as number;
    // The rest of a long prompt shares its step with the next one's beginning: in a queue of them steps are full.
    const inFullSteps = (own / step.roomTokens) * fullMs + (fineTimes.pairsMs[i] as number);
    const computeMs =
      own > step.roomTokens ? inFullSteps : (prefills.ms[i] as number) - (fineTimes.tokenizeMs[i] as number);
    prefillMs += (lengths.prompts.weights[i] as number) * computeMs;
  }
  const waitMs = waited * prefillMs;
  const fixedMs = plan.ttftBaseMs + plan.firstTokenWaitSteps * step.busyMeanMs + waitMs;
  deposit(prefills, fineTimes, { chance: 1, residualMs: 2 * LOCKSTEP_HALF_WIDTH * waitMs, fixedMs }, spread);
  return waitMs;
}

/** Fills `prefills`: every node's own prefill behind and beside the tokens of others. */
function computePrefills(
  prefills: NodePrefills,
  { nodes, pairsMs, tokenizeMs, relativeWidths }: NodeTimes,
  table: PrefillTable,
  load: LoadOnArrival,
  leftOverTokens: number,
  othersTokens: number,
  subject: BatchingSubject,
): void {
  if (!nodes) return;
  const { uncachedTokens } = nodes;
  const { step, relativeSpread } = load;
  const arrivalsPerMs = othersPerMs(subject, load.arrivalsPerMs);
  const { decodeOnlyMs, roomTokens } = step;
  const meanTokens = subject.lengths.moments.uncachedMean;
  const ahead = leftOverTokens + othersTokens;
  const slowSquare = 12 * relativeSpread * relativeSpread;
  prefills.aheadTokens = ahead;
  prefills.hasLate = false;
  for (let i = 0; i < uncachedTokens.length; i += 1) {
    const own = uncachedTokens[i] as number;
    const isShort = ahead + own <= roomTokens;
    const shared = isShort
      ? table.ms(ahead + own)
      : prefillMs(step, table, arrivalsPerMs, meanTokens, leftOverTokens, othersTokens, own);
    prefills.lateChances[i] = isShort ? 0 : longPrefill.lateChance;
    prefills.lateMs[i] = longPrefill.lateMs;
    if (!isShort && longPrefill.lateChance > NEGLIGIBLE) prefills.hasLate = true;
    const prefill = shared + (pairsMs[i] as number);
    const computeMs = prefill > decodeOnlyMs ? prefill : decodeOnlyMs;
    const cellMs = (relativeWidths[i] as number) * (computeMs - decodeOnlyMs);
    prefills.ms[i] = computeMs + (tokenizeMs[i] as number);
    prefills.squares[i] = cellMs * cellMs + slowSquare * computeMs * computeMs;
  }
}

/** The deposits of one combination of what is found and who shares the step. */
function deposit(
  { ms, squares, lateMs, lateChances, hasLate }: NodePrefills,
  { nodes, values, widths, shares }: NodeTimes,
  { chance, residualMs, fixedMs }: { chance: number; residualMs: number; fixedMs: number },
  spread: Spread,
): void {
  if (!nodes) return;
  const residualSquare = residualMs * residualMs;
  for (let i = 0; i < ms.length; i += 1) {
    values[i] = fixedMs + (ms[i] as number);
    widths[i] = Math.sqrt(residualSquare + (squares[i] as number));
  }
  if (!hasLate) {
    spread.addAll(values, widths, nodes.weights, chance);
    return;
  }
  for (let i = 0; i < ms.length; i += 1) shares[i] = (nodes.weights[i] as number) * (1 - (lateChances[i] as number));
  spread.addAll(values, widths, shares, chance);
  for (let i = 0; i < ms.length; i += 1) {
    values[i] = (values[i] as number) + (lateMs[i] as number);
    shares[i] = (nodes.weights[i] as number) * (lateChances[i] as number);
  }
  spread.addAll(values, widths, shares, chance);
}

/** P95 (ms) of prefill, tokenizing and API time of a request that waits for nobody. */
export function unhinderedP95Ms(subject: BatchingSubject, arrivalsPerMs: number, step: MeanStep): number {
  const { plan, lengths } = subject;
  const { prompts, moments } = lengths;
  const pairsPerToken = pairsPerTokenOf(subject);
  busyTable.set(subject, step.busyDecodes, step.contextTokens, step.roomTokens, pairsPerToken);
  fineTimes.fill(prompts, pairMsOf(subject), pairsPerToken, plan.tokenizeMsPerToken);
  const { pairsMs, tokenizeMs } = fineTimes;
  const alone = prompts.uncachedTokens.map((own, i) => {
    const computeMs =
      prefillMs(step, busyTable, othersPerMs(subject, arrivalsPerMs), moments.uncachedMean, 0, 0, own) +
      longPrefill.lateChance * longPrefill.lateMs +
      (pairsMs[i] as number);
    return Math.max(computeMs, step.decodeOnlyMs) + plan.ttftBaseMs + (tokenizeMs[i] as number);
  });
  return weightedQuantile(alone, prompts.weights, 0.95);
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

/** Of the last `prefillMs`: chance that others come during its full steps, and ms by which they lengthen the last one. */
const longPrefill = { lateChance: 0, lateMs: 0 };

/** ms from the start of the step in which a prompt can first take part to the end of its prefill, if nobody comes meanwhile. */
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
  longPrefill.lateChance = 0;
  longPrefill.lateMs = 0;
  if (all <= room) return table.ms(all);
  const ahead = leftOver + others / 2 + own;
  const full = Math.floor(ahead / room);
  const fullMs = full * table.ms(room);
  const rest = ahead - full * room + others / 2;
  const lastMs = table.ms(Math.min(room, rest));
  const late = arrivalsPerMs * fullMs;
  if (late > 0) {
    longPrefill.lateChance = -Math.expm1(-late);
    const lateTokens = (late / longPrefill.lateChance) * meanPromptTokens;
    longPrefill.lateMs = table.ms(Math.min(room, rest + lateTokens)) - lastMs;
  }
  return fullMs + lastMs;
}

function meanCached(prompts: { cachedTokens: Float64Array; weights: Float64Array }): number {
  return prompts.cachedTokens.reduce((sum, cached, i) => sum + cached * (prompts.weights[i] as number), 0);
}
