import { describe, expect, it } from 'vitest';
import { answerModel } from '../../../src-worker/answers/model.ts';
import { documentText } from '../../../src-worker/protocol/documents.ts';
import { bundledSource, llamaConfig, sourceOf } from './bundled.ts';

describe('model document', () => {
  it('lists components that add up to the total', () => {
    const document = answerModel(bundledSource('Qwen/Qwen1.5-MoE-A2.7B'));
    const parts = Object.values(document.components);
    expect(parts.reduce((total, part) => total + part, 0)).toBe(document.total_parameters);
    expect(document.components).toMatchObject({ ffn: 0 });
    expect(document.components['shared_experts']).toBe(24 * (3 * 2048 * 5632 + 2048));
  });

  it('groups consecutive layers that are alike', () => {
    const { layers } = answerModel(bundledSource('zai-org/GLM-4.5'));
    expect(layers.map(({ count }) => count)).toEqual([3, 89]);
    expect(layers[1]?.ffn).toBe('MoE 8 of 160 experts + shared');
    const alternating = answerModel(bundledSource('google/gemma-2-9b')).layers;
    expect(alternating).toHaveLength(42);
    expect(alternating[0]?.attention).toBe('GQA 16 query / 8 KV heads of 256, window 4096');
  });

  it('has weight bytes for every precision and KV bytes for both caches', () => {
    const document = answerModel(sourceOf('meta-llama/Llama-2-7b-hf', llamaConfig()));
    expect(Object.keys(document.weight_bytes)).toEqual([
      'fp16',
      'bf16',
      'fp8',
      'int8',
      'w8a16',
      'int4',
      'nvfp4',
      'mxfp4',
    ]);
    expect(document.weight_bytes['fp16']).toBe(13_476_831_232);
    expect(document.kv_bytes_per_token).toEqual({ fp16: 524_288, fp8: 262_144 });
    expect(document.layers).toEqual([
      {
        count: 32,
        attention: 'MHA 32 query / 32 KV heads of 128',
        ffn: 'gated FFN of width 11008',
        parameters: 202_383_360,
        kv_bytes_per_token_fp16: 16_384,
      },
    ]);
  });

  it('says what a quantized checkpoint leaves at 16 bit', () => {
    const { kept_16_bit, weight_bytes } = answerModel(bundledSource('Qwen/Qwen2.5-7B-Instruct-AWQ'));
    // 28 layers with biases of 3584 + 2 x 512 on queries, keys and values; 152,064 tokens; 57 norms.
    expect(kept_16_bit).toEqual([
      { class: 'embedding', parameters: 152_064 * 3584 },
      { class: 'attention', parameters: 28 * (3584 + 2 * 512) },
      { class: 'norms', parameters: 57 * 3584 },
      { class: 'head', parameters: 152_064 * 3584 },
    ]);
    expect(weight_bytes['int4']).toBe(5_570_747_392);
    expect(answerModel(bundledSource('Qwen/Qwen2.5-7B-Instruct')).kept_16_bit).toEqual([]);
  });

  it('is byte-equal for the same file', () => {
    const source = bundledSource('openai/gpt-oss-20b');
    expect(documentText(answerModel(source))).toBe(documentText(answerModel(source)));
  });
});
