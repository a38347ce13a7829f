import type { BenchmarkSetup } from '../../src-worker/protocol/benchmark-api.ts';
import { serveResult } from '../measurements/formats/serve-result.ts';

/** What the result files of the server do not say. */
export const SETUP: BenchmarkSetup = {
  model: null,
  gpu: 'h100',
  tp: 1,
  pp: null,
  dp: null,
  quantization: 'bf16',
  engine: 'vllm@0.11.0',
};

/** A run on a server whose steps take 30 ms under every load, far longer than the profile that ships with the program expects. */
export const slowRun = (concurrency: number, prefix = 'at') => ({
  fileName: `${prefix}-${concurrency}.json`,
  text: JSON.stringify(
    serveResult({
      max_concurrency: concurrency,
      output_throughput: concurrency * 32,
      total_token_throughput: concurrency * 32 * 9,
      request_throughput: concurrency / 4,
      duration: 800 / concurrency,
    }),
  ),
});
