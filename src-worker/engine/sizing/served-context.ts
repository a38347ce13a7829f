import type { Model } from '../model/types.ts';
import type { RequestLengths } from '../workload/lengths.ts';

/** Lengths are rounded up to whole blocks of this many tokens, so that the flag stays readable. */
const LENGTH_GRAIN = 256;

/** Longest request served (`--max-model-len`): P99 of prompt + P99 of output rounded up, within the model's context. */
export function servedContextTokens({ lengths, model }: { lengths: RequestLengths; model: Model }): number {
  const needed = lengths.promptP99Tokens + lengths.outputP99Tokens;
  const rounded = Math.ceil(needed / LENGTH_GRAIN) * LENGTH_GRAIN;
  return Math.min(Math.max(rounded, LENGTH_GRAIN), model.maxContextTokens);
}
