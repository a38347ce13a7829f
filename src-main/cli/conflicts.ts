import { usageError } from './errors.ts';
import type { Draft } from './options.ts';

/** Options that say nothing together. A default that was filled in conflicts with nothing: only what was given counts. */

/** A rate says already how often people ask. */
export function refuseThinkTimeWithRate({ rate, think_time, users }: Draft): void {
  if (rate === undefined || think_time === undefined || users !== undefined) return;
  throw usageError('--think-time belongs to --users: a rate says already how often they ask. Leave one of them out.');
}

/** Spreads that a distribution has by itself. */
const FIXED_CV: Record<string, number> = { deterministic: 0, exponential: 1 };

export function refuseOtherServiceCv({ distribution, service_cv: given }: Draft): void {
  const fixed = FIXED_CV[String(distribution)];
  if (fixed === undefined || typeof given !== 'number' || given === fixed) return;
  throw usageError(
    `--service-cv ${given} contradicts --distribution ${String(distribution)}, whose spread is ${fixed}: ` +
      'leave it out, or take gamma or lognormal.',
  );
}
