import { describe, expect, test } from 'vitest';
import type { CalibrationProfile } from '../../../src-worker/engine/calibration/types.ts';
import { benchmarkMeans } from '../../../src-worker/engine/validation/benchmark-means.ts';
import type { Benchmark } from '../../../src-worker/engine/validation/benchmark.ts';
import { judgedColumns } from '../../../src-worker/engine/validation/judged-columns.ts';
import type { Measurement } from '../../../src-worker/engine/validation/types.ts';
import { implausibility } from '../../../src-worker/engine/validation/plausibility.ts';
import { predictColumns } from '../../../src-worker/engine/validation/predicted-columns.ts';
import { Draws } from '../roofline/random-deployments.ts';
import { calibrationOf, gpuOf } from '../world.ts';
import { benchmarkOf, planFor, resolvedRow } from './rows.ts';

const aloneMs = (b: Benchmark, calibration: CalibrationProfile): number =>
  benchmarkMeans({ ...b, kind: 'closed_loop', requests: 1 }, planFor(b, calibration), calibration).ttftMs;

function doubtOf(b: Benchmark, calibration = calibrationOf()): string | null {
  const plan = planFor(b, calibration);
  return implausibility(b, plan, benchmarkMeans(b, plan, calibration), () => aloneMs(b, calibration));
}

const doubt = (given: Partial<Measurement>): string | null => doubtOf(benchmarkOf(given));

