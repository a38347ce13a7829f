/** Models whose picture encoder is SigLIP or laid out like it, each with a projector of its own. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import { linear, table } from '../../weight.ts';
import { siglipLike } from '../encoders/siglip.ts';
import { chain, COLOURS, convolution, heads, norm, pixels, stackWeights, CLIP_NAMES, type Encoder } from '../parts.ts';
import { layers, stackLabel, width } from '../parts.ts';
import type { MultimodalFamily } from '../types.ts';
import { visionTower, type Projector } from '../vision.ts';

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

/** SigLIP so400m as PaddleOCR-VL and Keye-VL build it. */
const SO400M = { hiddenSize: 1152, ffnWidth: 4304, numLayers: 27, numHeads: 16, imageSize: 384, patchSize: 14 };
const withHead = siglipLike('SigLIP', { hasHead: true, defaults: SO400M });
const withoutHead = siglipLike('SigLIP', { hasHead: false, defaults: SO400M });

/** Rows of the table of positions for packed pictures, fixed in the code. */
const PACKED_POSITIONS = 32_768;

/** SigLIP with its pooling head and a table of packed positions. */
function packedSiglip(config: ConfigFields, module: string): Encoder {
  const encoder = withHead(config, module);
  const positions = table('vision', `${module}.embeddings.packing_position_embedding`, PACKED_POSITIONS, encoder.width);
  return { ...encoder, weights: [...encoder.weights, positions] };
}

/** Patches of a square join: a norm before or after it, two linear layers. */
const merging =
  (isNormMerged: boolean): Projector =>
  (encoder, fields, { hiddenSize }) => {
    const features = encoder.width * side(fields, 'vision_config.spatial_merge_size') ** 2;
    return [
      ...norm('vision', 'mlp_AR.pre_norm', isNormMerged ? features : encoder.width, 'weight_and_bias'),
      ...chain('vision', ['mlp_AR.linear_1', 'mlp_AR.linear_2'], [features, features, hiddenSize]),
    ];
  };

/** True for a file that the class of Transformers wrote: the published ones keep the decoder's fields outside. */
const isRewritten = (fields: ConfigFields): boolean => fields.has('text_config');

const UNUSED_PARTS =
  'The pooling head of the picture encoder and its table of packed positions (53.0 million parameters) are counted, as the published total does: the checkpoint stores them, vLLM does not load them.';

/**
 * PaddleOCR-VL (PaddleOCRVisionConfig). The published checkpoints store the pooling head and the table of packed positions of
 * the first code; vLLM's paddleocr_vl.py skips both since 2026, and the class of Transformers has neither. Counted is what is
 * stored; weights that Transformers wrote anew are without.
 */
const paddleOcrVl: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'ernie4_5',
  towers: [
    (fields, text) =>
      visionTower({
        encoder: isRewritten(fields) ? withoutHead : packedSiglip,
        module: 'visual.vision_model',
        projector: merging(false),
      })(fields, text),
  ],
  assumptions: (fields) => (isRewritten(fields) ? [] : [UNUSED_PARTS]),
};

/** Keye-VL: Qwen3 behind the encoder that PaddleOCR-VL took over (vLLM's keye.py); 1.5 normalizes the joined patches. */
const keye = (isNormMerged: boolean): MultimodalFamily => ({
  text: ['text_config'],
  textModelType: 'qwen3',
  towers: [visionTower({ encoder: packedSiglip, module: 'visual.vision_model', projector: merging(isNormMerged) })],
});

/** Isaac: SigLIP 2 without its head, patches of a square side by side, two layers without biases (vLLM's isaac.py). */
const isaac: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'qwen3',
  towers: [
    visionTower({
      encoder: siglipLike('SigLIP 2', { positions: 256, hasHead: false }),
      module: 'model.vision_embedding.0',
      projector: (encoder, fields, { hiddenSize }) => {
        const names = ['vision_config.pixel_shuffle_scale_factor', 'pixel_shuffle_scale'];
        const features = encoder.width * (fields.optionalCount(names, LIMITS.heads) ?? 1) ** 2;
        const modules = ['model.vision_embedding.1', 'model.vision_embedding.3'];
        return chain('vision', modules, [features, 4 * features, hiddenSize], { hasBias: false });
      },
    }),
  ],
};

/** MiniCPM-V 4.6: after some layers windows of 2 × 2 patches attend and join, and once more before the decoder. */
const minicpmV46: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'qwen3_5_text',
  towers: [
    visionTower({
      encoder: minicpmV46Encoder,
      projector: (encoder, fields, { hiddenSize }) => {
        const times = fields.optionalCount(['merger_times'], LIMITS.layers) ?? 1;
        const joined = 4 * encoder.width;
        return Array.from({ length: times }, (_, index) => {
          const module = `merger.mlp.${index}`;
          const out = index === times - 1 ? hiddenSize : encoder.width;
          return [
            ...norm('vision', `${module}.pre_norm`, joined, 'weight_and_bias'),
            ...chain('vision', [`${module}.linear_1`, `${module}.linear_2`], [joined, joined, out]),
          ];
        }).flat();
      },
    }),
  ],
};

/** MiniCPMV4_6VisionConfig: SigLIP without its head, with the attention and the network that join patches inside it. */
function minicpmV46Encoder(config: ConfigFields, module: string): Encoder {
  const siglip = siglipLike('SigLIP', { hasHead: false })(config, module);
  const { width: size } = siglip;
  const joined = 4 * size;
  const merger = `${module}.vit_merger`;
  const square = { hasBias: true, splitUnits: heads(config, ['num_attention_heads'], 12) };
  return {
    ...siglip,
    weights: [
      ...siglip.weights,
      ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].flatMap((name) =>
        linear('vision', `${merger}.self_attn.${name}`, size, size, square),
      ),
      ...norm('vision', `${merger}.layer_norm1`, size, 'weight_and_bias'),
      ...norm('vision', `${merger}.pre_norm`, joined, 'weight_and_bias'),
      ...chain(
        'vision',
        [`${merger}.linear_1`, `${merger}.linear_2`],
        [joined, 4 * width(config, ['intermediate_size'], 3072), size],
      ),
    ],
  };
}

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
  isaac,
  Keye: keye(false),
  keye_vl_1_5: keye(true),
  KeyeVL1_5: keye(true),
  lfm2_vl: lfm2Vl,
  minicpmv4_6: minicpmV46,
  paddleocr_vl: paddleOcrVl,
  video_llama_3: videoLlama3,
};
