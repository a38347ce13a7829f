import { stepTimeMs } from '../roofline/step-time.ts';
import { ContentCache } from './content-cache.ts';
import type { DecodeTimes } from './decode-times.ts';
import { FinishRing } from './finish-ring.ts';
import type { ClosedLoop, Incoming } from './incoming.ts';
import type { Observer } from './observer.ts';
import { BLOCK_TOKENS, blocksFor, type RequestStates } from './request-states.ts';
import type { SimulatedRequests } from './requests.ts';
import { isCheckpoint, type RunOptions } from './run-options.ts';
import { RunningList } from './running-list.ts';
import type { SchedulerTotals } from './simulated-run.ts';
import type { SimulatedServer } from './simulated-server.ts';
import { Stretch } from './stretch.ts';
import { waitingQueue, type WaitingQueue } from './waiting-queue.ts';

const PHASES = BLOCK_TOKENS;
const NONE = -1;
/** A step that is under way when a request arrives has half of itself left on average. */
const MEAN_REST_OF_STEP = 0.5;

/** What a scheduler is made of, and what it shares with those beside it. */
export interface SchedulerParts {
  states: RequestStates;
  server: SimulatedServer;
  incoming: Incoming;
  /** null = an open run. */
  loop: ClosedLoop | null;
  times: DecodeTimes;
  observer: Observer | null;
  isRouted: boolean;
}

/**
 * The scheduler of vLLM V1, step by step: running sequences first, then chunks of waiting prompts as far as tokens, seats and
 * KV blocks reach; when blocks run out the last of the running (the least urgent, by priority) is preempted and recomputed.
 * Stretches of steps in which only decodes run are one jump (`Stretch`), so that a request costs a few rounds and not one a token:
 * the sum of step times is an arithmetic series (`DecodeTimes`), who ends at a step is known when he starts (`FinishRing`), and
 * how many decodes need a new block is counted by the phase of their length. QUEUEING.md section 2.
 */
export class Scheduler {
  /** ms; number of the next step that decodes; decodes and the tokens they attend to in it; free KV blocks. */
  #timeMs = 0;
  #step = 0;
  #decodes = 0;
  #context = 0;
  #freeBlocks: number;
  /** ms of the step before, 0 after a pause: who arrives in its last part is too late for the next one. */
  #lastStepMs = 0;
  /** The request that has a part of its prompt computed, and how much; at most one does. */
  #partial = NONE;
  #partialComputed = 0;
  /** The decodes have the blocks of the step being made. */
  #hasGrown = false;
  #maxRunning = 0;
  #preempted = 0;
  #steps = 0;
  #events = 0;
  #foundTokens = 0;
  #seatsShortMs = 0;
  #blocksShortMs = 0;
  /** The next of the waiting found no blocks in the step being made. */
  #isBlocked = false;
  /** Who ran and waited in the last round. */
  #runningBefore = 0;
  #waitingBefore = 0;
  /** The piece of time that the observer has not been told of yet: who arrived in it may not be known before it is over. */
  #untoldFromMs = 0;
  #untoldToMs = 0;
  #untoldBlocks = 0;
  #untoldPreempted = 0;

  readonly #states: RequestStates;
  readonly #requests: SimulatedRequests;
  readonly #server: SimulatedServer;
  readonly #seats: number;
  readonly #observer: Observer | null;
  readonly #times: DecodeTimes;
  /** Requests are handed over as they come, so that a stretch of decodes must not end before it is over. */
  readonly #isRouted: boolean;
  readonly #ring: FinishRing;
  readonly #queue: WaitingQueue;
  readonly #running: RunningList;
  readonly #incoming: Incoming;
  /** Who sends the next request when an answer has ended; null in an open run. */
  readonly #loop: ClosedLoop | null;
  readonly #content: ContentCache | null;
  /** Share of a step before whose end the next one is handed out. */
  readonly #handedOutBefore: number;
  readonly #stretch: Stretch;

