/**
 * How long requests wait, in units of the mean service time. Every queue here is an M/G/1's waiting time, stretched:
 * P(W > t) = waitProbability · P(W1 > t / stretch | W1 > 0), W1 the wait of the M/G/1 with unit mean service and the same
 * utilization. One server is waitProbability = utilization and stretch = 1; several servers are the approximation of mgk.ts.
 */
export interface DelayShape {
  /** In [0, 1). */
  utilization: number;
  /** P(W > 0). */
  waitProbability: number;
  stretch: number;
}

/** The wait is the M/G/1's own, not one that is stretched. */
export const isOneServer = ({ utilization, waitProbability, stretch }: DelayShape): boolean =>
  stretch === 1 && waitProbability === utilization;

/** Waiting time W and response time W + S, W independent of the request's own service S. Times in mean service times. */
export interface Delay {
  /** P(W > t), t >= 0. */
  waitTail: (t: number) => number;
  /** P(W + S > t), t >= 0. */
  responseTail: (t: number) => number;
  /** Smallest t with P(W > t) <= tail; exactly 0 where tail >= P(W > 0). */
  waitQuantile: (tail: number) => number;
  /** Smallest t with P(W + S > t) <= tail, tail in (0, 1). */
  responseQuantile: (tail: number) => number;
}

/** Mean of W1 given W1 > 0 (Pollaczek-Khinchine): secondMoment / (2 (1 - utilization)). */
export const conditionalMean = (secondMoment: number, utilization: number): number =>
  secondMoment / (2 * (1 - utilization));

export const meanWait = (secondMoment: number, shape: DelayShape): number =>
  shape.waitProbability * shape.stretch * conditionalMean(secondMoment, shape.utilization);
