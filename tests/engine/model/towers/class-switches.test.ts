import { describe, expect, it } from 'vitest';
import type { Model } from '../../../../src-worker/engine/model/types.ts';
import { sumOfParameters } from '../../../../src-worker/engine/model/weight.ts';
import { analyze } from '../bundled.ts';

const TEXT = {
  hidden_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  vocab_size: 1000,
  intermediate_size: 96,
  max_position_embeddings: 4096,
};
const around = (model_type: string, changes: Record<string, unknown>, text: Record<string, unknown> = {}): Model =>
  analyze({ model_type, text_config: { ...TEXT, ...text }, ...changes });
const partOf = (model: Model, modality: 'vision' | 'audio'): number =>
  sumOfParameters(model.towers.filter((tower) => tower.modality === modality).flatMap(({ weights }) => weights));
const vision = (...args: Parameters<typeof around>): number => partOf(around(...args), 'vision');

describe('switches of vision and audio parts', () => {
  it('PaliGemma projects to projection_dim', () => {
    expect(vision('paligemma', { projection_dim: 80 }) - vision('paligemma', {})).toBe(16 * (1152 + 1));
  });

  it('PaliGemma builds a SigLIP with networks of 4,096 where no part is described', () => {
    // Patches of 3 x 14 x 14 and 256 positions, 27 layers, a last norm, the projection to 64.
    const layer = 4 * (1152 * 1152 + 1152) + 2 * 1152 * 4096 + 4096 + 1152 + 4 * 1152;
    expect(vision('paligemma', {})).toBe(1152 * 588 + 1152 + 256 * 1152 + 27 * layer + 2 * 1152 + 64 * 1152 + 64);
  });

  it('Phi-4-multimodal shares the bias of a distance between both directions where the file says so', () => {
    const audio = (bias_symmetric: boolean): number =>
      partOf(around('phi4_multimodal', { audio_config: { bias_symmetric } }), 'audio');
    // 1,000 distances, 16 heads.
    expect(audio(false) - audio(true)).toBe(1000 * 16);
  });

  it('Phi-4-multimodal groups keys by eight heads in a flat file, too', () => {
    const flat = {
      ...TEXT,
      model_type: 'phi4_multimodal',
      num_attention_heads: 16,
      head_dim: undefined,
      num_key_value_heads: undefined,
    };
    // 64 / 16 = 4 features a head.
    expect(analyze(flat).layers[0]?.attention.cache[0]?.elementsPerToken).toBe(2 * 8 * 4);
  });

  it('MiniMax-M3 merges features of merged_hidden_size', () => {
    const merged = (changes: object): number =>
      vision('minimax_m3_vl', { projector_hidden_size: 48, ...changes }, { num_local_experts: 4 });
    expect(merged({ merged_hidden_size: 300 }) - merged({})).toBe((300 - 4 * 64) * 48);
  });

  it('ERNIE keeps experts for pictures in the layers it lists, its encoder has networks of 5,120', () => {
    const text = { moe_intermediate_size: [40, 24], moe_num_experts: 4, moe_k: 2 };
    const both = vision('ernie4_5_vl_moe', {}, { ...text, mlp_layer_types: ['sparse', 'sparse'] });
    const one = vision('ernie4_5_vl_moe', {}, { ...text, mlp_layer_types: ['dense', 'sparse'] });
    expect(both - one).toBe(4 * 64 + 4 + 4 * 3 * 64 * 24);
    const encoder = (vision_config: object): number => vision('ernie4_5_vl_moe', { vision_config }, text);
    // 32 layers of width 1,280: both matrices and the inner bias.
    expect(encoder({}) - encoder({ intermediate_size: 5119 })).toBe(32 * (2 * 1280 + 1));
    expect(encoder({ mlp_ratio: 2 }) - encoder({ intermediate_size: 2560 })).toBe(0);
  });

  it('encoders name their heads either way', () => {
    const encoder = (heads: object): number =>
      vision('exaone4_5', {
        vision_config: { depth: 2, hidden_size: 96, intermediate_size: 50, num_key_value_heads: 2, ...heads },
      });
    // Queries and output keep the width, keys and values of 2 heads grow with the size of a head: 96 / 8 = 12, 96 / 4 = 24.
    expect(encoder({ num_attention_heads: 4 })).toBe(encoder({ num_heads: 4 }));
    expect(encoder({ num_attention_heads: 4 }) - encoder({ num_attention_heads: 8 })).toBe(2 * 2 * 2 * 12 * (96 + 1));
  });

  it('Voxtral completes its decoder by its own values, then by Llama', () => {
    const model = analyze({ model_type: 'voxtral', text_config: { vocab_size: 1000, num_hidden_layers: 1 } });
    const layer = 3072 * 128 * (2 * 32 + 2 * 8) + 3 * 3072 * 8192 + 2 * 3072;
    expect(model.totalParameters - partOf(model, 'audio')).toBe(2 * 1000 * 3072 + layer + 3072);
  });
});

