import type { StepPlan } from '../roofline/step-plan.ts';
import { stepTimeMs } from '../roofline/step-time.ts';
import type { Benchmark } from './benchmark.ts';

/**
 * Steady state of a stream in the mean: the damped fixed point of Little's law over the mean step (FIDELITY.md section 3).
 * It is what `engine/batching` has in the mean, a hundred times cheaper because no percentile is asked for; a test holds the
 * two together. Calibration fits it, so that a fit takes seconds.
 */
export interface SteadyMeans {
  ttftMs: number;
  tpotMs: number;
  /** ms of the steps that compute a request's own prompt. */
  prefillMs: number;
  decodes: number;
  requestsPerMs: number;
  /** The load is more than the stream carries. */
  isSaturated: boolean;
}

/** What keeps a stream busy: requests that arrive at a rate, or a fixed number of clients that ask again at once. */
export type StreamLoad = { kind: 'open'; ratePerMs: number } | { kind: 'closed'; clients: number };

const ROUNDS = 60;
/** Rounds before the change of a round is looked at. */
const FIRST_ROUNDS = 5;
const TOLERANCE = 1e-4;
/** Where the fixed point starts. */
const START = { tpotMs: 15, seatShare: 0.9 };
/** Most that prompts may take of a step's room, of the time of separate steps, and of the queue (FIDELITY.md section 3). */
const LIMITS = { room: 0.99, separateSteps: 0.95, queue: 0.98 };
/** Variability of constant arrivals that rounding to steps leaves (FIDELITY.md section 3, point 6). */
const SCV_OF_CONSTANT_ARRIVALS = 0.15;

interface State {
  decodes: number;
  ratePerMs: number;
  tpotMs: number;
}

/** The steps that a state leads to. */
interface MeanSteps {
  /** Prompt tokens of a step that carries any. */
  chunkTokens: number;
  promptMs: number;
  tpotMs: number;
  /** Mean step that a new request finds under way. */
  waitMs: number;
  /** Requests per ms above which prompts outrun the steps. */
  mostPerMs: number;
  /** Share of the time that prompts add to steps. */
  promptShare: number;
}

/** Decodes as a step that decodes at all sees them: at least one. Prompts in steps of their own are taken as they come. */
function busyDecodes(b: Benchmark, decodes: number): number {
  if (b.hasSeparatePrefill) return Math.max(decodes, 1);
  return decodes < 1e-9 ? 1 : decodes / -Math.expm1(-decodes);
}

/** Share of open arrivals that find the stream at work. */
const busyShare = (b: Benchmark, load: StreamLoad, { decodes }: State, { promptShare }: MeanSteps): number =>
  load.kind === 'closed' || b.hasSeparatePrefill ? 1 : 1 - Math.exp(-decodes) * (1 - promptShare);

const decodeOnlyMs = ({ tpotMs, promptShare }: MeanSteps): number => tpotMs * (1 - promptShare);

/** Share of constant arrivals whose prompts end before the next comes, as in `engine/batching`; nobody else's do for sure. */
function shareApart(b: Benchmark, { ratePerMs }: State, steps: MeanSteps, prefillMs: number): number {
  if (b.scvArrival > 0 || b.hasSeparatePrefill) return 0;
  return Math.min(1, Math.max(0, 2 - ratePerMs * (prefillMs + decodeOnlyMs(steps))));
}

/** Where the feedback of longer steps into more decodes is cut off, as `engine/batching` does. */
const MOST_GAIN = 0.95;

/**
 * ms by which a request of open arrivals sees longer steps than the mean one: it is in them itself, and random arrivals come
 * with others (QUEUEING.md 3.5, as in `engine/batching/time-per-token`, for lengths that are all alike).
 */
