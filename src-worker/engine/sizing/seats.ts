import { IDLE_KV_TOKENS_PER_SEQUENCE } from '../batching/subject.ts';
import { constantOf } from '../calibration/lookup.ts';
import type { EngineLimits, MemoryFit } from '../memory/fit.ts';
import type { PlanGroup, Seats, SizingSubject } from './types.ts';

type Stage = Pick<PlanGroup, 'pipelineParallel'>;

/** Sampling buffers of one seat. Logits are made on the last stage of a pipeline: where another is tighter, a seat costs none. */
export function seatBytes({ model, calibration }: SizingSubject, { stage }: MemoryFit, group: Stage): number {
  const hasLogits = stage === group.pipelineParallel - 1;
  return hasLogits ? constantOf(calibration, 'activationBytesPerSeqVocabulary') * model.vocabularySize : 0;
}

/** Room for cache and sampling buffers under a share of the memory, where `memory` was fitted with `limits`. */
export const roomBytesAt = (share: number, memory: MemoryFit, maxNumSeqs: number, bytesPerSeat: number): number =>
  memory.totalBytes * share -
  (memory.weightsBytes + memory.overheadBytes + memory.activationBytes - bytesPerSeat * maxNumSeqs);

/**
 * Seats of a plan that fits with the default of its version: those, or as many sequences of mean length as the cache holds
 * where that is fewer. Seats beyond would never be taken, and each keeps its part of the sampling buffers from the cache:
 * seats = ⌈room / (cache of a mean sequence + bytes per seat)⌉. Rounded up, to whole seats for each stage of a pipeline, so
 * that the cache is what limits, as it would be with the default.
 */
export function seatsFor(subject: SizingSubject, memory: MemoryFit, limits: EngineLimits, group: Stage): Seats {
  const perSeat = seatBytes(subject, memory, group);
  const tokensPerSequence = subject.lengths.moments.decodeContextMean + IDLE_KV_TOKENS_PER_SEQUENCE;
  const bytesPerSequence = memory.kvBytesPerToken * tokensPerSequence + perSeat;
  const roomBytes = roomBytesAt(limits.gpuMemoryUtilization, memory, limits.maxNumSeqs, perSeat);
  const stages = group.pipelineParallel;
  const held = Math.max(1, Math.ceil(roomBytes / bytesPerSequence / stages)) * stages;
  const byDefault = limits.maxNumSeqs;
  return { seats: Math.min(held, byDefault), byDefault, roomBytes, bytesPerSequence, tokensPerSequence };
}

/** Why a plan is started with fewer seats than its cache would serve. Bytes are per GPU. */
export interface StateSeats {
  seats: number;
  cacheBytes: number;
  /** Recurrent and convolution states of one sequence. */
  stateBytes: number;
}

/**
 * Seats of a model whose sequences keep a state of constant size: vLLM does not start when there are more of them than the
 * cache has blocks for states ("max_num_seqs exceeds available Mamba cache blocks", vllm-project/vllm pull request 38270).
 * Its blocks are shared by groups of layers, so it may have several times as many as whole states fit; what is counted here
 * is never more than that, and never less than run at once. null where the seats are below it, or nothing is kept.
 */
export function stateSeats({ memory, limits }: Pick<PlanGroup, 'memory' | 'limits'>): StateSeats | null {
  if (!memory?.fits || memory.stateBytes === 0) return null;
  const { kvCacheBytes: cacheBytes, stateBytes } = memory;
  const seats = Math.max(1, Math.floor(cacheBytes / stateBytes));
  return seats >= limits.maxNumSeqs ? null : { seats, cacheBytes, stateBytes };
}
