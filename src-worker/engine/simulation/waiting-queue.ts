import { RequestHeap } from './request-heap.ts';
import type { RequestStates } from './request-states.ts';
import type { SchedulingPolicy } from './requests.ts';

const NONE = -1;

/** Requests that wait for a seat, the next one first. */
export interface WaitingQueue {
  readonly size: number;
  /** The next one; -1 = nobody waits. */
  peek(): number;
  pop(): void;
  /** A request that has arrived. */
  arrive(request: number): void;
  /** One that lost its blocks. */
  putBack(request: number): void;
}

/** First come first served; who was preempted stands in front, the last preempted first. */
class FirstComeQueue implements WaitingQueue {
  size = 0;
  /** [request] who came after it. */
  readonly #next: Int32Array;
  #first = NONE;
  #last = NONE;
  readonly #preempted: number[] = [];

  constructor({ next }: RequestStates) {
    this.#next = next;
  }

  peek(): number {
    const { length } = this.#preempted;
    return length > 0 ? (this.#preempted[length - 1] as number) : this.#first;
  }

  pop(): void {
    this.size -= 1;
    if (this.#preempted.length > 0) {
      this.#preempted.pop();
      return;
    }
    this.#first = this.#next[this.#first] as number;
    if (this.#first === NONE) this.#last = NONE;
  }

  arrive(request: number): void {
    this.size += 1;
    this.#next[request] = NONE;
    if (this.#last === NONE) this.#first = request;
    else this.#next[this.#last] = request;
    this.#last = request;
  }

  putBack(request: number): void {
    this.size += 1;
    this.#preempted.push(request);
  }
}

/** The lowest number of priority first, of equal ones who arrived first. */
class PriorityQueue implements WaitingQueue {
  readonly #heap: RequestHeap;

  constructor(isBefore: (a: number, b: number) => boolean) {
    this.#heap = new RequestHeap(isBefore);
  }

  get size(): number {
    return this.#heap.size;
  }

  peek(): number {
    return this.#heap.peek();
  }

  pop(): void {
    this.#heap.pop();
  }

  arrive(request: number): void {
    this.#heap.push(request);
  }

  putBack(request: number): void {
    this.#heap.push(request);
  }
}

export const waitingQueue = (policy: SchedulingPolicy, states: RequestStates): WaitingQueue =>
  policy === 'fcfs' ? new FirstComeQueue(states) : new PriorityQueue((a, b) => states.isBefore(a, b));
