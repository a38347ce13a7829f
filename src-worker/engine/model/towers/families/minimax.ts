/** MiniMax's models that see. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import {
  chain,
  CLIP_NAMES,
  COLOURS,
  convolution,
  heads,
  layers,
  norm,
  pixels,
  stackLabel,
  stackWeights,
  width,
  type Encoder,
} from '../parts.ts';
import type { MultimodalFamily } from '../types.ts';
import { visionTower } from '../vision.ts';

const COMPRESSION = 'img_token_compression_config';

/** MiniMax M3 (MiniMaxM3VLVisionConfig): CLIP's layers over patches of two pictures, rotary positions. */
function m3Encoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['hidden_size'], 1280);
  const numLayers = layers(config, ['num_hidden_layers'], 32);
  const inTime = heads(config, ['temporal_patch_size', `${COMPRESSION}.temporal_patch_size`], 2);
  const elements = width(config, ['num_channels'], COLOURS) * inTime * pixels(config, 'patch_size', 14) ** 2;
  return {
    label: stackLabel('CLIP', numLayers, hiddenSize),
    width: hiddenSize,
    weights: [
      ...convolution('vision', `${module}.embeddings.patch_embedding`, hiddenSize, elements, { hasBias: false }),
      ...norm('vision', `${module}.pre_layrnorm`, hiddenSize, 'weight_and_bias'),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.encoder.layers.*`,
        names: CLIP_NAMES,
        numLayers,
        hiddenSize,
        ffnWidth: width(config, ['intermediate_size'], 5120),
        numHeads: heads(config, ['num_attention_heads'], 16),
      }),
    ],
  };
}

/** Each patch is projected first; then the patches of a square are joined. */
const minimaxM3Vl: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'minimax_m3',
  towers: [
    visionTower({
      encoder: m3Encoder,
      projector: (encoder, fields, { hiddenSize }) => {
        const inner = fields.optionalCount(['projector_hidden_size'], LIMITS.width) ?? 6144;
        const names = ['vision_config.spatial_merge_size', `${COMPRESSION}.spatial_merge_size`];
        const square = (fields.optionalCount(names, LIMITS.heads) ?? 2) ** 2;
        const merged = fields.optionalCount(['merged_hidden_size'], LIMITS.width) ?? square * hiddenSize;
        const module = 'multi_modal_projector';
        return [
          ...chain('vision', [`${module}.linear_1`, `${module}.linear_2`], [encoder.width, inner, hiddenSize]),
          ...chain('vision', ['patch_merge_mlp.linear_1', 'patch_merge_mlp.linear_2'], [merged, inner, hiddenSize]),
        ];
      },
    }),
  ],
};

export const MINIMAX_FAMILIES: Record<string, MultimodalFamily> = { minimax_m3_vl: minimaxM3Vl };
