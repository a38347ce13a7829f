import { RequestHeap } from './request-heap.ts';
import type { SchedulingPolicy } from './requests.ts';

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
  readonly #arrived: Int32Array;
  #next = 0;
  #end = 0;
  readonly #preempted: number[] = [];

  constructor(requests: number) {
    this.#arrived = new Int32Array(requests);
  }

  get size(): number {
    return this.#end - this.#next + this.#preempted.length;
  }

  peek(): number {
    const { length } = this.#preempted;
    if (length > 0) return this.#preempted[length - 1] as number;
    return this.#next < this.#end ? (this.#arrived[this.#next] as number) : -1;
  }

  pop(): void {
    if (this.#preempted.length > 0) this.#preempted.pop();
    else this.#next += 1;
  }

  arrive(request: number): void {
    this.#arrived[this.#end] = request;
    this.#end += 1;
  }

  putBack(request: number): void {
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

/** The queue of a policy; `isBefore` is the order of priorities. */
export const waitingQueue = (
  policy: SchedulingPolicy,
  requests: number,
  isBefore: (a: number, b: number) => boolean,
): WaitingQueue => (policy === 'fcfs' ? new FirstComeQueue(requests) : new PriorityQueue(isBefore));
