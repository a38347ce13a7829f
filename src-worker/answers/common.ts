import type { LatencyPercentiles } from '../engine/batching/spread.ts';
import type { CalibrationProfile } from '../engine/calibration/types.ts';
import type { Facts } from '../engine/facts.ts';
import type { Gpu } from '../engine/hardware/types.ts';
import type { MemoryFit } from '../engine/memory/fit.ts';
import { gibFromBytes } from '../engine/units.ts';
import type { LatencySummary, MemoryDocument, Versions, Warning } from '../protocol/documents.ts';
import { rounded } from '../protocol/rounded.ts';
import { measurementsAre } from './uncertainty.ts';

/** Parts that several documents share. */

export { rounded };

export const latencySummary = (latency: LatencyPercentiles | null): LatencySummary =>
  latency
    ? {
        mean: rounded(latency.mean),
        p50: rounded(latency.p50),
        p90: rounded(latency.p90),
        p95: rounded(latency.p95),
        p99: rounded(latency.p99),
      }
    : { mean: null, p50: null, p90: null, p95: null, p99: null };

export function memoryDocument(fit: MemoryFit): MemoryDocument {
  const gib = (bytes: number): number => rounded(gibFromBytes(bytes));
  return {
    fits: fit.fits,
    weights_gib: gib(fit.weightsBytes),
    kv_cache_gib: gib(fit.kvCacheBytes),
    kv_cache_tokens: fit.kvCacheTokens,
    activation_gib: gib(fit.activationBytes),
    overhead_gib: gib(fit.overheadBytes),
    free_gib: gib(fit.freeBytes),
    total_gib: gib(fit.totalBytes),
    shortfall_gib: fit.fits ? null : gib(fit.shortfallBytes),
  };
}

export const stepTimeDocument = (parts: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(parts).map(([name, ms]) => [name, rounded(ms)]));

/** Step times of this GPU rest on its chip's family, and on few rows of its own at most: as many as its ranges speak of. */
export function extrapolatedGpu({ id, name }: Pick<Gpu, 'id' | 'name'>, { coverage }: CalibrationProfile): Warning {
  const rows = coverage?.gpus[id] ?? 0;
  const measured = rows === 0 ? `${name} was never measured` : `Only ${measurementsAre(rows)} of ${name}`;
  return {
    code: 'extrapolated_gpu',
    sentence: `${measured}: its step times are corrected as those of other GPUs of its chip's family were, and not at all where none of these was measured.`,
  };
}

export const versionsOf = (facts: Facts, calibration: string): Versions => ({ ...facts.versions, calibration });
