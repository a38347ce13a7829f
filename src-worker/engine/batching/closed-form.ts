import type { LoadOnArrival } from './arrival-finds.ts';
import { depositFirstToken, unhinderedP95Ms } from './first-token.ts';
import { decodeLimit, littleFixedPoint, type SteadyState } from './fixed-point.ts';
import { meanStep, type MeanStep } from './mean-step.ts';
import { Spread, type LatencyPercentiles } from './spread.ts';
import { IDLE_KV_TOKENS_PER_SEQUENCE, type BatchingSubject, type SaturationKind } from './subject.ts';
import {
  depositTokenTimes,
  interruptions,
  setInterruptions,
  tokenTimes,
  type ClosedLoopShare,
  type TokenTimeLaw,
  type TokenTimes,
} from './time-per-token.ts';

/** How far the closed form can be believed (QUEUEING.md 3, "trusted", and 3.9). */
export type TrustKind = 'ok' | 'critical' | 'kv_pressure' | 'slot_pressure' | 'bursty';

interface TokenLatencies {
  kind: 'steady';
  ttftMs: LatencyPercentiles;
  tpotMs: LatencyPercentiles;
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
  state: SteadyState;
  times: TokenTimes;
  /** ms: TTFT at the probabilities of TTFT_NODES. */
  ttftNodesMs: Float64Array;
}

export interface BatchingSteady extends TokenLatencies {
  e2eMs: LatencyPercentiles;
}

export type Saturated = { kind: 'saturated'; cause: SaturationKind };
export type BatchingOutcome = BatchingSteady | Saturated;

/** Below this distance the closed form's figures are lower bounds only; it is also the limit of capacity. */
export const PRESSURE_LIMIT_Z = 4;
/** Edges of the region in which the closed form was confirmed by simulation (QUEUEING.md 3, "trusted"). */
const TRUSTED = { feedbackGain: 0.6, prefillShare: 0.5, tokenLoad: 0.7, scvArrival: 2 };
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

/** ms that prompts add to a step at most. */
const longestExtraMs = ({ step }: SteadyState): number => step.fullChunkMs - step.decodeOnlyMs;

/** An answer of one token: nothing comes after the first. */
const NO_TOKENS: TokenTimeLaw = {
  baseMs: 0,
  interruptedMs: 0,
  undisturbedChance: 1,
  prefillVariance: 0,
  slowVariance: 0,
};

/** ms by which the mean of TTFT lies above that of its nodes: with it E2E has the mean that its parts add up to. */
function missedByNodes(ttftNodesMs: Float64Array, meanMs: number): number {
  let sum = 0;
  for (let k = 0; k < TTFT_NODES.length; k += 1) {
    sum += (ttftNodesMs[k] as number) * (TTFT_NODES[k] as (typeof TTFT_NODES)[number])[1];
  }
  return meanMs - sum;
}

function endToEnd(
  subject: BatchingSubject,
  times: TokenTimes,
  ttftNodesMs: Float64Array,
  ttftMs: LatencyPercentiles,
  longestMs: number,
): LatencyPercentiles {
  // An answer of one token ends with its first.
  if (subject.lengths.moments.outputMean <= 1) return ttftMs;
  const { tokens, weights, widths: outputWidths } = subject.lengths.outputs;
  spread.clear();
  const missedMs = missedByNodes(ttftNodesMs, ttftMs.mean);
  for (let i = 0; i < tokens.length; i += 1) {
    const n = Math.max(0, (tokens[i] as number) - 1);
    const law = n > 0 ? times.lawFor(n) : NO_TOKENS;
    setInterruptions(law, longestMs);
    const meanMs = law.baseMs + law.interruptedMs;
    const cell = (outputWidths[i] as number) * meanMs;
    const slow = 12 * n * n * law.slowVariance;
    const share = weights[i] as number;
    for (let k = 0; k < TTFT_NODES.length; k += 1) {
      const [, chance] = TTFT_NODES[k] as (typeof TTFT_NODES)[number];
      const firstMs = (ttftNodesMs[k] as number) + missedMs + n * law.baseMs;
      for (let j = 0; j < interruptions.count; j += 1) {
        const fast = interruptions.ms[j] as number;
        const width = Math.sqrt(cell * cell + slow + (fast === 0 ? 0 : n * n * interruptions.widthMs ** 2));
        spread.add(firstMs + n * fast, width, share * chance * (interruptions.weights[j] as number));
      }
    }
  }
  return spread.percentiles();
}

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
  const tokens = evaluateTokens(subject, arrivalsPerMs, closed);
  if (tokens.kind === 'saturated') return tokens;
  return {
    ...tokens,
    e2eMs: endToEnd(subject, tokens.times, tokens.ttftNodesMs, tokens.ttftMs, longestExtraMs(tokens.state)),
  };
}

