import { describe, expect, test } from 'vitest';
import { bundledCatalogsFolder, loadFacts } from '../../../src-main/catalogs/load.ts';
import { readBundledModel } from '../../../src-main/catalogs/models.ts';
import { answerPredict } from '../../../src-worker/answers/predict.ts';
import { answerSize } from '../../../src-worker/answers/size.ts';
import { predictInputSchema, sizeInputSchema, type SizeInputDraft } from '../../../src-worker/protocol/requests.ts';

const folder = bundledCatalogsFolder();
const facts = loadFacts(folder);
const sourceOf = (id: string) => readBundledModel(folder, id) ?? expect.fail(`no bundled ${id}`);
const size = (model: string, draft: Partial<SizeInputDraft>) =>
  answerSize(sizeInputSchema.parse({ model, users: 5, top: 1000, ...draft }), sourceOf(model), facts);

describe('what vLLM would not start is excluded, not listed without a command', () => {
  test.each(['google/gemma-2-2b', 'google/gemma-3-12b-it'])('%s where there is no bf16', (model) => {
    const { recommendations, excluded } = size(model, {});
    const withoutBf16 = new Set(facts.gpus.filter((gpu) => !gpu.supportsBf16).map(({ id }) => id));
    expect(recommendations.filter(({ gpu }) => withoutBf16.has(gpu))).toEqual([]);
    expect(recommendations.filter(({ vllm_command: command }) => command === null)).toEqual([]);
    const t4 = excluded.find(({ gpu }) => gpu === 'nvidia-t4');
    expect(t4).toMatchObject({
      reason: 'dtype_unsupported',
      margin: { metric: 'compute_capability', value: 7.5, limit: 8 },
    });
    expect(t4?.detail).toMatch(/refuses to run Gemma\w+ in float16, and NVIDIA T4 has no bf16: take a GPU of/);
  });

  test('asked for bf16, the answer does not send back to fp16', () => {
    const { excluded } = size('google/gemma-2-2b', { gpu: ['nvidia-t4'], quantization: ['bf16'] });
    expect(excluded.map(({ detail }) => detail).join(' ')).not.toContain('use fp16');
  });

  test('predict refuses it with the same sentence', () => {
    const input = predictInputSchema.parse({
      model: 'google/gemma-2-2b',
      gpu: 'nvidia-t4',
      input_tokens: 100,
      output_tokens: 100,
      rate: 1,
    });
    expect(() => answerPredict(input, sourceOf('google/gemma-2-2b'), facts)).toThrow(/in float16/);
  });

  test('a checkpoint whose scales a TP would cut names a TP that works', () => {
    const { recommendations, excluded } = size('Qwen/Qwen3-30B-A3B-FP8', { tp: 4, gpu: ['nvidia-h100-80gb'] });
    expect(recommendations).toEqual([]);
    const split = excluded.filter(({ reason }) => reason === 'tp_heads');
    expect(split[0]?.detail).toMatch(/does not split .* over 4 GPUs/);
    expect(split[0]?.margin).toMatchObject({ metric: 'tensor_parallel', value: 4, limit: 2 });
  });
});
