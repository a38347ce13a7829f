import { describe, expect, test } from 'vitest';
import type { Measurement } from '../../../src-worker/engine/validation/types.ts';
import { predictColumns } from '../../../src-worker/engine/validation/predicted-columns.ts';
import { resolveBenchmark } from '../../../src-worker/engine/validation/resolve-benchmark.ts';
import { Draws } from '../roofline/random-deployments.ts';
import { calibrationOf, facts } from '../world.ts';
import { benchmarkOf, planFor, reasonOf, rowOf } from './rows.ts';

const MIXTRAL = 'mistralai/Mixtral-8x7B-v0.1';
const LLAMA_70B = 'meta-llama/Llama-3.1-70B-Instruct';

describe('what a silent row is taken to mean', () => {
  test('one GPU, 16 bit, the scheduler of its engine', () => {
    const b = benchmarkOf();
    expect(b).toMatchObject({
      kind: 'closed_loop',
      group: 'own|nvidia-h100-80gb|meta-llama/Llama-3.1-8B-Instruct',
      machine: 'own|nvidia-h100-80gb',
      generation: 'vllm-v1',
      isGenerationKnown: true,
      streams: 1,
      hasSeparatePrefill: false,
      promptTokens: 1000,
      cachedTokens: 0,
      outputTokens: 200,
      hasDrawnLengths: false,
      maxNumBatchedTokens: 8192,
      maxNumSeqs: 1024,
      requests: 16,
      ratePerMs: 0,
      numPrompts: null,
      coldRequests: 0,
      scvArrival: 1,
    });
    expect(b.deployment).toMatchObject({
      precision: 'fp16',
      kvBytesPerElement: 2,
      tensorParallel: 1,
      expertParallel: 1,
      dataParallel: null,
      pipeline: null,
      fabric: null,
      gpuShare: 1,
      streamsTokens: true,
    });
  });

  test.each<[engineVersion: string, gpu: string, budget: number, seats: number]>([
    // NUMBERS.md, engine defaults: 8,192 and 1,024 from 70 GiB on, save A100; else 2,048 and 256.
    ['0.10.2', 'nvidia-h100-80gb', 8192, 1024],
    ['0.10.2', 'nvidia-a100-80gb', 2048, 256],
    ['0.10.2', 'nvidia-l40s', 2048, 256],
    ['0.19.0', 'nvidia-h200', 8192, 1024],
  ])('vLLM %s on %s: %i tokens a step, %i seats', (engineVersion, gpu, budget, seats) => {
    const b = benchmarkOf({ engineVersion, gpu, model: 'Qwen/Qwen2.5-0.5B' });
    expect([b.maxNumBatchedTokens, b.maxNumSeqs]).toEqual([budget, seats]);
  });

  test('old engines compute prompts in steps of their own while the context is short', () => {
    expect(benchmarkOf({ engineVersion: '0.6.3' }).hasSeparatePrefill).toBe(true);
    const long = benchmarkOf({ engineVersion: '0.6.3', inputTokens: 40_000 });
    expect(long.hasSeparatePrefill).toBe(false);
    expect(long.maxNumBatchedTokens).toBeLessThan(40_000);
    expect(benchmarkOf({ engine: 'sglang', engineVersion: '0.4.6' }).hasSeparatePrefill).toBe(true);
    expect(benchmarkOf({ engine: 'trtllm', engineVersion: '1.0' }).hasSeparatePrefill).toBe(false);
  });

  test('TensorRT-LLM has 512 seats, and 4,096 in offline runs, which are tuned', () => {
    const of = (kind: Measurement['kind']) =>
      benchmarkOf({ engine: 'trtllm', engineVersion: '1.0', kind, model: 'Qwen/Qwen2.5-0.5B' }).maxNumSeqs;
    expect(of('closed_loop')).toBe(512);
    expect(of('offline_max')).toBe(4096);
  });

  test('TensorRT-LLM keeps an 8-bit cache beside FP8 weights, vLLM does not, and a column decides for both', () => {
    const cache = (given: Partial<Measurement>) => benchmarkOf(given).deployment.kvBytesPerElement;
    const fp8 = { weightDtype: 'fp8' };
    expect(cache({ ...fp8, engine: 'trtllm', engineVersion: '1.0' })).toBe(1);
    expect(cache(fp8)).toBe(2);
    expect(cache({ ...fp8, kvDtype: 'FP8' })).toBe(1);
    expect(cache({ ...fp8, engine: 'trtllm', engineVersion: '1.0', kvDtype: 'bf16' })).toBe(2);
    expect(cache({ kvDtype: 'int8' })).toBe(1);
  });

  test.each([
    ['fp16', 'fp16'],
    ['bf16', 'bf16'],
    ['FP8', 'fp8'],
    ['int8', 'int8'],
    ['w8a16', 'w8a16'],
    ['w4a16', 'int4'],
    ['mxfp4', 'mxfp4'],
  ])('weights %s are %s', (weightDtype, precision) => {
    expect(benchmarkOf({ weightDtype }).deployment.precision).toBe(precision);
  });

  test('fp4 is NVFP4, on GPUs that have it', () => {
    expect(benchmarkOf({ weightDtype: 'fp4', gpu: 'nvidia-b200' }).deployment.precision).toBe('nvfp4');
    expect(reasonOf({ weightDtype: 'fp4' })).toMatch(/nvfp4|NVFP4/);
  });

  test('bf16 on a GPU without it runs at 16 bit all the same', () => {
    const gpu = facts.gpus.find(({ supportsBf16, vendor }) => vendor === 'nvidia' && !supportsBf16)?.id;
    if (gpu === undefined) throw new Error('every GPU of the catalog has bf16');
    expect(benchmarkOf({ gpu, weightDtype: 'bf16', model: 'Qwen/Qwen2.5-0.5B' }).deployment.precision).toBe('fp16');
  });

  test('only offline and static rows without a first token are taken not to stream', () => {
    const streams = (given: Partial<Measurement>) => benchmarkOf(given).deployment.streamsTokens;
    expect(streams({ kind: 'offline_max', measured: { output_tok_s: 1000 } })).toBe(false);
    expect(streams({ kind: 'static_batch', measured: { e2e_ms_mean: 1000 } })).toBe(false);
    expect(streams({ kind: 'static_batch', measured: { ttft_ms_p50: 100 } })).toBe(true);
    expect(streams({ kind: 'open_loop', requestRatePerS: 1, measured: { output_tok_s: 100 } })).toBe(true);
  });
});

