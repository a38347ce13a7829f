import { describe, expect, it } from 'vitest';
import { kvLayout } from '../../../../src-worker/engine/model/kv.ts';
import type { Model } from '../../../../src-worker/engine/model/types.ts';
import { analyze, bundledSource } from '../bundled.ts';

const textOf = (id: string, changes: Record<string, unknown> = {}): Model => {
  const { text_config } = bundledSource(id).config as { text_config: Record<string, unknown> };
  return analyze({ ...text_config, ...changes });
};
const scout = (changes: Record<string, unknown> = {}): Model =>
  textOf('meta-llama/Llama-4-Scout-17B-16E-Instruct', changes);
const windows = (model: Model): (number | null)[] =>
  model.layers.map(({ attention }) => attention.cache[0]?.windowTokens ?? null);

describe('Llama 4', () => {
  it('attends within chunks of 8,192 in three of four layers', () => {
    // 12 and 36 layers of 2 x 8 heads x 128 elements.
    expect(kvLayout(scout(), 1, 1)).toEqual({
      fullBytesPerToken: 24_576,
      windowed: [{ windowTokens: 8192, bytesPerToken: 73_728 }],
      stateBytes: 0,
    });
    expect(windows(scout()).slice(0, 5)).toEqual([8192, 8192, 8192, null, 8192]);
  });

  it('takes the layers that rotate from the file, an empty list being none', () => {
    expect(windows(scout({ no_rope_layers: [] }))).toEqual(windows(scout()));
    const listed = Array.from({ length: 48 }, (_, layer) => (layer === 0 ? 0 : 1));
    expect(windows(scout({ no_rope_layers: listed })).slice(0, 2)).toEqual([null, 8192]);
    expect(windows(scout({ no_rope_layer_interval: 2 })).slice(0, 2)).toEqual([8192, null]);
    const types = Array.from({ length: 48 }, (_, layer) => (layer % 2 ? 'chunked_attention' : 'full_attention'));
    expect(windows(scout({ layer_types: types })).slice(0, 2)).toEqual([null, 8192]);
    expect(new Set(windows(scout({ attention_chunk_size: null })))).toEqual(new Set([null]));
  });

  it('has experts with a shared one in every layer of Scout, in every second of Maverick', () => {
    expect(new Set(scout().layers.map(({ ffn }) => ffn.label))).toEqual(new Set(['MoE 1 of 16 experts + shared']));
    const maverick = textOf('meta-llama/Llama-4-Maverick-17B-128E-Instruct');
    expect(maverick.layers.slice(0, 2).map(({ ffn }) => ffn.label)).toEqual([
      'gated FFN of width 16384',
      'MoE 1 of 128 experts + shared',
    ]);
    // By hand: the card says 400 B with the vision part (0.87 B), of which 17 B are used.
    const attention = 2 * 5120 * 5120 + 2 * 5120 * 1024 + 2 * 5120;
    const sparse = 128 * 5120 + 129 * 3 * 5120 * 8192;
    const layers = 48 * attention + 24 * (sparse + 3 * 5120 * 16_384);
    expect(maverick.totalParameters).toBe(2 * 202_048 * 5120 + layers + 5120);
    expect(maverick.totalParameters / 1e9).toBeCloseTo(400.7, 0);
  });

  it('follows a list of expert layers', () => {
    const model = scout({ moe_layers: [1, 2] });
    expect(model.layers.slice(0, 4).map(({ ffn }) => ffn.kind)).toEqual(['dense', 'moe', 'moe', 'dense']);
  });

  it('names its weights as the checkpoint does', () => {
    const names = scout().layers[0]!.ffn.weights.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'feed_forward.router',
        'feed_forward.shared_expert.up_proj',
        'feed_forward.experts.*.down_proj',
      ]),
    );
  });
});