describe('floors of the data sheet', () => {
  // Llama 3.1 8B: 8.03e9 parameters of 2 bytes, the embedding of 128,256 x 4,096 not read by a step: 15.01 GB. Its cache has
  // 131,072 bytes a token, and the rows here 1,000 in and 200 out: 1,100 tokens in the mean, a quarter of them in the median.
  const { memoryBandwidthBytesPerS: bandwidth } = gpuOf('nvidia-h100-80gb');
  const weightsMs = (15.01e9 / bandwidth) * 1e3;
  const floorMs = weightsMs + ((1100 * 131_072) / bandwidth) * 1e3;

  test('a token is never faster than its weights can be read; 2 % are for rounding', () => {
    expect(doubt({ measured: { tpot_ms_mean: 0.97 * floorMs } })).toMatch(
      /^impossible: TPOT of .* ms, while reading weights and cache once at the peak bandwidth takes .* is it in another unit\?$/,
    );
    for (const statistic of ['p50', 'p90', 'p95', 'p99']) {
      const column = `tpot_ms_${statistic}`;
      const words = new RegExp(`^impossible: TPOT ${statistic.toUpperCase()} of `);
      const own = statistic === 'p50' ? weightsMs + (floorMs - weightsMs) / 4 : floorMs;
      expect(doubt({ measured: { [column]: 0.97 * own } }), column).toMatch(words);
      expect(doubt({ measured: { [column]: 1.02 * floorMs } }), column).toBeNull();
    }
    expect(doubt({ measured: { tpot_ms_mean: 0.99 * floorMs } })).toBeNull();
    expect(doubt({ measured: { tpot_ms_mean: 1.02 * floorMs } })).toBeNull();
  });

  test('16 sequences give at most 16 tokens for each time the weights are read', () => {
    const most = (16 / weightsMs) * 1e3;
    expect(doubt({ inputTokens: 1, measured: { output_tok_s: 1.04 * most } })).toMatch(/^impossible: .* tokens\/s/);
    expect(doubt({ inputTokens: 1, measured: { output_tok_s: 0.99 * most } })).toBeNull();
    expect(doubt({ inputTokens: 1, measured: { req_s: (1.04 * most) / 200 } })).toMatch(/^impossible/);
  });

  test('prompts never take more FLOP/s than the GPUs have', () => {
    // 6.98e9 parameters in the layers of Llama 3.1 8B, two FLOP each.
    const { peaks } = gpuOf('nvidia-h100-80gb');
    const mostPerS = (peaks.fp16FlopPerS ?? NaN) / (2 * 6.98e9) / 8001;
    const long: Partial<Measurement> = { inputTokens: 8000, outputTokens: 1, kind: 'offline_max', numPrompts: 500 };
    expect(doubt({ ...long, measured: { req_s: 1.05 * mostPerS } })).toMatch(/^impossible: prompts and answers/);
    expect(doubt({ ...long, measured: { req_s: 0.97 * mostPerS } })).toBeNull();
    // What is cached is not computed.
    expect(doubt({ ...long, prefixTokens: 4000, measured: { req_s: 1.05 * mostPerS } })).toBeNull();
    // Twice the GPUs, twice the FLOP/s.
    expect(doubt({ ...long, tensorParallel: 2, measured: { req_s: 1.05 * mostPerS } })).toBeNull();
  });

  test('a first token never comes before its prompt can be computed', () => {
    const { peaks } = gpuOf('nvidia-h100-80gb');
    // Each of the tokens attends to half of them in the mean: four FLOP for each of 32 heads of 128 in 32 layers.
    const attentionFlop = 8000 * 4000 * 4 * 32 * 128 * 32;
    const leastMs = ((8000 * 2 * 6.98e9 + attentionFlop) / (peaks.fp16FlopPerS ?? NaN)) * 1e3;
    const long = { inputTokens: 8000, batchOrConcurrency: 1 };
    expect(doubt({ ...long, measured: { ttft_ms_mean: 0.95 * leastMs } })).toMatch(/^impossible: TTFT/);
    expect(doubt({ ...long, measured: { ttft_ms_mean: 1.01 * leastMs } })).toBeNull();
    expect(doubt({ ...long, prefixTokens: 7000, measured: { ttft_ms_mean: 0.95 * leastMs } })).toBeNull();
    expect(doubt({ ...long, measured: { ttft_ms_p95: 0.95 * leastMs } })).toMatch(/^impossible: TTFT P95/);
    // The median of uneven prompts is shorter than the mean, which is all that a row gives.
    expect(doubt({ ...long, measured: { ttft_ms_p50: 0.5 * leastMs } })).toBeNull();
    expect(doubt({ ...long, measured: { ttft_ms_p50: 0.2 * leastMs } })).toMatch(/^impossible: TTFT P50/);
  });

  test('an answer takes its prompt and the weights once for every further token', () => {
    const one = { batchOrConcurrency: 1, inputTokens: 10, outputTokens: 200 };
    expect(doubt({ ...one, measured: { e2e_ms_mean: 0.95 * 200 * floorMs } })).toMatch(/^impossible: E2E/);
    expect(doubt({ ...one, measured: { e2e_ms_p99: 0.95 * 200 * floorMs } })).toMatch(/^impossible: E2E P99/);
    expect(doubt({ ...one, measured: { e2e_ms_mean: 1.05 * 200 * floorMs } })).toBeNull();
    expect(doubt({ ...one, measured: { e2e_ms_p50: 0.5 * 200 * floorMs } })).toBeNull();
  });

  test('seconds of Llama 2 70B in a column of ms, E2E alone', () => {
    const given = { model: 'meta-llama/Llama-2-70b-hf', gpu: 'nvidia-a100-80gb', tensorParallel: 4 };
    expect(doubt({ ...given, measured: { e2e_ms_mean: 4.2 } })).toMatch(/^impossible: E2E of 4.2 ms/);
  });
});

