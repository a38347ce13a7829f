import type { UncertainTrait } from '../calibration/types.ts';
import type { StepPlan } from '../roofline/step-plan.ts';
import { STEP_PARTS, stepTimeMs } from '../roofline/step-time.ts';
import { traitsOf } from '../uncertainty/novelty.ts';
import type { Benchmark, BenchmarkMeans } from './benchmark.ts';

/** Sequences that decode at once in one stream, by Little's law. */
export function decodesOf(b: Benchmark, means: BenchmarkMeans): number {
  const most = Math.max(1, Math.min(b.seats, b.kind === 'open_loop' ? b.seats : b.requests));
  if (b.kind === 'static_batch' || b.kind === 'offline_max') return most;
  return Math.min(most, Math.max(1, means.requestsPerMs * (b.outputTokens - 1) * means.tpotMs));
}

/** Load of an open loop by its seats, of which it may want more than there are; null where nothing arrives. */
function utilizationOf(b: Benchmark, means: BenchmarkMeans): number | null {
  if (b.kind !== 'open_loop') return null;
  if (b.row.regime === 'over_capacity') return 1;
  return (b.ratePerMs * Math.max(1, b.outputTokens - 1) * means.tpotMs) / b.seats;
}

/** What makes the prediction of a benchmark less sure, whatever was measured before. */
export function benchmarkTraits(b: Benchmark, plan: StepPlan, means: BenchmarkMeans): UncertainTrait[] {
  const decodes = decodesOf(b, means);
  const parts = new Float64Array(STEP_PARTS.length);
  const total = stepTimeMs(plan, decodes, decodes * (b.promptTokens + b.outputTokens / 2), 0, 0, 0, parts);
  return traitsOf({
    isMixtureOfExperts: b.deployment.model.layers.some(({ ffn }) => ffn.experts !== null),
    isWeightOnly: b.deployment.support.kind === 'weight_only',
    decodeParts: { ...Object.fromEntries(STEP_PARTS.map((name, i) => [name, parts[i] as number])), total },
    utilization: utilizationOf(b, means),
    isClosedLoop: b.kind === 'closed_loop' && b.requests > 1,
  });
}
