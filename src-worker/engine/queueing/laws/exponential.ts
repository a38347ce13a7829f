import { solveTail } from '../tail-root.ts';
import type { LawDefinition } from './definition.ts';

/** Exponential service with unit mean: the wait is 0 or exponential, the response in closed form. */

/** (1 - e^-x) / x for x >= 0. */
const fading = (x: number): number => (x === 0 ? 1 : -Math.expm1(-x) / x);

export const exponential: LawDefinition = {
  letter: 'M',
  words: 'exponential service',
  percentiles: () => 'in closed form',
  cvUsed: () => 1,
  service: () => ({
    mean: 1,
    secondMoment: 2,
    tail: (x) => (x > 0 ? Math.exp(-x) : 1),
    partialMean: (x) => (x > 0 ? -Math.expm1(-x) - x * Math.exp(-x) : 0),
  }),
  delay: (_cv, { utilization, waitProbability, stretch }) => {
    /** A wait that is not 0 ends at this rate. */
    const rate = (1 - utilization) / stretch;
    // S alone is longer than t, or S is shorter and the wait before it (rate r) fills the rest:
    // e^-t + C (e^-rt - e^-t) / (1 - r), written so that r near 1 and large r do no harm.
    const responseTail = (t: number): number =>
      Math.exp(-t) + waitProbability * t * Math.exp(-Math.min(rate, 1) * t) * fading(Math.abs(1 - rate) * t);
    const waitQuantile = (tail: number): number =>
      tail >= waitProbability ? 0 : Math.log(waitProbability / tail) / rate;
    return {
      waitTail: (t) => waitProbability * Math.exp(-rate * t),
      responseTail,
      waitQuantile,
      responseQuantile: (tail) => solveTail(responseTail, tail, waitQuantile(tail) - Math.log(tail)),
    };
  },
};