  /** Of `#states`. */
  readonly #arrivalMs: Float64Array;
  readonly #given: Int32Array;
  readonly #startStep: Int32Array;
  readonly #startLength: Int32Array;
  readonly #shared: Int32Array;
  /** [phase] decodes that need a new block in steps of that number modulo BLOCK_TOKENS. */
  readonly #needing = new Int32Array(PHASES);
  /** Prompts that end in the step being made. */
  readonly #ending: Int32Array;
  #numEnding = 0;

  constructor({ states, server, incoming, loop, times, observer, isRouted }: SchedulerParts) {
    this.#states = states;
    this.#requests = states.requests;
    this.#server = server;
    this.#seats = Math.max(1, Math.floor(Math.min(server.maxNumSeqs, server.maxNumBatchedTokens)));
    this.#observer = observer;
    this.#times = times;
    this.#isRouted = isRouted;
    this.#freeBlocks = states.totalBlocks;
    this.#ring = new FinishRing(states);
    this.#queue = waitingQueue(server.policy, states);
    this.#running = new RunningList(states);
    this.#incoming = incoming;
    this.#loop = loop;
    this.#handedOutBefore = Math.min(1, Math.max(0, server.plan.firstTokenWaitSteps - MEAN_REST_OF_STEP));
    this.#stretch = new Stretch(this.#handedOutBefore);
    this.#content = this.#requests.contentBlocks && new ContentCache(this.#requests.contentBlocks, BLOCK_TOKENS);
    this.#arrivalMs = states.arrivalMs;
    this.#given = states.given;
    this.#startStep = states.startStep;
    this.#startLength = states.startLength;
    this.#shared = states.shared;
    this.#ending = new Int32Array(this.#seats);
  }

