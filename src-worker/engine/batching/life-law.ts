import { truncatedLognormal } from '../numerics/lognormal.ts';
import type { LengthQuestion } from '../workload/lengths.ts';

/** Cells of the lattice that a mean life has; a run is followed for so many lives, and a law for so many mean lives. */
export const CELLS_PER_LIFE = 64;
const MOST_LIVES = 16;

/** The integral of the distribution function of answers' tokens, up to x: cells that are cut from it keep the mean exactly. */
function integratedCdf({ output, maxContextTokens }: LengthQuestion): (x: number) => number {
  const law = truncatedLognormal({ ...output, min: Math.max(1, output.min), max: Math.max(1, output.max) });
  const most = maxContextTokens === null ? Infinity : Math.max(1, maxContextTokens - 1);
  const low = Math.max(1, output.min);
  const below = (x: number): number => {
    if (law.mean === law.quantile(0) && law.mean === law.quantile(1)) return Math.max(0, x - law.mean);
    return x <= low ? 0 : x * law.cdf(x) - law.partialMean(low, x);
  };
  return (x) => (x <= most ? below(x) : below(most) + x - most);
}

export interface LifeLaw {
  chances: Float64Array;
  pauseKept: number;
  cellSteps: number;
  /** Standard deviation of a life, in cells. */
  stdCells: number;
}

/**
 * Lives of requests on a lattice of `cellSteps` steps: a step for every token after the first, `heldSteps` for what is before it, and an
 * exponential pause before that of `pauseSteps` on average. Every point of the law is shared by the two cells beside it, so that
 * the mean is kept.
 */
export function lifeLaw(question: LengthQuestion, outputMean: number, heldSteps: number, pauseSteps: number): LifeLaw {
  const cellSteps = (outputMean - 1 + heldSteps + pauseSteps) / CELLS_PER_LIFE;
  const integrated = integratedCdf(question);
  const at = (cell: number): number => integrated(cell * cellSteps - heldSteps + 1) / cellSteps;
  const cells = CELLS_PER_LIFE * MOST_LIVES;
  const chances = new Float64Array(cells + 1);
  let [before, here] = [at(-1), at(0)];
  for (let cell = 0; cell < cells; cell += 1) {
    const after = at(cell + 1);
    const chance = after - 2 * here + before;
    chances[cell] = chance > 1e-12 ? chance : 0;
    [before, here] = [here, after];
  }
  chances[cells] = Math.max(0, 1 - chances.reduce((sum, chance) => sum + chance, 0));
  const pauseCells = pauseSteps / cellSteps;
  const pauseKept = pauseCells / (1 + pauseCells);
  if (pauseKept > 0) {
    let carried = 0;
    for (let cell = 0; cell < cells; cell += 1) {
      carried = pauseKept * carried + (1 - pauseKept) * (chances[cell] as number);
      chances[cell] = carried;
    }
    chances[cells] = Math.max(0, 1 - chances.subarray(0, cells).reduce((sum, chance) => sum + chance, 0));
  }
  // A life takes a cell at least.
  chances[1] = (chances[1] as number) + (chances[0] as number);
  chances[0] = 0;
  let longest = cells;
  while (longest > 1 && (chances[longest] as number) < 1e-9) longest -= 1;
  const lives = chances.subarray(0, longest + 1);
  const mean = lives.reduce((sum, chance, cell) => sum + chance * cell, 0);
  const variance = lives.reduce((sum, chance, cell) => sum + chance * (cell - mean) ** 2, 0);
  return { chances: lives, pauseKept, cellSteps, stdCells: Math.sqrt(variance) };
}
