import { NORMAL_WEIGHTS, NORMAL_Z } from './normal-nodes.ts';

/** Clients of a closed loop who ask again at once, round after round: all begin together. */
export interface ClientRounds {
  /** Those that have a seat. */
  clients: number;
  requestsPerClient: number;
  /** Standard deviation of the answers' lengths. */
  outputStdTokens: number;
}

/** The steps in which their prompts are computed. */
export interface RoundSteps {
  promptTokens: number;
  roomTokens: number;
  /** Mean tokens of an answer. */
  outputTokens: number;
  /** Chance that a step is handed out before those whose answers end in the one before it can ask again. */
  handedOutChance: number;
  /** ms of a step with so many prompt tokens, at most the room, in the opening burst and later. */
  burstMs: (tokens: number) => number;
  laterMs: (tokens: number) => number;
}

/** The burst, and 31 groups of rounds (2^30 of them, more than any run has) with at most 18 waits each. */
const MOST_WAITS = 640;

/** What clients wait for beside their own prompt: chances, ms and squares of widths. Written over by every rate. */
export const roundWaits = {
  count: 0,
  /** The first of them are of the rounds in which clients are in step; in the others their answers end at any time. */
  numInStep: 0,
  chances: new Float64Array(MOST_WAITS),
  ms: new Float64Array(MOST_WAITS),
  squareWidths: new Float64Array(MOST_WAITS),
  /** Share of the requests that are in step, and their mean. */
  inStepShare: 0,
  inStepMeanMs: 0,
};

function add(chance: number, ms: number, squareWidth: number): void {
  const at = roundWaits.count;
  if (!(chance > 0)) return;
  if (at >= MOST_WAITS) throw new Error(`more than ${MOST_WAITS} kinds of waits of clients in rounds`);
  roundWaits.chances[at] = chance;
  roundWaits.ms[at] = ms;
  roundWaits.squareWidths[at] = squareWidth;
  roundWaits.count = at + 1;
}

/** Takes all that were added to be in step. */
function endInStep(): void {
  const { count, chances, ms } = roundWaits;
  let share = 0;
  let sumMs = 0;
  for (let k = 0; k < count; k += 1) {
    share += chances[k] as number;
    sumMs += (chances[k] as number) * (ms[k] as number);
  }
  roundWaits.numInStep = count;
  roundWaits.inStepShare = share;
  roundWaits.inStepMeanMs = share > 0 ? sumMs / share : 0;
}

/** Steps of the burst that are told apart; longer ones are a range. */
const MOST_BURST_STEPS = 32;
/** Variance of a uniform law / the square of its width. */
const UNIFORM_VARIANCE = 1 / 12;

/** Adds the opening burst, `share` of all requests: its steps are full but for the last, and whoever is in one waits for it to end. */
function addBurst({ clients }: ClientRounds, steps: RoundSteps, share: number): void {
  const { promptTokens, roomTokens, burstMs } = steps;
  const ownMs = burstMs(Math.min(promptTokens, roomTokens));
  const fullMs = burstMs(roomTokens);
  const tokens = clients * promptTokens;
  const full = Math.ceil(tokens / roomTokens - 1e-9) - 1;
  const ownSteps = Math.max(0, Math.ceil(promptTokens / roomTokens - 1e-9) - 1);
  const rest = tokens - full * roomTokens;
  if (full > MOST_BURST_STEPS) {
    const longest = full * fullMs;
    add(share, longest / 2, longest * longest);
    return;
  }
  for (let k = 1; k <= full; k += 1) {
    add((share * roomTokens) / tokens, Math.max(0, (k - ownSteps) * fullMs - ownMs), 0);
  }
  add((share * rest) / tokens, Math.max(0, (full - ownSteps) * fullMs + burstMs(rest) - ownMs), 0);
}

/** Prompts in a step above which their number is normal. */
const MANY = 4;
/** Chances of 0, 1, .. prompts that are told apart below that. */
const MOST_COUNTED = 8;

