import type { StepPlan } from '../roofline/step-plan.ts';
import { stepTimeMs } from '../roofline/step-time.ts';
import { MinHeap } from './min-heap.ts';

/** The requests of a run in the order they are sent; lengths in tokens. */
export interface RunRequests {
  /** [request] ms at which an open run sends it; clients of a closed run send their next when the one before has ended. */
  arrivalMs: Float64Array;
  promptTokens: Float64Array;
  /** [request] found in the cache, fewer than the prompt. */
  cachedTokens: Float64Array;
  outputTokens: Float64Array;
}

/** One replica (or one of its streams) and how it schedules. */
export interface RunServer {
  plan: StepPlan;
  maxNumBatchedTokens: number;
  /** Sequences that have seats at once, KV cache included. */
  seats: number;
  /** Prompts are computed whole, in steps of their own. */
  hasSeparatePrefill: boolean;
}

/** What happened: [request] ms from its sending to its first and to its last token, and the length of the run. */
export interface RunOutcome {
  ttftMs: Float64Array;
  e2eMs: Float64Array;
  wallMs: number;
}

/** State of a run while it goes. Requests before `waiting` have all of their prompt; those from `unseen` have not arrived. */
class Run {
  time = 0;
  step = 0;
  decodes = 0;
  /** Tokens that all decodes attend to in the next step. */
  context = 0;
  waiting = 0;
  unseen = 0;
  sent = 0;
  done = 0;
  /** True while the first of the waiting holds a seat with a part of its prompt. */
  isPartial = false;
  readonly uncomputed: Float64Array;
  readonly sentMs: Float64Array;
  readonly firstMs: Float64Array;
  readonly endMs: Float64Array;
  /** Steps at which decodes end, and who ends there. */
  readonly ends = new MinHeap();
  readonly endingAt = new Map<number, number[]>();
  readonly requests: RunRequests;

  constructor(requests: RunRequests) {
    this.requests = requests;
    const count = requests.promptTokens.length;
    this.uncomputed = requests.promptTokens.map((tokens, i) =>
      Math.max(1, tokens - (requests.cachedTokens[i] as number)),
    );
    this.sentMs = new Float64Array(count);
    this.firstMs = new Float64Array(count);
    this.endMs = new Float64Array(count);
  }

  get count(): number {
    return this.uncomputed.length;
  }

  send(atMs: number): void {
    if (this.sent >= this.count) return;
    this.sentMs[this.sent] = atMs;
    this.sent += 1;
  }

  startDecoding(request: number): void {
    const last = this.step + (this.requests.outputTokens[request] as number) - 1;
    this.decodes += 1;
    this.context += (this.requests.promptTokens[request] as number) + 1;
    const others = this.endingAt.get(last);
    if (others) others.push(request);
    else {
      this.endingAt.set(last, [request]);
      this.ends.push(last);
    }
  }

  /** Those whose last token came by now leave. */
  leave(): number[] {
    const left: number[] = [];
    for (let end = this.ends.peek(); end !== undefined && end <= this.step; end = this.ends.peek()) {
      this.ends.pop();
      for (const request of this.endingAt.get(end) ?? []) {
        this.decodes -= 1;
        this.context -=
          (this.requests.promptTokens[request] as number) + (this.requests.outputTokens[request] as number);
        left.push(request);
      }
      this.endingAt.delete(end);
    }
    return left;
  }
}

/** The prompt part of a step: whose prompts it ends, and how much it computes. */
interface PromptPart {
  tokens: number;
  /** Sum over the tokens of what each attends to. */
  pairs: number;
  ending: number[];
}

/** Fills a step with prompts, first come first served, as far as seats and tokens reach. */
function fillWithPrompts(run: Run, server: RunServer): PromptPart {
  const part: PromptPart = { tokens: 0, pairs: 0, ending: [] };
  let room = server.maxNumBatchedTokens - (server.hasSeparatePrefill ? 0 : run.decodes);
  while (run.waiting < run.unseen && room > 0) {
    const request = run.waiting;
    if (!run.isPartial && run.decodes + part.ending.length >= server.seats) break;
    const left = run.uncomputed[request] as number;
    if (server.hasSeparatePrefill && part.tokens > 0 && left > room) break;
    const tokens = server.hasSeparatePrefill ? left : Math.min(left, room);
    const before = (run.requests.promptTokens[request] as number) - left;
    part.tokens += tokens;
    part.pairs += tokens * (before + tokens / 2);
    room -= tokens;
    run.uncomputed[request] = left - tokens;
    run.isPartial = tokens < left;
    if (run.isPartial) break;
    part.ending.push(request);
    run.waiting += 1;
  }
  return part;
}

