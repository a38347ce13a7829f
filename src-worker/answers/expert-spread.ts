import { engineName } from '../engine/memory/engine-name.ts';
import type { EngineDefaults } from '../engine/memory/types.ts';
import type { Model } from '../engine/model/types.ts';
import { largestDivisor } from '../engine/sizing/plan-refusals.ts';
import type { Warning } from '../protocol/documents.ts';

/** Degrees of one pipeline stage, as they are asked for. */
interface StageDegrees {
  tp: number;
  dp: number;
  ep: number;
}

/** Why experts cannot be spread as asked; null where they can. */
export function expertRefusal(
  model: Model,
  { tp, dp, ep }: StageDegrees,
): { sentence: string; details: Record<string, number> } | null {
  if (ep === 1) return null;
  const details = { tp, dp, ep };
  const counts = model.layers.flatMap(({ ffn }) => (ffn.experts ? [ffn.experts.numExperts] : []));
  if (counts.length === 0) {
    return { sentence: `ep ${ep} needs routed experts: ${model.id} has none, leave --ep out.`, details };
  }
  const gpus = tp * dp;
  if (gpus % ep !== 0) {
    const sentence = `ep ${ep} does not divide the ${gpus} GPUs of tp ${tp} x dp ${dp}: use a divisor, for example ${largestDivisor(gpus, ep)}.`;
    return { sentence, details };
  }
  const odd = counts.find((numExperts) => numExperts % ep !== 0);
  if (odd === undefined) return null;
  const sentence = `ep ${ep} does not divide the ${odd} experts of ${model.id}: use a divisor, for example ${largestDivisor(odd, ep)}.`;
  return { sentence, details };
}

/** What is taken for granted of experts that several GPUs share. */
export function expertWarnings({ tp, dp, ep }: StageDegrees, engine: EngineDefaults, model: Model): Warning[] {
  const warnings: Warning[] = [];
  const hasExperts = model.layers.some(({ ffn }) => ffn.experts !== null);
  if (dp > 1 && hasExperts) {
    const sentence = `All-to-all messages were not measured apart: the ${dp} ranks are taken to be equally busy, experts to be chosen evenly, and a message to wait as long as an all-reduce over ${tp * dp} GPUs.`;
    warnings.push({ code: 'extrapolated_all_to_all', sentence });
  }
  // vLLM has one switch: all GPUs of a stage or none.
  if (engine.engine === 'vllm' && ep > 1 && ep !== tp * dp) {
    const sentence = `${engineName(engine)} spreads whole experts over all ${tp * dp} GPUs of tp ${tp} x dp ${dp} or over none; ep ${ep} is predicted as asked.`;
    warnings.push({ code: 'expert_parallel', sentence });
  }
  return warnings;
}
