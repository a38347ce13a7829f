import { fft, inverseFft } from '../../../src-worker/engine/numerics/fft.ts';
import type { UnitService } from '../../../src-worker/engine/queueing/service.ts';

/**
 * An oracle for the M/G/1 that shares nothing with the engine but the curves of the service law: residual and service masses
 * rounded all down, and all up, to a fine lattice give distributions that lie below and above the true one for certain.
 */
export interface Bounds {
  low: number;
  high: number;
}

export interface BoundedQueue {
  wait(tail: number): Bounds;
  response(tail: number): Bounds;
}

const DECAY = 1e-9;

interface Spectrum {
  re: Float64Array;
  im: Float64Array;
}

/** Tilted transform of [k] masses of (k step, (k + 1) step], put at k. */
function spectrumOf(cdf: (x: number) => number, step: number, size: number): Spectrum {
  const re = new Float64Array(size);
  let below = cdf(0);
  re[0] = below;
  for (let k = 0; k < size; k += 1) {
    const above = cdf((k + 1) * step);
    re[k] = ((re[k] ?? 0) + above - below) * DECAY ** (k / size);
    below = above;
  }
  const im = new Float64Array(size);
  fft(re, im);
  return { re, im };
}

/** Moves every mass up by one cell. */
function moveUp({ re, im }: Spectrum): Spectrum {
  const size = re.length;
  const decay = DECAY ** (1 / size);
  const up: Spectrum = { re: new Float64Array(size), im: new Float64Array(size) };
  for (let k = 0; k < size; k += 1) {
    const c = decay * Math.cos((2 * Math.PI * k) / size);
    const s = -decay * Math.sin((2 * Math.PI * k) / size);
    up.re[k] = (re[k] as number) * c - (im[k] as number) * s;
    up.im[k] = (re[k] as number) * s + (im[k] as number) * c;
  }
  return up;
}

/** Distribution functions of wait and response, from the spectra of residual and service. */
function distributions(
  residual: Spectrum,
  service: Spectrum,
  utilization: number,
): { wait: Float64Array; response: Float64Array } {
  const size = residual.re.length;
  const wait: Spectrum = { re: new Float64Array(size), im: new Float64Array(size) };
  const response: Spectrum = { re: new Float64Array(size), im: new Float64Array(size) };
  for (let k = 0; k < size; k += 1) {
    const dRe = 1 - utilization * (residual.re[k] as number);
    const dIm = -utilization * (residual.im[k] as number);
    const scale = (1 - utilization) / (dRe * dRe + dIm * dIm);
    const wRe = scale * dRe;
    const wIm = -scale * dIm;
    wait.re[k] = wRe;
    wait.im[k] = wIm;
    response.re[k] = wRe * (service.re[k] as number) - wIm * (service.im[k] as number);
    response.im[k] = wRe * (service.im[k] as number) + wIm * (service.re[k] as number);
  }
  return { wait: runningSum(wait), response: runningSum(response) };
}

function runningSum({ re, im }: Spectrum): Float64Array {
  inverseFft(re, im);
  let sum = 0;
  for (let k = 0; k < re.length; k += 1) {
    sum += (re[k] as number) * DECAY ** (-k / re.length);
    re[k] = sum;
  }
  return re;
}

const firstReaching = (cdf: Float64Array, probability: number): number => {
  const cell = cdf.findIndex((c) => c >= probability);
  if (cell < 0) throw new Error('The oracle lattice is too short.');
  return cell;
};

/** Bounds for an M/G/1 with unit-mean service; `span` is how far the lattice reaches, in mean service times. */
export function boundedQueue(service: UnitService, utilization: number, span: number, size = 2 ** 16): BoundedQueue {
  const step = span / size;
  const residualCdf = (x: number): number => (x > 0 ? x * service.tail(x) + service.partialMean(x) : 0);
  const residualDown = spectrumOf(residualCdf, step, size);
  const serviceDown = spectrumOf((x) => 1 - service.tail(x), step, size);
  const down = distributions(residualDown, serviceDown, utilization);
  const up = distributions(moveUp(residualDown), moveUp(serviceDown), utilization);
  const bounds = (curve: 'wait' | 'response') => (tail: number) => ({
    low: firstReaching(down[curve], 1 - tail) * step,
    high: firstReaching(up[curve], 1 - tail) * step,
  });
  return { wait: bounds('wait'), response: bounds('response') };
}

/** How far `value` lies outside the bounds, as a share of their middle; 0 inside. */
export const missBy = (value: number, { low, high }: Bounds): number =>
  value >= low && value <= high ? 0 : (value < low ? low - value : value - high) / ((low + high) / 2);
