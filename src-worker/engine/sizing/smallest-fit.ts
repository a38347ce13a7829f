import type { CalibrationProfile } from '../calibration/types.ts';
import type { Gpu } from '../hardware/types.ts';
import { fitMemory, type EngineLimits, type MemoryFit } from '../memory/fit.ts';
import type { Model, Precision } from '../model/types.ts';

export interface SmallestFitQuestion {
  model: Model;
  gpu: Gpu;
  precision: Precision;
  kvBytesPerElement: 1 | 2;
  limits: EngineLimits;
  calibration: CalibrationProfile;
  /** Prompt and answer of the one request that must fit, in tokens. */
  requestTokens: number;
}

export type SmallestFit =
  | {
      kind: 'fits';
      tensorParallel: number;
      memory: MemoryFit;
      /** Requests of that length at once. */
      requests: number;
    }
  /** Not even the most GPUs hold it; `memory` is what is missing on each of them. */
  | { kind: 'none'; tensorParallel: number; memory: MemoryFit };

/**
 * The fewest GPUs, of the `choices` in rising order, on which vLLM starts and holds one request. How many such requests run
 * at once: each takes whole KV blocks, and none more than the engine has seats (max_num_seqs). Llama-2-7b in 16 bit needs
 * 512 KiB of KV cache for a token, so that 120,000 KV tokens hold 29 requests of 4,096.
 */
export function smallestFit(question: SmallestFitQuestion, choices: readonly number[]): SmallestFit {
  let last: SmallestFit | null = null;
  for (const tensorParallel of choices) {
    const { requestTokens, ...rest } = question;
    const memory = fitMemory({
      ...rest,
      gpuShare: 1,
      tensorParallel,
      servedTokens: requestTokens,
      contextTokens: requestTokens,
    });
    if (memory.fits) return { kind: 'fits', tensorParallel, memory, requests: requestsAtOnce(question, memory) };
    last = { kind: 'none', tensorParallel, memory };
  }
  if (!last) throw new Error('smallestFit needs at least one number of GPUs to try');
  return last;
}

function requestsAtOnce({ requestTokens, limits }: SmallestFitQuestion, { kvCacheTokens }: MemoryFit): number {
  const held = Math.ceil(requestTokens / limits.kvBlockTokens) * limits.kvBlockTokens;
  return Math.min(Math.floor(kvCacheTokens / held), limits.maxNumSeqs);
}
