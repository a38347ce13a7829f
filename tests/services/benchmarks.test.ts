import { expect, test } from 'vitest';
import type { BenchmarkSetup } from '../../src-worker/protocol/benchmark-api.ts';
import { serveResult } from '../measurements/formats/serve-result.ts';
import { errorOf, startService, temporaryFolder, valueOf } from './service.ts';

const NOTHING: BenchmarkSetup = {
  model: null,
  gpu: null,
  tp: null,
  pp: null,
  dp: null,
  quantization: null,
  engine: null,
};
const file = (fileName: string, document: unknown) => ({
  fileName,
  text: typeof document === 'string' ? document : JSON.stringify(document),
});

test('a benchmark comes in as rows, the setup fills what the files lack, and what is missing is told', async () => {
  const { api } = startService(temporaryFolder());
  const files = [
    file('run/a.json', serveResult()),
    file('run/b.json', serveResult({ model_id: '/models/mine', max_concurrency: 64 })),
  ];

  const bare = valueOf(await api.importBenchmark({ files, setup: NOTHING }));
  expect(bare.rows.map((row) => [row.point_id, row.source_id, row.model, row.gpu, row.tp])).toEqual([
    ['a-0001', 'vllm-bench', 'meta-llama/Llama-3.1-8B-Instruct', null, null],
    ['b-0001', 'vllm-bench', '/models/mine', null, null],
  ]);
  expect(bare.missing.map(({ column, rows, isNeeded }) => [column, rows, isNeeded])).toEqual([
    ['model', 1, true],
    ['gpu', 2, true],
    ['engine', 2, true],
    ['tp', 2, false],
    ['weight_dtype', 2, false],
    // Of an engine that is not known the version is not asked for.
  ]);
  expect(bare.missing[0]?.sentence).toBe('No model is known here as "/models/mine": such rows are left out.');

  const setup = {
    model: 'meta-llama/Llama-3.1-8B-Instruct',
    gpu: 'H100',
    tp: 4,
    pp: 2,
    dp: 1,
    quantization: 'int4',
    engine: 'vLLM@0.11.0',
  };
  const full = valueOf(await api.importBenchmark({ files, setup }));
  expect(full.missing).toEqual([]);
  for (const row of full.rows) {
    expect(row).toMatchObject({
      model: setup.model,
      gpu: 'nvidia-h100-80gb',
      gpu_count: 8,
      tp: 4,
      pp: 2,
      dp: 1,
      weight_dtype: 'w4a16',
      engine: 'vllm',
      engine_version: '0.11.0',
    });
  }
  expect(full.rows[1]?.notes).toContain('model in the file: /models/mine');
  expect(full.csv.split('\n')[0]).toMatch(/^point_id,source_id,model,gpu,/);
  expect(full.csv.split('\n')).toHaveLength(4);
});

test('points of files that are called alike have names of their own', async () => {
  const { api } = startService(temporaryFolder());
  const files = ['s/rate=1/run=0.json', 's/rate=2/run=0.json', 'C:\\x\\rate=2\\run=0.json', 'alone.yaml'].map((name) =>
    file(name, serveResult()),
  );
  const { rows } = valueOf(await api.importBenchmark({ files, setup: NOTHING }));
  expect(rows.map((row) => row.point_id)).toEqual([
    'rate=1/run=0-0001',
    'rate=2/run=0-0001',
    'rate=2/run=0~2-0001',
    'alone-0001',
  ]);
});

test('one bad file loses nothing of the others, and runs of which nothing can be used are counted', async () => {
  const { api } = startService(temporaryFolder());
  const dead = serveResult({ completed: 0, total_output_tokens: 0 });
  const files = [
    file('good.json', [serveResult(), dead, dead]),
    file('dead.json', dead),
    file('broken.json', '{"completed": '),
    file('other.txt', 'hello'),
  ];
  const found = valueOf(await api.importBenchmark({ files, setup: NOTHING }));
  expect(found.rows).toHaveLength(1);
  expect(found.files).toEqual([
    {
      file: 'good.json',
      format: 'vllm-bench',
      rows: 1,
      skipped: [{ reason: expect.stringMatching(/none of 200 requests succeeded/) as string, count: 2 }],
      problem: null,
    },
    expect.objectContaining({
      file: 'dead.json',
      rows: 0,
      problem: expect.stringMatching(/^dead\.json holds nothing that can be used: none of 200/) as string,
    }),
    expect.objectContaining({
      file: 'broken.json',
      format: null,
      problem: expect.stringMatching(/not valid JSON/) as string,
    }),
    expect.objectContaining({ file: 'other.txt', problem: expect.stringMatching(/no format that is known/) as string }),
  ]);
});

const strategy = (given: object) => ({
  benchmarks: [
    {
      type_: 'generative_benchmark',
      config: { strategy: given, backend: { model: 'meta-llama/Llama-3.1-8B-Instruct' } },
      metrics: {
        request_totals: { successful: 10, errored: 0, incomplete: 0, total: 10 },
        prompt_token_count: { successful: { mean: 1024 } },
        output_token_count: { successful: { mean: 128 } },
        time_to_first_token_ms: { successful: { mean: 60, median: 50, percentiles: { p50: 50, p99: 20 } } },
      },
    },
  ],
});

