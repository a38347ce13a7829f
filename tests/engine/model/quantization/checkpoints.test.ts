import { describe, expect, it } from 'vitest';
import { analyzeModel } from '../../../../src-worker/engine/model/analyze.ts';
import { fp8Blocks, storedBytes } from '../../../../src-worker/engine/model/quantization/scheme.ts';
import type { Model } from '../../../../src-worker/engine/model/types.ts';
import { classStorage, weightBytes } from '../../../../src-worker/engine/model/weights.ts';
import { linear } from '../../../../src-worker/engine/model/weight.ts';
import { analyze, bundledFiles, bundledModel, bundledSource, idOfFile } from '../bundled.ts';

const bytes = (model: Model): number => weightBytes(model, model.checkpoint.precision);

/** True once the architecture of a bundled model is read. */
function isRead(id: string): boolean {
  try {
    analyzeModel(bundledSource(id));
    return true;
  } catch {
    return false;
  }
}

/** Scales a checkpoint stores beside its weights, where every scale has so many bytes and the weights have one. */
function scalesOf(model: Model, scaleBytes: number): number {
  const classes = Object.values(classStorage(model, 'fp8'));
  const sum = (part: (of: (typeof classes)[number]) => number): number =>
    classes.reduce((total, one) => total + part(one), 0);
  return (bytes(model) - sum(({ parameters }) => parameters) - sum(({ kept }) => kept)) / scaleBytes;
}

describe('bytes of published checkpoints', () => {
  // `metadata.total_size` of model.safetensors.index.json: what all tensors take.
  it.each([
    ['openai/gpt-oss-20b', 13_761_264_768],
    ['openai/gpt-oss-120b', 65_248_815_744],
  ])('%s: %i, to the byte', (id, total) => {
    expect(bytes(bundledModel(id))).toBe(total);
  });

  // Sizes of the files as the hub shows them, in GB of 10^9 bytes.
  it.each([
    ['Qwen/Qwen2.5-7B-Instruct-AWQ', 5.57],
    ['Qwen/Qwen2.5-32B-Instruct-AWQ', 19.33],
    ['Qwen/Qwen2.5-14B-Instruct-GPTQ-Int4', 9.99],
  ])('%s: %f GB', (id, gigabytes) => {
    expect(bytes(bundledModel(id)) / 1e9).toBeCloseTo(gigabytes, 2);
  });

  // Elements the hub counts in all tensors less the parameters of the model; where it ships a block for multi-token
  // prediction, less that block and its scales, worked out from its shapes: 702,264 for DeepSeek-V3 (11,448 in the
  // attention and 690,816 in 257 experts), 824 more with V3.2's indexer, 602,784 for GLM-5.
  const SCALES: [id: string, scales: number, scaleBytes: number][] = [
    ['Qwen/Qwen3-8B-FP8', 8_191_159_296 - 8_190_735_360, 4],
    ['MiniMaxAI/MiniMax-M2.5', 228_703_644_928 - 228_689_764_864, 4],
    ['deepseek-ai/DeepSeek-V3', 41_540_496 - 702_264, 4],
    ['deepseek-ai/DeepSeek-R1', 41_540_496 - 702_264, 4],
    ['deepseek-ai/DeepSeek-V3.1', 41_540_496 - 702_264, 4],
    ['deepseek-ai/DeepSeek-V3.2', 41_591_584 - 703_088, 4],
    ['zai-org/GLM-5-FP8', 45_885_024 - 602_784, 4],
    ['zai-org/GLM-5.1-FP8', 45_885_024 - 602_784, 4],
    ['RedHatAI/Llama-4-Scout-17B-16E-Instruct-FP8-dynamic', 108_659_340_800 - 108_641_793_536, 2],
  ];

  it.each(SCALES.filter(([id]) => isRead(id)))('%s: %i scales', (id, scales, scaleBytes) => {
    expect(scalesOf(bundledModel(id), scaleBytes)).toBe(scales);
  });

  it.skipIf(!isRead('deepseek-ai/DeepSeek-V4-Pro'))(
    'deepseek-ai/DeepSeek-V4-Pro: 8-bit scales of FP8 and of MXFP4',
    () => {
      // Hub: 786,381,668,352 bytes of packed experts and 49,150,268,416 E8M0 scales, with the block for multi-token prediction:
      // 384 experts of 3 x 7168 x 3072, and 28,608 blocks of FP8 worked out from its shapes.
      const classes = classStorage(bundledModel('deepseek-ai/DeepSeek-V4-Pro'), 'mxfp4');
      const oneLayer = 384 * 3 * 7168 * 3072;
      expect(classes.experts.parameters).toBe(2 * 786_381_668_352 - oneLayer);
      expect(classes.experts.bytes).toBe(classes.experts.parameters * (0.5 + 1 / 32));
      const fp8Scales = [classes.attention, classes.sharedExperts].reduce(
        (sum, { bytes: stored, parameters, kept }) => sum + stored - parameters - kept,
        0,
      );
      expect(fp8Scales).toBe(49_150_268_416 - (2 * 786_381_668_352) / 32 - 28_608);
    },
  );

  it('Llama-3.1-405B-Instruct-FP8: 15,237,120 scales, when its list is whole', () => {
    // The bundled list is cut short after the attention of layer 0; the elements on the hub say that it stays everywhere.
    const source = bundledSource('meta-llama/Llama-3.1-405B-Instruct-FP8');
    const config = source.config as { quantization_config: { modules_to_not_convert: string[] } };
    const attention = Array.from({ length: 126 }, (_, layer) =>
      ['q', 'k', 'v', 'o'].map((name) => `model.layers.${layer}.self_attn.${name}_proj`),
    ).flat();
    const list = [...new Set([...config.quantization_config.modules_to_not_convert, ...attention])];
    const quantization_config = { ...config.quantization_config, modules_to_not_convert: list };
    const model = analyze({ ...config, quantization_config });
    expect(scalesOf(model, 4)).toBe(405_868_625_920 - 405_853_388_800);
  });

  it('DeepSeek-V3: the FP8 and FP32 elements the hub lists, from its shapes', () => {
    // Hub: 680,571,043,840 elements of FP8, 41,555,600 of FP32, of which 59 x 256 are correction biases of routers.
    const matrices: [rows: number, columns: number, count: number][] = [
      [1536, 7168, 62],
      [128 * 192, 1536, 62],
      [576, 7168, 62],
      [128 * 256, 512, 62],
      [7168, 128 * 128, 62],
      [18432, 7168, 2 * 3],
      [7168, 18432, 3],
      [2048, 7168, 2 * 257 * 59],
      [7168, 2048, 257 * 59],
    ];
    const elements = matrices.reduce((sum, [rows, columns, count]) => sum + rows * columns * count, 0);
    expect(elements).toBe(680_571_043_840);
    const stored = matrices
      .flatMap(([rows, columns, count]) => linear('attention', 'matrix', rows, columns, { count }))
      .reduce((sum, weight) => sum + storedBytes(weight, fp8Blocks(128, 128)), 0);
    expect((stored - elements) / 4).toBe(41_555_600 - 59 * 256);
  });
});

