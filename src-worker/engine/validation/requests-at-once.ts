import type { Measurement } from './types.ts';

/**
 * How many requests of a row are under way or queued together, at least one: the clients of a closed loop, the sequences of
 * a static batch, the queue of an offline run (all its requests where nothing else is said). Never more than the run has
 * requests. null = the source does not say, which for an open loop is nothing missing.
 */
export function requestsAtOnce({ kind, batchOrConcurrency, numPrompts }: Measurement): number | null {
  if (batchOrConcurrency !== null) return Math.min(batchOrConcurrency, numPrompts ?? Infinity);
  return kind === 'offline_max' || kind === 'open_loop' ? numPrompts : null;
}
