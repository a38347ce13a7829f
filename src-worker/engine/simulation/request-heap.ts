/** Requests in an order of the caller's, the first of them on top. */
export class RequestHeap {
  readonly #heap: number[] = [];
  readonly #isBefore: (a: number, b: number) => boolean;

  constructor(isBefore: (a: number, b: number) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** -1 = none. */
  peek(): number {
    return this.#heap[0] ?? -1;
  }

  /** Those for whom `isIn` holds, in no order, left where they are; it must hold for nobody behind one for whom it does not. */
  listWhile(isIn: (request: number) => boolean): number[] {
    const found: number[] = [];
    const visit = (at: number): void => {
      const request = this.#heap[at];
      if (request === undefined || !isIn(request)) return;
      found.push(request);
      visit(2 * at + 1);
      visit(2 * at + 2);
    };
    visit(0);
    return found;
  }

  push(request: number): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(request);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(request, heap[parent] as number)) break;
      heap[at] = heap[parent] as number;
      at = parent;
    }
    heap[at] = request;
  }

  pop(): number {
    const heap = this.#heap;
    const top = heap[0] ?? -1;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#isBefore(heap[child + 1] as number, heap[child] as number)) child += 1;
      if (!this.#isBefore(heap[child] as number, last)) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}