describe('reading bundled configs', () => {
  it('takes at most 5 ms for each that is quantized', () => {
    const slow = bundledFiles().flatMap((file) => {
      const id = file.replace(/\.json$/, '').replace('__', '/');
      const source = bundledSource(id);
      if (!isRead(id) || analyzeModel(source).checkpoint.method === null) return [];
      const times = Array.from({ length: 10 }, () => {
        const start = performance.now();
        analyzeModel(source);
        return performance.now() - start;
      });
      return Math.min(...times) < 5 ? [] : [id];
    });
    expect(slow).toEqual([]);
  });

  it('follows every pattern of their lists', () => {
    const complaints = bundledFiles().flatMap((file) => {
      const id = file.replace(/\.json$/, '').replace('__', '/');
      if (!isRead(id)) return [];
      const { assumptions, checkpoint } = bundledModel(id);
      return assumptions.filter(
        (sentence) => sentence.includes('quantization_config') && sentence !== checkpoint.problem,
      );
    });
    expect(complaints).toEqual([]);
  });

  it('never takes a quantized checkpoint for one of 16 bit: where the recipe lies apart, the format is not told', () => {
    const quantized = bundledFiles().filter((file) => /FP8|NVFP4|AWQ|GPTQ/.test(file));
    expect(quantized.length).toBeGreaterThan(30);
    for (const file of quantized) {
      const { checkpoint } = bundledModel(idOfFile(file));
      expect(checkpoint.precision === 'fp16' && checkpoint.problem === undefined, file).toBe(false);
    }
  });

  it("leaves what NVIDIA's recipes leave: attention, routers and head of MiniMax-M2.5", () => {
    const classes = classStorage(bundledModel('nvidia/MiniMax-M2.5-NVFP4'), 'nvfp4');
    expect(classes.attention.kept).toBe(classes.attention.parameters);
    expect(classes.head.kept).toBe(classes.head.parameters);
    // 62 layers of 256 experts of three matrices, two FP32 scales each.
    expect(classes.experts.bytes).toBe(classes.experts.parameters * 0.5625 + 62 * 256 * 3 * 8);
  });
});