  /** Until the measured requests have ended, or nobody is on the way any more; `mostEvents` rounds at most. */
  run(mostEvents: number, checkpoint: RunOptions['checkpoint']): void {
    const states = this.#states;
    checkpoint?.();
    while (states.toEnd > 0 && this.#events < mostEvents) {
      if (isCheckpoint(this.#events)) checkpoint?.();
      if (!this.#takeArrivals()) break;
      this.#events += 1;
      this.#makeStep();
    }
  }

  // --- behind a router

  /**
   * ms of what happens next as far as is known: a step begins, or a stretch of decodes ends. Who arrives until then must have
   * been handed over before it happens.
   */
  get nextMs(): number {
    if (this.#stretch.steps > 0) return this.#timeMs + this.#stretch.msOf(this.#stretch.steps);
    if (this.#isBusy()) return this.#timeMs;
    const next = this.#incoming.peek();
    return next === NONE ? Infinity : Math.max(this.#timeMs, this.#arrivalMs[next] as number);
  }

  /** Lets it happen. */
  advance(): void {
    if (this.#stretch.steps > 0) this.#endStretch();
    else if (this.#takeArrivals()) {
      this.#events += 1;
      this.#makeStep();
    }
  }

  /** Somebody was handed over: a stretch under way may end for him. */
  expect(request: number): void {
    if (this.#stretch.isOpen && this.#stretch.steps > 1) this.#shortenStretch(request);
  }

  /** Sequences that run at a time between the last thing that happened and the next; those who end just then among them. */
  runningAt(ms: number): number {
    return ms < this.#timeMs ? this.#runningBefore : this.#running.size;
  }

  /** Requests that wait in its queue at such a time, without those on the way. */
  waitingAt(ms: number): number {
    return ms < this.#timeMs ? this.#waitingBefore : this.#queue.size;
  }

  /** What it has come to. */
  end(): SchedulerTotals {
    this.#tellRest();
    return {
      steps: this.#steps,
      events: this.#events,
      wallMs: this.#timeMs,
      maxRunning: this.#maxRunning,
      freeBlocks: this.#freeBlocks,
      foundTokens: this.#foundTokens,
      seatsShortMs: this.#seatsShortMs,
      blocksShortMs: this.#blocksShortMs,
    };
  }

  // --- who comes

  /** Those who have arrived join the queue; false where nobody is left who could. */
  #takeArrivals(): boolean {
    this.#tellRest();
    if (this.#isBusy()) this.#joinUntil(this.#timeMs - this.#handedOutBefore * this.#lastStepMs);
    while (!this.#isBusy()) {
      const next = this.#incoming.peek();
      if (next === NONE) return false;
      const toMs = Math.max(this.#timeMs, this.#arrivalMs[next] as number);
      this.#remember(this.#timeMs, toMs);
      this.#tellRest();
      this.#timeMs = toMs;
      this.#lastStepMs = 0;
      this.#joinUntil(toMs);
    }
    return true;
  }

  #isBusy(): boolean {
    return this.#running.size > 0 || this.#queue.size > 0;
  }

  #joinUntil(untilMs: number): void {
    for (;;) {
      const request = this.#incoming.peek();
      if (request === NONE || (this.#arrivalMs[request] as number) > untilMs) return;
      this.#incoming.pop();
      if (this.#states.canEverFit(request)) this.#queue.arrive(request);
      else this.#states.reject(request);
    }
  }

  // --- one round

  #makeStep(): void {
    const { maxNumBatchedTokens, hasSeparatePrefill } = this.#server;
    const phase = this.#step & (PHASES - 1);
    const preemptedBefore = this.#preempted;
    this.#hasGrown = false;
    this.#isBlocked = false;
    if (!hasSeparatePrefill) this.#growDecodes(phase);
    this.#numEnding = 0;
    let room = maxNumBatchedTokens - (hasSeparatePrefill ? 0 : this.#decodes);
    let tokens = 0;
    let pairs = 0;
    if (this.#partial !== NONE) {
      const chunk = this.#continuePartial(room);
      tokens = chunk;
      pairs = chunk * (this.#partialComputed - chunk / 2);
      room -= chunk;
      this.#endPartial();
    }
    while (
      this.#preempted === preemptedBefore &&
      room > 0 &&
      this.#partial === NONE &&
      this.#running.size < this.#seats
    ) {
      const request = this.#queue.peek();
      if (request === NONE) break;
      const chunk = this.#admit(request, room, tokens > 0);
      if (chunk === 0) break;
      tokens += chunk;
      pairs += chunk * (this.#partialComputed - chunk / 2);
      room -= chunk;
      this.#endPartial();
    }
    if (tokens > 0) {
      this.#stepWithPrompts(tokens, pairs);
      return;
    }
    if (hasSeparatePrefill) this.#growDecodes(phase);
    if (this.#decodes > 0) this.#decodeOn(this.#preempted > preemptedBefore);
  }

  /** Every decode that fills its last block gets a new one; who came last gives way when there are none. */
  #growDecodes(phase: number): void {
    while ((this.#needing[phase] as number) > this.#freeBlocks) {
      // Those before took all there was, and with it what nobody used of the cache, before there was nothing left.
      this.#content?.evictTo(0);
      this.#preempt(this.#victim());
    }
    this.#take(this.#needing[phase] as number);
    this.#hasGrown = true;
  }

  #take(blocks: number): void {
    this.#freeBlocks -= blocks;
    if (this.#content && this.#content.idleBlocks > this.#freeBlocks) this.#content.evictTo(this.#freeBlocks);
  }

  /** Who loses its blocks first: the last of the running, or the least urgent. */
  #victim(): number {
    if (this.#server.policy === 'fcfs') return this.#running.last;
    return this.#running.leastUrgent((a, b) => this.#states.isBefore(a, b));
  }

  #preempt(request: number): void {
    if (request === this.#partial) {
      const held = this.#server.reservesWholePrompt ? this.#targetOf(request) : this.#partialComputed;
      this.#giveBack(request, held);
      this.#partial = NONE;
    } else {
      const done = this.#step - (this.#startStep[request] as number);
      const length = (this.#startLength[request] as number) + done;
      const held = length + (this.#hasGrown ? 1 : 0);
      this.#ring.remove(request, this.#endStepOf(request));
      this.#given[request] = (this.#given[request] as number) + done;
      this.#stopDecoding(request, length);
      this.#giveBack(request, held);
    }
    const { preemptions } = this.#states;
    preemptions[request] = (preemptions[request] as number) + 1;
    this.#preempted += 1;
    this.#running.leave(request);
    this.#queue.putBack(request);
  }

  /** Tokens to compute before the next token: the prompt, and what was given before a preemption. */
  #targetOf(request: number): number {
    return (this.#requests.promptTokens[request] as number) + (this.#given[request] as number);
  }

  #endStepOf(request: number): number {
    const left = (this.#requests.outputTokens[request] as number) - (this.#given[request] as number);
    return (this.#startStep[request] as number) + left;
  }

  #giveBack(request: number, lengthTokens: number): void {
    const shared = this.#shared[request] as number;
    if (!this.#content || shared === 0) {
      this.#freeBlocks += blocksFor(lengthTokens);
      return;
    }
    const idleBefore = this.#content.idleBlocks;
    this.#freeBlocks += blocksFor(lengthTokens) - shared * this.#content.blocksPerContent;
    this.#content.release(request, shared);
    this.#freeBlocks += this.#content.idleBlocks - idleBefore;
    this.#shared[request] = 0;
  }

  // --- prompts

  /** The prompt that has a part computed gets its next chunk; 0 where there are no blocks for it: then it gives way itself. */
  #continuePartial(room: number): number {
    const request = this.#partial;
    const chunk = Math.min(this.#targetOf(request) - this.#partialComputed, room);
    if (!this.#server.reservesWholePrompt) {
      const needed = blocksFor(this.#partialComputed + chunk) - blocksFor(this.#partialComputed);
      while (needed > this.#freeBlocks) {
        const victim = this.#victim();
        this.#preempt(victim);
        if (victim === request) return 0;
      }
      this.#take(needed);
    }
    this.#partialComputed += chunk;
    return chunk;
  }

  /** The next of the waiting gets a seat and its first chunk; 0 where blocks are short. */
  #admit(request: number, room: number, isShared: boolean): number {
    const { reservesWholePrompt, hasSeparatePrefill } = this.#server;
    const target = this.#targetOf(request);
    const found = this.#content?.found(request, this.#requests.promptTokens[request] as number) ?? 0;
    const cached = this.#cachedOf(request, found, target);
    const left = target - cached;
    if (hasSeparatePrefill && isShared && left > room) return 0;
    const chunk = hasSeparatePrefill ? left : Math.min(left, room);
    const held = blocksFor(reservesWholePrompt || hasSeparatePrefill ? target : cached + chunk);
    const shared = Math.min(found, Math.floor(held / (this.#content?.blocksPerContent ?? 1)));
    const own = held - shared * (this.#content?.blocksPerContent ?? 0);
    if (own + (this.#content?.idleAmong(request, shared) ?? 0) > this.#freeBlocks) {
      this.#isBlocked = true;
      return 0;
    }
    const revived = this.#content?.use(request, shared) ?? 0;
    this.#shared[request] = shared;
    this.#take(own + revived);
    this.#queue.pop();
    this.#running.join(request);
    this.#partial = request;
    this.#partialComputed = cached + chunk;
    this.#foundTokens += cached;
    return chunk;
  }

  #cachedOf(request: number, found: number, target: number): number {
    const { contentBlocks, cachedTokens } = this.#requests;
    if (!contentBlocks) return cachedTokens[request] as number;
    // The last token is always computed, and with it the block it lies in.
    const most = Math.floor((target - 1) / BLOCK_TOKENS) * BLOCK_TOKENS;
    return Math.min(found * contentBlocks.blockTokens, most);
  }

  /** Keeps what was computed for others, and closes the prompt where that was all of it. */
  #endPartial(): void {
    const request = this.#partial;
    if (request === NONE) return;
    if (this.#content) {
      const prompt = Math.min(this.#partialComputed, this.#requests.promptTokens[request] as number);
      const to = this.#content.wholeBlocks(request, prompt);
      this.#shared[request] = this.#content.keep(request, this.#shared[request] as number, to);
    }
    if (this.#partialComputed < this.#targetOf(request)) return;
    this.#ending[this.#numEnding] = request;
    this.#numEnding += 1;
    this.#partial = NONE;
  }

  #stepWithPrompts(tokens: number, pairs: number): void {
    const { plan, hasSeparatePrefill } = this.#server;
    const decodes = hasSeparatePrefill ? 0 : this.#decodes;
    const ms = stepTimeMs(plan, decodes, decodes > 0 ? this.#context : 0, tokens, pairs, this.#numEnding);
    this.#pass(ms, ms, hasSeparatePrefill ? 0 : 1);
    for (let i = 0; i < this.#numEnding; i += 1) this.#startDecoding(this.#ending[i] as number);
    if (!hasSeparatePrefill) this.#finishThose();
  }

  #startDecoding(request: number): void {
    const length = this.#targetOf(request);
    const { firstMs } = this.#states;
    if (Number.isNaN(firstMs[request])) firstMs[request] = this.#timeMs;
    this.#given[request] = (this.#given[request] as number) + 1;
    if (this.#given[request] >= (this.#requests.outputTokens[request] as number)) {
      this.#finish(request, length);
      return;
    }
    this.#startStep[request] = this.#step;
    this.#startLength[request] = length;
    this.#decodes += 1;
    this.#context += length + 1;
    const phase = this.#phaseOf(request);
    this.#needing[phase] = (this.#needing[phase] as number) + 1;
    this.#ring.add(request, this.#endStepOf(request));
  }

  /** In steps of this number modulo PHASES its length is a multiple of the block. */
  #phaseOf(request: number): number {
    return ((this.#startStep[request] as number) - (this.#startLength[request] as number)) & (PHASES - 1);
  }

  #stopDecoding(request: number, length: number): void {
    this.#decodes -= 1;
    this.#context -= length + 1;
    const phase = this.#phaseOf(request);
    this.#needing[phase] = (this.#needing[phase] as number) - 1;
  }

  #finish(request: number, length: number): void {
    const states = this.#states;
    states.endMs[request] = this.#timeMs;
    this.#giveBack(request, length);
    this.#running.leave(request);
    if (request < states.numMeasured) states.toEnd -= 1;
    this.#loop?.send(this.#timeMs);
  }

  #finishThose(): void {
    for (let request = this.#ring.take(this.#step); request !== NONE; request = this.#ring.take(this.#step)) {
      const length = (this.#startLength[request] as number) + this.#step - (this.#startStep[request] as number);
      this.#stopDecoding(request, length);
      this.#finish(request, length);
    }
  }

  // --- decodes alone

  /** As many steps at once as nothing happens in but decoding: until somebody ends, arrives and may be seated, or blocks run out. */
  #decodeOn(hasPreempted: boolean): void {
    this.#times.setStep(this.#decodes, this.#context);
    const { ms, msPerToken, nextKnotTokens } = this.#times;
    const toKnot = Math.floor((nextKnotTokens - this.#context) / this.#decodes) + 1;
    const steps = this.#ring.stepsToNext(this.#step, hasPreempted ? 1 : toKnot);
    this.#stretch.steps = this.#stepsWithBlocks(steps);
    this.#stretch.stepMs = ms;
    this.#stretch.growthMs = msPerToken * this.#decodes;
    // Who waits now waits for blocks or a seat, which only come when somebody ends; a more urgent one may need fewer.
    this.#stretch.isOpen =
      this.#queue.size === 0 || (this.#server.policy === 'priority' && this.#running.size < this.#seats);
    const next = this.#stretch.isOpen && this.#stretch.steps > 1 ? this.#incoming.peek() : NONE;
    if (next !== NONE) this.#shortenStretch(next);
    if (!this.#isRouted) this.#endStretch();
  }

  #endStretch(): void {
    const stretch = this.#stretch;
    const { steps, stepMs, growthMs } = stretch;
    stretch.steps = 0;
    this.#take(this.#blocksOver(1, steps));
    this.#pass(stretch.msOf(steps), stepMs + growthMs * (steps - 1), steps);
    this.#finishThose();
  }

  /** Of `most` steps those that blocks suffice for; the first has its blocks already. */
  #stepsWithBlocks(most: number): number {
    // No step needs more than one block of each decode in PHASES steps.
    if (this.#decodes * (Math.floor(most / PHASES) + 1) <= this.#freeBlocks) return most;
    let free = this.#freeBlocks;
    for (let step = 1; step < most; step += 1) {
      free -= this.#needing[(this.#step + step) & (PHASES - 1)] as number;
      if (free < 0) return step;
    }
    return most;
  }

  /** Blocks that all decodes take in the steps from `from` to `to` - 1, counted from the next one. */
  #blocksOver(from: number, to: number): number {
    const count = to - from;
    let blocks = Math.floor(count / PHASES) * this.#decodes;
    for (let step = to - (count % PHASES); step < to; step += 1) {
      blocks += this.#needing[(this.#step + step) & (PHASES - 1)] as number;
    }
    return blocks;
  }

  /** Ends the stretch with the first step after which somebody who arrives is seen. */
  #shortenStretch(request: number): void {
    this.#stretch.shortenFor((this.#arrivalMs[request] as number) - this.#timeMs);
  }

  // --- time

  #pass(ms: number, lastStepMs: number, decodeSteps: number): void {
    const toMs = this.#timeMs + ms;
    if (this.#running.size > this.#maxRunning) this.#maxRunning = this.#running.size;
    this.#remember(this.#timeMs, toMs);
    if (this.#isBlocked) this.#blocksShortMs += ms;
    else if (this.#running.size >= this.#seats && this.#queue.size > 0) this.#seatsShortMs += ms;
    this.#timeMs = toMs;
    this.#lastStepMs = lastStepMs;
    this.#step += decodeSteps;
    this.#context += this.#decodes * decodeSteps;
    this.#steps += Math.max(1, decodeSteps);
  }

  /** Who runs and waits in a piece of time; the observer is told once it is known who arrived meanwhile. */
  #remember(fromMs: number, toMs: number): void {
    this.#runningBefore = this.#running.size;
    this.#waitingBefore = this.#queue.size;
    if (!this.#observer) return;
    this.#untoldFromMs = fromMs;
    this.#untoldToMs = toMs;
    this.#untoldBlocks = this.#states.totalBlocks - this.#freeBlocks;
    this.#untoldPreempted = this.#preempted;
  }

  /** Who arrives in the meantime waits from then on, though he is not seen before the end. */
  #tellRest(): void {
    if (!this.#observer || !(this.#untoldToMs > this.#untoldFromMs)) return;
    const toMs = this.#untoldToMs;
    let from = this.#untoldFromMs;
    const running = this.#runningBefore;
    let waiting = this.#waitingBefore;
    for (const arrivalMs of this.#incoming.arrivalsBefore(toMs)) {
      if (arrivalMs > from) {
        this.#observer.during(from, arrivalMs, running, waiting, this.#untoldBlocks, this.#untoldPreempted);
        from = arrivalMs;
      }
      waiting += 1;
    }
    this.#observer.during(from, toMs, running, waiting, this.#untoldBlocks, this.#untoldPreempted);
    this.#untoldFromMs = toMs;
  }
}
