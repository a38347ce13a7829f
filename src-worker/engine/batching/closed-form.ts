import type { LoadOnArrival } from './arrival-finds.ts';
import { depositFirstToken, unhinderedP95Ms, waited } from './first-token.ts';
import { mostDecodes, newSteadyState, solveFixedPoint, type SteadyState } from './fixed-point.ts';
import { keepMeanStep, meanStep, newMeanStep, solveMeanStep, type MeanStep, type StepLoad } from './mean-step.ts';
import { delayByRoom, roomWait, setRoomWait } from './room-wait.ts';
import { newPercentiles, Spread, type LatencyPercentiles, type Part } from './spread.ts';
import { IDLE_KV_TOKENS_PER_SEQUENCE, type BatchingSubject, type SaturationKind } from './subject.ts';
import {
  depositTokenTimes,
  interruptions,
  law,
  newTokenTimes,
  setInterruptions,
  setLaw,
  setTokenTimes,
  setWaitBefore,
  type ClosedLoopShare,
  type FirstTokenWait,
  type TokenTimes,
} from './time-per-token.ts';

/** How far the closed form can be believed (QUEUEING.md 3, "trusted", and 3.9). */
export type TrustKind = 'ok' | 'critical' | 'kv_pressure' | 'slot_pressure' | 'bursty';

export interface BatchingSteady {
  kind: 'steady';
  ttftMs: LatencyPercentiles;
  tpotMs: LatencyPercentiles;
  e2eMs: LatencyPercentiles;
  /** Sequences decoding on average, and the 99 % point of their number (within the seats). */
  meanRunning: number;
  maxRunning: number;
  /** ms of the average step that does something. */
  meanStepMs: number;
  /** P95 of the TTFT of a request that waits for nobody: what is above it is waiting. */
  unhinderedTtftP95Ms: number;
  /** Share of steps' time that prompt pieces take. */
  prefillShare: number;
  /** Distance to the KV and seat limits in standard deviations of the demand. */
  pressureZ: number;
  trust: TrustKind;
}

export type Saturated = { kind: 'saturated'; cause: SaturationKind };
export type BatchingOutcome = BatchingSteady | Saturated;

/** Below this distance the closed form's figures are lower bounds only; it is also the limit of capacity. */
export const PRESSURE_LIMIT_Z = 4;
/**
 * Edges of the region in which the closed form was confirmed by simulation (QUEUEING.md 3, "trusted"; full chunks of a prompt and
 * tokens of an answer: `npm run report:closed-form`, whose scenarios end there).
 */
const TRUSTED = {
  feedbackGain: 0.6,
  prefillShare: 0.5,
  tokenLoad: 0.7,
  scvArrival: 2,
  chunks: 2,
  answerTokens: 20,
  promptScv: 1.44,
};
/** Standard normal quantile of 0.99. */
const Z_P99 = 2.326;

const spread = new Spread();

/** TTFT quantiles that E2E is mixed from, with their weights (QUEUEING.md 3.7). */
const TTFT_NODES: readonly (readonly [probability: number, weight: number])[] = [
  [0.1, 0.2],
  [0.3, 0.2],
  [0.5, 0.2],
  [0.69, 0.18],
  [0.84, 0.12],
  [0.93, 0.06],
  [0.975, 0.03],
  [0.993, 0.01],
];
const TTFT_PROBABILITIES = Float64Array.from(TTFT_NODES, ([probability]) => probability);
const TTFT_WEIGHTS = Float64Array.from(TTFT_NODES, ([, weight]) => weight);
/** [node of TTFT] ms and squares of widths of the deposits of one output length and one interruption. */
const firstMs = new Float64Array(TTFT_NODES.length);
const NO_WIDTHS = new Float64Array(TTFT_NODES.length);
const part: Part = { chance: 0, fixedMs: 0, squareWidth: 0 };

export type ClosedLoop = ClosedLoopShare &
  Pick<LoadOnArrival, 'hasResidual' | 'lockstepPrefills' | 'rounds' | 'pauseMs'>;
const OPEN_ARRIVALS: ClosedLoop = {
  presentFraction: 0,
  hasResidual: true,
  lockstepPrefills: null,
  rounds: null,
  pauseMs: 0,
};

