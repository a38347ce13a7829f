import type { Evaluation } from './evaluation.ts';
import { depositFirstToken } from './first-token/first-token.ts';
import { mostDecodes } from './fixed-point.ts';
import { OPEN_ARRIVALS, type ClosedLoop } from './load-state.ts';
import { keepMeanStep, solveMeanStep, type MeanStep, type StepLoad } from './mean-step.ts';
import { batchDeviation, PRESSURE_LIMIT_Z } from './pressure.ts';
import { delayByRoom, roomWait, setRoomWait } from './room-wait.ts';
import type { BatchingSubject } from './subject.ts';
import { law, setLaw, setWaitBefore, type FirstTokenWait } from './time-per-token.ts';

/** Times the way to decodes that are not steady is halved. */
const RAISE_ROUNDS = 4;
/** The step that arrivals see, as it is asked for. Written over by every evaluation. */
const seen: StepLoad = { arrivalsPerMs: 0, decodes: 0, roomTokens: 0 };

/** Second stage, after `solveLoad`: TTFT. Leaves its distribution in `spread`, and gives the steps as arrivals see them. */
export function firstTokenLatency(
  evaluation: Evaluation,
  subject: BatchingSubject,
  arrivalsPerMs: number,
  closed: ClosedLoop = OPEN_ARRIVALS,
): MeanStep {
  const { load, arrival, spread, scratch } = evaluation;
  const { step, msPerDecode } = load.state;
  setSeen(evaluation, subject, arrivalsPerMs);
  const isRaised = raiseStep(evaluation.seenStep, subject, step);
  arrival.arrivalsPerMs = arrivalsPerMs;
  arrival.scvArrival = subject.scvArrival;
  arrival.step = isRaised ? evaluation.seenStep : step;
  arrival.relativeSpread = Math.min(0.5, (msPerDecode * batchDeviation(load.state, load.times)) / step.meanMs);
  arrival.hasResidual = closed.hasResidual;
  arrival.lockstepPrefills = closed.lockstepPrefills;
  arrival.rounds = closed.rounds;
  arrival.pauseMs = closed.pauseMs;
  spread.clear();
  depositFirstToken(scratch, subject, arrival, spread);
  evaluation.residualMeanMs = scratch.waited.meanMs;
  waitForRoom(evaluation, subject, arrivalsPerMs);
  spread.read(evaluation.ttftMs);
  return arrival.step;
}

/** Asks for the step that arrivals see: the time average, in which long steps count for more. Decodes are raised once. */
function setSeen({ load }: Evaluation, subject: BatchingSubject, arrivalsPerMs: number): void {
  const { step } = load.state;
  const decodesPerPrompt = Math.max(0, subject.lengths.moments.outputMean - 1);
  // No step is longer than a full one, however many decode.
  const seenMs = Math.min(step.meanMs + load.times.shiftMs, Math.max(step.meanMs, step.fullChunkMs));
  const open = arrivalsPerMs * decodesPerPrompt * seenMs;
  const { population } = subject;
  const others = population === null ? open : (open * Math.max(0, population - 1)) / Math.max(population, 1);
  seen.arrivalsPerMs = arrivalsPerMs;
  seen.decodes = Math.min(others, mostDecodes(subject));
  seen.roomTokens = step.roomTokens;
}

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

/** Waiting for the first token as the times after it see it: without tokenizing and API, which hold up nobody. */
const wait: FirstTokenWait = { firstTokenMeanMs: 0, residualMeanMs: 0 };

/** Adds to the times after the first token what comes in a mean TTFT of `ttftMeanMs` (ms) that does not wait for room. */
export function setFirstTokenWait(
  evaluation: Evaluation,
  { plan, lengths }: BatchingSubject,
  ttftMeanMs: number,
): void {
  const { state, times } = evaluation.load;
  wait.firstTokenMeanMs = ttftMeanMs - plan.ttftBaseMs - plan.tokenizeMsPerToken * lengths.moments.promptMean;
  wait.residualMeanMs = evaluation.residualMeanMs;
  setWaitBefore(times, state, wait);
}

/** Delays the first tokens in `spread` of those who find no room, where the KV cache or the seats are near. */
function waitForRoom(evaluation: Evaluation, subject: BatchingSubject, arrivalsPerMs: number): void {
  const { load, spread } = evaluation;
  const { times, state } = load;
  evaluation.roomWaitMs = 0;
  times.withRoomShare = 1;
  const laterTokens = subject.lengths.moments.outputMean - 1;
  if (load.pressureZ >= PRESSURE_LIMIT_Z || laterTokens <= 0) return;
  setFirstTokenWait(evaluation, subject, spread.mean);
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