/** Decodes without prompts until one of them ends or somebody who can have a seat arrives: one jump. */
function decodeOn(run: Run, server: RunServer, frontMs: (request: number) => number): void {
  const steps = Math.max(1, (run.ends.peek() as number) - run.step);
  const meanMs = (count: number): number =>
    stepTimeMs(server.plan, run.decodes, run.context + (run.decodes * (count - 1)) / 2, 0, 0, 0);
  let jump = steps;
  if (run.unseen < run.sent && run.decodes < server.seats) {
    const untilMs = (run.sentMs[run.unseen] as number) + frontMs(run.unseen) - run.time;
    jump = Math.min(steps, Math.max(1, Math.ceil(untilMs / meanMs(steps))));
  }
  run.time += jump * meanMs(jump);
  run.step += jump;
  run.context += run.decodes * jump;
}

/**
 * Replays a finite run from its first request to the end of its last, step by step; stretches in which only decodes run are
 * one jump (exact for step times linear in the context). First come first served, no preemption: a sequence has a seat for
 * its whole length. A request shows up in the scheduler after the API's own time and is charged the steps it waits for its
 * first token beyond the one it finds under way (`firstTokenWaitSteps`). `clients` = how many a closed run has; null = open.
 */
export function replayRun(requests: RunRequests, server: RunServer, clients: number | null): RunOutcome {
  const { plan, seats, maxNumBatchedTokens } = server;
  if (!(seats >= 1 && maxNumBatchedTokens >= 1))
    throw new Error(
      `a server with seats ${seats} and maxNumBatchedTokens ${maxNumBatchedTokens} never ends a run: give at least 1 of each`,
    );
  const run = new Run(requests);
  const frontMs = (request: number): number =>
    plan.ttftBaseMs + plan.tokenizeMsPerToken * (requests.promptTokens[request] as number);
  const first = clients === null ? run.count : Math.min(clients, run.count);
  for (let i = 0; i < first; i += 1) run.send(clients === null ? (requests.arrivalMs[i] as number) : 0);
  const finish = (request: number): void => {
    run.endMs[request] = run.time;
    run.done += 1;
    if (clients !== null) run.send(run.time);
  };
  while (run.done < run.count) {
    while (run.unseen < run.sent && (run.sentMs[run.unseen] as number) + frontMs(run.unseen) <= run.time)
      run.unseen += 1;
    const part = fillWithPrompts(run, server);
    if (part.tokens > 0) {
      const decodes = server.hasSeparatePrefill ? 0 : run.decodes;
      run.time += stepTimeMs(plan, decodes, decodes > 0 ? run.context : 0, part.tokens, part.pairs, part.ending.length);
      if (!server.hasSeparatePrefill) {
        run.step += 1;
        run.context += run.decodes;
      }
      for (const request of part.ending) {
        run.firstMs[request] = run.time;
        if ((requests.outputTokens[request] as number) <= 1) finish(request);
        else run.startDecoding(request);
      }
    } else if (run.decodes > 0) {
      decodeOn(run, server, frontMs);
    } else {
      run.time = Math.max(run.time, (run.sentMs[run.waiting] as number) + frontMs(run.waiting));
      continue;
    }
    run.leave().forEach(finish);
  }
  return outcomeOf(run, server, clients);
}

/** The step under way that a request meets on average is in the replay already; what is beyond it is added here. */
const STEPS_FOUND_UNDER_WAY = 0.5;

function outcomeOf(run: Run, { plan }: RunServer, clients: number | null): RunOutcome {
  const { outputTokens } = run.requests;
  let tokens = 0;
  let decodingMs = 0;
  for (let i = 0; i < run.count; i += 1) {
    tokens += (outputTokens[i] as number) - 1;
    decodingMs += (run.endMs[i] as number) - (run.firstMs[i] as number);
  }
  const isAlone = clients !== null && clients <= 1;
  const meanStepMs = tokens > 0 ? decodingMs / tokens : 0;
  const extraMs = isAlone ? 0 : Math.max(0, plan.firstTokenWaitSteps - STEPS_FOUND_UNDER_WAY) * meanStepMs;
  return {
    ttftMs: run.firstMs.map((ms, i) => ms - (run.sentMs[i] as number) + extraMs),
    e2eMs: run.endMs.map((ms, i) => ms - (run.sentMs[i] as number) + extraMs),
    wallMs: run.time,
  };
}