/** The steady state of a load with what its percentiles are made from: the cheap first stage of an evaluation. */
export interface LoadState {
  kind: 'steady';
  state: SteadyState;
  times: TokenTimes;
  pressureZ: number;
  /** Which of the two limits pressureZ is the distance to. */
  pressureCause: 'kv' | 'seats';
  trust: TrustKind;
}

/**
 * One evaluation, stage by stage: `load`, then TTFT, then TPOT, then E2E. It belongs to the caller and is written over, so that
 * sweeps over rates allocate nothing.
 */
export interface Evaluation {
  load: LoadState;
  ttftMs: LatencyPercentiles;
  /** ms of TTFT at the probabilities of TTFT_NODES. */
  ttftNodesMs: Float64Array;
  /** Mean ms that an arrival waits for the step in progress, or for others in step with it. */
  residualMeanMs: number;
  /** Mean ms that a request waits for room in the KV cache or for a seat. */
  roomWaitMs: number;
  /** The steps as arrivals see them, where they differ from the mean step. */
  seenStep: MeanStep;
  tpotMs: LatencyPercentiles;
  e2eMs: LatencyPercentiles;
}

const newLoadState = (): LoadState => ({
  kind: 'steady',
  state: newSteadyState(),
  times: newTokenTimes(),
  pressureZ: 0,
  pressureCause: 'kv',
  trust: 'ok',
});

export const newEvaluation = (): Evaluation => ({
  load: newLoadState(),
  ttftMs: newPercentiles(),
  ttftNodesMs: new Float64Array(TTFT_NODES.length),
  residualMeanMs: 0,
  roomWaitMs: 0,
  seenStep: newMeanStep(),
  tpotMs: newPercentiles(),
  e2eMs: newPercentiles(),
});

/** Fixed point and pressure of a load: a fifth of an evaluation, enough to reject most rates. */
export function loadState(
  subject: BatchingSubject,
  arrivalsPerMs: number,
  closed: ClosedLoop = OPEN_ARRIVALS,
): LoadState | Saturated {
  const load = newLoadState();
  const cause = solveLoad(load, subject, arrivalsPerMs, closed);
  return cause === null ? load : { kind: 'saturated', cause };
}

/** First stage: `loadState` into `load`; why there is no steady state, or null where it is filled. */
export function solveLoad(
  load: LoadState,
  subject: BatchingSubject,
  arrivalsPerMs: number,
  closed: ClosedLoop = OPEN_ARRIVALS,
): SaturationKind | null {
  const cause = solveFixedPoint(load.state, subject, arrivalsPerMs);
  if (cause !== null) return cause;
  setTokenTimes(load.times, subject, arrivalsPerMs, load.state, closed);
  setPressure(load, subject);
  load.trust = trustOf(subject, arrivalsPerMs, load);
  return null;
}

const batchDeviation = ({ state, times }: LoadState): number =>
  Math.sqrt(Math.max(0, state.step.decodes * times.batchDispersion));

/** Times the way to decodes that are not steady is halved. */
const RAISE_ROUNDS = 4;
/** The step that arrivals see, as it is asked for. */
const seen: StepLoad = { arrivalsPerMs: 0, decodes: 0, roomTokens: 0 };

/**
 * Fills `raised` with the step that is `seen`; where there is none, with one at as many decodes as are steady, so that latency does
 * not fall at the edge. False where that is the mean step itself.
 */
function raiseStep(raised: MeanStep, subject: BatchingSubject, mean: MeanStep): boolean {
  for (let round = 0; round < RAISE_ROUNDS; round += 1) {
    if (solveMeanStep(subject, seen)) {
      keepMeanStep(raised);
      return true;
    }
    seen.decodes = (seen.decodes + mean.decodes) / 2;
  }
  return false;
}

/** What an arrival meets, written over by every evaluation. */
const arrival: LoadOnArrival = {
  arrivalsPerMs: 0,
  scvArrival: 1,
  step: newMeanStep(),
  relativeSpread: 0,
  hasResidual: true,
  lockstepPrefills: null,
  rounds: null,
  pauseMs: 0,
};

