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

export interface DecisionShares {
  step: CommonShares;
  firstToken: CommonShares;
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
export function cheapestProbability(candidates: readonly Candidate[], shares: DecisionShares): number {
  const [chosen] = candidates;
  if (!chosen) throw new Error('a decision needs a candidate');
  const capacities = capacitiesOf(candidates, shares);
  const draws = capacities[0]?.length ?? 0;
  let right = 0;
  const costOf = (index: number, draw: number): number => {
    const capacity = (capacities[index] as Float64Array)[draw] as number;
    return capacity > 0 ? (candidates[index] as Candidate).costAt(capacity) : Infinity;
  };
  for (let draw = 0; draw < draws; draw += 1) {
    const cost = costOf(0, draw);
    if (!Number.isFinite(cost)) continue;
    let isCheapest = true;
    for (let i = 1; i < candidates.length && isCheapest; i += 1) isCheapest = cost <= costOf(i, draw) * SAME;
    if (isCheapest) right += 1;
  }
  return right / draws;
}

/** [candidate][draw] capacity of a replica, per ms; plans on several instances have the same. */
function capacitiesOf(candidates: readonly Candidate[], shares: DecisionShares): Float64Array[] {
  const steps = correlatedErrors(candidates, shares.step);
  const firsts = correlatedErrors(candidates, shares.firstToken, FIRST_TOKEN_INDEX);
  const known = new Map<string, Float64Array>();
  return candidates.map(({ planKey, curve, spread: { stepSigma, firstTokenSigma, leastStep } }, index) => {
    const found = known.get(planKey);
    if (found) return found;
    const floor = Math.log(leastStep);
    const [step, first] = [steps[index] as Float64Array, firsts[index] as Float64Array];
    const capacities = new Float64Array(step.length);
    for (let draw = 0; draw < step.length; draw += 1) {
      const logStep = Math.max(floor, (step[draw] as number) * stepSigma);
      capacities[draw] = capacityAt(curve, logStep, (first[draw] as number) * firstTokenSigma);
    }
    known.set(planKey, capacities);
    return capacities;
  });
}
