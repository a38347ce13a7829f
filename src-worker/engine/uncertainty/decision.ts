import { capacityAt, type PlanSpread } from './capacity-spread.ts';
import { correlatedErrors, type CommonShares, type ErrorOwner } from './common-errors.ts';
import type { TargetCurve } from './target-curve.ts';

/** A configuration among those to choose from. */
export interface Candidate extends ErrorOwner {
  curve: TargetCurve;
  spread: PlanSpread;
  /** What it would cost with a capacity of one replica (per ms), in any one unit for all; Infinity where it cannot be had. */
  costAt: (capacityPerMs: number) => number;
}

/** Indices from here on belong to the errors of the first token, apart from those of the step. */
const FIRST_TOKEN_INDEX = 1000;
/** Costs that differ by less than this share are the same: rounding. */
const SAME = 1 + 1e-9;

/**
 * Chance that the first candidate is still the cheapest at the true speeds, all planned by the same rule: its errors and those
 * of the others leave each a capacity, and with it replicas and a cost. A tie counts for it; where even it cannot be had it is
 * not the cheapest.
 */
export function cheapestProbability(
  candidates: readonly Candidate[],
  shares: { step: CommonShares; firstToken: CommonShares },
): number {
  const [chosen] = candidates;
  if (!chosen) throw new Error('a decision needs a candidate');
  const steps = correlatedErrors(candidates, shares.step);
  const firsts = correlatedErrors(candidates, shares.firstToken, FIRST_TOKEN_INDEX);
  const draws = steps[0]?.length ?? 0;
  /** Plans on several instances have one capacity in a draw. */
  const capacities = new Map<string, number>();
  let right = 0;
  for (let draw = 0; draw < draws; draw += 1) {
    capacities.clear();
    const costOf = (index: number): number => {
      const candidate = candidates[index] as Candidate;
      const { planKey, curve, spread, costAt } = candidate;
      let capacity = capacities.get(planKey);
      if (capacity === undefined) {
        const logStep = Math.max(Math.log(spread.leastStep), (steps[index]?.[draw] ?? 0) * spread.stepSigma);
        capacity = capacityAt(curve, logStep, (firsts[index]?.[draw] ?? 0) * spread.firstTokenSigma);
        capacities.set(planKey, capacity);
      }
      return capacity > 0 ? costAt(capacity) : Infinity;
    };
    const cost = costOf(0);
    if (!Number.isFinite(cost)) continue;
    let isCheapest = true;
    for (let i = 1; i < candidates.length && isCheapest; i += 1) isCheapest = cost <= costOf(i) * SAME;
    if (isCheapest) right += 1;
  }
  return right / draws;
}
