import type { LatencyPercentiles } from '../engine/batching/spread.ts';
import type { TrustKind } from '../engine/batching/trust.ts';
import type { CalibrationProfile } from '../engine/calibration/types.ts';
import type { Facts } from '../engine/facts.ts';
import type { Gpu } from '../engine/hardware/types.ts';
import type { MemoryFit } from '../engine/memory/fit.ts';
import { gibFromBytes } from '../engine/units.ts';
import type { LatencySummary, MemoryDocument, Remark, Versions, Warning } from '../protocol/documents.ts';
import { rounded } from './rounded.ts';
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

const TRUST_SENTENCES: Record<TrustKind, string> = {
  ok: 'Load and lengths lie where the closed form holds: steady, with room in the KV cache and the seats.',
  critical:
    'Outside of where the closed form was confirmed (near the edge of the steady region, prompts of several steps or very uneven lengths, answers of a few tokens, or users in step): percentiles may be far off, so simulate.',
  kv_pressure:
    'The KV cache is nearly full: requests wait for room in it, for which the figures have an estimate, or are preempted, which they do not hold: simulate.',
  slot_pressure: 'Nearly all seats are taken: how long requests wait for one is an estimate: simulate.',
  bursty: 'Arrivals are bursty: tails of the time to first token are likely too low.',
};

const METHOD_SENTENCES: Partial<Record<string, string>> = {
  mg1: 'One request at a time: the wait is exact, the picture of the engine is not.',
  static_batch: 'A batch that starts together: no arrivals, no waiting.',
};

/** Where the KV cache is what is short, some lose their blocks to others and are computed anew. */
export const CROWDED_BATCH =
  'A batch that starts together and does not fit into the KV cache at once: whoever is preempted meanwhile, and begins anew, only a simulation shows (--method simulation).';

/** Where lengths differ, the longest keep a batch running when most of it has ended. */
export const UNEVEN_BATCH =
  'A batch that starts together, taken to have prompts and answers of one length: how latencies spread, and how long the longest answers keep the batch, only a simulation says (--method simulation).';

/** `method` other than the closed form of continuous batching has its own words. */
export const trustRemark = (kind: TrustKind, method: string): Remark<TrustKind> => ({
  kind,
  sentence: METHOD_SENTENCES[method] ?? TRUST_SENTENCES[kind],
});

export const versionsOf = (facts: Facts, calibration: string): Versions => ({ ...facts.versions, calibration });