describe('further models of Transformers 5', () => {
  it('Step 3.7: layers with scales, two convolutions, one matrix; the names of published and of saved files', () => {
    const sizes = { image_size: 28, patch_size: 14, mlp_ratio: 2.5 };
    const text = { num_attention_groups: 2, model_type: 'step3p5', num_experts: 4, num_experts_per_tok: 2 };
    const published = vision('step3p7', { vision_config: { ...sizes, width: 48, layers: 3, heads: 4 } }, text);
    const layer = 4 * (48 * 48 + 48) + 2 * 48 * 120 + 120 + 48 + 4 * 48 + 2 * 48;
    const convolutions = 9 * 48 * 96 + 96 + 9 * 96 * 192 + 192;
    expect(published).toBe(48 * 588 + 4 * 48 + 2 * 48 + 3 * layer + convolutions + 192 * 64);
    const saved = { ...sizes, hidden_size: 48, num_hidden_layers: 3, num_attention_heads: 4 };
    expect(vision('step3p7', { vision_config: saved }, text)).toBe(published);
    expect(vision('step3p7', { vision_config: saved, projector_bias: true }, text)).toBe(published + 64);
    expect(analyze({ ...TEXT, ...text, model_type: 'step3p7' }).towers).toEqual([]);
  });

  it('Gemma 4 without encoders: patches and sound are projected', () => {
    const changes = {
      vision_config: {
        patch_size: 4,
        pooling_kernel_size: 2,
        mm_embed_dim: 32,
        mm_posemb_size: 10,
        output_proj_dims: 40,
      },
      audio_config: { audio_embed_dim: 24 },
    };
    const model = around('gemma4_unified', changes);
    // A square of 8 pixels in three colours: 192 elements.
    expect(partOf(model, 'vision')).toBe(10 * 2 * 32 + 2 * 192 + 32 * 192 + 32 + 2 * 2 * 32 + 40 * 64);
    expect(partOf(model, 'audio')).toBe(24 * 64);
    expect(around('gemma4_unified', {}).towers).toEqual([]);
  });

  it('Aria: as many queries as its longest list needs', () => {
    const queries = (projector_patch_to_query_dict: object | undefined): number =>
      vision('aria', { projector_patch_to_query_dict }, { moe_num_experts: 4, moe_topk: 2 });
    expect(queries({ 100: 12, 400: 20 }) - queries({ 100: 12 })).toBe(8 * 1152);
    expect(queries(undefined) - queries({ 100: 12 })).toBe((256 - 12) * 1152);
    expect(() => queries({})).toThrow(/projector_patch_to_query_dict is missing/);
  });

  it('an unknown audio part is estimated as one like Whisper’s, or left out where its size is not told', () => {
    const sizes = {
      model_type: 'novel_encoder',
      d_model: 32,
      encoder_layers: 3,
      encoder_ffn_dim: 80,
      num_mel_bins: 16,
    };
    const model = around('novel', { audio_config: sizes }, { model_type: 'llama' });
    // Keys have no bias; 1,500 positions are learned.
    const layer = 4 * 32 * 32 + 3 * 32 + 2 * 32 * 80 + 80 + 32 + 4 * 32;
    const whisper = 3 * 16 * 32 + 32 + 3 * 32 * 32 + 32 + 1500 * 32 + 3 * layer + 2 * 32;
    expect(partOf(model, 'audio')).toBe(whisper);
    expect(model.isEstimated).toBe(true);
    expect(model.assumptions).toContainEqual(
      expect.stringContaining('The audio part audio_config is counted as an encoder laid out like Whisper'),
    );
    const otherwise = { width: 32, num_layers: 3, ffn_dim: 80, input_size: 16 };
    expect(partOf(around('novel', { audio_config: otherwise }, { model_type: 'llama' }), 'audio')).toBe(whisper);
    // Networks four times as wide where the file is silent.
    const silent = { ...otherwise, ffn_dim: undefined };
    expect(partOf(around('novel', { audio_config: silent }, { model_type: 'llama' }), 'audio')).toBe(
      whisper + 3 * (128 - 80) * (2 * 32 + 1),
    );
    const hidden = around('novel', { audio_config: { channels: 1 } }, { model_type: 'llama' });
    expect(partOf(hidden, 'audio')).toBe(0);
    expect(hidden.assumptions).toContainEqual(expect.stringContaining('is not counted'));
  });
});
