/** Models that read documents with an encoder of their own. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import { linear, table, vector, type Weight } from '../../weight.ts';
import {
  chain,
  CLIP_NAMES,
  COLOURS,
  convolution,
  FUSED_NAMES,
  heads,
  layers,
  norm,
  patchesPerSide,
  pixels,
  stackLabel,
  stackWeights,
  width,
  type Encoder,
} from '../parts.ts';
import type { MultimodalFamily, TextFrame } from '../types.ts';
import { visionTower } from '../vision.ts';

/** dots.ocr (DotsVisionConfig; vLLM's dots_ocr.py): RMSNorms and gated networks, no biases, rotary positions. */
function dotsEncoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['embed_dim'], 1536);
  const numLayers = layers(config, ['num_hidden_layers'], 42);
  const hasBias = config.flag(['use_bias'], false);
  const elements = width(config, ['num_channels'], COLOURS) * pixels(config, 'patch_size', 14) ** 2;
  return {
    label: stackLabel('Vision Transformer', numLayers, hiddenSize),
    width: hiddenSize,
    weights: [
      ...convolution('vision', `${module}.patch_embed.patchifier.proj`, hiddenSize, elements),
      ...norm('vision', `${module}.patch_embed.patchifier.norm`, hiddenSize, 'weight'),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.blocks.*`,
        names: { ...FUSED_NAMES, gate: 'mlp.fc1', up: 'mlp.fc3', down: 'mlp.fc2' },
        numLayers,
        hiddenSize,
        ffnWidth: width(config, ['intermediate_size'], 4224),
        numHeads: heads(config, ['num_attention_heads'], 12),
        isGated: true,
        norm: 'weight',
        qkvBias: hasBias,
        outBias: hasBias,
        ffnBias: hasBias,
      }),
      ...(config.flag(['post_norm'], true) ? norm('vision', `${module}.post_trunk_norm`, hiddenSize, 'weight') : []),
    ],
  };
}

/** A Qwen2 decoder in the outer object; patches join two by two before a network that ends at its width. */
const dotsOcr: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'qwen2',
  towers: [
    visionTower({
      encoder: dotsEncoder,
      projector: (encoder, fields) => {
        const config = fields.inner('vision_config', {});
        const merged = encoder.width * heads(config, ['spatial_merge_size'], 2) ** 2;
        const out = width(config, ['hidden_size'], 1536);
        const module = 'vision_tower.merger';
        return [
          ...norm('vision', `${module}.ln_q`, encoder.width, 'weight_and_bias'),
          ...chain('vision', [`${module}.mlp.0`, `${module}.mlp.2`], [merged, merged, out]),
        ];
      },
    }),
  ],
};

/** HunyuanOCR (HunYuanVLVisionConfig): positions of the largest picture and one row for a class. */
function hunyuanEncoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['hidden_size'], 1152);
  const numLayers = layers(config, ['num_hidden_layers'], 27);
  const patchSize = pixels(config, 'patch_size', 16);
  const perSide = patchesPerSide(config, pixels(config, 'max_image_size', 2048), patchSize);
  return {
    label: stackLabel('Vision Transformer', numLayers, hiddenSize),
    width: hiddenSize,
    weights: [
      ...convolution(
        'vision',
        `${module}.embeddings.patch_embedding`,
        hiddenSize,
        width(config, ['num_channels'], COLOURS) * patchSize ** 2,
      ),
      table('vision', `${module}.embeddings.position_embedding`, perSide ** 2 + 1, hiddenSize),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.layers.*`,
        names: { ...CLIP_NAMES, out: 'self_attn.o_proj' },
        numLayers,
        hiddenSize,
        ffnWidth: width(config, ['intermediate_size'], 4304),
        numHeads: heads(config, ['num_attention_heads'], 16),
      }),
    ],
  };
}

/** Two convolutions that widen fourfold, one matrix, learned ends of rows and pictures. */
function hunyuanMerger(encoder: Encoder, fields: ConfigFields, { hiddenSize }: TextFrame): Weight[] {
  const module = 'vit.perceive';
  const { width: size } = encoder;
  const side = fields.optionalCount(['vision_config.spatial_merge_size'], LIMITS.heads) ?? 2;
  return [
    ...convolution('vision', `${module}.proj.0`, 2 * size, size * side ** 2),
    ...convolution('vision', `${module}.proj.2`, 4 * size, 2 * size),
    ...linear('vision', `${module}.mlp`, hiddenSize, 4 * size, { hasBias: true }),
    vector('vision', `${module}.image_newline`, 4 * size),
    ...['image_begin', 'image_end', 'image_sep'].map((name) => vector('vision', `${module}.${name}`, hiddenSize)),
    ...norm('vision', `${module}.before_rms`, size, 'weight'),
    ...norm('vision', `${module}.after_rms`, hiddenSize, 'weight'),
  ];
}

const hunyuanVl: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'hunyuan_vl_text',
  towers: [visionTower({ encoder: hunyuanEncoder, module: 'vit', projector: hunyuanMerger })],
};

export const OCR_FAMILIES: Record<string, MultimodalFamily> = { dots_ocr: dotsOcr, hunyuan_vl: hunyuanVl };
