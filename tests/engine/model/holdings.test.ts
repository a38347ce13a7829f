import { describe, expect, it } from 'vitest';
import {
  fullestHolding,
  stageHoldings,
  stageLayers,
  tensorParallelHolding,
  type Parallelism,
} from '../../../src-worker/engine/model/holdings.ts';
import { kvBytesPerToken } from '../../../src-worker/engine/model/kv.ts';
import type { Model, Precision } from '../../../src-worker/engine/model/types.ts';
import { weightBytes, weightBytesByClass } from '../../../src-worker/engine/model/weights.ts';
import { bundledModel, llama, mixtral } from './bundled.ts';

const group = (tensorParallel: number, pipelineParallel = 1, expertParallel = 1): Parallelism => ({
  tensorParallel,
  pipelineParallel,
  expertParallel,
});

const QWEN3_30B = 'Qwen/Qwen3-30B-A3B';
const PRECISIONS: Precision[] = ['fp16', 'fp8', 'int8', 'w8a16', 'int4', 'nvfp4', 'mxfp4'];
const MODELS = [
  'meta-llama/Llama-3.1-8B-Instruct',
  'Qwen/Qwen2.5-7B-Instruct-AWQ',
  QWEN3_30B,
  'openai/gpt-oss-20b',
  'openai-community/gpt2',
  'bigscience/bloomz-560m',
];

describe('layers of pipeline stages', () => {
  // vLLM's own examples (tests/distributed/test_pipeline_partition.py) and rule.
  it.each([
    [32, 4, [8, 8, 8, 8]],
    [22, 4, [5, 6, 6, 5]],
    [5, 3, [2, 2, 1]],
    [4, 3, [1, 2, 1]],
    [3, 2, [2, 1]],
    [61, 8, [7, 7, 8, 8, 8, 8, 8, 7]],
    [7, 1, [7]],
  ])('%i over %i stages: %o', (layers, stages, expected) => {
    expect(stageLayers(layers, stages)).toEqual(expected);
  });
});

describe('what a GPU holds', () => {
  it('Llama-2-7B over two GPUs: half of every matrix and of the vocabulary, all norms', () => {
    const { parameters, bytes, totalBytes } = tensorParallelHolding(llama(), 'fp16', 2);
    expect(parameters.attention).toBe((32 * 4 * 4096 * 4096) / 2);
    expect(parameters.denseFfn).toBe((32 * 3 * 4096 * 11008) / 2);
    expect(parameters.embedding).toBe(16_000 * 4096);
    expect(parameters.norms).toBe(65 * 4096);
    expect(totalBytes).toBe(2 * Object.values(parameters).reduce((sum, part) => sum + part, 0));
    expect(bytes.head).toBe(2 * 16_000 * 4096);
  });

  it('copies KV heads beyond one a GPU, routers and norms', () => {
    const model = bundledModel(QWEN3_30B);
    // 4 KV heads and 32 query heads of 128, 2048 wide, over 8 GPUs: one KV head each; q and k norms whole.
    const attention = 2048 * 4 * 128 * 2 + 2 * 2048 * 128 + 2 * 128;
    const { parameters } = tensorParallelHolding(model, 'fp16', 8);
    expect(parameters.attention).toBe(48 * attention);
    expect(parameters.router).toBe(48 * 128 * 2048);
    expect(parameters.experts).toBe((48 * 128 * 3 * 2048 * 768) / 8);
  });

  it('pads the vocabulary to whole groups of 64: 50,304 rows for 50,257 tokens of GPT-2', () => {
    const model = bundledModel('openai-community/gpt2');
    const { parameters } = tensorParallelHolding(model, 'fp16', 1);
    expect(parameters.embedding).toBe(50_304 * 768 + 1024 * 768);
    expect(tensorParallelHolding(model, 'fp16', 4).parameters.embedding).toBe(12_576 * 768 + 1024 * 768);
  });

  it('gives whole experts to the GPUs of expert parallelism', () => {
    const model = bundledModel(QWEN3_30B);
    const expert = 48 * 3 * 2048 * 768;
    const experts = (parallelism: Parallelism): number => fullestHolding(model, 'fp16', parallelism).parameters.experts;
    expect(experts(group(8, 1, 8))).toBe(16 * expert);
    // 128 experts over 48 GPUs: three on the fullest.
    expect(experts(group(8, 1, 48))).toBe(3 * expert);
    // Over 2 of 8 GPUs: 64 experts, each split by the four GPUs of a share.
    expect(experts(group(8, 1, 2))).toBe(16 * expert);
    expect(fullestHolding(model, 'fp16', group(8, 1, 48)).parameters.attention).toBe(
      fullestHolding(model, 'fp16', group(8)).parameters.attention,
    );
  });

  it('copies the attention for every rank of data parallelism, and shares the experts over the GPUs of all', () => {
    const model = bundledModel(QWEN3_30B);
    const expert = 48 * 3 * 2048 * 768;
    const held = (expertParallel: number) =>
      fullestHolding(model, 'fp16', { ...group(2, 1, expertParallel), dataParallel: 4 }).parameters;
    expect(held(1).attention).toBe(fullestHolding(model, 'fp16', group(2)).parameters.attention);
    expect([1, 2, 8].map((expertParallel) => held(expertParallel).experts)).toEqual(
      [16, 16, 16].map((n) => n * expert),
    );
  });

  it('keeps the scales of split inputs whole: per output in FP8 of FBGEMM', () => {
    const model = llama({ quantization_config: { quant_method: 'fbgemm_fp8' } });
    const { bytes } = tensorParallelHolding(model, 'fp8', 2);
    // q, k, v: half of the outputs with their scales; o: half of the inputs, all outputs.
    const half = 4096 * 2048;
    expect(bytes.attention).toBe(32 * (3 * (half + 4 * 2048) + half + 4 * 4096));
  });

  it('puts the embedding on the first stage, the head and the final norm on the last', () => {
    const [first, , , last] = stageHoldings(llama(), 'fp16', group(1, 4));
    expect(first?.parameters.embedding).toBe(32_000 * 4096);
    expect(first?.parameters.head).toBe(0);
    expect(first?.parameters.norms).toBe(16 * 4096);
    expect(last?.parameters.embedding).toBe(0);
    expect(last?.parameters.head).toBe(32_000 * 4096);
    expect(last?.parameters.norms).toBe(17 * 4096);
    const tied = stageHoldings(llama({ tie_word_embeddings: true }), 'fp16', group(1, 4));
    expect(tied.map(({ parameters }) => parameters.embedding)).toEqual([32_000 * 4096, 0, 0, 32_000 * 4096]);
  });

  it('keeps layers apart that a recipe stores differently', () => {
    const ignore = Array.from({ length: 16 }, (_, layer) => `model.layers.${layer}`);
    const model = llama({ quantization_config: { quant_method: 'fp8', modules_to_not_convert: ignore } });
    const [first, second] = stageHoldings(model, 'fp8', group(1, 2));
    expect(first?.bytes.attention).toBe(16 * 4 * 2 * 4096 * 4096);
    expect(second?.bytes.attention).toBe(16 * 4 * (4096 * 4096 + 4));
  });

  it.each([
    [group(0), 'tensorParallel is 0: it must be a whole number from 1.'],
    [group(1, 33), 'pipelineParallel is 33: it must be at most the 32 layers of test/model.'],
    [group(8, 1, 3), 'expertParallel is 3: it must be a multiple or a divisor of tensorParallel 8.'],
    [
      { ...group(2, 1, 3), dataParallel: 4 },
      'expertParallel is 3: it must be a divisor of tensorParallel x dataParallel, 8.',
    ],
    [{ ...group(2), dataParallel: 0 }, 'dataParallel is 0: it must be a whole number from 1.'],
    [group(1.5), 'tensorParallel is 1.5: it must be a whole number from 1.'],
  ])('%o is refused', (parallelism, sentence) => {
    expect(() => stageHoldings(llama(), 'fp16', parallelism)).toThrow(sentence);
  });
});

