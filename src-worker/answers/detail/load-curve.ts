import { MS_PER_S } from '../../engine/units.ts';
import type { LoadCurve, LoadCurvePoint } from '../../protocol/documents.ts';
import { latencySummary, rounded } from '../common.ts';
import type { PlannedReplica } from './planned-load.ts';

/** Points beside the planned rate and the capacity, and the shares of saturation they reach from and to. */
const NUM_POINTS = 40;
const LOWEST_SHARE = 0.02;
const HIGHEST_SHARE = 0.995;
/** Rates nearer to each other than this are one. */
const SAME_RATE = 1e-9;

/** Shares of saturation that lie the denser the nearer they come to it: latency there rises as 1 / (1 - share). */
export function loadShares(): number[] {
  const spacing = (share: number): number => -Math.log(1 - share) + share;
  const [low, high] = [spacing(LOWEST_SHARE), spacing(HIGHEST_SHARE)];
  return Array.from({ length: NUM_POINTS }, (_, i) => {
    const wanted = low + ((high - low) * i) / (NUM_POINTS - 1);
    let [below, above] = [LOWEST_SHARE, HIGHEST_SHARE];
    for (let round = 0; round < 40; round += 1) {
      const middle = (below + above) / 2;
      if (spacing(middle) < wanted) below = middle;
      else above = middle;
    }
    return i === 0 ? LOWEST_SHARE : i === NUM_POINTS - 1 ? HIGHEST_SHARE : (below + above) / 2;
  });
}

/** Rates per ms, rising; the exact ones win over those of the grid that stand beside them. */
function ratesOf(saturationPerMs: number, exact: readonly number[]): number[] {
  const isExactNear = (rate: number): boolean => exact.some((one) => Math.abs(rate / one - 1) < SAME_RATE);
  const grid = loadShares().map((share) => share * saturationPerMs);
  return [...new Set([...grid.filter((rate) => !isExactNear(rate)), ...exact])].sort((a, b) => a - b);
}

/** Latency of a replica over its load, up to where it saturates. */
export function loadCurve({ load, replica, capacityPerMs, plannedPerMs }: PlannedReplica): LoadCurve {
  const saturation = load.saturation();
  const exact = [plannedPerMs, ...(capacityPerMs === null ? [] : [capacityPerMs])];
  const hasDecodes = replica.batching.lengths.moments.outputMean > 1;
  const points = ratesOf(saturation.perMs, exact).flatMap((ratePerMs): LoadCurvePoint[] => {
    const outcome = load.curveAt(ratePerMs);
    if (outcome.kind === 'saturated') return [];
    return [
      {
        requests_per_s: rounded(ratePerMs * MS_PER_S),
        ttft_ms: latencySummary(outcome.ttftMs),
        tpot_ms: latencySummary(hasDecodes ? outcome.tpotMs : null),
        e2e_ms: latencySummary(outcome.e2eMs),
      },
    ];
  });
  return {
    points,
    planned_requests_per_s: rounded(plannedPerMs * MS_PER_S),
    capacity_requests_per_s: capacityPerMs === null ? null : rounded(capacityPerMs * MS_PER_S),
    saturation_requests_per_s: rounded(saturation.perMs * MS_PER_S),
    saturation_cause: saturation.cause,
  };
}
