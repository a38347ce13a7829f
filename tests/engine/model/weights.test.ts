import { describe, expect, it } from 'vitest';
import type { Precision } from '../../../src-worker/engine/model/types.ts';
import {
  checkpointPrecision,
  classStorage,
  weightBreakdown,
  weightBytes,
  weightBytesByClass,
} from '../../../src-worker/engine/model/weights.ts';
import { gibFromBytes } from '../../../src-worker/engine/units.ts';
import { bundledModel, llama, mixtral } from './bundled.ts';

const QUANTIZED: Precision[] = ['fp8', 'int8', 'w8a16', 'int4', 'nvfp4', 'mxfp4'];

/** Bytes of one matrix of Llama-2-7B, outputs x inputs, from the formats' descriptions. */
const MATRIX_BYTES: Record<string, (rows: number, columns: number) => number> = {
  // One FP32 scale a matrix, as vLLM makes it while loading.
  fp8: (rows, columns) => rows * columns + 4,
  // One 16-bit scale an output.
  int8: (rows, columns) => rows * columns + 2 * rows,
  // Groups of 128 inputs: a 16-bit scale and a zero point as wide as a weight.
  w8a16: (rows, columns) => rows * columns * (1 + 3 / 128),
  int4: (rows, columns) => rows * columns * (0.5 + 2.5 / 128),
  // An FP8 scale for 16 weights, FP32 scales of the matrix and of its inputs.
  nvfp4: (rows, columns) => rows * columns * (0.5 + 1 / 16) + 8,
  // An exponent for 32 weights.
  mxfp4: (rows, columns) => rows * columns * (0.5 + 1 / 32),
};

describe('weight bytes', () => {
  it('are two per parameter in 16 bit: 12.55 GiB for Llama-2-7B', () => {
    const model = llama();
    expect(weightBytes(model, 'fp16')).toBe(2 * model.totalParameters);
    expect(weightBytes(model, 'bf16')).toBe(weightBytes(model, 'fp16'));
    expect(gibFromBytes(weightBytes(model, 'fp16'))).toBeCloseTo(12.55, 2);
  });

  it('keep embedding, head and norms at 16 bit whatever the precision', () => {
    const model = llama();
    for (const precision of QUANTIZED) {
      const bytes = weightBytesByClass(model, precision);
      expect(bytes.embedding).toBe(2 * 32000 * 4096);
      expect(bytes.head).toBe(2 * 32000 * 4096);
      expect(bytes.norms).toBe(2 * 65 * 4096);
      const matrix = MATRIX_BYTES[precision]!;
      expect(bytes.attention).toBe(32 * 4 * matrix(4096, 4096));
      expect(bytes.denseFfn).toBe(32 * (2 * matrix(11008, 4096) + matrix(4096, 11008)));
    }
  });

  it('never grow with fewer bits', () => {
    for (const model of [llama(), mixtral()]) {
      const order: Precision[] = ['fp16', 'w8a16', 'fp8', 'nvfp4', 'int4'];
      const bytes = order.map((precision) => weightBytes(model, precision));
      expect(bytes).toEqual([...bytes].sort((one, other) => other - one));
    }
  });

  it('shrink with MXFP4 in the experts only, as the gpt-oss checkpoints do', () => {
    const model = bundledModel('openai/gpt-oss-120b');
    const bytes = weightBytesByClass(model, 'mxfp4');
    const full = weightBytesByClass(model, 'bf16');
    expect(bytes.attention).toBe(full.attention);
    // Biases of the experts (2 x 2880 + 2880 each) stay at 16 bit.
    const biases = 36 * 128 * 3 * 2880;
    expect(bytes.experts).toBe(2 * biases + 0.53125 * (full.experts / 2 - biases));
    // The checkpoint on the hub takes 65.2 GB.
    expect(weightBytes(model, 'mxfp4') / 1e9).toBeCloseTo(65.2, 1);
  });

  it('count the head as work even when it shares the embedding', () => {
    const tied = llama({ tie_word_embeddings: true });
    expect(weightBreakdown(tied).head).toBe(32000 * 4096);
    expect(weightBytesByClass(tied, 'fp16').head).toBe(0);
  });
});

