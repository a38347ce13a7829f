import type { PlanGroup } from './types.ts';

/** Why a plan is started with fewer seats than its version's default. Bytes are per GPU. */
export interface SeatLimit {
  seats: number;
  cacheBytes: number;
  /** Recurrent and convolution states of one sequence. */
  stateBytes: number;
}

/**
 * Seats of a model whose sequences keep a state of constant size: vLLM does not start when there are more of them than the
 * cache has blocks for states ("max_num_seqs exceeds available Mamba cache blocks", vllm-project/vllm pull request 38270).
 * Its blocks are shared by groups of layers, so it may have several times as many as whole states fit; what is counted here
 * is never more than that, and never less than run at once. null where the default is below it, or nothing is kept.
 */
export function seatLimit({ memory, limits }: Pick<PlanGroup, 'memory' | 'limits'>): SeatLimit | null {
  if (!memory?.fits || memory.stateBytes === 0) return null;
  const { kvCacheBytes: cacheBytes, stateBytes } = memory;
  const seats = Math.max(1, Math.floor(cacheBytes / stateBytes));
  return seats >= limits.maxNumSeqs ? null : { seats, cacheBytes, stateBytes };
}
