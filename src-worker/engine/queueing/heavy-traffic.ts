import type { Delay } from './delay.ts';

/** Closer to saturation than this the numerical methods lose the digits that tell the utilization from 1. */
export const LEAST_IDLE = 1e-8;

/**
 * The wait in the limit of heavy traffic: exponential with the Pollaczek-Khinchine mean, its error of the order of the idle
 * share (J. F. C. Kingman, 1961). Against such waits what follows is constant.
 */
export function heavyTrafficDelay(typicalWait: number, waitProbability: number, meanThen: number): Delay {
  const waitTail = (t: number): number => waitProbability * Math.exp(-t / typicalWait);
  const waitQuantile = (tail: number): number =>
    tail >= waitProbability ? 0 : typicalWait * Math.log(waitProbability / tail);
  return {
    waitTail,
    responseTail: (t) => (t < meanThen ? 1 : waitTail(t - meanThen)),
    waitQuantile,
    responseQuantile: (tail) => meanThen + waitQuantile(tail),
  };
}
