import { describe, expect, it } from 'vitest';
import { tokenFlops } from '../../../../src-worker/engine/model/flops.ts';
import { contextBytesRead, kvBytesPerToken, kvLayout } from '../../../../src-worker/engine/model/kv.ts';
import { parameterBreakdown } from '../../../../src-worker/engine/model/parameters.ts';
import { sumOfParameters } from '../../../../src-worker/engine/model/weight.ts';
import { bundledModel } from '../bundled.ts';
import { tinyLatent } from '../latent.ts';

const sparse = (changes: Record<string, unknown> = {}) =>
  tinyLatent({ model_type: 'deepseek_v32', index_topk: 500, index_n_heads: 4, index_head_dim: 128, ...changes });
const shared = (changes: Record<string, unknown>) =>
  sparse({ model_type: 'glm_moe_dsa', ...changes }).layers.map(({ attention }) => attention.cache.length === 1);

describe('sparse attention with an indexer worked by hand', () => {
  const indexer = sparse().layers[0]!.attention.weights.filter(({ name }) => name.includes('.indexer.'));

  it('adds r·n·d + h·d + 2d + h·n, whole on every GPU', () => {
    expect(indexer.map(({ name, rows, columns }) => [name, rows, columns])).toEqual([
      ['self_attn.indexer.wq_b', 4 * 128, 300],
      ['self_attn.indexer.wk', 128, 1000],
      ['self_attn.indexer.k_norm', 256, 1],
      ['self_attn.indexer.weights_proj', 4, 1000],
    ]);
    expect(sparse().totalParameters - tinyLatent().totalParameters).toBe(4 * sumOfParameters(indexer));
    const added = parameterBreakdown(sparse(), 5).attention - parameterBreakdown(tinyLatent(), 5).attention;
    expect(added).toBe(4 * (153_600 + 128_000 + 256 + 4000));
  });

  it('attends to at most index_topk tokens, and scores the whole context on every GPU', () => {
    const [attended, scored] = sparse().layers[0]!.attention.context;
    expect(attended).toMatchObject({ elementsPerToken: 220, attendedTokens: 500, decodeFlop: 2 * 10 * 420 });
    expect(scored).toMatchObject({
      elementsPerToken: 128,
      attendedTokens: null,
      decodeFlop: 2 * 4 * 128,
      isReplicated: true,
    });
  });

  it('stops growing at index_topk but for the scores', () => {
    const at = (tokens: number): number => tokenFlops(sparse(), tokens).attentionOverContext;
    expect(at(500)).toBe(4 * 500 * (8400 + 1024));
    expect(at(5000) - at(500)).toBe(4 * 4500 * 1024);
    expect(at(100)).toBe(4 * 100 * (8400 + 1024));
  });
});

describe('cache of sparse attention', () => {
  it('holds the latent vectors and the keys of the indexer: 61 x (576 + 128) elements of DeepSeek-V3.2', () => {
    const model = bundledModel('deepseek-ai/DeepSeek-V3.2');
    const elements = model.layers.flatMap(({ attention }) => attention.cache.map((share) => share.elementsPerToken));
    expect(elements.reduce((sum, share) => sum + share, 0)).toBe(42_944);
  });

  // vLLM: 128 bytes and a 4-byte scale per indexer key whatever the cache's type; 656 bytes per latent vector in fp8_ds_mla.
  it.each([
    [2, 61 * (576 * 2 + 132)],
    [1, 61 * (656 + 132)],
  ] as const)('takes vLLM’s bytes per token with %i bytes per element', (kvBytes, bytes) => {
    const model = bundledModel('deepseek-ai/DeepSeek-V3.2');
    expect(kvBytesPerToken(model, kvBytes, 1)).toBe(bytes);
    expect(kvBytesPerToken(model, kvBytes, 8)).toBe(bytes);
  });

  it('is read only where it is chosen', () => {
    const model = bundledModel('deepseek-ai/DeepSeek-V3.2');
    const read = contextBytesRead(model, 2, 8, 100_000);
    expect(read).toBe(61 * (2048 * 1152 + 100_000 * 132));
    expect(read).toBeLessThan(100_000 * kvLayout(model, 2, 8).fullBytesPerToken);
  });
});

describe('layers that share the choice of an earlier one', () => {
  it('follow indexer_types: 21 of the 78 layers of GLM-5.2 have an indexer', () => {
    const { layers } = bundledModel('zai-org/GLM-5.2');
    const has = layers.map(({ attention }) => attention.weights.some(({ name }) => name.includes('.indexer.')));
    expect(has.filter(Boolean)).toHaveLength(21);
    expect(has.slice(0, 8)).toEqual([true, true, true, false, false, false, true, false]);
    expect(layers[3]!.attention.context).toHaveLength(1);
    expect(layers[3]!.attention.context[0]).toMatchObject({ attendedTokens: 2048 });
    // Equal layers are one object: dense and sparse ones with an indexer, and sparse ones without.
    expect(new Set(layers).size).toBe(3);
  });

  it('follow the pattern, or offset and frequency, as GlmMoeDsaConfig derives the list', () => {
    const expected = [false, true, true, false];
    expect(shared({ indexer_types: ['full', 'shared', 'shared', 'full'] })).toEqual(expected);
    expect(shared({ index_topk_pattern: 'FSSF' })).toEqual(expected);
    expect(shared({ index_topk_pattern: ['full', 'shared', 'shared', 'full'] })).toEqual(expected);
    expect(shared({ index_topk_freq: 3, index_skip_topk_offset: 1 })).toEqual(expected);
    expect(shared({ index_topk_freq: 2 })).toEqual([false, false, true, false]);
    expect(shared({})).toEqual([false, false, false, false]);
  });

  it('gives the list of GLM-5.2 from its offset and frequency', () => {
    const { layers } = bundledModel('zai-org/GLM-5.2');
    const derived = shared({ num_hidden_layers: 78, index_topk_freq: 4, index_skip_topk_offset: 3 });
    expect(derived).toEqual(layers.map(({ attention }) => attention.cache.length === 1));
  });

  it.each([
    [{ indexer_types: ['full', 'half', 'full', 'full'] }, /indexer_types\[1\] is "half".+"full"/],
    [{ indexer_types: ['full'] }, /indexer_types is a list of 1: it must be a list of 4 entries/],
    [{ index_topk_pattern: 'FXXF' }, /index_topk_pattern is "FXXF": it must be 4 letters/],
    [{ q_lora_rank: null }, /q_lora_rank is missing/],
    [{ index_topk: 0 }, /index_topk is 0/],
  ])('refuses %o', (changes, sentence) => {
    expect(() => sparse({ model_type: 'glm_moe_dsa', ...changes })).toThrow(sentence);
  });
});
