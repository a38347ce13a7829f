import type { RequestStates } from './request-states.ts';

const NONE = -1;

/** The running, in the order in which they were admitted. */
export class RunningList {
  size = 0;
  /** -1 = nobody. */
  first = NONE;
  last = NONE;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;

  constructor({ next, previous }: RequestStates) {
    this.#next = next;
    this.#previous = previous;
  }

  join(request: number): void {
    this.size += 1;
    this.#previous[request] = this.last;
    this.#next[request] = NONE;
    if (this.last === NONE) this.first = request;
    else this.#next[this.last] = request;
    this.last = request;
  }

  leave(request: number): void {
    this.size -= 1;
    const next = this.#next[request] as number;
    const previous = this.#previous[request] as number;
    if (next === NONE) this.last = previous;
    else this.#previous[next] = previous;
    if (previous === NONE) this.first = next;
    else this.#next[previous] = next;
  }

  /** The one whom all others go before. */
  leastUrgent(isBefore: (a: number, b: number) => boolean): number {
    let worst = this.first;
    for (let at = this.#next[worst] as number; at !== NONE; at = this.#next[at] as number) {
      if (isBefore(worst, at)) worst = at;
    }
    return worst;
  }
}
