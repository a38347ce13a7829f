import type { Facts } from '../../src-worker/engine/facts.ts';
import type { WorkloadEntry } from '../../src-worker/protocol/app-api.ts';

/** Presets as forms show them. Prompt = the user's text and what the application adds. */
export function listWorkloads(facts: Facts): WorkloadEntry[] {
  return facts.workloads.map(({ name, description, input, context, output, targets, prefixCache, source }) => ({
    name,
    description,
    promptTokens: input.mean + (context?.mean ?? 0),
    outputTokens: output.mean,
    targets: targets.map(({ metric, targetMs, isGating }) => ({ metric, targetMs, gating: isGating })),
    prefixHitRate: prefixCache?.hitFraction ?? null,
    cacheableRatio: prefixCache?.cacheableFraction ?? null,
    source,
  }));
}
