/** Meta's models around a Llama decoder. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import { linear, table, vector, type Weight } from '../../weight.ts';
import {
  chain,
  CLIP_NAMES,
  COLOURS,
  convolution,
  heads,
  layers,
  norm,
  patchesPerSide,
  pixels,
  stackLabel,
  stackWeights,
  width,
  type Encoder,
  type LayerNames,
} from '../parts.ts';
import type { MultimodalFamily } from '../types.ts';
import { visionTower } from '../vision.ts';

const NAMES: LayerNames = {
  ...CLIP_NAMES,
  out: 'self_attn.o_proj',
  norms: ['input_layernorm', 'post_attention_layernorm'],
};

/** Llama 4 (Llama4VisionConfig): a picture's tokens are shuffled together before the adapter widens them. */
function llama4Encoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['hidden_size'], 768);
  const numLayers = layers(config, ['num_hidden_layers'], 34);
  const ffnWidth = width(config, ['intermediate_size'], 5632);
  const patchSize = pixels(config, 'patch_size', 14);
  const perSide = patchesPerSide(config, pixels(config, 'image_size', 448), patchSize);
  const colours = width(config, ['num_channels'], COLOURS);
  const adapterIn = width(config, ['projector_input_dim'], 4096);
  const adapterOut = width(config, ['projector_output_dim'], 4096);
  return {
    label: stackLabel('Vision Transformer', numLayers, hiddenSize),
    width: width(config, ['vision_output_dim'], 7680),
    weights: [
      ...linear('vision', `${module}.patch_embedding.linear`, hiddenSize, colours * patchSize ** 2),
      vector('vision', `${module}.class_embedding`, hiddenSize),
      table('vision', `${module}.positional_embedding_vlm`, perSide ** 2 + 1, hiddenSize),
      ...norm('vision', `${module}.layernorm_pre`, hiddenSize, 'weight_and_bias'),
      ...norm('vision', `${module}.layernorm_post`, hiddenSize, 'weight_and_bias'),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.model.layers.*`,
        names: NAMES,
        numLayers,
        hiddenSize,
        ffnWidth,
        numHeads: heads(config, ['num_attention_heads'], 16),
      }),
      ...linear('vision', `${module}.vision_adapter.mlp.fc1`, adapterIn, ffnWidth),
      ...linear('vision', `${module}.vision_adapter.mlp.fc2`, adapterOut, adapterOut),
    ],
  };
}

const llama4: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'llama4_text',
  towers: [
    visionTower({
      encoder: llama4Encoder,
      module: 'vision_model',
      projector: (encoder, _, { hiddenSize }) =>
        linear('vision', 'multi_modal_projector.linear_1', hiddenSize, encoder.width),
    }),
  ],
};

/** Ways to lay up to `tiles` tiles side by side and one above the other. */
function numTilings(tiles: number): number {
  let count = 0;
  for (let columns = 1; columns <= tiles; columns += 1) count += Math.floor(tiles / columns);
  return count;
}

function numAspectRatios(config: ConfigFields, tiles: number): number {
  const isRatio = (value: unknown): value is unknown[] => Array.isArray(value) && value.length === 2;
  const listed = config.optionalList(['supported_aspect_ratios'], LIMITS.heads, isRatio, 'a pair of numbers');
  return listed?.length ?? numTilings(tiles);
}

/**
 * Llama 3.2 Vision (MllamaVisionConfig): positions of a tile and within it are learned for every way to lay out the tiles;
 * eight gated layers see all tiles at once. The outputs of some layers go on beside the last one.
 */
function mllamaEncoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['hidden_size'], 1280);
  const numLayers = layers(config, ['num_hidden_layers'], 32);
  const numGlobalLayers = layers(config, ['num_global_layers'], 8);
  const patchSize = pixels(config, 'patch_size', 14);
  const positions = patchesPerSide(config, pixels(config, 'image_size', 448), patchSize) ** 2 + 1;
  const tiles = heads(config, ['max_num_tiles'], 4);
  // One row of each table stands for padding.
  const tilings = numAspectRatios(config, tiles) + 1;
  const colours = width(config, ['num_channels'], COLOURS);
  const gated = (name: string): Weight[] => [
    table('vision', `${module}.${name}.embedding`, tilings, tiles * hiddenSize),
    vector('vision', `${module}.${name}.gate`, 1),
  ];
  const stack = {
    modality: 'vision',
    names: NAMES,
    hiddenSize,
    ffnWidth: width(config, ['intermediate_size'], 5120),
    numHeads: heads(config, ['attention_heads', 'num_attention_heads'], 16),
    qkvBias: false,
    outBias: false,
  } as const;
  const gates = ['gate_attn', 'gate_ffn'].map((name) => ({ name, size: 1 }));
  return {
    label: stackLabel('Vision Transformer', numLayers + numGlobalLayers, hiddenSize),
    width: width(config, ['vision_output_dim'], 7680),
    weights: [
      ...convolution('vision', `${module}.patch_embedding`, hiddenSize, colours * patchSize ** 2, { hasBias: false }),
      vector('vision', `${module}.class_embedding`, hiddenSize),
      vector('vision', `${module}.gated_positional_embedding.gate`, 1),
      table('vision', `${module}.gated_positional_embedding.embedding`, positions, hiddenSize),
      table('vision', `${module}.gated_positional_embedding.tile_embedding`, tilings, tiles * positions * hiddenSize),
      ...gated('pre_tile_positional_embedding'),
      ...gated('post_tile_positional_embedding'),
      ...norm('vision', `${module}.layernorm_pre`, hiddenSize, 'weight_and_bias'),
      ...norm('vision', `${module}.layernorm_post`, hiddenSize, 'weight_and_bias'),
      ...stackWeights({ ...stack, module: `${module}.transformer.layers.*`, numLayers }),
      ...stackWeights({
        ...stack,
        module: `${module}.global_transformer.layers.*`,
        numLayers: numGlobalLayers,
        vectors: gates,
      }),
    ],
  };
}

const mllama: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'mllama_text_model',
  towers: [
    visionTower({
      encoder: mllamaEncoder,
      module: 'vision_model',
      projector: (encoder, _, { hiddenSize }) =>
        chain('vision', ['multi_modal_projector'], [encoder.width, hiddenSize]),
    }),
  ],
};

export const LLAMA_FAMILIES: Record<string, MultimodalFamily> = { llama4, mllama };