describe('several GPUs', () => {
  test('tensor parallelism, from its column or from the GPUs that are left', () => {
    expect(benchmarkOf({ tensorParallel: 2 }).deployment).toMatchObject({ tensorParallel: 2, pipeline: null });
    expect(benchmarkOf({ gpuCount: 4 }).deployment.tensorParallel).toBe(4);
    expect(benchmarkOf({ gpuCount: 8, pipelineParallel: 2 }).deployment.tensorParallel).toBe(4);
    expect(benchmarkOf({ gpuCount: 8, dataParallel: 8, model: MIXTRAL }).deployment.tensorParallel).toBe(1);
  });

  test('pipeline stages are streams: each has its share of the load and of the seats', () => {
    const one = benchmarkOf({ model: LLAMA_70B, tensorParallel: 4, batchOrConcurrency: 64, requestRatePerS: 4 });
    const two = benchmarkOf({
      model: LLAMA_70B,
      tensorParallel: 4,
      pipelineParallel: 2,
      batchOrConcurrency: 64,
      requestRatePerS: 4,
    });
    expect(two.streams).toBe(2);
    expect(two.deployment.pipeline?.stages).toBe(2);
    expect([one.requests, two.requests]).toEqual([64, 32]);
    expect(two.ratePerMs).toBeCloseTo(one.ratePerMs / 2, 12);
    // Twice the GPUs have more than twice the room beside the weights.
    expect(two.seats * two.streams).toBeGreaterThan(one.seats);
    expect(two.maxNumSeqs * two.streams).toBe(one.maxNumSeqs);
  });

  test('ranks of data parallelism have a scheduler each, and so all of its seats', () => {
    const b = benchmarkOf({ model: MIXTRAL, gpu: 'nvidia-h200', dataParallel: 4, batchOrConcurrency: 64 });
    expect(b.deployment.dataParallel?.ranks).toBe(4);
    expect([b.streams, b.requests, b.maxNumSeqs]).toEqual([4, 16, 1024]);
  });

  test('experts are parallel only where the model has some', () => {
    expect(benchmarkOf({ model: MIXTRAL, tensorParallel: 8, expertParallel: 8 }).deployment.expertParallel).toBe(8);
    expect(benchmarkOf({ tensorParallel: 8, expertParallel: 8 }).deployment.expertParallel).toBe(1);
  });
});

