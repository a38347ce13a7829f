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