test.each([
  ['a rate below zero', serveResult({ request_rate: -2 }), /^request_rate_rps is -2: /],
  ['no request at once', serveResult({ max_concurrency: 0 }), /^batch_or_concurrency is 0: leave the cell empty/],
  ['less than none at once', serveResult({ max_concurrency: -1 }), /^batch_or_concurrency is -1: /],
  [
    'a P99 below the median',
    serveResult({ p99_ttft_ms: 40 }),
    /^ttft_ms_p99 40 is below ttft_ms_p50 50: one of them is in another unit/,
  ],
  ['a P99 of GuideLLM below the median', strategy({ type_: 'synchronous' }), /^ttft_ms_p99 20 is below ttft_ms_p50 50/],
  ['a rate of GuideLLM below zero', strategy({ type_: 'poisson', rate: -2 }), /^request_rate_rps is -2: /],
  ['no streams of GuideLLM', strategy({ type_: 'concurrent', streams: 0 }), /^batch_or_concurrency is 0: /],
])('a run with %s is refused in the words of a measurement file', async (_, document, sentence) => {
  const { api } = startService(temporaryFolder());
  const found = valueOf(
    await api.importBenchmark({
      files: [file('odd.json', document), file('good.json', serveResult())],
      setup: NOTHING,
    }),
  );
  expect(found.rows.map(({ point_id: id }) => id)).toEqual(['good-0001']);
  const [odd] = found.files;
  expect(odd?.skipped).toEqual([{ reason: expect.stringMatching(sentence) as string, count: 1 }]);
  expect(odd?.problem).toBe(`odd.json holds nothing that can be used: ${odd?.skipped[0]?.reason}`);
  expect(found.csv.trim().split('\n')).toHaveLength(2);
});

test('seconds in the place of milliseconds are told where the GPU is known, as validate tells them', async () => {
  const { api } = startService(temporaryFolder());
  const inSeconds = serveResult(
    Object.fromEntries(
      Object.entries(serveResult()).flatMap(([key, value]) =>
        key.endsWith('_ms') && typeof value === 'number' ? [[key, value / 1000]] : [],
      ),
    ),
  );
  const files = [file('seconds.json', inSeconds), file('good.json', serveResult())];
  const setup = { ...NOTHING, gpu: 'h100', tp: 1, engine: 'vllm@0.11.0', quantization: 'bf16' };
  const { warnings, csv } = valueOf(await api.importBenchmark({ files, setup }));
  const told = warnings.filter(({ pointId }) => pointId === 'seconds-0001').map(({ sentence }) => sentence);
  expect(told.at(-1)).toMatch(
    /^Impossible: TTFT of 0\.06 ms, while .* is it in another unit\? Validate and calibrate leave the row out\.$/,
  );
  expect(warnings.filter(({ pointId }) => pointId === 'good-0001')).toEqual([]);
  const { skipped } = valueOf(await api.accuracy({ calibration: null, measurements: [{ name: 'r.csv', text: csv }] }));
  expect(skipped.map(({ point_id: id, reason }) => [id, reason.toLowerCase()])).toEqual([
    ['seconds-0001', told.at(-1)?.replace(' Validate and calibrate leave the row out.', '').toLowerCase()],
  ]);
});

test('a setup that names what is not there is refused with what is near', async () => {
  const { api } = startService(temporaryFolder());
  const asked = async (setup: Partial<BenchmarkSetup>) =>
    errorOf(await api.importBenchmark({ files: [file('a.json', serveResult())], setup: { ...NOTHING, ...setup } }));
  expect(await asked({ gpu: 'h10' })).toMatchObject({
    family: 'invalid_input',
    code: 'unknown_gpu',
    message: expect.stringMatching(/h100/) as string,
  });
  expect(await asked({ quantization: 'fp9' })).toMatchObject({
    family: 'invalid_input',
    message: expect.stringMatching(/fp9.*fp8/) as string,
  });
  expect(await asked({ quantization: 'constructor' })).toMatchObject({ family: 'invalid_input' });
  expect(await asked({ engine: 'vlm' })).toMatchObject({
    family: 'invalid_input',
    message: expect.stringMatching(/vllm/) as string,
  });
  expect(await asked({ engine: 'vllm@' })).toMatchObject({ code: 'engine_version' });
  expect(await asked({ engine: 'vllm@banana' })).toMatchObject({
    code: 'engine_version',
    message: 'Engine version "banana" is not a number: write vllm@0.11.0, or vllm where it is not known.',
  });
  expect(await asked({ tp: 0 })).toMatchObject({
    code: 'request_invalid',
    message: expect.stringMatching(/setup\.tp/) as string,
  });
  expect(errorOf(await api.importBenchmark({ files: [], setup: NOTHING }))).toMatchObject({ code: 'request_invalid' });
});
