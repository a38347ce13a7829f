import { describe, expect, it } from 'vitest';
import { sumOfParameters } from '../../../../src-worker/engine/model/weight.ts';
import { kvLayout } from '../../../../src-worker/engine/model/kv.ts';
import { analyze, bundledSource, llamaConfig } from '../bundled.ts';

const { text_config } = bundledSource('meta-llama/Llama-3.2-11B-Vision-Instruct').config as {
  text_config: Record<string, unknown>;
};

describe('cross-attention to pictures (Llama 3.2 Vision)', () => {
  const model = analyze(text_config);
  const crossLayers = [3, 8, 13, 18, 23, 28, 33, 38];

  it('stands in the layers the file names, between layers of grouped-query attention', () => {
    const kinds = model.layers.map(({ attention }) => attention.kind);
    expect(kinds.flatMap((kind, layer) => (kind === 'cross' ? [layer] : []))).toEqual(crossLayers);
    expect(new Set(kinds)).toEqual(new Set(['gqa', 'cross']));
  });

  it('has the projections of grouped-query attention, two norms of the head size and two gates', () => {
    const cross = model.layers[3]!.attention;
    expect(sumOfParameters(cross.weights)).toBe(2 * 4096 * 4096 + 2 * 4096 * 1024 + 2 * 128 + 2);
    expect(cross.weights.map(({ name }) => name)).toContain('cross_attn.q_proj');
  });

  it('keeps nothing per text token: 32 of 40 layers have a cache', () => {
    expect(kvLayout(model, 2, 1).fullBytesPerToken).toBe(32 * 2 * 8 * 128 * 2);
    expect(model.layers[3]!.attention.cache).toEqual([]);
  });

  it('knows 8 tokens for pictures that the head does not', () => {
    const rows = model.outside.filter(({ weightClass }) => weightClass === 'embedding').map(({ rows }) => rows);
    expect(rows).toEqual([128_256, 8]);
    expect(model.outside.find(({ weightClass }) => weightClass === 'head')?.rows).toBe(128_256);
  });

  it('is in the layers of the class default where the file names none', () => {
    expect(analyze({ ...text_config, cross_attention_layers: undefined }).totalParameters).toBe(model.totalParameters);
  });

  it('is estimated by its telltale under an unknown model_type', () => {
    const novel = llamaConfig({
      model_type: 'novel',
      architectures: ['NovelForCausalLM'],
      cross_attention_layers: [1],
    });
    const estimated = analyze(novel);
    expect(estimated.layers.slice(0, 3).map(({ attention }) => attention.kind)).toEqual(['gqa', 'cross', 'gqa']);
    expect(estimated.assumptions.join(' ')).toContain('cross-attention to pictures');
  });
});
