import type { UnitService } from './service.ts';

/** Service times cut into the cells of a lattice. Positions are in cells, steps in mean service times. */

/** Cells of a lattice. */
export const LATTICE_SIZE = 2048;
/** Cells from 0 on that are cut finely: with long queues the whole service time fits into them. */
const FINE_CELLS = 8;
const PIECES_PER_FINE_CELL = 8;
/** Pieces of the first cell shrink geometrically, this many to a halving, down to a share of the mean service. */
const PIECES_PER_OCTAVE = 4;
const SMALLEST_PIECE = 2 ** -8;

/** P(residual service <= x) = (x P(S > x) + E[S; S <= x]) / E[S]. */
const residualCdf = (service: UnitService, x: number): number =>
  x <= 0 ? 0 : x * service.tail(x) + service.partialMean(x);

/** Adds a mass at its mean, shared between the two lattice points beside it so that the mean is kept. */
function addMass(masses: Float64Array, mass: number, meanCells: number): void {
  const cell = Math.floor(meanCells);
  const upper = mass * (meanCells - cell);
  masses[cell] = (masses[cell] as number) + mass - upper;
  if (cell + 1 < masses.length) masses[cell + 1] = (masses[cell + 1] as number) + upper;
}

/** Adds a mass to the three lattice points about its mean so that mean and variance (squared cells) are kept. */
function addSpreadMass(masses: Float64Array, mass: number, meanCells: number, variance: number): void {
  const centre = Math.max(1, Math.round(meanCells));
  const offset = meanCells - centre;
  const square = offset * offset + variance;
  masses[centre - 1] = (masses[centre - 1] as number) + (mass * (square - offset)) / 2;
  masses[centre] = (masses[centre] as number) + mass * (1 - square);
  masses[centre + 1] = (masses[centre + 1] as number) + (mass * (square + offset)) / 2;
}

/** Edges (in cells, ascending, from 0) of the pieces that the fine cells are cut into. */
function fineEdges(step: number): number[] {
  const edges = [1];
  const shrink = 2 ** (-1 / PIECES_PER_OCTAVE);
  const smallest = Math.min(1, 1 / step) * SMALLEST_PIECE;
  for (let edge = shrink; edge > smallest; edge *= shrink) edges.push(edge);
  edges.push(0);
  edges.reverse();
  const last = FINE_CELLS - 0.5;
  for (let i = 1; 1 + i / PIECES_PER_FINE_CELL <= last; i += 1) edges.push(1 + i / PIECES_PER_FINE_CELL);
  return edges;
}

/** The curves of a service at the edges (k + 1/2) step of the cells, k = 0 … LATTICE_SIZE. */
export interface EdgeCurves {
  service: UnitService;
  step: number;
  /** [edge] P(S > x). */
  tail: Float64Array;
  /** [edge] E[S; S <= x]. */
  partialMean: Float64Array;
}

export function edgeCurves(service: UnitService, step: number): EdgeCurves {
  const tail = new Float64Array(LATTICE_SIZE + 1);
  const partialMean = new Float64Array(LATTICE_SIZE + 1);
  let last = 1;
  for (let k = 0; k <= LATTICE_SIZE; k += 1) {
    const x = (k + 0.5) * step;
    // Beyond the last service time there is nothing left to evaluate.
    if (last > 0) last = service.tail(x);
    tail[k] = last;
    partialMean[k] = last > 0 ? service.partialMean(x) : service.mean;
  }
  return { service, step, tail, partialMean };
}

/**
 * [cell] masses of the residual service at multiples of `step` (in mean service times), as far as the lattice reaches. Masses
 * may be negative by rounding's second order; their sums keep the residual's moments.
 */
export function residualMasses(curves: EdgeCurves): Float64Array {
  const masses = new Float64Array(LATTICE_SIZE);
  addFineCells(masses, curves.service, curves.step);
  addCoarseCells(masses, curves);
  return masses;
}

/** Every piece near 0 is put at its own mean, E[X; a < X <= b] by Simpson's rule on the distribution. */
function addFineCells(masses: Float64Array, service: UnitService, step: number): void {
  const edges = fineEdges(step);
  let below = 0;
  for (let i = 1; i < edges.length; i += 1) {
    const low = edges[i - 1] as number;
    const high = edges[i] as number;
    const middle = residualCdf(service, ((low + high) / 2) * step);
    const above = residualCdf(service, high * step);
    const mass = above - below;
    if (mass > 0) {
      const mean = high - ((high - low) * (4 * (middle - below) + mass)) / (6 * mass);
      addSpreadMass(masses, mass, Math.min(Math.max(mean, low), high), (high - low) ** 2 / 12);
    }
    below = above;
  }
}

/**
 * Further out a cell's mass goes to its middle and, in small shares, to the two points beside it, so that its mean (from the
 * masses of its neighbours) and its variance (1/12 of a squared step) are kept.
 */
function addCoarseCells(masses: Float64Array, { step, tail, partialMean }: EdgeCurves): void {
  const edgeCdf = (k: number): number => (k + 0.5) * step * (tail[k] as number) + (partialMean[k] as number);
  let below = edgeCdf(FINE_CELLS - 1);
  let above = edgeCdf(FINE_CELLS);
  let lastMass = below - edgeCdf(FINE_CELLS - 2);
  for (let k = FINE_CELLS; k < LATTICE_SIZE; k += 1) {
    const next = edgeCdf(k + 1);
    const mass = above - below;
    const shift = (next - above - lastMass) / 48;
    masses[k - 1] = (masses[k - 1] as number) + mass / 24 - shift;
    masses[k] = (masses[k] as number) + (mass * 11) / 12;
    if (k + 1 < LATTICE_SIZE) masses[k + 1] = (masses[k + 1] as number) + mass / 24 + shift;
    lastMass = mass;
    below = above;
    above = next;
  }
}

/** [cell] masses of the service itself at multiples of `step`, every cell's mass shared so that its mean is kept. */
export function serviceMasses({ step, tail, partialMean }: EdgeCurves): Float64Array {
  const masses = new Float64Array(LATTICE_SIZE);
  let tailBelow = 1;
  let partialBelow = 0;
  for (let k = 0; k < LATTICE_SIZE; k += 1) {
    const mass = tailBelow - (tail[k] as number);
    if (mass > 0) {
      const mean = ((partialMean[k] as number) - partialBelow) / (mass * step);
      addMass(masses, mass, Math.min(Math.max(mean, Math.max(0, k - 0.5)), k + 0.5));
    }
    tailBelow = tail[k] as number;
    partialBelow = partialMean[k] as number;
  }
  return masses;
}
