import type { CalibrationProfile } from '../../../src-worker/engine/calibration/types.ts';
import { planOf, type StepPlan } from '../../../src-worker/engine/roofline/step-plan.ts';
import { operatorWork } from '../../../src-worker/engine/roofline/operator-work.ts';
import type { Benchmark } from '../../../src-worker/engine/validation/benchmark.ts';
import type { Measurement } from '../../../src-worker/engine/validation/types.ts';
import { resolveBenchmark } from '../../../src-worker/engine/validation/resolve-benchmark.ts';
import { knownModel } from '../roofline/random-deployments.ts';
import { calibrationOf, facts } from '../world.ts';

/** A row in which the source says nothing but what was served, on what and how. */
export const rowOf = (given: Partial<Measurement> = {}): Measurement => ({
  pointId: 'p1',
  sourceId: 'own',
  model: 'meta-llama/Llama-3.1-8B-Instruct',
  gpu: 'nvidia-h100-80gb',
  gpuCount: null,
  tensorParallel: null,
  pipelineParallel: null,
  expertParallel: null,
  dataParallel: null,
  engine: 'vllm',
  engineVersion: '0.10.2',
  engineGeneration: null,
  weightDtype: null,
  kvDtype: null,
  kind: 'closed_loop',
  inputTokens: 1000,
  outputTokens: 200,
  inputTokensNominal: null,
  outputTokensNominal: null,
  batchOrConcurrency: 16,
  requestRatePerS: null,
  numPrompts: null,
  arrival: null,
  prefixTokens: null,
  coldRequests: null,
  maxNumSeqs: null,
  maxNumBatchedTokens: null,
  gpuMemoryUtilization: null,
  regime: null,
  measured: { tpot_ms_mean: 10 },
  ...given,
});

export const resolvedRow = (given: Partial<Measurement> = {}, calibration = calibrationOf()) => {
  const row = rowOf(given);
  return resolveBenchmark(row, knownModel(row.model), facts, calibration);
};

/** The benchmark of a row that can be used. */
export function benchmarkOf(given: Partial<Measurement> = {}, calibration = calibrationOf()): Benchmark {
  const resolved = resolvedRow(given, calibration);
  if (resolved.kind === 'skipped') throw new Error(resolved.reason);
  return resolved.benchmark;
}

/** Why a row is skipped. */
export function reasonOf(given: Partial<Measurement>): string {
  const resolved = resolvedRow(given);
  if (resolved.kind === 'ready') throw new Error(`row ${resolved.benchmark.row.pointId} can be used`);
  return resolved.reason;
}

export const planFor = (benchmark: Benchmark, calibration: CalibrationProfile = calibrationOf()): StepPlan =>
  planOf(operatorWork(benchmark.deployment), calibration);
