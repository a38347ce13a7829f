import type { PromptNodes } from '../../workload/lengths.ts';

const known = new WeakMap<PromptNodes, PromptNodes>();

/** Neighboring prompt nodes merged in pairs, for rare combinations; kept for as long as the nodes are. */
export function coarseNodes(prompts: PromptNodes): PromptNodes {
  const before = known.get(prompts);
  if (before) return before;
  const merged = mergedInPairs(prompts);
  known.set(prompts, merged);
  return merged;
}

function mergedInPairs(prompts: PromptNodes): PromptNodes {
  const count = Math.ceil(prompts.weights.length / 2);
  const merged: PromptNodes = {
    uncachedTokens: new Float64Array(count),
    cachedTokens: new Float64Array(count),
    weights: new Float64Array(count),
    widths: new Float64Array(count),
  };
  for (let i = 0; i < count; i += 1) {
    const first = 2 * i;
    const second = Math.min(first + 1, prompts.weights.length - 1);
    const weightA = prompts.weights[first] as number;
    const weightB = second > first ? (prompts.weights[second] as number) : 0;
    const mean = (values: Float64Array): number =>
      (weightA * (values[first] as number) + weightB * (values[second] as number)) / (weightA + weightB);
    merged.uncachedTokens[i] = mean(prompts.uncachedTokens);
    merged.cachedTokens[i] = mean(prompts.cachedTokens);
    merged.weights[i] = weightA + weightB;
    const apart = Math.abs((prompts.uncachedTokens[second] as number) - (prompts.uncachedTokens[first] as number));
    merged.widths[i] = mean(prompts.widths) + apart;
  }
  return merged;
}