/**
 * Adds a round in which `perStep` others ask in every step. `together` of its variance is that of clients who go in groups that
 * fill a step, and know exactly with whom; the others meet by chance.
 */
function addRound(question: ClientRounds, steps: RoundSteps, perStep: number, together: number, share: number): void {
  const { promptTokens, roomTokens, handedOutChance, laterMs } = steps;
  const own = Math.min(promptTokens, roomTokens);
  const ownMs = laterMs(own);
  const groups = Math.max(1, (question.clients * promptTokens) / roomTokens);
  const stepMs = (tokens: number): number =>
    tokens <= roomTokens ? laterMs(tokens) : (laterMs(roomTokens) * tokens) / roomTokens;
  const besideMs = (count: number): number => Math.max(0, stepMs(own + count * promptTokens) - ownMs);
  const emptyMs = laterMs(0);
  // The step handed out before: that of the group in front, but for the first group; or of whoever came before by chance.
  const exactBefore = 1 - 1 / groups;
  const chanceBefore = -Math.expm1(-perStep);
  const before = together * exactBefore + (1 - together) * chanceBefore;
  const beforeMs = stepMs((perStep * promptTokens) / Math.max(chanceBefore, 1e-9));
  const deposit = (chance: number, ms: number): void => {
    add(share * chance * (1 - before * handedOutChance), handedOutChance * emptyMs + ms, 0);
    add(share * chance * before * handedOutChance, Math.max(emptyMs, beforeMs) + ms, 0);
  };
  const others = (perStep * (question.clients - 1)) / question.clients;
  const spread = Math.sqrt(others * (1 - together));
  if (spread < 0.05 * others) return deposit(1, besideMs(others));
  if (others > MANY) {
    for (let i = 0; i < NORMAL_Z.length; i += 1) {
      deposit(NORMAL_WEIGHTS[i] as number, besideMs(Math.max(0, others + (NORMAL_Z[i] as number) * spread)));
    }
    return;
  }
  let left = 1;
  let chance = Math.exp(-others);
  for (let count = 0; count < MOST_COUNTED; count += 1) {
    deposit(count === MOST_COUNTED - 1 ? left : chance, besideMs(count));
    left -= chance;
    chance *= others / (count + 1);
  }
}

/**
 * Fills `roundWaits`. In the first round everybody asks at once. An answer ends so many steps after its first token as it has
 * tokens: those that were computed in one step and are of one length ask again in one step, for ever. Lengths that differ
 * spread them like a random walk, over the square root of the rounds, until they are anywhere in their cycle.
 */
export function waitInRounds(question: ClientRounds, steps: RoundSteps): void {
  roundWaits.count = 0;
  const { clients, requestsPerClient, outputStdTokens } = question;
  const rounds = Math.max(1, requestsPerClient);
  addBurst(question, steps, 1 / rounds);
  const burstSteps = Math.max(1, (clients * steps.promptTokens) / steps.roomTokens);
  const exact = burstSteps * burstSteps * UNIFORM_VARIANCE;
  const cycle = Math.max(1, steps.outputTokens, burstSteps);
  // Rounds after the first are taken together: 1, 2, 3 and 4, 5 to 8, ..
  for (let first = 1; first < rounds;) {
    const last = outputStdTokens > 0 ? Math.min(rounds, first < 3 ? first + 1 : 2 * first - 1) : rounds;
    const walked = Math.sqrt(first * Math.max(first, last - 1)) * outputStdTokens * outputStdTokens;
    const width = Math.sqrt((exact + walked) / UNIFORM_VARIANCE);
    if (width >= cycle && walked > 0) {
      endInStep();
      addRound(question, steps, clients / cycle, 0, (rounds - first) / rounds);
      return;
    }
    addRound(question, steps, clients / Math.min(width, cycle), exact / (exact + walked), (last - first) / rounds);
    first = last;
  }
  endInStep();
}