export type ClosedLoop = ClosedLoopShare & Pick<LoadOnArrival, 'hasResidual' | 'lockstepPrefills'>;
const OPEN_ARRIVALS: ClosedLoop = { presentFraction: 0, hasResidual: true, lockstepPrefills: null };

/** The steady state of a load with what its percentiles are made from: the cheap first stage of an evaluation. */
export interface LoadState {
  kind: 'steady';
  state: SteadyState;
  /** ms by which arrivals see longer steps than the average one. */
  shiftMs: number;
  /** Variance of the number of decodes / its mean. */
  batchDispersion: number;
  pressureZ: number;
  /** Which of the two limits pressureZ is the distance to. */
  pressureCause: 'kv' | 'seats';
  trust: TrustKind;
}

/** Fixed point and pressure of a load: a fifth of an evaluation, enough to reject most rates. */
export function loadState(
  subject: BatchingSubject,
  arrivalsPerMs: number,
  closed: ClosedLoop = OPEN_ARRIVALS,
): LoadState | Saturated {
  const fixed = littleFixedPoint(subject, arrivalsPerMs);
  if (fixed.kind === 'saturated') return fixed;
  const { state } = fixed;
  const { shiftMs, batchDispersion } = tokenTimes(subject, arrivalsPerMs, state, 0, 0, closed);
  const pressure = pressureOf(subject, state, batchDispersion);
  return {
    kind: 'steady',
    state,
    shiftMs,
    batchDispersion,
    pressureZ: pressure.z,
    pressureCause: pressure.cause,
    trust: trustOf(subject, arrivalsPerMs, state, pressure),
  };
}

interface FirstToken {
  ttftMs: LatencyPercentiles;
  /** Mean ms that an arrival waits for the step in progress, or for others in step with it. */
  residualMeanMs: number;
  /** The steps as arrivals see them. */
  step: MeanStep;
}

const batchDeviation = (load: LoadState): number =>
  Math.sqrt(Math.max(0, load.state.step.decodes * load.batchDispersion));

/** Times the way to decodes that are not steady is halved. */
const RAISE_ROUNDS = 4;

/** The step at `seen` decodes; where there is none, at as many as are steady, so that latency does not fall at the edge. */
function raisedStep(subject: BatchingSubject, arrivalsPerMs: number, mean: MeanStep, seen: number): MeanStep {
  let decodes = seen;
  for (let round = 0; round < RAISE_ROUNDS; round += 1) {
    const raised = meanStep(subject, arrivalsPerMs, decodes, mean.roomTokens);
    if (raised.kind === 'steady') return raised.step;
    decodes = (decodes + mean.decodes) / 2;
  }
  return mean;
}

/** Second stage of an evaluation. Leaves the distribution of TTFT in `spread`, for `ttftNodes`. */
export function firstTokenLatency(
  subject: BatchingSubject,
  arrivalsPerMs: number,
  load: LoadState,
  closed: ClosedLoop = OPEN_ARRIVALS,
): FirstToken {
  const { state } = load;
  // Arrivals see the time average, in which long steps count for more: raise the decodes once.
  const decodesPerPrompt = Math.max(0, subject.lengths.moments.outputMean - 1);
  const open = arrivalsPerMs * decodesPerPrompt * (state.step.meanMs + load.shiftMs);
  const { population } = subject;
  const seen = population === null ? open : (open * Math.max(0, population - 1)) / Math.max(population, 1);
  const step = raisedStep(subject, arrivalsPerMs, state.step, Math.min(seen, decodeLimit(subject).decodes));
  spread.clear();
  const residualMeanMs = depositFirstToken(
    subject,
    {
      arrivalsPerMs,
      scvArrival: subject.scvArrival,
      step,
      relativeSpread: Math.min(0.5, (state.msPerDecode * batchDeviation(load)) / state.step.meanMs),
      hasResidual: closed.hasResidual,
      lockstepPrefills: closed.lockstepPrefills,
    },
    spread,
  );
  return { ttftMs: spread.percentiles(), residualMeanMs, step };
}

/** ms of TTFT at the probabilities of TTFT_NODES, right after `firstTokenLatency`. */
const ttftNodes = (): Float64Array => Float64Array.from(TTFT_NODES, ([probability]) => spread.quantile(probability));