/** Second stage, after `solveLoad`: TTFT. Leaves its distribution in `spread`, and gives the steps as arrivals see them. */
export function firstTokenLatency(
  evaluation: Evaluation,
  subject: BatchingSubject,
  arrivalsPerMs: number,
  closed: ClosedLoop = OPEN_ARRIVALS,
): MeanStep {
  const { load } = evaluation;
  const { step, msPerDecode } = load.state;
  // Arrivals see the time average, in which long steps count for more: raise the decodes once.
  const decodesPerPrompt = Math.max(0, subject.lengths.moments.outputMean - 1);
  // No step is longer than a full one, however many decode.
  const seenMs = Math.min(step.meanMs + load.times.shiftMs, Math.max(step.meanMs, step.fullChunkMs));
  const open = arrivalsPerMs * decodesPerPrompt * seenMs;
  const { population } = subject;
  const others = population === null ? open : (open * Math.max(0, population - 1)) / Math.max(population, 1);
  seen.arrivalsPerMs = arrivalsPerMs;
  seen.decodes = Math.min(others, mostDecodes(subject));
  seen.roomTokens = step.roomTokens;
  const isRaised = raiseStep(evaluation.seenStep, subject, step);
  arrival.arrivalsPerMs = arrivalsPerMs;
  arrival.scvArrival = subject.scvArrival;
  arrival.step = isRaised ? evaluation.seenStep : step;
  arrival.relativeSpread = Math.min(0.5, (msPerDecode * batchDeviation(load)) / step.meanMs);
  arrival.hasResidual = closed.hasResidual;
  arrival.lockstepPrefills = closed.lockstepPrefills;
  arrival.rounds = closed.rounds;
  arrival.pauseMs = closed.pauseMs;
  spread.clear();
  depositFirstToken(subject, arrival, spread);
  evaluation.residualMeanMs = waited.meanMs;
  waitForRoom(evaluation, subject, arrivalsPerMs);
  spread.read(evaluation.ttftMs);
  return arrival.step;
}

/** Waiting for the first token as the times after it see it: without tokenizing and API, which hold up nobody. */
const wait: FirstTokenWait = { firstTokenMeanMs: 0, residualMeanMs: 0 };

/** ms of computing in a mean TTFT of `firstTokenMs` that does not wait for room. */
const computeMeanMs = ({ plan, lengths }: BatchingSubject, firstTokenMs: number): number =>
  firstTokenMs - plan.ttftBaseMs - plan.tokenizeMsPerToken * lengths.moments.promptMean;

/** Delays the first tokens in `spread` of those who find no room, where the KV cache or the seats are near. */
function waitForRoom(evaluation: Evaluation, subject: BatchingSubject, arrivalsPerMs: number): void {
  const { load } = evaluation;
  const { times, state } = load;
  evaluation.roomWaitMs = 0;
  times.withRoomShare = 1;
  const laterTokens = subject.lengths.moments.outputMean - 1;
  if (load.pressureZ >= PRESSURE_LIMIT_Z || laterTokens <= 0) return;
  wait.firstTokenMeanMs = computeMeanMs(subject, spread.mean);
  wait.residualMeanMs = evaluation.residualMeanMs;
  setWaitBefore(times, state, wait);
  law.tokens = Math.max(1, laterTokens);
  setLaw(state, times);
  const { decodeContextMean, decodeContextVariance } = subject.lengths.moments;
  const isShort = setRoomWait({
    arrivalsPerMs,
    wanted: arrivalsPerMs * laterTokens * (law.baseMs + law.interruptedMs),
    dispersion: times.batchDispersion * (1 + decodeContextVariance / decodeContextMean ** 2),
    limit: mostDecodes(subject),
    feedbackGain: state.feedbackGain,
  });
  if (!isShort) return;
  times.withRoomShare = roomWait.withRoomShare;
  evaluation.roomWaitMs = roomWait.chance * roomWait.waitingMs;
  delayByRoom(spread);
}

/** Third stage, right after `firstTokenLatency`: TPOT, and E2E only when it is asked for. */
export function laterLatencies(evaluation: Evaluation, subject: BatchingSubject, hasE2e: boolean): void {
  const { load, ttftMs, ttftNodesMs, tpotMs } = evaluation;
  const { moments } = subject.lengths;
  if (hasE2e) spread.quantiles(TTFT_PROBABILITIES, ttftNodesMs);
  const { state, times } = load;
  wait.firstTokenMeanMs = computeMeanMs(subject, ttftMs.mean - evaluation.roomWaitMs);
  wait.residualMeanMs = evaluation.residualMeanMs;
  setWaitBefore(times, state, wait);
  if (moments.outputMean <= 1) {
    Object.assign(tpotMs, newPercentiles());
    // An answer of one token ends with its first.
    Object.assign(evaluation.e2eMs, ttftMs);
    return;
  }
  spread.clear();
  depositTokenTimes(subject, state, times, spread);
  spread.read(tpotMs);
  if (hasE2e) endToEnd(evaluation, subject);
}

