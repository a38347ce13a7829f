import { describe, expect, it } from 'vitest';
import { tokenFlops } from '../../../../src-worker/engine/model/flops.ts';
import { kvBytesPerToken } from '../../../../src-worker/engine/model/kv.ts';
import { sumOfParameters } from '../../../../src-worker/engine/model/weight.ts';
import { analyze, bundledModel, bundledSource } from '../bundled.ts';

const model = bundledModel('MiniMaxAI/MiniMax-M3');
const config = bundledSource('MiniMaxAI/MiniMax-M3').config as Record<string, unknown>;

describe('attention to chosen blocks, MiniMax-M3 worked by hand', () => {
  // h 6144, 64 query and 4 KV heads of 128, a norm of 128 each on queries and keys.
  const plain = 2 * 6144 * 64 * 128 + 2 * 6144 * 4 * 128 + 2 * 128;
  // 4 heads and one key of 128, a norm each.
  const indexer = 6144 * 4 * 128 + 6144 * 128 + 2 * 128;

  it('adds an indexer to all but the first three layers', () => {
    expect(model.layers.map(({ attention }) => sumOfParameters(attention.weights))).toEqual([
      ...Array<number>(3).fill(plain),
      ...Array<number>(57).fill(plain + indexer),
    ]);
  });

  it('attends to 16 chosen blocks and the last one, 128 tokens each', () => {
    const [keys, scores] = model.layers[3]!.attention.context;
    expect(keys).toMatchObject({ attendedTokens: 17 * 128, decodeFlop: 4 * 64 * 128 });
    expect(scores).toMatchObject({ attendedTokens: null, elementsPerToken: 128, decodeFlop: 2 * 4 * 128 });
    expect(model.layers[0]!.attention.context).toMatchObject([{ attendedTokens: null }]);
  });

  it('keeps keys and values of all tokens and the indexer’s keys', () => {
    expect(kvBytesPerToken(model, 2, 1)).toBe(2 * (60 * 1024 + 57 * 128));
    // KV heads are divided, the indexer is not.
    expect(kvBytesPerToken(model, 2, 4)).toBe(2 * (60 * 256 + 57 * 128));
  });

  it('grows only by three plain layers and the scores beyond the chosen blocks', () => {
    const at = (tokens: number): number => tokenFlops(model, tokens).attentionOverContext;
    expect(at(20_000) - at(10_000)).toBe(10_000 * (3 * 4 * 64 * 128 + 57 * 1024));
  });

  it('has the published size: 428 B with the vision part, 23 B active', () => {
    // 0.6 B of vision layers (32 x 12 x 1280²) and projector, and a block for multi-token prediction are not counted here.
    expect(model.totalParameters / 1e9).toBeGreaterThan(425);
    expect(model.totalParameters / 1e9).toBeLessThan(428);
    const embeddings = 2 * 200_064 * 6144;
    expect((model.activeParameters - embeddings) / 1e9).toBeCloseTo(23.5, 1);
  });

  it('is plain where the switch is off, and follows layer_types', () => {
    const sparse_attention_config = { ...(config['sparse_attention_config'] as object), use_sparse_attention: false };
    const off = analyze({ ...config, sparse_attention_config });
    expect(model.totalParameters - off.totalParameters).toBe(57 * indexer);
    const layer_types = Array.from({ length: 60 }, (_, layer) => (layer < 30 ? 'full_attention' : 'minimax_m3_sparse'));
    const half = analyze({ ...config, layer_types });
    expect(half.totalParameters - off.totalParameters).toBe(30 * indexer);
  });
});
