import type { EngineLimits } from '../memory/fit.ts';
import { roomBytesAt, seatBytes } from './seats.ts';
import type { PlanGroup, SizingSubject } from './types.ts';

/** Share of GPU memory the safe command takes: what the original kept of the memory before it counted sequences. */
const SAFE_MEMORY_SHARE = 0.85;

/** Scheduler limits under which no request is preempted, and what they follow from. All bytes are per GPU. */
export interface SafeLimits {
  limits: EngineLimits;
  /** What is left for cache and sampling buffers beside weights, batched tokens and overhead. */
  roomBytes: number;
  /** Cache of the longest request served, and the sampling buffer of its seat. */
  bytesPerSeat: number;
  /** Seats the room holds; the limit is this, or the plan's own seats where they are fewer. */
  seatsHeld: number;
}

/**
 * Limits for a start that holds its promises under any mix of lengths: a conservative share of the memory, and as many
 * seats as the KV cache holds at the longest request served (P99 prompt + P99 answer). Each seat also costs its part of the
 * activation peak, so seats = ⌊room / (cache of the longest request + bytes per seat)⌋, between 1 and those of the plan. The share
 * is the version's own where a smaller one would hold no request, or where that is smaller still.
 */
export function safeLimits(subject: SizingSubject, group: PlanGroup): SafeLimits {
  const { memory, limits } = group;
  if (!memory?.fits) throw new Error('a plan that does not fit has no safe limits');
  const buffers = seatBytes(subject, memory, group);
  const bytesPerSeat = memory.longestRequestBytes + buffers;
  const roomAt = (share: number): number => roomBytesAt(share, memory, limits.maxNumSeqs, buffers);
  const conservative = Math.min(SAFE_MEMORY_SHARE, limits.gpuMemoryUtilization);
  const share = roomAt(conservative) >= bytesPerSeat ? conservative : limits.gpuMemoryUtilization;
  const roomBytes = roomAt(share);
  const seatsHeld = Math.max(1, Math.floor(roomBytes / bytesPerSeat));
  const maxNumSeqs = Math.min(seatsHeld, limits.maxNumSeqs);
  return { limits: { ...limits, maxNumSeqs, gpuMemoryUtilization: share }, roomBytes, bytesPerSeat, seatsHeld };
}
