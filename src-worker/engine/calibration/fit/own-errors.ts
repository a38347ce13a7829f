import { sampleQuantile } from '../../numerics/sample.ts';
import { UNCERTAIN_METRICS, type OwnErrors, type UncertainMetric } from '../types.ts';

/** A figure after the fit that has seen it. */
export interface SeenFigure {
  /** GPU, engine generation and architecture, as coverage names them. */
  group: string;
  metric: UncertainMetric;
  /** ln(predicted / measured). */
  logError: number;
}

/** An 80 % range is to hold as many of them. */
const HELD = 0.8;
/** Further off than this a profile says nothing; files hold no larger factor. */
const LARGEST_FACTOR = 100;
const DIGITS = 4;

const factorOf = (logErrors: readonly number[]): number =>
  Math.min(LARGEST_FACTOR, Number(Math.exp(sampleQuantile(logErrors.map(Math.abs), HELD)).toPrecision(DIGITS)));

/** By group and metric the factor within which four in five of its figures lie after the fit. */
export function ownErrorsOf(figures: readonly SeenFigure[]): OwnErrors {
  const errors: OwnErrors = {};
  for (const group of [...new Set(figures.map((figure) => figure.group))].sort()) {
    const own = figures.filter((figure) => figure.group === group);
    errors[group] = Object.fromEntries(
      UNCERTAIN_METRICS.flatMap((metric) => {
        const logErrors = own.flatMap((figure) => (figure.metric === metric ? [figure.logError] : []));
        return logErrors.length === 0 ? [] : [[metric, factorOf(logErrors)]];
      }),
    );
  }
  return errors;
}

/** The larger of both: what an earlier fit could not come nearer to is not known to be any nearer now. */
export function widerErrors(one: OwnErrors, other: OwnErrors): OwnErrors {
  const both = { ...one };
  for (const [group, factors] of Object.entries(other)) {
    const before = one[group] ?? {};
    both[group] = { ...before };
    for (const metric of UNCERTAIN_METRICS) {
      const factor = factors[metric];
      if (factor !== undefined) both[group][metric] = Math.max(factor, before[metric] ?? 1);
    }
  }
  return both;
}
