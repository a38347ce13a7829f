import { stepTimeMs } from '../roofline/step-time.ts';
import { lastLives, type LastLives } from './client-lives.ts';
import { loadState } from './load-state.ts';
import type { SteadyState } from './fixed-point.ts';
import { lifeLaw, type LifeLaw } from './life-law.ts';
import { meanLastEndMs, type StreamEnd } from './streams-end.ts';
import type { BatchingSubject } from './subject.ts';

/** Users of a closed loop and requests that they have together, dealt out evenly over schedulers that are alike, each with its own. */
export interface ClosedLoopRunQuestion {
  subject: BatchingSubject;
  streams: number;
  users: number;
  requests: number;
  thinkTimeMs: number;
  /** Most that run at once in a stream. */
  seats: number;
  /** Requests per ms of so many users of a stream who go on without end; null = they are not served. */
  endlessPerMs: (users: number) => number | null;
}

/** A run from the first sending to the last end: means over its requests. */
export interface ClosedLoopRun {
  wallMs: number;
  /** ms from the sending of a request to its end, but for the wait for a seat: by Little's law what clients were busy for. */
  servedMs: number;
  /** What steps that get faster towards the end save of the time of tokens after the first, as a share. */
  savedShare: number;
  /** ms that requests wait for a seat, and how many of a stream's do not at all, and how many have come before all wait as long. */
  seatWait: { longestMs: number; meanMs: number; freeShare: number; firstShare: number };
}

/** Steps of the opening burst that are timed; of longer ones every so many. */
const MOST_BURST_STEPS = 64;

/** ms of the burst in which all clients begin, and how many tokens after the first a client has by its end, on average. */
function openingBurst(
  { plan, lengths, maxNumBatchedTokens: room }: BatchingSubject,
  clients: number,
): { ms: number; tokens: number } {
  const { uncachedMean, attendedMean, promptMean, outputMean } = lengths.moments;
  const all = clients * uncachedMean;
  const steps = Math.max(1, Math.ceil(all / room - 1e-9));
  const each = steps / Math.min(steps, MOST_BURST_STEPS);
  let ms = 0;
  let decoded = 0;
  for (let before = 0; before < steps - 1e-9; before += each) {
    const decodes = outputMean > 1 ? Math.min(clients, Math.floor((before * room) / uncachedMean)) : 0;
    const tokens = Math.min(room, all - before * room);
    const ending = tokens / uncachedMean;
    ms += each * stepTimeMs(plan, decodes, decodes * promptMean, tokens, tokens * attendedMean, ending);
    decoded += each * decodes;
  }
  return { ms, tokens: decoded / clients };
}

/**
 * Share of the opening burst that pauses leave: users pause before their first question too, and where that takes longer than the
 * burst, prompts come no faster than they are computed.
 */
export function burstShare(subject: BatchingSubject, clients: number, thinkTimeMs: number): number {
  return Math.max(0, 1 - thinkTimeMs / openingBurst(subject, clients).ms);
}

/** ms of a prompt before it comes to a scheduler. */
const frontMs = ({ plan, lengths }: BatchingSubject): number =>
  plan.ttftBaseMs + plan.tokenizeMsPerToken * lengths.moments.promptMean;

/** Chances below this are nothing. */
const NEGLIGIBLE = 1e-9;

interface Drained {
  state: SteadyState;
  lives: LastLives;
  law: LifeLaw;
  clients: number;
  /** ms of a step without prompts while all are at work. */
  decodeStepMs: number;
  /** Of those at work, the share that decodes: the others are held before their first token. */
  decodingShare: number;
}

/** The end of a run: [cell edge] ms, and what steps that get faster save those who are at work, all together. */
interface Drain {
  afterMs: Float64Array;
  anyLeft: Float64Array;
  savedMs: number;
}

/** Cells of the lattice in ms: those at work take steps of as many decodes as there still are, pauses take their time. */
function drainOf(
  { plan, lengths }: BatchingSubject,
  { state, lives, law, clients, decodeStepMs, decodingShare }: Drained,
): Drain {
  const { step } = state;
  const decodesEach = Math.min(1, step.decodes / Math.max(NEGLIGIBLE, clients - lives.pausing));
  const afterMs = [0];
  const anyLeft: number[] = [];
  let savedMs = 0;
  let { pausing } = lives;
  for (let k = 0; k < lives.anyLeft.length; k += 1) {
    const any = lives.anyLeft[k] as number;
    const left = lives.clientsLeft[k] as number;
    if (any < NEGLIGIBLE) break;
    const atWork = Math.max(0, left - pausing);
    const decodes = Math.max(1, (atWork / any) * decodesEach);
    const stepMs = stepTimeMs(plan, decodes, decodes * lengths.moments.decodeContextMean, 0, 0, 0);
    const drainStepMs = Math.min(decodeStepMs, stepMs);
    const share = atWork / left;
    anyLeft.push(any);
    afterMs.push((afterMs[k] as number) + law.cellSteps * (share * drainStepMs + (1 - share) * step.meanMs));
    savedMs += atWork * decodingShare * law.cellSteps * Math.max(0, step.decodeOnlyMs - drainStepMs);
    pausing *= law.pauseKept;
  }
  return { afterMs: Float64Array.from(afterMs), anyLeft: Float64Array.of(...anyLeft, 0), savedMs };
}

