import type { SizingSubject } from '../engine/sizing/types.ts';
import type { SizeInput } from '../protocol/requests.ts';
import { lengthsOf, type PreparedSizing } from './prepared.ts';
import { overriddenWorkload, resolveWorkload } from './resolve.ts';

/* Inputs of a question times a factor: what `explain` and `sensitivity` vary. */

type Subjected = Pick<PreparedSizing, 'input' | 'facts' | 'model'> & { subject: SizingSubject };

/** Mean tokens of a prompt, with what a workload adds to it. */
export const promptMeanOf = ({ subject: { workload } }: Subjected): number =>
  workload.input.mean + (workload.context?.mean ?? 0);

export const longerPrompts = (about: Subjected, factor: number): Partial<SizeInput> => ({
  input_tokens: Math.max(1, promptMeanOf(about) * factor),
});

export const longerAnswers = ({ subject }: Subjected, factor: number): Partial<SizeInput> => ({
  output_tokens: Math.max(1, subject.workload.output.mean * factor),
});

/** null where nothing is cached. */
export function hitRateOf({ input, subject }: Subjected): number | null {
  const cache = subject.workload.prefixCache;
  return cache && input.prefix_cache && cache.hitFraction > 0 ? cache.hitFraction : null;
}

/** null where nothing is cached, or the rate would be above 1. */
export function betterHitRate(about: Subjected, factor: number): Partial<SizeInput> | null {
  const rate = hitRateOf(about);
  const cache = about.subject.workload.prefixCache;
  if (rate === null || !cache || rate * factor > 1) return null;
  return { prefix_hit_rate: rate * factor, cacheable_ratio: cache.cacheableFraction };
}

/** The subject with other lengths or another cache; made here, so that no memory of plans keeps what is asked once. */
export function withQuestion({ input, facts, model, subject }: Subjected, change: Partial<SizeInput>): SizingSubject {
  const workload = overriddenWorkload(resolveWorkload(input.workload, facts), { ...input, ...change });
  return { ...subject, workload, lengths: lengthsOf(workload, model) };
}
