import { describe, expect, it } from 'vitest';
import { RECURRENT_FAMILIES } from '../../../src-worker/engine/model/families/recurrent.ts';
import { kvBytesPerToken, kvLayout } from '../../../src-worker/engine/model/kv.ts';
import type { Model } from '../../../src-worker/engine/model/types.ts';
import { analyze, bundledFiles, bundledSource, idOfFile } from './bundled.ts';
import { BUNDLED_RECURRENT, PUBLISHED_RECURRENT } from './recurrent-models.ts';

/** The text decoder of a bundled file alone, without what stands around it. */
function textModel(id: string): Model {
  const config = bundledSource(id).config as Record<string, unknown>;
  const { text_config, tie_word_embeddings } = config;
  return analyze(text_config ? { tie_word_embeddings, ...text_config } : config);
}

describe('bundled models with a constant state', () => {
  it.each(Object.entries(BUNDLED_RECURRENT))(
    '%s: total, active, block for multi-token prediction and KV',
    (id, facts) => {
      const model = textModel(id);
      expect(model.isEstimated).toBe(false);
      expect(model.totalParameters).toBe(facts.total);
      expect(model.activeParameters).toBe(facts.active);
      expect(model.mtpParameters).toBe(facts.tokenPrediction);
      expect(kvBytesPerToken(model, 1, 1)).toBe(facts.kvElements);
      expect(kvLayout(model, 2, 1).stateBytes).toBeGreaterThan(0);
    },
  );

  it('are all in this list, save one whose figures nobody confirmed', () => {
    const ids = bundledFiles().map(idOfFile);
    const recurrent = ids.filter((id) => {
      const config = bundledSource(id).config as { model_type?: string; text_config?: { model_type?: string } };
      return [config.model_type, config.text_config?.model_type].some(
        (type) => type !== undefined && Object.hasOwn(RECURRENT_FAMILIES, type),
      );
    });
    expect(recurrent.sort()).toEqual([...Object.keys(BUNDLED_RECURRENT), 'moonshotai/Kimi-K3'].sort());
  });
});

describe('published models with a constant state', () => {
  it.each(PUBLISHED_RECURRENT)('%s has %i parameters', (_, total, config) => {
    const model = analyze(config);
    expect(model.totalParameters).toBe(total);
    expect(model.isEstimated).toBe(false);
  });

  it('reads both key styles of the same model alike', () => {
    for (const [, total, config] of PUBLISHED_RECURRENT) {
      const { layer_types, layers_block_type, ...rest } = config;
      const types = layer_types ?? layers_block_type;
      if (!Array.isArray(types)) continue;
      const later: Record<string, string> = { mamba: 'linear_attention', attention: 'full_attention' };
      const renamed = types.map((type) => later[String(type)] ?? String(type));
      expect(
        analyze({ ...rest, layer_types: renamed, rope_parameters: { rope_type: 'default' } }).totalParameters,
      ).toBe(total);
    }
  });

  it('refuses layers its family does not have', () => {
    const [, , config] = PUBLISHED_RECURRENT.find(([id]) => id === 'LiquidAI/LFM2-2.6B')!;
    const layer_types = Array.from({ length: 30 }, () => 'mamba');
    expect(() => analyze({ ...config, layer_types })).toThrow(/has layers of the kind "mamba" \(layer_types\)/);
  });
});