function endToEnd({ load, ttftMs, ttftNodesMs, e2eMs }: Evaluation, subject: BatchingSubject): void {
  const { tokens, weights, widths } = subject.lengths.outputs;
  const { state, times } = load;
  // What the nodes of TTFT miss of its mean is added, so that E2E has the mean its parts add up to.
  let missedMs = ttftMs.mean;
  for (let k = 0; k < firstMs.length; k += 1) missedMs -= (ttftNodesMs[k] as number) * (TTFT_WEIGHTS[k] as number);
  for (let k = 0; k < firstMs.length; k += 1) firstMs[k] = (ttftNodesMs[k] as number) + missedMs;
  spread.clear();
  for (let i = 0; i < tokens.length; i += 1) {
    const n = Math.max(0, (tokens[i] as number) - 1);
    law.tokens = Math.max(n, 1);
    setLaw(state, times);
    setInterruptions(state.step);
    const cell = (widths[i] as number) * (law.baseMs + law.interruptedMs);
    const slow = cell * cell + 12 * n * n * law.slowVariance;
    for (let j = 0; j < interruptions.count; j += 1) {
      const fast = interruptions.ms[j] as number;
      part.chance = (weights[i] as number) * (interruptions.weights[j] as number);
      part.fixedMs = n * (law.baseMs + fast);
      part.squareWidth = slow + (fast > 0 ? n * n * interruptions.squareWidth : 0);
      spread.addPart(part, firstMs, NO_WIDTHS, TTFT_WEIGHTS);
    }
  }
  spread.read(e2eMs);
  // Nobody's last token comes before the first: where answers are short, what is left between the nodes of TTFT.
  e2eMs.p50 = Math.max(e2eMs.p50, ttftMs.p50);
  e2eMs.p90 = Math.max(e2eMs.p90, ttftMs.p90);
  e2eMs.p95 = Math.max(e2eMs.p95, ttftMs.p95);
  e2eMs.p99 = Math.max(e2eMs.p99, ttftMs.p99);
}

/** All stages into `evaluation`; why there is no steady state, or null where it is filled. */
export function evaluateInto(
  evaluation: Evaluation,
  subject: BatchingSubject,
  arrivalsPerMs: number,
  closed: ClosedLoop = OPEN_ARRIVALS,
): SaturationKind | null {
  const cause = solveLoad(evaluation.load, subject, arrivalsPerMs, closed);
  if (cause !== null) return cause;
  firstTokenLatency(evaluation, subject, arrivalsPerMs, closed);
  laterLatencies(evaluation, subject, true);
  return null;
}

const shared = newEvaluation();

/**
 * Continuous batching of one replica at an arrival rate, in closed form: fixed point of Little's law, then TTFT from the
 * step in progress, the prompts met and the own prefill, TPOT over the request's own life, E2E from both. Rates in
 * requests per ms. Source and measured errors against simulation: QUEUEING.md section 3.
 */
export function evaluateBatching(
  subject: BatchingSubject,
  arrivalsPerMs: number,
  closed: ClosedLoop = OPEN_ARRIVALS,
): BatchingOutcome {
  const cause = evaluateInto(shared, subject, arrivalsPerMs, closed);
  if (cause !== null) return { kind: 'saturated', cause };
  const { load, ttftMs, tpotMs, e2eMs } = shared;
  const { step, prefillShare } = load.state;
  // Whoever decodes does so for the times that are reported (Little's law).
  const meanRunning = arrivalsPerMs * Math.max(0, e2eMs.mean - ttftMs.mean);
  return {
    kind: 'steady',
    ttftMs: { ...ttftMs },
    tpotMs: { ...tpotMs },
    e2eMs: { ...e2eMs },
    meanRunning,
    maxRunning: Math.min(
      subject.maxNumSeqs,
      Math.ceil(subject.population ?? Infinity),
      Math.max(1, Math.ceil(meanRunning), Math.ceil(step.decodes + Z_P99 * batchDeviation(load))),
    ),
    meanStepMs: step.busyMeanMs,
    unhinderedTtftP95Ms: unhinderedP95Ms(subject, arrivalsPerMs, arrival.step),
    prefillShare,
    pressureZ: load.pressureZ,
    trust: load.trust,
  };
}

