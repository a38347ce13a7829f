import { evaluateClosedLoop, type ClosedLoopSteady } from '../engine/batching/closed-loop.ts';
import { burstShare, closedLoopRun, type ClosedLoopRun } from '../engine/batching/closed-loop-run.ts';
import { decodeLimit } from '../engine/batching/fixed-point.ts';
import { ENDLESS_REQUESTS, lockstepPrefills } from '../engine/batching/lockstep.ts';
import { latenciesOfRun } from '../engine/batching/run-latencies.ts';
import { saturationRate } from '../engine/batching/saturation-rate.ts';
import type { BatchingSubject } from '../engine/batching/subject.ts';
import type { SteadyLoad } from '../engine/sizing/types.ts';
import { msFromSeconds } from '../engine/units.ts';
import type { Warning } from '../protocol/documents.ts';
import type { PredictInput } from '../protocol/requests.ts';
import type { Deployment } from './deployment.ts';
import { allStreams } from './predict-parts.ts';

/** A steady load of one scheduler, or of the average one in a run. */
export interface SteadyAnswer {
  outcome: SteadyLoad;
  ratePerMs: number;
  saturationPerMs: number;
  /** ms added to every first token: waiting for a seat. */
  waitMs: number;
  /** Schedulers that have requests. */
  streams: number;
}

const outputStdOf = ({ lengths }: BatchingSubject): number =>
  Math.sqrt(Math.max(0, lengths.moments.outputSecondMoment - lengths.moments.outputMean ** 2));

/**
 * Users who ask again at once are the clients of a benchmark with a fixed concurrency, and are predicted as those are; null for
 * those who are alone. Pauses dissolve what is in step (first-token.ts).
 */
function prefillsInStep(
  { measured: { calibration, engine } }: Deployment,
  subject: BatchingSubject,
  requestsPerClient: number,
  users: number,
): number | null {
  if (users <= 1) return null;
  const question = {
    seated: Math.min(users, decodeLimit(subject).decodes),
    requestsPerClient,
    outputCv: outputStdOf(subject) / subject.lengths.moments.outputMean,
    generation: engine.generation,
  };
  return lockstepPrefills(question, calibration);
}

/** Fewer prompts waited for than this are no step to speak of. */
const LEAST_IN_STEP = 0.05;

const inStepWarning = (prefills: number, numPrompts: number | null, requestsPerClient: number): Warning => ({
  code: 'in_step',
  sentence:
    numPrompts === null
      ? `Users who ask again at once, with answers of like lengths, fall into step: each waits for ${prefills.toPrecision(2)} prompts of others on average. A benchmark begins with a burst beside that: give --num-prompts. Users who pause do not fall into step: give --think-time.`
      : `Users who ask again at once fall into step, as the clients of a benchmark do: each waits for ${prefills.toPrecision(2)} prompts of others on average, the opening burst of a run of ${Number(requestsPerClient.toPrecision(3))} requests a user among them. Users who pause do not: give --think-time.`,
});

const PAUSES_OF_RUN =
  'Percentiles are those of users who ask and pause without end; throughput, running requests and means are of the run, with its end. --method simulation follows all of it.';

/** Users of one scheduler, what they wait for in step and how their rounds go. */
interface Loop {
  subject: BatchingSubject;
  users: number;
  thinkTimeMs: number;
  saturationPerMs: number;
}

function evaluateLoop(deployment: Deployment, loop: Loop, requestsPerClient: number) {
  const { subject, users } = loop;
  const inStep = prefillsInStep(deployment, subject, requestsPerClient, users);
  const clients = Math.min(users, decodeLimit(subject).decodes);
  const rounds = { clients, requestsPerClient, outputStdTokens: outputStdOf(subject) };
  return { inStep, closed: evaluateClosedLoop({ ...loop, lockstepPrefills: inStep, rounds }) };
}

/** A closed loop without end or of so many requests, over the schedulers of a deployment that have any; null = nobody is served. */
export function answerClosedLoop(
  deployment: Deployment,
  subject: BatchingSubject,
  input: PredictInput,
  offered: number,
): SteadyAnswer | null {
  const { num_prompts: numPrompts, think_time: pauseS } = input;
  // Users without a request do not come, and schedulers without a user have nothing to do.
  const concurrency = Math.min(offered, numPrompts ?? Infinity);
  const streams = Math.min(allStreams(deployment, input), concurrency);
  const saturationPerMs = saturationRate(subject).perMs;
  const loop = { subject, users: concurrency / streams, thinkTimeMs: msFromSeconds(pauseS), saturationPerMs };
  const requestsPerClient = numPrompts === null ? ENDLESS_REQUESTS : numPrompts / concurrency;
  const clients = Math.min(loop.users, decodeLimit(subject).decodes);
  const isTogether = burstShare(subject, clients, loop.thinkTimeMs) > 0;
  const { inStep, closed } = evaluateLoop(deployment, loop, isTogether ? requestsPerClient : ENDLESS_REQUESTS);
  if (inStep !== null && inStep >= LEAST_IN_STEP && pauseS === 0) {
    deployment.warnings.push(inStepWarning(inStep, numPrompts, requestsPerClient));
  } else if (numPrompts !== null && pauseS > 0) {
    deployment.warnings.push({ code: 'num_prompts_ignored', sentence: PAUSES_OF_RUN });
  }
  if (!closed) return null;
  // The mean of what waits in step was measured, how it is spread was not confirmed.
  const isInStep = inStep !== null && isTogether && closed.outcome.trust === 'ok';
  const outcome = isInStep ? { ...closed.outcome, trust: 'critical' as const } : closed.outcome;
  const { ratePerMs, seatWaitMs } = closed;
  const endless = { outcome, ratePerMs, saturationPerMs, waitMs: seatWaitMs, streams };
  if (numPrompts === null) return endless;
  const run = closedLoopRun({
    subject,
    streams,
    users: concurrency,
    requests: numPrompts,
    thinkTimeMs: loop.thinkTimeMs,
    seats: decodeLimit(subject).decodes,
    endlessPerMs: (users) => evaluateLoop(deployment, { ...loop, users }, ENDLESS_REQUESTS).closed?.ratePerMs ?? null,
  });
  return run ? { ...endless, ...ofRun(outcome, run, numPrompts / streams), waitMs: 0 } : endless;
}

/** The rounds of a loop as they are in a run of so many requests of a scheduler: figures over its time keep Little's law. */
function ofRun(
  outcome: ClosedLoopSteady['outcome'],
  run: ClosedLoopRun,
  requests: number,
): Pick<SteadyAnswer, 'outcome' | 'ratePerMs'> {
  const latencies = latenciesOfRun(outcome, run);
  const ratePerMs = requests / run.wallMs;
  const meanRunning = ratePerMs * (latencies.e2eMs.mean - latencies.ttftMs.mean);
  const maxRunning = Math.max(outcome.maxRunning, Math.ceil(meanRunning));
  return { outcome: { ...outcome, ...latencies, meanRunning, maxRunning }, ratePerMs };
}
