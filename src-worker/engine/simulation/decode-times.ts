import type { StepPlan } from '../roofline/step-plan.ts';
import { stepTimeMs } from '../roofline/step-time.ts';

/**
 * Tokens of mean context in a cell of the table. The time of a step is linear in the context but for the smooth maxima of
 * hidden host time and of recurrent states, and for the windows' kinks, which are multiples of this in the models we know.
 */
export const CELL_TOKENS = 128;
/** Where the middle of a part of a cell lies further from its chord than this share, the cell is cut in more parts. */
const MOST_DEVIATION = 2e-5;
/** Parts of a cell at most: 2 tokens of mean context each. */
const MOST_PARTS = 64;

/**
 * Times of steps that only decode, tabulated over (decodes, mean context) as they are asked for and straight between two knots,
 * so that a stretch of such steps is the sum of an arithmetic series. Where the time is linear that is exact to rounding,
 * elsewhere the relative error is below 1e-4.
 */
export class DecodeTimes {
  readonly #plan: StepPlan;
  /** [decodes][cell][knot] ms at the ends of a cell's equal parts; undefined = not computed yet. */
  readonly #rows: (number[] | undefined)[][] = [];
  /** Of the last `setStep`: ms of a step with that context, ms per token of context above it, and the knot it ends at. */
  ms = 0;
  msPerToken = 0;
  nextKnotTokens = 0;

  constructor(plan: StepPlan) {
    this.#plan = plan;
  }

  /** Looks up steps of `decodes` sequences that attend to `contextTokens` together. */
  setStep(decodes: number, contextTokens: number): void {
    const cellTokens = CELL_TOKENS * decodes;
    const cell = Math.floor(contextTokens / cellTokens);
    const knots = this.#rows[decodes]?.[cell] ?? this.#cut(decodes, cell);
    const parts = knots.length - 1;
    const partTokens = cellTokens / parts;
    const part = parts === 1 ? 0 : Math.floor((contextTokens - cell * cellTokens) / partTokens);
    const startTokens = cell * cellTokens + part * partTokens;
    const low = knots[part] as number;
    this.msPerToken = ((knots[part + 1] as number) - low) / partTokens;
    this.ms = low + this.msPerToken * (contextTokens - startTokens);
    this.nextKnotTokens = startTokens + partTokens;
  }

  /** Halves the parts of a cell until all are straight. */
  #cut(decodes: number, cell: number): number[] {
    const msAt = (cells: number): number => stepTimeMs(this.#plan, decodes, cells * CELL_TOKENS * decodes, 0, 0, 0);
    let knots = [msAt(cell), msAt(cell + 1)];
    for (let parts = 1, isStraight = false; !isStraight && parts < MOST_PARTS; parts *= 2) {
      const halved = [knots[0] as number];
      isStraight = true;
      for (let part = 0; part < parts; part += 1) {
        const end = knots[part + 1] as number;
        const middle = msAt(cell + (part + 0.5) / parts);
        const chord = ((knots[part] as number) + end) / 2;
        if (Math.abs(middle - chord) > MOST_DEVIATION * middle) isStraight = false;
        halved.push(middle, end);
      }
      if (!isStraight) knots = halved;
    }
    let row = this.#rows[decodes];
    if (!row) row = this.#rows[decodes] = [];
    while (row.length < cell) row.push(undefined);
    row[cell] = knots;
    return knots;
  }
}
