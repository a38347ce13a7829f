import type { LoadOnArrival } from './arrival-finds.ts';
import { newSteadyState, solveFixedPoint, type SteadyState } from './fixed-point.ts';
import { setPressure, type Pressure } from './pressure.ts';
import type { BatchingSubject, SaturationKind } from './subject.ts';
import { newTokenTimes, setTokenTimes, type ClosedLoopShare, type TokenTimes } from './time-per-token.ts';
import { trustOf, type TrustKind } from './trust.ts';

/** What clients who wait for their answers change of a load. */
export type ClosedLoop = ClosedLoopShare &
  Pick<LoadOnArrival, 'hasResidual' | 'lockstepPrefills' | 'rounds' | 'pauseMs'>;

/** Requests that come whoever waits. */
export const OPEN_ARRIVALS: ClosedLoop = {
  presentFraction: 0,
  hasResidual: true,
  lockstepPrefills: null,
  rounds: null,
  pauseMs: 0,
};

/** The steady state of a load with what its percentiles are made from: the cheap first stage of an evaluation. */
export interface LoadState extends Pressure {
  kind: 'steady';
  state: SteadyState;
  times: TokenTimes;
  trust: TrustKind;
}

/** There is no steady state. */
export type Saturated = { kind: 'saturated'; cause: SaturationKind };

export const newLoadState = (): LoadState => ({
  kind: 'steady',
  state: newSteadyState(),
  times: newTokenTimes(),
  pressureZ: 0,
  pressureCause: 'kv',
  trust: 'ok',
});

/** Fixed point and pressure of a load: a fifth of an evaluation, enough to reject most rates. Rates in requests per ms. */
export function loadState(
  subject: BatchingSubject,
  arrivalsPerMs: number,
  closed: ClosedLoop = OPEN_ARRIVALS,
): LoadState | Saturated {
  const load = newLoadState();
  const cause = solveLoad(load, subject, arrivalsPerMs, closed);
  return cause === null ? load : { kind: 'saturated', cause };
}

/** First stage: `loadState` into `load`; why there is no steady state, or null where it is filled. */
export function solveLoad(
  load: LoadState,
  subject: BatchingSubject,
  arrivalsPerMs: number,
  closed: ClosedLoop = OPEN_ARRIVALS,
): SaturationKind | null {
  const { state, times } = load;
  const cause = solveFixedPoint(state, subject, arrivalsPerMs);
  if (cause !== null) return cause;
  setTokenTimes(times, subject, arrivalsPerMs, state, closed);
  setPressure(load, subject, state, times);
  load.trust = trustOf(subject, arrivalsPerMs, state, load);
  return null;
}
