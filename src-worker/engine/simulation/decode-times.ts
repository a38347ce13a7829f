import type { StepPlan } from '../roofline/step-plan.ts';
import { stepTimeMs } from '../roofline/step-time.ts';

/**
 * Tokens of mean context between two knots. The time of a step is linear in the context up to the smooth maxima of hidden
 * host time and of recurrent states, and to the windows' kinks, which are multiples of this in the models we know: between
 * knots it is taken as straight. The relative error is below 1e-4 for those, and rounding for all others.
 */
export const KNOT_TOKENS = 128;

/**
 * Times of steps that only decode, tabulated over (decodes, mean context) as they are asked for: a stretch of such steps is
 * then the sum of an arithmetic series between two knots.
 */
export class DecodeTimes {
  readonly #plan: StepPlan;
  /** [decodes][knot] ms; NaN = not computed yet. */
  readonly #rows: Float64Array[] = [];
  /** Of the last `setStep`: ms of a step with that context, ms per token of context above it, and the knot it ends at. */
  ms = 0;
  msPerToken = 0;
  nextKnotTokens = 0;

  constructor(plan: StepPlan) {
    this.#plan = plan;
  }

  /** Looks up steps of `decodes` sequences that attend to `contextTokens` together. */
  setStep(decodes: number, contextTokens: number): void {
    const cellTokens = KNOT_TOKENS * decodes;
    const cell = Math.floor(contextTokens / cellTokens);
    let row = this.#rows[decodes];
    if (!row || cell + 1 >= row.length) row = this.#grow(decodes, cell + 2);
    let low = row[cell] as number;
    if (Number.isNaN(low)) low = row[cell] = stepTimeMs(this.#plan, decodes, cell * cellTokens, 0, 0, 0);
    let high = row[cell + 1] as number;
    if (Number.isNaN(high)) high = row[cell + 1] = stepTimeMs(this.#plan, decodes, (cell + 1) * cellTokens, 0, 0, 0);
    this.msPerToken = (high - low) / cellTokens;
    this.ms = low + this.msPerToken * (contextTokens - cell * cellTokens);
    this.nextKnotTokens = (cell + 1) * cellTokens;
  }

  #grow(decodes: number, knots: number): Float64Array {
    const known = this.#rows[decodes];
    const row = new Float64Array(Math.max(knots, 8, 2 * (known?.length ?? 0))).fill(NaN);
    if (known) row.set(known);
    this.#rows[decodes] = row;
    return row;
  }
}