/** One stream's run; sums over its requests in ms. */
interface StreamRun extends StreamEnd {
  requests: number;
  servedMs: number;
  decodeMs: number;
  savedMs: number;
  waitedMs: number;
  longestWaitMs: number;
  clients: number;
  users: number;
}

interface StreamLoop {
  count: number;
  users: number;
  requests: number;
}

function runOfStream(question: ClosedLoopRunQuestion, { count, users, requests }: StreamLoop): StreamRun | null {
  const { subject, thinkTimeMs, seats, endlessPerMs } = question;
  const perMs = endlessPerMs(users);
  if (perMs === null) return null;
  const load = loadState({ ...subject, population: users }, perMs);
  if (load.kind === 'saturated') return null;
  const { state } = load;
  const { step } = state;
  const { lengths } = subject;
  const { outputMean } = lengths.moments;
  // Whoever pauses holds no seat; where nobody does, requests are what waits for seats, and seats are the clients of the run.
  const clients = thinkTimeMs > 0 ? users : Math.min(seats, users);
  const residenceMs = clients / perMs - thinkTimeMs;
  const heldSteps = Math.max(0, residenceMs / step.meanMs - (outputMean - 1));
  const law = lifeLaw(lengths.question, outputMean, heldSteps, thinkTimeMs / step.meanMs);
  const lives = lastLives({ chances: law.chances, clients, requests, pauseKept: law.pauseKept });
  const servedShare = residenceMs / (residenceMs + thinkTimeMs);
  const decodeStepMs = servedShare * step.decodeOnlyMs + (1 - servedShare) * step.meanMs;
  const decodingShare = (outputMean - 1) / (outputMean - 1 + heldSteps);
  const drain = drainOf(subject, { state, lives, law, clients, decodeStepMs, decodingShare });
  // No step is faster than that of one decode alone.
  const aloneMs = stepTimeMs(subject.plan, 1, lengths.moments.decodeContextMean, 0, 0, 0);
  const decodeMs = requests * (outputMean - 1) * step.decodeOnlyMs;
  const savedMs = Math.min(drain.savedMs, decodeMs * Math.max(0, 1 - aloneMs / step.decodeOnlyMs));
  // All come at once, and not one by one into steps of others as later.
  const burst = openingBurst(subject, clients);
  const atOnce = burstShare(subject, clients, thinkTimeMs);
  const asLaterMs = clients * state.promptExtraMeanMs + decodeStepMs * (heldSteps + burst.tokens);
  const burstExcessMs = atOnce * (frontMs(subject) + burst.ms - asLaterMs);
  // At the pace of the endless loop all requests take requests / rate, what prompts add to steps in it. What is left of the last
  // ones is steps without prompts.
  const takenMs = requests / perMs - lives.meanLeft * law.cellSteps * decodeStepMs + burstExcessMs;
  const waiting = users - clients;
  return {
    count,
    requests,
    // All streams have one clock, which begins when the first of all their users has paused.
    takenMs: takenMs - thinkTimeMs / question.users,
    takenStdMs: (Math.sqrt(Math.max(0, requests - clients)) / clients) * law.stdCells * law.cellSteps * decodeStepMs,
    afterMs: drain.afterMs,
    anyLeft: drain.anyLeft,
    servedMs: Math.max(
      requests * residenceMs + clients * burstExcessMs - savedMs,
      requests * (frontMs(subject) + (outputMean - 1) * aloneMs),
    ),
    decodeMs,
    savedMs,
    waitedMs: waiting * Math.max(0, takenMs - waiting / perMs / 2),
    longestWaitMs: waiting / perMs,
    clients,
    users,
  };
}

/** Streams by what they are dealt: the first of them get one user, and one request, more. */
function dealtOut({ streams, users, requests }: ClosedLoopRunQuestion): StreamLoop[] {
  const edges = [...new Set([0, users % streams, requests % streams, streams])].sort((a, b) => a - b);
  return edges.slice(0, -1).map((from, i) => ({
    count: (edges[i + 1] as number) - from,
    users: Math.floor(users / streams) + (from < users % streams ? 1 : 0),
    requests: Math.floor(requests / streams) + (from < requests % streams ? 1 : 0),
  }));
}

/**
 * How long a closed loop of so many requests takes: rounds at the pace of the endless loop, but that it begins with a burst, and
 * that it ends one by one, in steps of fewer and fewer decodes. At least one user and one request for every stream. null where the
 * endless loop has no steady state, and for answers of one token: nobody decodes, and no step gets faster.
 */
export function closedLoopRun(question: ClosedLoopRunQuestion): ClosedLoopRun | null {
  if (question.subject.lengths.moments.outputMean <= 1) return null;
  const runs: StreamRun[] = [];
  for (const loop of dealtOut(question)) {
    const run = runOfStream(question, loop);
    if (!run) return null;
    runs.push(run);
  }
  const meanOf = (value: (run: StreamRun) => number): number =>
    runs.reduce((sum, run) => sum + run.count * value(run), 0) / question.requests;
  return {
    wallMs: meanLastEndMs(runs),
    servedMs: meanOf((run) => run.servedMs),
    savedShare: meanOf((run) => run.savedMs) / meanOf((run) => run.decodeMs),
    seatWait: {
      longestMs: Math.max(...runs.map((run) => run.longestWaitMs)),
      meanMs: meanOf((run) => run.waitedMs),
      freeShare: meanOf((run) => run.clients),
      firstShare: meanOf((run) => run.users),
    },
  };
}