describe('rows that contradict themselves', () => {
  const measured = { ttft_ms_mean: 100, tpot_ms_mean: 10, e2e_ms_mean: 2100 };

  test('E2E and its parts', () => {
    expect(doubt({ measured })).toBeNull();
    for (const e2e of [4300, 1000]) {
      expect(doubt({ measured: { ...measured, e2e_ms_mean: e2e } })).toMatch(/^contradictory: E2E .* units mixed\?$/);
    }
    // The mean of a batch is that of all its tokens, the file's columns are those of one.
    expect(doubt({ kind: 'static_batch', measured: { ...measured, e2e_ms_mean: 4300 } })).toBeNull();
  });

  test('seconds in place of milliseconds are found', () => {
    expect(doubt({ measured: { ttft_ms_mean: 0.1, tpot_ms_mean: 0.01 } })).toMatch(/^impossible/);
    expect(doubt({ measured: { ttft_ms_mean: 0.1 } })).toMatch(/^impossible/);
    expect(doubt({ measured: { tpot_ms_mean: 0.012 } })).toMatch(/^impossible/);
    expect(doubt({ measured: { ...measured, e2e_ms_mean: 2.1 } })).toMatch(/^impossible: E2E/);
  });

  test('microseconds in place of milliseconds are found, a slow server is not', () => {
    for (const column of ['tpot_ms_mean', 'tpot_ms_p50', 'tpot_ms_p99']) {
      expect(doubt({ measured: { [column]: 9000 } }), column).toMatch(
        /^out of range: TPOT.* ms predicted; are the units/,
      );
      expect(doubt({ measured: { [column]: 100 } }), column).toBeNull();
    }
    const open = { kind: 'open_loop', requestRatePerS: 1, batchOrConcurrency: null } as const;
    expect(doubt({ ...open, measured: { ttft_ms_mean: 45_000 } })).toMatch(/^out of range: TTFT of 45,000 ms/);
    expect(doubt({ ...open, measured: { ttft_ms_p99: 1000 } })).toBeNull();
    // Over capacity TTFT tells how long the run was, and is not judged.
    expect(doubt({ ...open, regime: 'over_capacity', measured: { ttft_ms_mean: 45_000 } })).toBeNull();
    expect(doubt({ measured: { req_s: 1e-3 } })).toMatch(/^out of range: req_s of 0.001 requests\/s/);
  });

  test('a TP that cuts heads in two', () => {
    // 32 attention heads.
    expect(doubt({ tensorParallel: 3 })).toMatch(/^impossible: TP 3 does not divide the 32 attention heads/);
    expect(doubt({ tensorParallel: 64 })).toMatch(/^impossible: TP 64/);
    expect(doubt({ tensorParallel: 8, measured: { tpot_ms_mean: 6 } })).toBeNull();
  });

  test('rates that are not the same requests', () => {
    expect(doubt({ measured: { req_s: 5, output_tok_s: 1000, total_tok_s: 6000 } })).toBeNull();
    expect(doubt({ measured: { req_s: 5, output_tok_s: 1000, total_tok_s: 6500 } })).toBeNull();
    expect(doubt({ measured: { req_s: 5, output_tok_s: 1000, total_tok_s: 2000 } })).toMatch(
      /^contradictory: by isl and osl total_tok_s is 1.67 requests\/s and (req_s|output_tok_s) 5/,
    );
    expect(doubt({ measured: { output_tok_s: 1000, total_tok_s: 1000 } })).toMatch(/^contradictory/);
  });

  test('a closed loop in which everybody waits longer than for everybody had fewer seats', () => {
    const waiting = (ttft: number, batchOrConcurrency = 16) =>
      doubt({ batchOrConcurrency, measured: { ttft_ms_mean: ttft } });
    const b = benchmarkOf();
    const allMs = 16 * aloneMs(b, calibrationOf());
    expect(waiting(1.9 * allMs)).toBeNull();
    expect(waiting(2.2 * allMs)).toMatch(/^contradictory: TTFT .* fewer seats than the file says/);
    // One client alone may be served by a slow engine; more clients than seats do wait.
    expect(waiting(allMs, 1)).toBeNull();
    expect(doubt({ batchOrConcurrency: 16, maxNumSeqs: 8, measured: { ttft_ms_mean: 2.2 * allMs } })).toBeNull();
  });
});