function tokenLatency(
  subject: BatchingSubject,
  arrivalsPerMs: number,
  load: LoadState,
  first: FirstToken,
  closed: ClosedLoop = OPEN_ARRIVALS,
): { tpotMs: LatencyPercentiles; times: TokenTimes } {
  const { moments } = subject.lengths;
  const { plan } = subject;
  const computeMeanMs = first.ttftMs.mean - plan.ttftBaseMs - plan.tokenizeMsPerToken * moments.promptMean;
  const times = tokenTimes(subject, arrivalsPerMs, load.state, computeMeanMs, first.residualMeanMs, closed);
  if (moments.outputMean <= 1) return { tpotMs: { mean: 0, p50: 0, p90: 0, p95: 0, p99: 0 }, times };
  spread.clear();
  depositTokenTimes(subject, load.state, times, spread);
  return { tpotMs: spread.percentiles(), times };
}

/** Third stage: what comes after the first token, right after `firstTokenLatency`; E2E only when it is asked for. */
export function laterLatencies(
  subject: BatchingSubject,
  arrivalsPerMs: number,
  load: LoadState,
  first: FirstToken,
  hasE2e: boolean,
): { ttftMs: LatencyPercentiles; tpotMs: LatencyPercentiles; e2eMs?: LatencyPercentiles } {
  const { ttftMs } = first;
  const nodesMs = hasE2e ? ttftNodes() : null;
  const { tpotMs, times } = tokenLatency(subject, arrivalsPerMs, load, first);
  return nodesMs
    ? { ttftMs, tpotMs, e2eMs: endToEnd(subject, times, nodesMs, ttftMs, longestExtraMs(load.state)) }
    : { ttftMs, tpotMs };
}

/** Everything but E2E. */
function evaluateTokens(
  subject: BatchingSubject,
  arrivalsPerMs: number,
  closed: ClosedLoop = OPEN_ARRIVALS,
): TokenLatencies | Saturated {
  const load = loadState(subject, arrivalsPerMs, closed);
  if (load.kind === 'saturated') return load;
  const first = firstTokenLatency(subject, arrivalsPerMs, load, closed);
  const ttftNodesMs = ttftNodes();
  const { tpotMs, times } = tokenLatency(subject, arrivalsPerMs, load, first, closed);
  const { state } = load;
  return {
    kind: 'steady',
    ttftMs: first.ttftMs,
    tpotMs,
    meanRunning: state.step.decodes,
    maxRunning: Math.min(
      subject.maxNumSeqs,
      Math.ceil(subject.population ?? Infinity),
      Math.max(1, Math.ceil(state.step.decodes + Z_P99 * batchDeviation(load))),
    ),
    meanStepMs: state.step.busyMeanMs,
    unhinderedTtftP95Ms: unhinderedP95Ms(subject, arrivalsPerMs, first.step),
    prefillShare: state.prefillShare,
    pressureZ: load.pressureZ,
    trust: load.trust,
    state,
    times,
    ttftNodesMs,
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

interface Pressure {
  z: number;
  cause: 'kv' | 'seats';
}

/** Distance of the KV demand to the cache, and of the batch to the seats, in standard deviations (QUEUEING.md 3.9). */
function pressureOf(subject: BatchingSubject, state: SteadyState, dispersion: number): Pressure {
  const { moments } = subject.lengths;
  const { decodes } = state.step;
  const context = moments.decodeContextMean + IDLE_KV_TOKENS_PER_SEQUENCE;
  const demand = decodes * context;
  const sd = Math.sqrt(decodes * dispersion * (moments.decodeContextMean ** 2 + moments.decodeContextVariance));
  // One request always holds its seat and its blocks, however low the load.
  const scale = Math.max(sd, 1e-9);
  const kv = (subject.kvCacheTokens - Math.max(demand, context)) / scale;
  const seats = ((subject.maxNumSeqs - decodes) * context) / scale;
  return kv <= seats ? { z: kv, cause: 'kv' } : { z: seats, cause: 'seats' };
}

function trustOf(subject: BatchingSubject, arrivalsPerMs: number, state: SteadyState, pressure: Pressure): TrustKind {
  if (pressure.z < PRESSURE_LIMIT_Z) return pressure.cause === 'kv' ? 'kv_pressure' : 'slot_pressure';
  if (subject.scvArrival > TRUSTED.scvArrival) return 'bursty';
  const { step } = state;
  const tokenLoad = (arrivalsPerMs * subject.lengths.moments.uncachedMean * step.fullChunkMs) / step.roomTokens;
  const isCritical =
    state.feedbackGain > TRUSTED.feedbackGain ||
    state.prefillShare > TRUSTED.prefillShare ||
    tokenLoad > TRUSTED.tokenLoad;
  return isCritical ? 'critical' : 'ok';
}
