import { describe, expect, it } from 'vitest';
import { tokenFlops } from '../../../../src-worker/engine/model/flops.ts';
import { kvBytesPerSequence, kvBytesPerToken, kvLayout } from '../../../../src-worker/engine/model/kv.ts';
import { sumOfParameters } from '../../../../src-worker/engine/model/weight.ts';
import { gibFromBytes } from '../../../../src-worker/engine/units.ts';
import { analyze, bundledModel, bundledSource } from '../bundled.ts';

const flash = bundledModel('deepseek-ai/DeepSeek-V4-Flash');
const pro = bundledModel('deepseek-ai/DeepSeek-V4-Pro');
const attention = (layer: number) => flash.layers[layer]!.attention;

describe('attention over a compressed context, DeepSeek-V4-Flash worked by hand', () => {
  // h 4096, 64 heads of 512, query 1024, 8 groups to 1024, streams 4 (each mixing: 24 x 16384 + 24 + 3).
  const window =
    4096 * 1024 + 1024 + 1024 * 64 * 512 + 4096 * 512 + 512 + 64 + 8 * 1024 * 4096 + 8 * 1024 * 4096 + 2 * 393_243;
  const heavy = 2 * 4096 * 512 + 128 * 512 + 512;
  const fine = 2 * 4096 * 1024 + 4 * 1024 + 512;
  const indexer = 2 * 4096 * 256 + 4 * 256 + 128 + 1024 * 64 * 128 + 4096 * 64;

  it.each([
    ['a window only', 0, window],
    ['chosen entries of 4 tokens', 2, window + fine + indexer],
    ['all entries of 128 tokens', 3, window + heavy],
  ])('a layer that sees %s has the weights of its modules', (_, layer, parameters) => {
    expect(sumOfParameters(attention(layer).weights)).toBe(parameters);
  });

  it('follows compress_ratios; what lies beyond the layers is the block for multi-token prediction', () => {
    const shares = flash.layers.map(({ attention: { cache } }) => cache.length);
    expect(shares.slice(0, 6)).toEqual([1, 1, 3, 2, 3, 2]);
    expect(shares).toHaveLength(43);
  });

  it('keeps one key per token in the window, one per 4 or 128 beyond it', () => {
    const elements = (layer: number) =>
      attention(layer).cache.map(({ elementsPerToken, windowTokens }) => [elementsPerToken, windowTokens]);
    expect(elements(0)).toEqual([[512, 128]]);
    expect(elements(2)).toEqual([
      [512, 128],
      [128, null],
      [32, null],
    ]);
    expect(elements(3)).toEqual([
      [512, 128],
      [4, null],
    ]);
  });

  it('attends to 128 tokens and 512 entries of 4', () => {
    expect(attention(2).context.map(({ attendedTokens, decodeFlop }) => [attendedTokens, decodeFlop])).toEqual([
      [128, 4 * 64 * 512],
      [2048, 64 * 512],
      [null, (2 * 64 * 128) / 4],
    ]);
  });

  it('takes the layout of the later file style', () => {
    const { config } = bundledSource('deepseek-ai/DeepSeek-V4-Flash');
    const { compress_ratios, num_hash_layers, ...rest } = config as Record<string, unknown>;
    const names = ['sliding_attention', 'compressed_sparse_attention', 'heavily_compressed_attention'];
    const layer_types = (compress_ratios as number[]).slice(0, 43).map((ratio) => names[[0, 4, 128].indexOf(ratio)]);
    const mlp_layer_types = layer_types.map((_, layer) => (layer < Number(num_hash_layers) ? 'hash_moe' : 'moe'));
    const compress_rates = { compressed_sparse_attention: 4, heavily_compressed_attention: 128 };
    const later = analyze({ ...rest, layer_types, mlp_layer_types, compress_rates });
    expect(later.layers).toEqual(flash.layers);
    expect(later.mtpParameters).toBe(flash.mtpParameters);
  });

  it('refuses a rate that is neither', () => {
    const { config } = bundledSource('deepseek-ai/DeepSeek-V4-Flash');
    const compress_ratios = Array.from({ length: 44 }, () => 8);
    expect(() => analyze({ ...(config as object), compress_ratios })).toThrow(
      /compress_ratios\[0\] is 8: .+0, 4 or 128/,
    );
  });
});

describe('published figures of DeepSeek-V4', () => {
  // Model cards: 284 B with 13 B active, 1.6 T with 49 B active (without the embedding).
  it.each([
    [flash, 284, 13.3],
    [pro, 1573, 48.9],
  ])('parameters', (model, total, active) => {
    const embedding = model.vocabularySize * model.hiddenSize;
    expect(model.totalParameters / 1e9).toBeCloseTo(total, 0);
    expect((model.activeParameters - embedding) / 1e9).toBeCloseTo(active, 0);
    expect(model.isEstimated).toBe(false);
  });

  it('9.62 GiB of 16-bit cache for a million tokens of V4-Pro, as published', () => {
    // The indexer's keys are counted there in 16 bit, too; here they are FP8 with scales.
    const elements = pro.layers.flatMap(({ attention: { cache } }) =>
      cache.map(({ elementsPerToken, windowTokens }) => elementsPerToken * (windowTokens ?? 2 ** 20)),
    );
    expect(gibFromBytes(2 * elements.reduce((sum, share) => sum + share, 0))).toBeCloseTo(9.62, 2);
    const indexerKeys = 30 * 32 * (2 - 132 / 128) * 2 ** 20;
    const bytes = kvBytesPerSequence(kvLayout(pro, 2, 8), 2 ** 20);
    expect(gibFromBytes(bytes + indexerKeys)).toBeCloseTo(9.62, 2);
  });

  it('a tenth of the cache and far less arithmetic than V3.2 at a million tokens', () => {
    const before = bundledModel('deepseek-ai/DeepSeek-V3.2');
    const cache = (model: typeof pro): number => kvBytesPerSequence(kvLayout(model, 1, 8), 2 ** 20);
    // Published: 10 %.
    expect(cache(pro) / cache(before)).toBeCloseTo(0.1, 1);
    const flop = (model: typeof pro): number => tokenFlops(model, 2 ** 20).total;
    // Published: 27 % of the FLOP, where products in FP4 count less.
    expect(flop(pro) / flop(before)).toBeLessThan(0.4);
  });

  it('is the same on every GPU of a group', () => {
    expect(kvBytesPerToken(pro, 2, 8)).toBe(kvBytesPerToken(pro, 2, 1));
  });
});