/** Share of the KV cache that running requests may fill in the fluid balance, and the tokens a request holds beside. */
const FLUID_KV_SHARE = 0.92;
const FLUID_KV_TOKENS = 16;
const FLUID_POINTS = 48;

/**
 * Fluid check of a saturation verdict (QUEUEING.md 3.9): is there a number of decodes at which prompts and tokens leave as
 * fast as they arrive, prompts filling whole steps? Then the closed form's "no steady state" is not confirmed.
 */
export function isSaturationConfirmed(subject: BatchingSubject, arrivalsPerMs: number): boolean {
  const { uncachedMean, outputMean, decodeContextMean } = subject.lengths.moments;
  const byKv = (FLUID_KV_SHARE * subject.kvCacheTokens) / (decodeContextMean + FLUID_KV_TOKENS);
  const most = Math.min(subject.maxNumSeqs, byKv);
  for (let i = 1; i <= FLUID_POINTS; i += 1) {
    const decodes = most * (i / FLUID_POINTS) ** 2;
    const outcome = meanStep(subject, NO_ARRIVALS_PER_MS, decodes);
    if (outcome.kind === 'saturated') continue;
    const { step } = outcome;
    const tokenLoad = (arrivalsPerMs * uncachedMean * step.fullChunkMs) / step.roomTokens;
    if (tokenLoad >= 1 || step.decodeOnlyMs === 0) continue;
    const stepsPerMs = (arrivalsPerMs * uncachedMean) / step.roomTokens + (1 - tokenLoad) / step.decodeOnlyMs;
    if ((arrivalsPerMs * Math.max(0, outputMean - 1)) / stepsPerMs <= decodes) return false;
  }
  return true;
}

/** Stands for no arrivals where only step times are asked for. */
const NO_ARRIVALS_PER_MS = 1e-12;

/** Fills the distance of the KV demand to the cache, and of the batch to the seats, in standard deviations (QUEUEING.md 3.9). */
function setPressure(load: LoadState, subject: BatchingSubject): void {
  const { moments } = subject.lengths;
  const { decodes } = load.state.step;
  const context = moments.decodeContextMean + IDLE_KV_TOKENS_PER_SEQUENCE;
  const demand = decodes * context;
  const perSequence = moments.decodeContextMean ** 2 + moments.decodeContextVariance;
  const sd = Math.sqrt(decodes * load.times.batchDispersion * perSequence);
  // One request always holds its seat and its blocks, however low the load.
  const scale = Math.max(sd, 1e-9);
  const kv = (subject.kvCacheTokens - Math.max(demand, context)) / scale;
  const seats = ((subject.maxNumSeqs - decodes) * context) / scale;
  load.pressureZ = Math.min(kv, seats);
  load.pressureCause = kv <= seats ? 'kv' : 'seats';
}

function trustOf(subject: BatchingSubject, arrivalsPerMs: number, load: LoadState): TrustKind {
  if (load.pressureZ < PRESSURE_LIMIT_Z) return load.pressureCause === 'kv' ? 'kv_pressure' : 'slot_pressure';
  if (subject.scvArrival > TRUSTED.scvArrival) return 'bursty';
  const { step, feedbackGain, prefillShare } = load.state;
  const tokenLoad = (arrivalsPerMs * subject.lengths.moments.uncachedMean * step.fullChunkMs) / step.roomTokens;
  const { uncachedMean, outputMean, promptMean, promptVariance } = subject.lengths.moments;
  const isCritical =
    feedbackGain > TRUSTED.feedbackGain ||
    prefillShare > TRUSTED.prefillShare ||
    tokenLoad > TRUSTED.tokenLoad ||
    uncachedMean > TRUSTED.chunks * step.roomTokens ||
    outputMean < TRUSTED.answerTokens ||
    promptVariance > TRUSTED.promptScv * promptMean ** 2;
  return isCritical ? 'critical' : 'ok';
}