describe('load', () => {
  test('cached tokens leave at least one to compute', () => {
    expect(benchmarkOf({ prefixTokens: 600 }).cachedTokens).toBe(600);
    expect(benchmarkOf({ prefixTokens: 5000 }).cachedTokens).toBe(999);
  });

  test('a nominal length means drawn lengths', () => {
    expect(benchmarkOf({ inputTokensNominal: 1100 }).hasDrawnLengths).toBe(true);
    expect(benchmarkOf({ outputTokensNominal: 220 }).hasDrawnLengths).toBe(true);
  });

  test('constant arrivals have no variability, all others that of Poisson', () => {
    const scv = (arrival: string | null) => benchmarkOf({ kind: 'open_loop', requestRatePerS: 1, arrival }).scvArrival;
    expect([scv('constant'), scv('poisson'), scv(null)]).toEqual([0, 1, 1]);
  });

  test('an offline run whose own figures show a handful under way was a closed loop of as many', () => {
    const measured = { output_tok_s: 400, ttft_ms_mean: 100, tpot_ms_mean: 10 };
    // 400 tokens/s of 200 are 2 requests/s; 100 + 199 x 10 ms each: 4.18 under way.
    const b = benchmarkOf({ kind: 'offline_max', batchOrConcurrency: null, numPrompts: 1000, measured });
    expect(b).toMatchObject({ kind: 'closed_loop', requests: 4, numPrompts: 1000 });
    const many = { ...measured, output_tok_s: 40_000 };
    expect(benchmarkOf({ kind: 'offline_max', batchOrConcurrency: null, numPrompts: 1000, measured: many }).kind).toBe(
      'offline_max',
    );
  });

  test('a handful are fewer than a quarter of those that could be under way', () => {
    // 10 + 199 x 10 ms a request: 12 requests/s keep 24 under way, 13 keep 26, of the 100 that were queued.
    const kindAt = (perS: number) =>
      benchmarkOf({
        kind: 'offline_max',
        batchOrConcurrency: null,
        numPrompts: 100,
        measured: { req_s: perS, ttft_ms_mean: 10, tpot_ms_mean: 10 },
      });
    expect(kindAt(12)).toMatchObject({ kind: 'closed_loop', requests: 24 });
    expect(kindAt(13)).toMatchObject({ kind: 'offline_max', requests: 100 });
  });

  test('where the whole context does not start, the server was given the longest that does', () => {
    // vLLM 0.7 refuses a context its cache cannot hold once. Bytes of an RTX 3090 that 0.9 of its memory leave beside the
    // weights, some 6e9, are shared by the peak of a step as long as the context (2.56 x 4,096 hidden a token) and by its
    // cache (131,072 a token of Llama 3.1 8B).
    const old = { engineVersion: '0.7.3', model: 'meta-llama/Llama-3.1-8B-Instruct', kind: 'offline_max' } as const;
    const b = benchmarkOf({ ...old, gpu: 'nvidia-rtx-3090', inputTokens: 282, outputTokens: 355, numPrompts: 100 });
    const cacheTokens = b.seats * (282 + 355 / 2);
    expect(cacheTokens).toBeGreaterThan(25_000);
    expect(cacheTokens).toBeLessThan(45_000);
    // On an H100 the model's own 131,072 tokens start, and more than one such request fits.
    const large = benchmarkOf({
      ...old,
      gpu: 'nvidia-h100-80gb',
      inputTokens: 131_000,
      outputTokens: 72,
      numPrompts: 9,
    });
    expect(large.seats).toBeGreaterThan(1);
  });

  test('a row that names no format has that of its checkpoint, as sizing takes it', () => {
    const precision = (weightDtype: string | null, model = 'Qwen/Qwen2.5-32B-Instruct-AWQ') =>
      benchmarkOf({ model, weightDtype, tensorParallel: 2 }).deployment.precision;
    expect(precision(null)).toBe('int4');
    expect(precision('fp16')).toBe('fp16');
    expect(precision(null, LLAMA_70B)).toBe('fp16');
  });

  test.each([
    [null, 2],
    ['auto', 2],
    ['bf16', 2],
    ['fp8', 1],
    ['FP8_e4m3', 1],
    ['fp8_e5m2', 1],
  ])('a cache in %s has %i bytes an element', (kvDtype, bytes) => {
    expect(benchmarkOf({ kvDtype }).deployment.kvBytesPerElement).toBe(bytes);
  });

  test('what did run has a seat, whatever the memory rule says', () => {
    // 37 GiB of weights fit into 39 GiB, not into the nine tenths of them that the engine takes.
    const b = benchmarkOf({ model: LLAMA_70B, weightDtype: 'int4', gpu: 'nvidia-a100-40gb', batchOrConcurrency: 4 });
    expect(b.seats).toBe(1);
  });
});

