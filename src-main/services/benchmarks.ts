import { z } from 'zod';
import { ConfigIqError } from '../../src-worker/engine/errors.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
import { MAX_BENCHMARK_FILES, type BenchmarkApi } from '../../src-worker/protocol/benchmark-api.ts';
import { attemptAsync } from '../../src-worker/protocol/result.ts';
import type { NearModels } from '../measurements/missing.ts';
import { checkRequest } from './check-request.ts';

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
  /** Throws for a name that is no model. */
  resolveModel: (name: string) => unknown;
}

export function benchmarkApi({ facts, resolveModel }: BenchmarkParts): BenchmarkApi {
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
        return importBenchmarks(checked, { facts: facts(), nearModels });
      }),
  };
}