function shiftOfRequestsMs(b: Benchmark, plan: StepPlan, load: StreamLoad, state: State): number {
  const { decodes, ratePerMs } = state;
  if (load.kind === 'closed' || b.hasSeparatePrefill || decodes <= 0) return 0;
  const now = meanSteps(b, plan, load, state);
  const further = Math.max(0.03 * decodes, Math.min(1, Math.sqrt(decodes)));
  const then = meanSteps(b, plan, load, { ...state, decodes: decodes + further });
  const msPerDecode = Math.max(0, (then.tpotMs - now.tpotMs) / further);
  const gain = Math.min(MOST_GAIN, ratePerMs * (b.outputTokens - 1) * msPerDecode);
  const free = 1 - now.promptShare;
  const dispersion = (Math.min(1, b.scvArrival) * (1 / free + now.promptShare / free ** 2)) / (1 - gain);
  const itself = 1 + decodes - busyDecodes(b, decodes);
  return Math.min(Math.max(0, msPerDecode * (dispersion - 1 + itself)), now.tpotMs / 2);
}

function meanSteps(b: Benchmark, plan: StepPlan, load: StreamLoad, state: State): MeanSteps {
  const uncached = b.promptTokens - b.cachedTokens;
  const attended = b.cachedTokens + uncached / 2;
  const context = b.promptTokens + b.outputTokens / 2;
  const room = b.hasSeparatePrefill ? b.maxNumBatchedTokens : Math.max(1, b.maxNumBatchedTokens - state.decodes);
  // Prompts that come faster than one a step share steps.
  const chunkTokens = Math.min(Math.max(Math.min(uncached, room), state.ratePerMs * uncached * state.tpotMs), room);
  const chunks = uncached / chunkTokens;
  const running =
    load.kind === 'open' ? busyDecodes(b, state.decodes) : Math.max(state.decodes, Math.min(1, b.seats, load.clients));
  const decodeMs = b.outputTokens > 1 ? stepTimeMs(plan, running, running * context, 0, 0, 0) : 0;
  // A client of a closed loop is never held up by its own prompt.
  const othersPerMs =
    load.kind === 'open'
      ? state.ratePerMs
      : (state.ratePerMs * Math.max(0, load.clients - 1)) / Math.max(load.clients, 1);
  if (b.hasSeparatePrefill) {
    const promptMs = stepTimeMs(plan, 0, 0, chunkTokens, chunkTokens * attended, 1 / chunks);
    const share = Math.min(LIMITS.separateSteps, othersPerMs * chunks * promptMs);
    const waitMs = (1 - share) * decodeMs + share * promptMs;
    return {
      chunkTokens,
      promptMs,
      tpotMs: decodeMs / (1 - share),
      waitMs,
      mostPerMs: LIMITS.separateSteps / (chunks * promptMs),
      promptShare: share,
    };
  }
  const decoding = state.decodes > 0 ? running : 0;
  const promptMs = stepTimeMs(plan, decoding, decoding * context, chunkTokens, chunkTokens * attended, 1 / chunks);
  const share = Math.min(1, othersPerMs * chunks * state.tpotMs);
  const tpotMs = decodeMs + share * (promptMs - decodeMs);
  const mostPerMs = (LIMITS.room * room) / tpotMs / uncached;
  const promptShare = tpotMs > 0 ? (tpotMs - decodeMs) / tpotMs : 0;
  return { chunkTokens, promptMs, tpotMs, waitMs: tpotMs, mostPerMs, promptShare };
}

const geometricMean = (one: number, other: number): number => Math.sqrt(one * other);

/**
 * Settles a stream. `burstSteps`: how many own prefills a client of a closed loop waits on average because clients start
 * together and fall into step (see `burstWait`); users who come as they like have 0.
 */
