import { msFromMicroseconds, msFromSeconds } from '../units.ts';

/** What the time of one all-reduce follows from; the constants come from a calibration profile. */
export interface AllReduce {
  gpus: number;
  /** Latency over two GPUs, microseconds, engine factor included. */
  pairLatencyUs: number;
  /** Growth of the latency with the group: (gpus / 2) ^ growth. */
  growth: number;
  bandwidthPerDirectionBytesPerS: number;
  linkEfficiency: number;
}

/** Fixed part of one all-reduce in ms: a latency that grows with the group (FIDELITY.md section 2, Communication). */
export function allReduceLatencyMs(spec: AllReduce): number {
  if (spec.gpus <= 1) return 0;
  return msFromMicroseconds(spec.pairLatencyUs * Math.max(spec.gpus / 2, 1) ** spec.growth);
}

/**
 * Time of one byte of a message, ms: a ring moves 2 (g - 1) / g of the message over every link.
 * Example: 4 GPUs, 450 GB/s a direction at 60 %: 1.5 / 270e9 s = 5.6e-9 ms a byte.
 */
export function allReduceMsPerByte(spec: AllReduce): number {
  if (spec.gpus <= 1) return 0;
  const traffic = (2 * (spec.gpus - 1)) / spec.gpus;
  return msFromSeconds(traffic / (spec.bandwidthPerDirectionBytesPerS * spec.linkEfficiency));
}
