import { describe, expect, it } from 'vitest';
import type { LayerSummary } from '../../src-worker/protocol/documents.ts';
import { layerKinds } from '../../src-worker/protocol/layer-kinds.ts';

/** Groups of consecutive layers, as a document has them: a kind and how many. */
function layersOf(...groups: [attention: string, count: number][]): LayerSummary[] {
  let first = 0;
  return groups.map(([attention, count]) => {
    const layer = {
      count,
      first,
      attention,
      ffn: 'dense',
      parameters: 100,
      active_parameters: 100,
      kv_bytes_per_token_fp16: 64,
      window_tokens: null,
      state_bytes_per_sequence: 0,
      flops_per_token: 200,
    };
    first += count;
    return layer;
  });
}
const summary = (layers: LayerSummary[]) => {
  const { kinds, order } = layerKinds(layers);
  return { kinds: kinds.map(({ letter, count, layer }) => `${letter} ${count} ${layer.attention}`), order };
};

describe('kinds of layers', () => {
  it('that stand together have no order to tell', () => {
    expect(summary(layersOf(['dense', 3], ['sparse', 89]))).toEqual({
      kinds: ['A 3 dense', 'B 89 sparse'],
      order: null,
    });
    expect(summary([])).toEqual({ kinds: [], order: null });
  });

  it('that take turns are one each, with the turn they repeat', () => {
    expect(summary(layersOf(['short', 1], ['long', 1], ['short', 1], ['long', 1]))).toEqual({
      kinds: ['A 2 short', 'B 2 long'],
      order: 'AB, and so on',
    });
  });

  it('the last turn may be cut short; without a turn the whole order is told', () => {
    expect(summary(layersOf(['short', 5], ['long', 1], ['short', 5], ['long', 1], ['short', 5])).order).toBe(
      'AAAAAB, and so on',
    );
    expect(summary(layersOf(['short', 5], ['long', 2], ['short', 5])).order).toBe('AAAAABBAAA AA');
  });
});