describe('laws of holdings', () => {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const check = (id: string, law: (model: Model, precision: Precision) => void): void => {
    const model = bundledModel(id);
    for (const precision of PRECISIONS) law(model, precision);
  };

  it.each(MODELS)('%s: one GPU holds what the checkpoint stores, and the padding of its vocabulary', (id) => {
    check(id, (model, precision) => {
      const { bytes } = tensorParallelHolding(model, precision, 1);
      const stored = weightBytesByClass(model, precision);
      expect({ ...bytes, embedding: 0, head: 0 }).toEqual({ ...stored, embedding: 0, head: 0 });
      const padding = bytes.embedding + bytes.head - stored.embedding - stored.head;
      expect(padding).toBeGreaterThanOrEqual(0);
      expect(padding).toBeLessThan(2 * 2 * 64 * model.hiddenSize);
      if (model.vocabularySize % 64 === 0) expect(padding).toBe(0);
    });
  });

  it.each(MODELS)('%s: the GPUs together hold at least the whole, and more GPUs never more each', (id) => {
    check(id, (model, precision) => {
      let previous = Infinity;
      for (const tensorParallel of [1, 2, 4, 8, 16]) {
        const { totalBytes } = tensorParallelHolding(model, precision, tensorParallel);
        expect(totalBytes * tensorParallel).toBeGreaterThanOrEqual(weightBytes(model, precision) * (1 - 1e-12));
        expect(totalBytes).toBeLessThanOrEqual(previous);
        previous = totalBytes;
      }
    });
  });

  it.each(MODELS)('%s: the stages add up to one GPU that holds all, and their caches to the whole', (id) => {
    check(id, (model, precision) => {
      const whole = stageHoldings(model, precision, group(2))[0]!;
      for (const stages of [2, 3, 5]) {
        const parts = stageHoldings(model, precision, group(2, stages));
        const copies = model.isHeadTied ? whole.bytes.embedding : 0;
        const all = sum(parts.map(({ totalBytes }) => totalBytes));
        expect(all).toBeGreaterThanOrEqual(whole.totalBytes - 1);
        expect(all).toBeLessThanOrEqual(whole.totalBytes + copies + 1);
        expect(sum(parts.map(({ numLayers }) => numLayers))).toBe(model.layers.length);
        const cached = parts.map(({ kv }) => kv.fullBytesPerToken + sum(kv.windowed.map((one) => one.bytesPerToken)));
        expect(sum(cached)).toBe(kvBytesPerToken(model, 2, 2));
      }
    });
  });

  it('equality where everything divides: 16-bit Mixtral without copies of norms and routers', () => {
    const model = mixtral();
    for (const parallelism of [group(4), group(8), group(4, 2), group(4, 1, 4), group(2, 4, 8)]) {
      const { tensorParallel, pipelineParallel, expertParallel } = parallelism;
      const stages = stageHoldings(model, 'fp16', parallelism);
      expect(stages).toHaveLength(pipelineParallel);
      const held = (name: 'attention' | 'experts' | 'norms'): number => sum(stages.map(({ bytes }) => bytes[name]));
      const stored = weightBytesByClass(model, 'fp16');
      expect(held('attention') * tensorParallel).toBe(stored.attention);
      expect(held('experts') * Math.max(tensorParallel, expertParallel)).toBe(stored.experts);
      expect(held('norms')).toBe(stored.norms);
    }
  });
});
