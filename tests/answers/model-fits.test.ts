import { describe, expect, test } from 'vitest';
import { answerModelFits } from '../../src-worker/answers/model-fits.ts';
import type { ModelFit, ModelFitsDocument } from '../../src-worker/protocol/documents.ts';
import { modelFitsSchema } from '../../src-worker/protocol/requests.ts';
import { facts, modelSource } from '../engine/world.ts';

const fits = (id: string, tokens?: number): ModelFitsDocument =>
  answerModelFits(modelFitsSchema.parse({ id, ...(tokens === undefined ? {} : { tokens }) }), modelSource(id), facts);

function fitOn(document: ModelFitsDocument, gpu: string, precision: string): ModelFit {
  const found = document.gpus.find((entry) => entry.gpu === gpu)?.fits.find((fit) => fit.precision === precision);
  return found ?? expect.fail(`nothing about ${precision} on ${gpu}`);
}

const LLAMA_70B = 'meta-llama/Llama-2-70b-hf';

test('what fits rests on the profile that is asked for, whose constants it is worked out with', () => {
  const calibrations = structuredClone(facts.calibrations);
  const own = structuredClone(calibrations[0] ?? expect.fail('no profile'));
  calibrations.push({ ...own, name: 'own' });
  const known = { ...facts, calibrations };
  const ask = (calibration: string) =>
    answerModelFits(modelFitsSchema.parse({ id: LLAMA_70B, calibration }), modelSource(LLAMA_70B), known);
  expect(ask('own').versions.calibration).toBe('own');
  expect(() => ask('nobody')).toThrow(/nobody/);
});

describe('what fits on which GPU', () => {
  const document = fits(LLAMA_70B);

  // Worked out in tests/engine/sizing/smallest-fit.test.ts.
  test('two H100 hold Llama-2-70b in 16 bit and nine requests of its whole context', () => {
    expect(document.input).toEqual({ model: LLAMA_70B, tokens: 4096 });
    expect(fitOn(document, 'nvidia-h100-80gb', 'fp16')).toMatchObject({
      tensor_parallel: 2,
      kv_cache_tokens: 39_568,
      requests: 9,
      sentence: null,
    });
  });

  test('has every GPU of the catalog once, in the order of their ids, with every precision or a reason', () => {
    expect(document.gpus.map(({ gpu }) => gpu)).toEqual(facts.gpus.map(({ id }) => id).sort());
    for (const { gpu, fits: all, sentence } of document.gpus) {
      if (sentence === null) {
        expect(
          all.map(({ precision }) => precision),
          gpu,
        ).toEqual(['fp16', 'fp8', 'int8', 'w8a16', 'int4', 'nvfp4', 'mxfp4']);
      } else expect(all, gpu).toEqual([]);
      for (const fit of all) {
        if (fit.tensor_parallel === null) expect(fit.sentence, `${gpu} ${fit.precision}`).toMatch(/.\.$/);
        else expect(fit.requests, `${gpu} ${fit.precision}`).toBeGreaterThanOrEqual(1);
      }
    }
  });

  test('says why none: too little memory, no such format, no vLLM', () => {
    expect(fitOn(document, 'nvidia-t4', 'fp16')).toMatchObject({
      tensor_parallel: null,
      requests: null,
      sentence: expect.stringMatching(/the weights need 16\.1 GiB per GPU of TP 8/) as string,
    });
    expect(fitOn(document, 'nvidia-h100-80gb', 'nvfp4').sentence).toContain('no NVFP4 units');
    expect(document.gpus.find(({ gpu }) => gpu === 'intel-gaudi3')?.sentence).toContain('do not run on Intel Gaudi 3');
  });

  test('a format without units of its own fits, and says what that costs', () => {
    const fit = fitOn(document, 'nvidia-a100-80gb', 'fp8');
    expect(fit.tensor_parallel).toBe(1);
    expect(fit.sentence).toContain('no FP8 units');
  });

  test('tells how many GPUs the largest instance has', () => {
    const largest = (id: string) => document.gpus.find(({ gpu }) => gpu === id)?.largest_instance_gpus;
    expect(largest('nvidia-h100-80gb')).toBe(8);
    expect(largest('nvidia-h20-96gb')).toBeNull();
  });

  test('only degrees that divide the heads are tried: Qwen2.5-7B has 28', () => {
    const { tensor_parallel: tried, gpus } = fits('Qwen/Qwen2.5-7B-Instruct');
    expect(tried).toEqual([1, 2, 4]);
    const used = gpus.flatMap(({ fits: all }) => all.map(({ tensor_parallel: degree }) => degree));
    expect(used.filter((degree) => degree !== null && !tried.includes(degree))).toEqual([]);
  });

  test('a request that is longer than the context is refused with the most there can be', () => {
    expect(() => fits(LLAMA_70B, 4097)).toThrow(/tokens 4097 is longer than the context.*at most 4096/);
  });

  test('where nothing is asked, the length is that of a short context', () => {
    const short = { ...modelSource('meta-llama/Llama-2-7b-hf') };
    short.config = { ...(short.config as object), max_position_embeddings: 2048 };
    expect(answerModelFits({ id: short.id, tokens: null, calibration: 'default' }, short, facts).input.tokens).toBe(
      2048,
    );
  });

  test('names the format of the checkpoint', () => {
    expect(document.checkpoint_precision).toBe('fp16');
    expect(fits('openai/gpt-oss-20b').checkpoint_precision).toBe('mxfp4');
  });
});