/** A GPU that reaches what its data sheet says, under an engine that costs nothing. */
function perfect(): CalibrationProfile {
  const profile = structuredClone(calibrationOf());
  const set = (name: string, value: number): void => {
    const constant = profile.constants[name];
    if (!constant) throw new Error(`no constant ${name}`);
    constant.value = value;
  };
  for (const name of [
    'bandwidthEfficiency',
    'computeEfficiency',
    'kvReadEfficiency',
    'attentionEfficiency',
    'maxBandwidthEfficiency',
    'maxComputeEfficiency',
    'maxExpertBandwidthEfficiency',
    'decodeAttentionComputeEfficiency',
    'expertComputeFactor',
  ])
    set(name, 1);
  for (const name of ['gemmTileRows', 'gemmTileRowsWeightOnly', 'gemmExtraTokens', 'activationBytesPerTokenLayer'])
    set(name, 1e-3);
  set('smoothMaxExponent', 50);
  for (const family of Object.values(profile.families)) Object.assign(family, { bandwidth: 1, compute: 1 });
  for (const id of Object.keys(profile.gpuBandwidthFactors)) profile.gpuBandwidthFactors[id] = 1;
  for (const precision of Object.keys(
    profile.precisionComputeFactors,
  ) as (keyof typeof profile.precisionComputeFactors)[]) {
    profile.precisionComputeFactors[precision] = 1;
    profile.precisionBandwidthFactors[precision] = 1;
  }
  for (const generation of Object.values(profile.generations)) {
    Object.assign(generation, {
      stepMs: 1e-3,
      layerUs: 1e-3,
      sequenceUs: 1e-3,
      streamUs: 1e-3,
      moeLayerUs: 1e-3,
      ttftBaseMs: 1e-3,
      bandwidthFactor: 1,
      computeFactor: 1,
      kvFactor: 1,
    });
  }
  return profile;
}

const MODELS = [
  'meta-llama/Llama-3.1-8B-Instruct',
  'Qwen/Qwen2.5-0.5B',
  'google/gemma-2-9b',
  'Qwen/Qwen3-30B-A3B',
  'mistralai/Mixtral-8x7B-v0.1',
  'deepseek-ai/DeepSeek-V2-Lite',
  'Qwen/Qwen2.5-32B-Instruct-AWQ',
];

function randomRow(draws: Draws): Partial<Measurement> {
  const kind = draws.of(['static_batch', 'offline_max', 'closed_loop', 'open_loop'] as const);
  return {
    model: draws.of(MODELS),
    gpu: draws.of(['nvidia-h100-80gb', 'nvidia-a100-80gb', 'nvidia-h200', 'nvidia-b200']),
    engine: draws.of(['vllm', 'vllm', 'trtllm', 'sglang']),
    engineVersion: draws.of([null, '0.6.3', '0.10.2', '0.19', '1.0']),
    kind,
    tensorParallel: draws.of([1, 2, 4]),
    pipelineParallel: draws.of([null, null, 2]),
    inputTokens: draws.whole(1, 9000),
    outputTokens: draws.of([1, 2, 128, 700]),
    batchOrConcurrency: draws.of([1, 2, 16, 128, 700]),
    requestRatePerS: kind === 'open_loop' ? draws.magnitude(0.05, 5) : null,
    prefixTokens: draws.of([null, 500]),
    maxNumSeqs: draws.of([null, 32]),
    weightDtype: draws.of(['fp16', 'fp16', 'fp8', 'int8']),
  };
}

describe('true rows', () => {
  test.each([
    ['the bundled profile', calibrationOf()],
    ['a GPU that reaches its data sheet', perfect()],
  ])('what %s predicts is never doubted', (_, calibration) => {
    const doubts: string[] = [];
    const draws = new Draws(23);
    let checked = 0;
    for (let i = 0; i < 400; i += 1) {
      const given = randomRow(draws);
      if (given.weightDtype === 'fp8' && given.gpu === 'nvidia-a100-80gb') continue;
      // 14 attention heads.
      if (given.model === 'Qwen/Qwen2.5-0.5B' && given.tensorParallel === 4) continue;
      const resolved = resolvedRow(given, calibration);
      // Weights that the drawn GPUs cannot hold.
      if (resolved.kind === 'skipped') continue;
      const b = resolved.benchmark;
      checked += 1;
      const predicted = predictColumns(b, planFor(b, calibration), calibration);
      const asked = { ...b, row: { ...b.row, measured: predicted } };
      const measured = Object.fromEntries(judgedColumns(asked).map((column) => [column, predicted[column] as number]));
      const found = doubtOf({ ...b, row: { ...b.row, measured } }, calibration);
      if (found !== null) doubts.push(`${JSON.stringify(given)} ${found}`);
    }
    expect(doubts).toEqual([]);
    expect(checked).toBeGreaterThan(250);
  });
});
