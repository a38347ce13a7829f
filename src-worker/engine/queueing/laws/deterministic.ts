import { conditionalMean, type Delay, type DelayShape } from '../delay.ts';
import { heavyTrafficDelay, LEAST_IDLE } from '../heavy-traffic.ts';
import { solveTail } from '../tail-root.ts';
import type { LawDefinition } from './definition.ts';

/** Constant service of length 1: the M/D/1 wait without inversion, from sums of positive terms. */

/** From here on the wait's tail is its leading exponential: the next one is below e^-2t of it (20 service times: 1e-17). */
const EXPONENTIAL_FROM = 20;

/** [n] P(N <= n) of the number of requests in an M/D/1, n = 0 … EXPONENTIAL_FROM. */
function cumulatedNumbers(utilization: number): Float64Array {
  const count = EXPONENTIAL_FROM + 1;
  // Poisson arrivals during one service: P(A = 0), and [n] P(A > n) summed from its small end.
  const none = Math.exp(-utilization);
  const more = new Float64Array(count);
  for (let n = 0; n < count; n += 1) {
    let term = none;
    for (let i = 1; i <= n + 1; i += 1) term *= utilization / i;
    let sum = 0;
    for (let i = n + 2; term > sum * 1e-17 && term > 0; i += 1) {
      sum += term;
      term *= utilization / i;
    }
    more[n] = sum;
  }
  // Level crossing at departures: P(n + 1) P(A = 0) = P(0) P(A > n) + sum over i = 1 … n of P(i) P(A > n + 1 - i).
  const probability = new Float64Array(count);
  const cumulated = new Float64Array(count);
  probability[0] = 1 - utilization;
  cumulated[0] = 1 - utilization;
  for (let n = 0; n + 1 < count; n += 1) {
    let flow = probability[0] * (more[n] as number);
    for (let i = 1; i <= n; i += 1) flow += (probability[i] as number) * (more[n + 1 - i] as number);
    probability[n + 1] = flow / none;
    cumulated[n + 1] = (cumulated[n] as number) + flow / none;
  }
  return cumulated;
}

/**
 * P(W1 <= t), t < EXPONENTIAL_FROM: with j - 1 <= t < j and y = rho (j - t), the sum over i = 0 … j - 1 of
 * P(N <= j - i) e^-y y^i / i! (G. J. Franx, "A simple solution for the M/D/c waiting time distribution", Oper. Res. Letters 29
 * (2001), for one server; the number in the queue is at most n when the number in the system is at most n + 1).
 */
function waitCdf(cumulated: Float64Array, utilization: number, t: number): number {
  const j = Math.floor(t) + 1;
  const y = utilization * (j - t);
  let term = Math.exp(-y);
  let sum = 0;
  for (let i = 0; i < j; i += 1) {
    sum += (cumulated[j - i] as number) * term;
    term *= y / (i + 1);
  }
  return sum;
}

/** Positive root of rho (e^x - 1) = x, by Newton from above: the function is convex. */
function decayRate(utilization: number): number {
  let x = -2 * Math.log(utilization);
  for (let step = 0; step < 100; step += 1) {
    const change = (utilization * Math.expm1(x) - x) / (utilization * Math.exp(x) - 1);
    x -= change;
    if (!(Math.abs(change) > 1e-15 * x)) break;
  }
  return x;
}

/** P(W1 > t | W1 > 0) of the M/D/1 with unit service. */
function conditionalTail(utilization: number): (t: number) => number {
  const cumulated = cumulatedNumbers(utilization);
  const rate = decayRate(utilization);
  // Residue of the Pollaczek-Khinchine transform at -rate, divided by rho.
  const factor = (1 - utilization) / (utilization * Math.exp(rate) - 1) / utilization;
  return (t) =>
    t >= EXPONENTIAL_FROM ? factor * Math.exp(-rate * t) : (1 - waitCdf(cumulated, utilization, t)) / utilization;
}

function delay(_cv: number, { utilization, waitProbability, stretch }: DelayShape): Delay {
  if (1 - utilization < LEAST_IDLE) {
    return heavyTrafficDelay(stretch * conditionalMean(1, utilization), waitProbability, 1);
  }
  // Built when first asked for: at low utilization no percentile needs it, and at 0 it does not exist.
  let tailOfWait: ((t: number) => number) | null = null;
  const conditional = (t: number): number => (tailOfWait ??= conditionalTail(utilization))(t);
  const waitTail = (t: number): number => (waitProbability > 0 ? waitProbability * conditional(t / stretch) : 0);
  const waitQuantile = (tail: number): number => {
    if (tail >= waitProbability) return 0;
    const share = tail / waitProbability;
    const guess = -Math.log(share) / (2 * (1 - utilization));
    return stretch * solveTail(conditional, share, guess);
  };
  return {
    waitTail,
    responseTail: (t) => (t < 1 ? 1 : waitTail(t - 1)),
    waitQuantile,
    responseQuantile: (tail) => 1 + waitQuantile(tail),
  };
}

export const deterministic: LawDefinition = {
  letter: 'D',
  words: 'constant service',
  percentiles: () => 'from the distribution of the number of requests present',
  cvUsed: () => 0,
  service: () => ({ mean: 1, secondMoment: 1, tail: (x) => (x >= 1 ? 0 : 1), partialMean: (x) => (x >= 1 ? 1 : 0) }),
  delay,
};