describe('checkpoint formats', () => {
  const group = (weights: object, activations: object | null = null) => ({
    quant_method: 'compressed-tensors',
    config_groups: { group_0: { weights, input_activations: activations, targets: ['Linear'] } },
  });

  it('are 16-bit without a quantization_config, whatever the name says', () => {
    expect(llama().checkpoint).toEqual({ precision: 'fp16', method: null });
    expect(bundledModel('nvidia/Llama-3.1-70B-Instruct-FP8').checkpoint.precision).toBe('fp16');
  });

  it.each([
    ['int4', { quant_method: 'awq', bits: 4 }],
    ['int4', { quant_method: 'gptq', bits: 4, group_size: 128 }],
    ['w8a16', { quant_method: 'gptq', bits: 8 }],
    ['fp8', { quant_method: 'fp8', weight_block_size: [128, 128] }],
    ['fp8', { quant_method: 'fbgemm_fp8' }],
    ['fp8', { quant_method: 'modelopt', quant_algo: 'FP8' }],
    ['nvfp4', { quant_method: 'modelopt', quant_algo: 'NVFP4' }],
    ['fp8', group({ num_bits: 8, type: 'float' }, { num_bits: 8, type: 'float' })],
    ['int8', group({ num_bits: 8, type: 'int' }, { num_bits: 8, type: 'int' })],
    ['w8a16', group({ num_bits: 8, type: 'int' })],
    ['int4', group({ num_bits: 4, type: 'int', group_size: 128 })],
    ['nvfp4', group({ num_bits: 4, type: 'float', group_size: 16 }, { num_bits: 4, type: 'float' })],
  ])('%s from %o', (precision, quantization) => {
    const model = llama({ quantization_config: quantization });
    expect(checkpointPrecision(model)).toBe(precision);
    expect(model.assumptions).toEqual([]);
    expect(model.totalParameters).toBe(llama().totalParameters);
  });

  it.each([
    { quant_method: 'bitsandbytes' },
    { quant_method: 'gguf' },
    { ...group({ num_bits: 8 }), sparsity_config: { format: 'sparse-24-bitmask' } },
    { quant_method: 'awq', bits: 3 },
    { quant_method: 'modelopt', quant_algo: 'MIXED_PRECISION' },
    { config_groups: { a: { weights: { num_bits: 8, type: 'float' } }, b: { weights: { num_bits: 4, type: 'int' } } } },
    {},
  ])('that cannot be told leave the architecture readable and refuse "checkpoint": %o', (quantization_config) => {
    const model = llama({ quantization_config });
    expect(model.totalParameters).toBe(llama().totalParameters);
    expect(model.assumptions).toHaveLength(1);
    expect(() => checkpointPrecision(model)).toThrow(/does not tell one known weight format\. Name the precision/);
  });

  it('leave alone what their lists name, layer by layer', () => {
    const keptShare = (quantization_config: unknown): number => {
      const { attention } = classStorage(llama({ quantization_config }), 'fp8');
      return attention.kept / attention.parameters;
    };
    const fp8 = { quant_method: 'fp8' };
    const each = Array.from({ length: 32 }, (_, layer) => `model.layers.${layer}.self_attn*`);
    expect(keptShare({ ...fp8, ignore: ['lm_head', ...each] })).toBe(1);
    expect(keptShare({ ...fp8, ignore: each.slice(1) })).toBe(31 / 32);
    expect(keptShare({ ...fp8, ignore: ['re:.*self_attn.*'] })).toBe(1);
    expect(keptShare({ ...fp8, modules_to_not_convert: ['model.layers.3.mlp.gate'] })).toBe(0);
  });

  it('count what they leave at 16 bit', () => {
    const quantization_config = { quant_method: 'modelopt', quant_algo: 'NVFP4', ignore: ['*self_attn*'] };
    const model = llama({ quantization_config });
    expect(weightBytesByClass(model, 'nvfp4').attention).toBe(2 * 32 * 4 * 4096 * 4096);
    // Another precision than the file's is that of a 16-bit model.
    expect(weightBytesByClass(model, 'fp8').attention).toBe(32 * 4 * (4096 * 4096 + 4));
  });
});