describe('skipped with a reason', () => {
  test.each<[why: string, given: Partial<Measurement>, reason: RegExp]>([
    ['no prompt length', { inputTokens: null }, /no lengths: isl or osl is empty/],
    ['no answer length', { outputTokens: null }, /no lengths: isl or osl is empty/],
    ['a length below one token', { outputTokens: 0.5 }, /below one token/],
    ['an unknown GPU', { gpu: 'nvidia-h10000' }, /^unknown GPU "nvidia-h10000": did you mean "nvidia-h100-80gb"/],
    [
      'a GPU that can be several',
      { gpu: 'a100' },
      /^GPU "a100" can mean nvidia-a100-40gb, nvidia-a100-80gb.*: give one of these ids\.$/,
    ],
    ['an unknown engine', { engine: 'lmdeploy' }, /^unknown engine "lmdeploy": known: sglang, trtllm, vllm\.$/],
    ['a misspelt engine', { engine: 'vlm' }, /^unknown engine "vlm": did you mean "vllm"\?$/],
    [
      'a generation nobody has',
      { engineVersion: null, engineGeneration: 'vllm-v9' },
      /^unknown engine_generation "vllm-v9": did you mean "vllm-v0"/,
    ],
    ['an unknown format', { weightDtype: 'q4_k_m' }, /^unknown weight format "q4_k_m": known are bf16, fp16, fp4, fp8/],
    ['a misspelt format', { weightDtype: 'fp9' }, /^unknown weight format "fp9": did you mean "fp4" or "fp8"\?$/],
    ['an unknown format of the cache', { kvDtype: 'int3' }, /^unknown kv_dtype "int3": did you mean "int8"/],
    ['a format with the name of a property', { weightDtype: 'constructor' }, /unknown weight format "constructor"/],
    [
      'weights that the GPUs cannot hold',
      { model: LLAMA_70B, gpu: 'nvidia-h100-80gb' },
      /131\.\d GiB of weights in fp16 on each GPU, which has 7\d\.\d; correct tp, gpu_count or weight_dtype/,
    ],
    ['a format that the GPU has not', { weightDtype: 'nvfp4', gpu: 'nvidia-a100-80gb' }, /./],
    ['an open loop without a rate', { kind: 'open_loop', requestRatePerS: null }, /no rate/],
    [
      'a closed loop that does not say how many',
      { batchOrConcurrency: null, numPrompts: 500 },
      /^no load: batch_or_concurrency of a closed loop is empty; give the requests that ran at once\.$/,
    ],
    [
      'a static batch that does not say how many',
      { kind: 'static_batch', batchOrConcurrency: null, numPrompts: 500 },
      /^no load: batch_or_concurrency of a static batch is empty; give the sequences of the batch\.$/,
    ],
    [
      'an offline run that says neither',
      { kind: 'offline_max', batchOrConcurrency: null, numPrompts: null },
      /^no load: batch_or_concurrency and num_prompts of an offline run are empty/,
    ],
  ])('%s', (_, given, reason) => {
    expect(reasonOf(given)).toMatch(reason);
  });

  test('an unknown model', () => {
    const resolved = resolveBenchmark(rowOf({ model: 'nobody/none' }), null, facts, calibrationOf());
    expect(resolved).toEqual({ kind: 'skipped', reason: 'unknown model "nobody/none".' });
  });
});

