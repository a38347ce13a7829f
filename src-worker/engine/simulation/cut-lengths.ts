/** Tokens of a request that fits the context of its model. */
export interface CutLengths {
  prompt: number;
  output: number;
}

/**
 * Cuts what is longer than the context (NUMBERS.md, Workloads): the answer first, so that it leaves a token for the prompt, then
 * the prompt to what the answer leaves. `maxContextTokens` null = no limit.
 */
export function cutLengths(prompt: number, output: number, maxContextTokens: number | null): CutLengths {
  const limit = maxContextTokens ?? Infinity;
  const kept = Math.max(1, Math.min(output, limit - 1));
  return { prompt: Math.max(1, Math.min(prompt, limit - kept)), output: kept };
}
