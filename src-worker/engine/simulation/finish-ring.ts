import type { RequestStates } from './request-states.ts';

const NONE = -1;
const WORD = 32;

/**
 * The steps at which decodes end: lists of requests by step number in a ring longer than any answer, so that who ends at a
 * step, and the next step at which somebody does, are found without looking at the others.
 */
export class FinishRing {
  readonly #mask: number;
  readonly #first: Int32Array;
  /** One bit a slot: does anybody end there? */
  readonly #bits: Int32Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;

  constructor({ longestAnswer, nextEnding, previousEnding }: RequestStates) {
    let size = WORD;
    while (size <= longestAnswer + 1) size *= 2;
    this.#mask = size - 1;
    this.#first = new Int32Array(size).fill(NONE);
    this.#bits = new Int32Array(size / WORD);
    this.#next = nextEnding;
    this.#previous = previousEnding;
  }

  add(request: number, step: number): void {
    const slot = step & this.#mask;
    const first = this.#first[slot] as number;
    this.#next[request] = first;
    this.#previous[request] = NONE;
    if (first !== NONE) this.#previous[first] = request;
    this.#first[slot] = request;
    this.#bits[slot >> 5] = (this.#bits[slot >> 5] as number) | (1 << (slot & 31));
  }

  remove(request: number, step: number): void {
    const slot = step & this.#mask;
    const next = this.#next[request] as number;
    const previous = this.#previous[request] as number;
    if (next !== NONE) this.#previous[next] = previous;
    if (previous !== NONE) this.#next[previous] = next;
    else this.#first[slot] = next;
    if ((this.#first[slot] as number) === NONE) this.#clear(slot);
  }

  /** A request that ends at `step`, taken out; -1 = nobody any more. */
  take(step: number): number {
    const slot = step & this.#mask;
    const request = this.#first[slot] as number;
    if (request === NONE) return NONE;
    const next = this.#next[request] as number;
    this.#first[slot] = next;
    if (next !== NONE) this.#previous[next] = NONE;
    else this.#clear(slot);
    return request;
  }

  /** Steps after `step` until somebody ends, at most `most`: what lies beyond is not searched. */
  stepsToNext(step: number, most: number): number {
    let at = step + 1;
    let slot = at & this.#mask;
    let word = (this.#bits[slot >> 5] as number) >>> (slot & 31);
    while (word === 0) {
      at += WORD - (slot & 31);
      if (at - step >= most) return most;
      slot = at & this.#mask;
      word = this.#bits[slot >> 5] as number;
    }
    return Math.min(most, at + 31 - Math.clz32(word & -word) - step);
  }

  #clear(slot: number): void {
    this.#bits[slot >> 5] = (this.#bits[slot >> 5] as number) & ~(1 << (slot & 31));
  }
}