describe('how many requests there are at once', () => {
  test.each<[string, Partial<Measurement>, number]>([
    ['clients of a closed loop', { batchOrConcurrency: 32, numPrompts: 320 }, 32],
    ['no more clients than requests', { batchOrConcurrency: 32, numPrompts: 16 }, 16],
    ['no larger batch than requests', { kind: 'static_batch', batchOrConcurrency: 32, numPrompts: 16 }, 16],
    ['all requests of an offline run', { kind: 'offline_max', batchOrConcurrency: null, numPrompts: 500 }, 500],
  ])('%s', (_, given, requests) => {
    expect(benchmarkOf(given).requests).toBe(requests);
  });
});

describe('source_id says what belongs together, never what is predicted', () => {
  test('the same row of another source is predicted the same, column by column', () => {
    const draws = new Draws(17);
    for (let i = 0; i < 60; i += 1) {
      const kind = draws.of(['static_batch', 'offline_max', 'closed_loop', 'open_loop'] as const);
      const row: Partial<Measurement> = {
        model: draws.of(['meta-llama/Llama-3.1-8B-Instruct', 'Qwen/Qwen3-30B-A3B', 'google/gemma-2-9b']),
        gpu: draws.of(['nvidia-h100-80gb', 'nvidia-a100-80gb', 'nvidia-l40s']),
        kind,
        engine: draws.of(['vllm', 'trtllm', 'sglang']),
        engineVersion: draws.of([null, '0.6.3', '0.10.2', '0.19']),
        tensorParallel: draws.of([2, 4]),
        inputTokens: draws.whole(1, 3000),
        outputTokens: draws.whole(1, 300),
        outputTokensNominal: draws.of([null, 300]),
        batchOrConcurrency: draws.whole(1, 24),
        requestRatePerS: kind === 'open_loop' ? draws.between(0.1, 30) : null,
        numPrompts: draws.of([null, 60]),
        regime: draws.of([null, 'over_capacity', 'transient']),
        measured: { ttft_ms_mean: 100, tpot_ms_mean: 20, output_tok_s: 100 },
      };
      const [one, other] = ['inferencex', 'blis_training_runs'].map((sourceId) => {
        const b = benchmarkOf({ ...row, sourceId });
        return predictColumns(b, planFor(b), calibrationOf());
      });
      expect(one).toEqual(other);
      for (const [column, value] of Object.entries(one ?? {})) {
        expect(Number.isFinite(value), `${kind} ${column}`).toBe(true);
        expect(value, `${kind} ${column}`).toBeGreaterThan(0);
      }
    }
  });

  test('only its group and its machine differ', () => {
    const [one, other] = ['a', 'b'].map((sourceId) => benchmarkOf({ sourceId }));
    if (!one || !other) throw new Error('two benchmarks');
    expect({ ...one, row: other.row, group: other.group, machine: other.machine }).toEqual(other);
    expect(one.group).not.toBe(other.group);
    expect(one.machine).not.toBe(other.machine);
  });
});
