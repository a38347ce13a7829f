import { z } from 'zod';
import { readyBenchmarks } from '../../src-worker/answers/calibration/benchmarks.ts';
import { resolveCalibration } from '../../src-worker/answers/resolve.ts';
import type { CalibrationProfile } from '../../src-worker/engine/calibration/types.ts';
import { ConfigIqError } from '../../src-worker/engine/errors.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
import type { ModelSource } from '../../src-worker/engine/model/source.ts';
import {
  MAX_BENCHMARK_FILES,
  type BenchmarkApi,
  type BenchmarkImport,
} from '../../src-worker/protocol/benchmark-api.ts';
import type { MeasurementRow } from '../../src-worker/protocol/measurement-columns.ts';
import { attemptAsync } from '../../src-worker/protocol/result.ts';
import type { NearModels } from '../measurements/missing.ts';
import { withModels } from './calibrations/measured-rows.ts';
import { checkRequest } from './check-request.ts';
import { inSlices } from './in-slices.ts';

const fileNameSchema = z.string().min(1).max(4096);
const nameSchema = z.string().min(1).max(300).nullable();
const gpusSchema = z.number().int().min(1).max(100_000).nullable();
const importSchema = z.strictObject({
  files: z
    .array(
      z.strictObject({
        fileName: fileNameSchema,
        /** Longer texts are refused with a sentence of their own, which tells the size. */
        text: z.string(),
        beside: z
          .array(z.strictObject({ fileName: fileNameSchema, text: z.string() }))
          .max(10)
          .optional(),
      }),
    )
    .min(1)
    .max(MAX_BENCHMARK_FILES),
  setup: z.strictObject({
    model: nameSchema,
    gpu: nameSchema,
    tp: gpusSchema,
    pp: gpusSchema,
    dp: gpusSchema,
    quantization: nameSchema,
    engine: nameSchema,
  }),
});

interface BenchmarkParts {
  /** The catalogs in force. */
  facts: () => Facts;
  /** Of the profile in use. */
  calibration: () => string;
  /** Throws for a name that is no model. */
  resolveModel: (name: string) => ModelSource;
}

export function benchmarkApi({ facts, calibration, resolveModel }: BenchmarkParts): BenchmarkApi {
  const nearModels: NearModels = (name) => {
    try {
      resolveModel(name);
      return null;
    } catch (thrown) {
      if (!(thrown instanceof ConfigIqError)) throw thrown;
      // A model that is there and cannot be used is told by whoever predicts with it.
      if (thrown.code !== 'unknown_model') return null;
      const { nearest } = thrown.details;
      return Array.isArray(nearest) ? nearest.filter((near) => typeof near === 'string') : [];
    }
  };
  return {
    importBenchmark: (request) =>
      attemptAsync(async () => {
        const checked = checkRequest(importSchema, request, 'Benchmark import');
        // Readers of CSV and YAML are loaded by whoever imports, not by every start of the program.
        const { importBenchmarks } = await import('../measurements/import.ts');
        const inForce = facts();
        const found = importBenchmarks(checked, { facts: inForce, nearModels });
        const profile = resolveCalibration(calibration(), inForce);
        return {
          ...found,
          warnings: [...found.warnings, ...(await doubts(found.rows, { inForce, profile, resolveModel }))],
        };
      }),
  };
}

interface DoubtParts {
  inForce: Facts;
  profile: CalibrationProfile;
  resolveModel: BenchmarkParts['resolveModel'];
}

/** Rows that say enough to be predicted and cannot be true, as `validate` will find them; the others are told by what they lack. */
async function doubts(
  rows: readonly MeasurementRow[],
  { inForce, profile, resolveModel }: DoubtParts,
): Promise<BenchmarkImport['warnings']> {
  const { checkedCells } = await import('../measurements/checked-row.ts');
  const complete = rows.flatMap((row) => {
    const measurement = checkedCells(row, ['model', 'gpu', 'engine', 'workload_kind']);
    const isComplete =
      'pointId' in measurement && measurement.inputTokens !== null && measurement.outputTokens !== null;
    return isComplete ? [measurement] : [];
  });
  const { models } = withModels(complete, { resolve: resolveModel });
  const found: BenchmarkImport['warnings'] = [];
  for await (const row of inSlices(complete)) {
    if (!Object.hasOwn(models, row.model)) continue;
    const { skipped } = readyBenchmarks({ rows: [row], models }, inForce, profile);
    found.push(
      ...skipped.map(({ point_id: pointId, reason }) => ({
        pointId,
        sentence: `${reason.charAt(0).toUpperCase()}${reason.slice(1)} Validate and calibrate leave the row out.`,
      })),
    );
  }
  return found;
}
