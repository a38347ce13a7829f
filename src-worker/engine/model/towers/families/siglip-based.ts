/** Models whose picture encoder is SigLIP or laid out like it, each with a projector of its own. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import { siglipLike } from '../encoders/siglip.ts';
import { chain, COLOURS, convolution, heads, norm, pixels, stackWeights, CLIP_NAMES, type Encoder } from '../parts.ts';
import { layers, stackLabel, width } from '../parts.ts';
import type { MultimodalFamily } from '../types.ts';
import { visionTower } from '../vision.ts';

/** Side of the square of patches that become one token. */
const side = (config: ConfigFields, name: string): number => config.optionalCount([name], LIMITS.heads) ?? 2;

/** LFM2-VL (Lfm2VlConfig). */
const lfm2Vl: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'lfm2',
  towers: [
    visionTower({
      encoder: 'siglip2_vision_model',
      projector: (encoder, fields, { hiddenSize }) => {
        const features = encoder.width * side(fields, 'downsample_factor') ** 2;
        const inner = fields.optionalCount(['projector_hidden_size'], LIMITS.width) ?? 2560;
        const module = 'multi_modal_projector';
        return [
          ...(fields.flag(['projector_use_layernorm'], true)
            ? norm('vision', `${module}.layer_norm`, features, 'weight_and_bias')
            : []),
          ...chain('vision', [`${module}.linear_1`, `${module}.linear_2`], [features, inner, hiddenSize], {
            hasBias: fields.flag(['projector_bias'], true),
          }),
        ];
      },
    }),
  ],
};

/** PaddleOCR-VL (PaddleOCRVisionConfig); the checkpoint's unused pooling head and packed positions are left out. */
const paddleOcrVl: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'ernie4_5',
  towers: [
    visionTower({
      encoder: siglipLike('SigLIP', {
        hasHead: false,
        defaults: { hiddenSize: 1152, ffnWidth: 4304, numLayers: 27, numHeads: 16, imageSize: 384, patchSize: 14 },
      }),
      module: 'visual.vision_model',
      projector: (encoder, fields, { hiddenSize }) => {
        const features = encoder.width * side(fields, 'vision_config.spatial_merge_size') ** 2;
        return [
          ...norm('vision', 'mlp_AR.pre_norm', encoder.width, 'weight_and_bias'),
          ...chain('vision', ['mlp_AR.linear_1', 'mlp_AR.linear_2'], [features, features, hiddenSize]),
        ];
      },
    }),
  ],
};

/** VideoLLaMA 3 (VideoLlama3VisionConfig): SigLIP's layers with computed positions. */
function videoLlama3Encoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['hidden_size'], 768);
  const numLayers = layers(config, ['num_hidden_layers'], 12);
  const elements = width(config, ['num_channels'], COLOURS) * pixels(config, 'patch_size', 16) ** 2;
  return {
    label: stackLabel('Vision Transformer', numLayers, hiddenSize),
    width: hiddenSize,
    weights: [
      ...convolution('vision', `${module}.embeddings.patch_embedding`, hiddenSize, elements),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.encoder.layers.*`,
        names: CLIP_NAMES,
        numLayers,
        hiddenSize,
        ffnWidth: width(config, ['intermediate_size'], 3072),
        numHeads: heads(config, ['num_attention_heads'], 12),
      }),
      ...norm('vision', `${module}.post_layernorm`, hiddenSize, 'weight_and_bias'),
    ],
  };
}

const videoLlama3: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'qwen2',
  towers: [
    visionTower({
      encoder: videoLlama3Encoder,
      module: 'vision_encoder',
      projector: (encoder, _, { hiddenSize }) =>
        chain('vision', ['projector.readout.0', 'projector.readout.2'], [encoder.width, hiddenSize, hiddenSize]),
    }),
  ],
};

export const SIGLIP_BASED_FAMILIES: Record<string, MultimodalFamily> = {
  lfm2_vl: lfm2Vl,
  paddleocr_vl: paddleOcrVl,
  video_llama_3: videoLlama3,
};