export function steadyMeans(b: Benchmark, plan: StepPlan, load: StreamLoad, burstSteps: number): SteadyMeans {
  // A client shared out over several streams is less than one on each.
  const seats = load.kind === 'open' ? Math.max(1, b.seats) : Math.min(Math.max(1, b.seats), load.clients);
  const laterTokens = Math.max(0, b.outputTokens - 1);
  const uncached = b.promptTokens - b.cachedTokens;
  const frontMs = plan.ttftBaseMs + plan.tokenizeMsPerToken * b.promptTokens;
  const isAlone = load.kind === 'closed' && load.clients <= 1;
  const guess = b.outputTokens * START.tpotMs;
  const state: State =
    load.kind === 'open'
      ? { decodes: Math.min(seats, load.ratePerMs * guess), ratePerMs: load.ratePerMs, tpotMs: START.tpotMs }
      : { decodes: START.seatShare * seats, ratePerMs: seats / (guess + 1), tpotMs: START.tpotMs };
  let ttftMs = 0;
  let prefillMs = 0;
  let mostPerMs = Infinity;
  let isSaturated = false;
  for (let round = 0; round < ROUNDS; round += 1) {
    const steps = meanSteps(b, plan, load, state);
    isSaturated = state.ratePerMs > steps.mostPerMs;
    if (load.kind === 'closed') state.ratePerMs = Math.min(state.ratePerMs, steps.mostPerMs);
    // Not even a stream that does nothing but prompts computes more of them.
    mostPerMs = Math.min(steps.mostPerMs, steps.chunkTokens / steps.promptMs / uncached);
    prefillMs = Math.max(1, uncached / steps.chunkTokens) * steps.promptMs;
    const freeMs = frontMs + prefillMs;
    if (load.kind === 'closed') {
      ttftMs = freeMs + (isAlone ? 0 : plan.firstTokenWaitSteps * steps.waitMs) + prefillMs * burstSteps;
    } else {
      const lifeMs = freeMs + laterTokens * state.tpotMs;
      const apart = shareApart(b, state, steps, prefillMs);
      const busy = Math.min(LIMITS.queue, (state.ratePerMs * uncached * steps.promptMs) / steps.chunkTokens);
      const scv = b.scvArrival === 0 ? SCV_OF_CONSTANT_ARRIVALS : b.scvArrival;
      const together =
        plan.firstTokenWaitSteps * steps.waitMs * busyShare(b, load, state, steps) +
        (scv * busy * prefillMs) / (2 * (1 - busy));
      // Prompts a gap apart meet nothing but decodes, if those who came before are still there.
      const alone = lifeMs * state.ratePerMs > 1 ? plan.firstTokenWaitSteps * decodeOnlyMs(steps) : 0;
      ttftMs = freeMs + apart * alone + (1 - apart) * together;
    }
    const isFirst = round === 0;
    const before = state.tpotMs;
    state.tpotMs = isFirst ? steps.tpotMs : geometricMean(before, steps.tpotMs);
    if (load.kind === 'closed') {
      const target = seats / (ttftMs + laterTokens * state.tpotMs);
      state.ratePerMs = isFirst ? target : geometricMean(state.ratePerMs, target);
    }
    const offered = state.ratePerMs * laterTokens * state.tpotMs;
    if (load.kind === 'open' && offered > seats) isSaturated = true;
    const wanted = Math.min(seats, offered);
    state.decodes =
      isFirst || state.decodes === 0 ? wanted : geometricMean(Math.max(state.decodes, 1e-9), Math.max(wanted, 1e-9));
    if (round >= FIRST_ROUNDS && Math.abs(state.tpotMs - before) < TOLERANCE * state.tpotMs) break;
  }
  // Clients whose prompts outrun the steps wait in front of them: Little's law says how long.
  const isBound = load.kind === 'closed' && state.ratePerMs > mostPerMs;
  const tpotMs = state.tpotMs + (isSaturated ? 0 : shiftOfRequestsMs(b, plan, load, state));
  const requestsPerMs = isBound ? mostPerMs : state.ratePerMs;
  return {
    ttftMs: isBound ? Math.max(ttftMs, seats / mostPerMs - laterTokens * tpotMs) : ttftMs,
    tpotMs,
    prefillMs,
    decodes: load.kind === 'open' ? Math.min(seats, requestsPerMs * laterTokens * tpotMs) : state.decodes,
    requestsPerMs,
    isSaturated,
  };
}
