import type { StepPlan } from '../roofline/step-plan.ts';
import { RequestHeap } from './request-heap.ts';
import type { RequestStates } from './request-states.ts';
import type { Clients } from './requests.ts';

const NONE = -1;

/** Requests on their way to a scheduler. */
export interface Incoming {
  /** The next to arrive; -1 = nobody is on the way. */
  peek(): number;
  pop(): void;
  /** ms, rising, at which those arrive who come before and can be served. */
  arrivalsBefore(untilMs: number): number[];
}

/** 0, 1, …: all requests of a run, in the order of their numbers. */
export function numbersTo(count: number): Int32Array {
  const numbers = new Int32Array(count);
  for (let i = 1; i < count; i += 1) numbers[i] = i;
  return numbers;
}

/** Requests in order of their arrival, all of them known beforehand. */
export class InOrder implements Incoming {
  readonly #states: RequestStates;
  readonly #order: Int32Array;
  #taken = 0;

  constructor(states: RequestStates, order: Int32Array) {
    this.#states = states;
    this.#order = order;
  }

  peek(): number {
    return this.#taken < this.#order.length ? (this.#order[this.#taken] as number) : NONE;
  }

  pop(): void {
    this.#taken += 1;
  }

  arrivalsBefore(untilMs: number): number[] {
    const arrivals: number[] = [];
    for (let i = this.#taken; i < this.#order.length; i += 1) {
      const request = this.#order[i] as number;
      const arrivalMs = this.#states.arrivalMs[request] as number;
      if (arrivalMs >= untilMs) break;
      if (this.#states.canEverFit(request)) arrivals.push(arrivalMs);
    }
    return arrivals;
  }
}

/** Requests that a router hands over one by one, in order of their arrival. */
export class Inbox implements Incoming {
  readonly #states: RequestStates;
  readonly #received: number[] = [];
  #taken = 0;

  constructor(states: RequestStates) {
    this.#states = states;
  }

  /** How many have not been taken yet. */
  get size(): number {
    return this.#received.length - this.#taken;
  }

  push(request: number): void {
    this.#received.push(request);
  }

  peek(): number {
    return this.#taken < this.#received.length ? (this.#received[this.#taken] as number) : NONE;
  }

  pop(): void {
    this.#taken += 1;
  }

  arrivalsBefore(untilMs: number): number[] {
    const states = this.#states;
    return this.#received
      .slice(this.#taken)
      .filter((request) => states.canEverFit(request))
      .map((request) => states.arrivalMs[request] as number)
      .filter((ms) => ms < untilMs);
  }
}

/** What a request spends (ms) in the API and the tokenizer, before it reaches a scheduler. */
type Front = Pick<StepPlan, 'ttftBaseMs' | 'tokenizeMsPerToken'>;

/** Clients who each send the next request when the answer to the one before has ended, and they have paused. */
export class ClosedLoop implements Incoming {
  readonly #states: RequestStates;
  readonly #clients: Clients;
  readonly #plan: Front;
  readonly #heap: RequestHeap;
  #sent = 0;

  constructor(states: RequestStates, clients: Clients, plan: Front) {
    this.#states = states;
    this.#clients = clients;
    this.#plan = plan;
    this.#heap = new RequestHeap((a, b) => states.arrivesBefore(a, b));
  }

  /** All clients send their first. */
  start(): void {
    for (let i = 0; i < this.#clients.count; i += 1) this.send(0);
  }

  /** A client that is free sends the next request. One that is refused sends another. */
  send(atMs: number): void {
    const { sentMs, arrivalMs, count, requests } = this.#states;
    const { ttftBaseMs, tokenizeMsPerToken } = this.#plan;
    for (let clock = atMs; this.#sent < count;) {
      const request = this.#sent;
      this.#sent += 1;
      const sent = clock + (this.#clients.pauseMs?.[request] ?? 0);
      sentMs[request] = sent;
      arrivalMs[request] = sent + (ttftBaseMs + tokenizeMsPerToken * (requests.promptTokens[request] as number));
      if (this.#states.canEverFit(request)) {
        this.#heap.push(request);
        return;
      }
      this.#states.reject(request);
      clock = arrivalMs[request];
    }
  }

  peek(): number {
    return this.#heap.peek();
  }

  pop(): void {
    this.#heap.pop();
  }

  arrivalsBefore(untilMs: number): number[] {
    const { arrivalMs } = this.#states;
    return this.#heap
      .listWhile((request) => (arrivalMs[request] as number) < untilMs)
      .map((request) => arrivalMs[request] as number)
      .sort((a, b) => a - b);
  }
}
