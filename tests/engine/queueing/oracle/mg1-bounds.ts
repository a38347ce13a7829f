import type { ServiceLawKind } from '../../../../src-worker/engine/queueing/service.ts';
import { backward, forward, frequencies } from './fft.ts';
import { lawCells } from './law-cells.ts';

/**
 * Percentiles of an M/G/1 between bounds that hold for certain: all masses of residual services and of the service rounded down
 * to a lattice, and all rounded up. The lattice is refined until the bounds are as near each other as asked.
 */
export interface Bounds {
  low: number;
  high: number;
}

export type Curve = 'wait' | 'response';

/** Leaves this share of what wraps around the lattice's end. */
const DECAY = 1e-9;
const LEAST_SIZE = 2 ** 15;
export const MOST_SIZE = 2 ** 20;

interface Question {
  kind: ServiceLawKind;
  cv: number;
  utilization: number;
}

interface Sides {
  down: Record<Curve, Float64Array>;
  up: Record<Curve, Float64Array>;
  step: number;
}

function curves(
  residual: { re: Float64Array; im: Float64Array },
  service: { re: Float64Array; im: Float64Array },
  utilization: number,
  isUp: boolean,
): Record<Curve, Float64Array> {
  const size = residual.re.length;
  const re = new Float64Array(size);
  const im = new Float64Array(size);
  const order = frequencies(size);
  const shrink = DECAY ** (1 / size);
  for (let k = 0; k < size; k += 1) {
    const angle = (2 * Math.PI * order[k]!) / size;
    const c = isUp ? shrink * Math.cos(angle) : 1;
    const s = isUp ? -shrink * Math.sin(angle) : 0;
    const gRe = residual.re[k]! * c - residual.im[k]! * s;
    const gIm = residual.re[k]! * s + residual.im[k]! * c;
    const bRe = service.re[k]! * c - service.im[k]! * s;
    const bIm = service.re[k]! * s + service.im[k]! * c;
    const dRe = 1 - utilization * gRe;
    const dIm = -utilization * gIm;
    const scale = (1 - utilization) / (dRe * dRe + dIm * dIm);
    const wRe = scale * dRe;
    const wIm = -scale * dIm;
    // Wait as the real, response as the imaginary part.
    re[k] = wRe - (wRe * bIm + wIm * bRe);
    im[k] = wIm + (wRe * bRe - wIm * bIm);
  }
  backward(re, im);
  for (const values of [re, im]) {
    let sum = 0;
    for (let k = 0; k < size; k += 1) values[k] = sum += values[k]! * DECAY ** (-k / size);
  }
  return { wait: re, response: im };
}

function sides({ kind, cv, utilization }: Question, span: number, size: number): Sides {
  const step = span / size;
  const cells = lawCells(kind, cv, step, size);
  const spectrum = (masses: Float64Array): { re: Float64Array; im: Float64Array } => {
    const re = masses.map((mass, k) => mass * DECAY ** (k / size));
    const im = new Float64Array(size);
    forward(re, im);
    return { re, im };
  };
  const residual = spectrum(cells.residual);
  const service = spectrum(cells.service);
  return {
    step,
    down: curves(residual, service, utilization, false),
    up: curves(residual, service, utilization, true),
  };
}

function firstReaching(cdf: Float64Array, probability: number): number {
  let low = 0;
  let high = cdf.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cdf[middle]! >= probability) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Bounds of percentiles, in mean service times, for every curve and share of requests beyond it. `roughly` says about where
 * each lies; what lies near together shares a lattice. `halfWidth` is the share of max(value, floor) that bounds may be apart.
 */
export function mg1Bounds(
  question: Question,
  asked: { curve: Curve; tail: number; roughly: number }[],
  { halfWidth, floor }: { halfWidth: number; floor: number },
): Bounds[] {
  const found: (Bounds | null)[] = asked.map(() => null);
  for (let round = 0; round < 30 && found.includes(null); round += 1) {
    const farthest = Math.max(...asked.filter((_, i) => !found[i]).map(({ roughly }) => roughly));
    const span = Math.max(farthest * 1.1, 1e-4) * 1.2 ** Math.floor(round / 4);
    for (let size = LEAST_SIZE; size <= MOST_SIZE; size *= 4) {
      const { step, down, up } = sides(question, span, size);
      asked.forEach(({ curve, tail, roughly }, i) => {
        if (found[i]) return;
        const low = firstReaching(down[curve], 1 - tail) * step;
        const cell = firstReaching(up[curve], 1 - tail);
        if (cell >= size) return;
        const high = cell * step;
        const isNear = (high - low) / 2 <= halfWidth * Math.max((low + high) / 2, floor);
        const isLast = size * 4 > MOST_SIZE && roughly > farthest * 0.5;
        if (isNear || isLast) found[i] = { low, high };
      });
      if (!asked.some(({ roughly }, i) => !found[i] && roughly > farthest * 0.5)) break;
    }
  }
  return found.map((bounds) => {
    if (!bounds) throw new Error(`No lattice holds a percentile of ${JSON.stringify(question)}.`);
    return bounds;
  });
}
