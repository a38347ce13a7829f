/**
 * A stretch of steps in which only decodes run: by how much each takes longer than the one before is the same, so that the time of
 * all is the sum of an arithmetic series.
 */
export class Stretch {
  /** Steps (0 = none has begun), ms of the first, and by how much each takes longer. */
  steps = 0;
  stepMs = 0;
  growthMs = 0;
  /** Somebody who arrives may be seated at once. */
  isOpen = false;
  /** Share of a step before whose end the next one is handed out. */
  readonly #handedOutBefore: number;

  constructor(handedOutBefore: number) {
    this.#handedOutBefore = handedOutBefore;
  }

  /** ms of the first so many steps. */
  msOf(steps: number): number {
    return steps * this.stepMs + (this.growthMs * steps * (steps - 1)) / 2;
  }

  /** Ends it with the first step after which somebody is seen who arrives `waitMs` after its begin. */
  shortenFor(waitMs: number): void {
    const { steps: most, stepMs: ms, growthMs } = this;
    const before = this.#handedOutBefore;
    if (seenMs(most, ms, growthMs, before) < waitMs) return;
    const linear = ms - growthMs / 2;
    const target = Math.max(0, waitMs + before * ms);
    const guess =
      growthMs > 0 ? (-linear + Math.sqrt(linear * linear + 2 * growthMs * target)) / growthMs : target / ms;
    let steps = Math.min(most, Math.max(1, Math.ceil(guess)));
    while (steps > 1 && seenMs(steps - 1, ms, growthMs, before) >= waitMs) steps -= 1;
    while (steps < most && seenMs(steps, ms, growthMs, before) < waitMs) steps += 1;
    this.steps = steps;
  }
}

/** ms from the begin of a stretch before which those come who are seen after `k` steps: before the last share of the k-th. */
const seenMs = (k: number, ms: number, growthMs: number, handedOutBefore: number): number =>
  k * ms + (growthMs * k * (k - 1)) / 2 - handedOutBefore * (ms + growthMs * (k - 1));
