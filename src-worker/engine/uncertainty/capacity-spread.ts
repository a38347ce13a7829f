import { normalCdf, normalQuantile } from '../numerics/normal.ts';
import { lastXBelow, yAt, type TargetCurve } from './target-curve.ts';

/**
 * Errors of a plan's step time and first token, as factors on the prediction: every step takes s times as long, and the first
 * token r times as long as that. ln s and ln r are normal and independent.
 *
 * With all times s-fold, latency at rate c is s times the latency at rate c·s of the plan as predicted: the queue, the batch
 * and the KV cache see the load c·s. So what a load does under any error can be read off one curve.
 */
export interface PlanSpread {
  /** Standard deviation of ln s. */
  stepSigma: number;
  /** Standard deviation of ln r. */
  firstTokenSigma: number;
  /** Smallest s physics allows at the planned load. */
  leastStep: number;
}

/** Largest rate per ms with every gating target met if steps take exp(logStep) and first tokens exp(logFirst) as long. */
export function capacityAt(curve: TargetCurve, logStep: number, logFirst: number): number {
  const carried = Math.min(
    curve.limitPerMs,
    lastXBelow(curve.later, -logStep),
    lastXBelow(curve.firstToken, -logStep - logFirst),
  );
  return carried > 0 ? carried / Math.exp(logStep) : 0;
}

/** Standard deviations beyond which a normal error is not looked at. */
const FARTHEST = 6;
/** Halvings of the errors of a step (to 1e-3 standard deviations) and of a bracket of rates (to 1e-3 of its width). */
const ERROR_HALVINGS = 14;
const RATE_HALVINGS = 10;
/** Points at which the chance over errors of the first token is summed up. */
const CHANCES = 16;

/** The largest value in [low, high] for which `holds`, which fails from some point on; null where it fails at `low`. */
function largest(low: number, high: number, halvings: number, holds: (value: number) => boolean): number | null {
  if (!holds(low)) return null;
  if (holds(high)) return high;
  let [inside, outside] = [low, high];
  for (let i = 0; i < halvings; i += 1) {
    const middle = (inside + outside) / 2;
    if (holds(middle)) inside = middle;
    else outside = middle;
  }
  return inside;
}

/** ln s at a standard normal z. */
const logStepAt = ({ stepSigma, leastStep }: PlanSpread, z: number): number =>
  Math.max(Math.log(leastStep), z * stepSigma);

/**
 * Chance that a replica meets every gating target at a rate per ms: the s up to which what follows the first token does, and
 * over those, taken equally likely, the chance that the first token does.
 */
export function meetsProbability(curve: TargetCurve, spread: PlanSpread, ratePerMs: number): number {
  const { firstTokenSigma } = spread;
  // An error of its own is summed up below; without one the first token follows the step.
  const logFirst = firstTokenSigma > 0 ? -Infinity : 0;
  const last = largest(
    -FARTHEST,
    FARTHEST,
    ERROR_HALVINGS,
    (z) => capacityAt(curve, logStepAt(spread, z), logFirst) >= ratePerMs,
  );
  if (last === null) return 0;
  const below = last >= FARTHEST ? 1 : normalCdf(last);
  if (firstTokenSigma === 0) return below;
  let sum = 0;
  for (let i = 0; i < CHANCES; i += 1) {
    const logStep = logStepAt(spread, normalQuantile((below * (i + 0.5)) / CHANCES));
    const room = -logStep - yAt(curve.firstToken, ratePerMs * Math.exp(logStep));
    sum += normalCdf(room / firstTokenSigma);
  }
  return (below * sum) / CHANCES;
}

/** Chances with which a replica carries the lower and the upper end of the 80 % interval of its capacity. */
const LOWER_CHANCE = 0.9;
const UPPER_CHANCE = 0.1;

/** 80 % interval of the capacity of a replica, rates per ms; 0 where the errors leave it none. */
export const capacityRange = (curve: TargetCurve, spread: PlanSpread): [low: number, high: number] => [
  rateCarriedWith(LOWER_CHANCE, curve, spread),
  rateCarriedWith(UPPER_CHANCE, curve, spread),
];

/** The rate that a replica carries with this chance. */
function rateCarriedWith(chance: number, curve: TargetCurve, spread: PlanSpread): number {
  const { firstTokenSigma } = spread;
  const z = normalQuantile(chance);
  if (firstTokenSigma === 0) return capacityAt(curve, logStepAt(spread, z), 0);
  // Both errors within what each stays below with the root of the chance: carried at least so often. Without the
  // first token's: at most so often.
  const both = normalQuantile(Math.sqrt(chance));
  const least = capacityAt(curve, logStepAt(spread, both), both * firstTokenSigma);
  const most = capacityAt(curve, logStepAt(spread, z), -Infinity);
  return (
    largest(least, Math.max(least, most), RATE_HALVINGS, (rate) => meetsProbability(curve, spread, rate) >= chance) ??
    least
  );
}
