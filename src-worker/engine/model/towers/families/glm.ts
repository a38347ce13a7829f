/** GLM's vision-language models (GLM-4.1V, 4.5V, 4.6V, GLM-OCR). */

import type { ConfigFields } from '../../fields.ts';
import { LIMITS } from '../../fields.ts';
import { linear, table, vector, type Weight } from '../../weight.ts';
import {
  COLOURS,
  convolution,
  FUSED_NAMES,
  heads,
  headSize,
  layers,
  norm,
  patchesPerSide,
  pixels,
  stackLabel,
  stackWeights,
  width,
  type Encoder,
} from '../parts.ts';
import { eva2ClipEncoder } from '../encoders/eva.ts';
import type { MultimodalFamily } from '../types.ts';
import { visionTower } from '../vision.ts';

interface GlmSizes {
  hiddenSize: number;
  out: number;
  /** Inner width of the encoder's networks. */
  ffnWidth: number;
  /** Inner width of the merger's network. */
  mergerWidth: number;
}

/** A convolution joins patches two by two; a gated network follows it. */
function merging(config: ConfigFields, module: string, sizes: GlmSizes): Weight[] {
  const { hiddenSize, out, mergerWidth } = sizes;
  const side = heads(config, ['spatial_merge_size'], 2);
  const split = { splitUnits: mergerWidth };
  return [
    ...norm('vision', `${module}.post_layernorm`, hiddenSize, 'weight'),
    ...convolution('vision', `${module}.downsample`, out, hiddenSize * side ** 2),
    ...linear('vision', `${module}.merger.proj`, out, out),
    ...norm('vision', `${module}.merger.post_projection_norm`, out, 'weight_and_bias'),
    ...linear('vision', `${module}.merger.gate_proj`, mergerWidth, out, split),
    ...linear('vision', `${module}.merger.up_proj`, mergerWidth, out, split),
    ...linear('vision', `${module}.merger.down_proj`, out, mergerWidth, split),
  ];
}

function patchEmbedding(config: ConfigFields, module: string, hiddenSize: number): Weight[] {
  const inTime = config.optionalCount(['temporal_patch_size'], LIMITS.heads) ?? 2;
  const elements = width(config, ['in_channels'], COLOURS) * inTime * pixels(config, 'patch_size', 14) ** 2;
  return convolution('vision', `${module}.patch_embed.proj`, hiddenSize, elements);
}

const GATED = { ...FUSED_NAMES, up: 'mlp.up_proj', down: 'mlp.down_proj' };

/**
 * GLM-4.1V and later (Glm4vVisionConfig): the encoder's networks are as wide inside as its output, `intermediate_size` is the
 * merger's.
 */
function glm4vEncoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['hidden_size'], 1536);
  const numLayers = layers(config, ['depth'], 24);
  const out = width(config, ['out_hidden_size'], 4096);
  const sizes = { hiddenSize, out, ffnWidth: out, mergerWidth: width(config, ['intermediate_size'], 13696) };
  const perSide = patchesPerSide(config, pixels(config, 'image_size', 336), pixels(config, 'patch_size', 14));
  return {
    label: stackLabel('Vision Transformer', numLayers, hiddenSize),
    width: out,
    weights: [
      ...patchEmbedding(config, module, hiddenSize),
      table('vision', `${module}.embeddings.position_embedding`, perSide ** 2, hiddenSize),
      ...norm('vision', `${module}.post_conv_layernorm`, hiddenSize, 'weight'),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.blocks.*`,
        names: GATED,
        numLayers,
        hiddenSize,
        ffnWidth: out,
        numHeads: heads(config, ['num_heads', 'num_attention_heads'], 12),
        isGated: true,
        norm: 'weight',
        qkvBias: config.flag(['attention_bias'], false),
        outBias: false,
        ffnBias: false,
      }),
      ...merging(config, module, sizes),
    ],
  };
}

/** GLM-OCR (GlmOcrVisionConfig): norms on queries and keys, no learned positions. */
function glmOcrEncoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['hidden_size'], 1024);
  const numLayers = layers(config, ['depth'], 24);
  const numHeads = heads(config, ['num_heads', 'num_attention_heads'], 16);
  const out = width(config, ['out_hidden_size'], 1536);
  const ffnWidth = width(config, ['intermediate_size'], 4096);
  // The merger widens by the colours of a patch.
  const sizes = { hiddenSize, out, ffnWidth, mergerWidth: out * width(config, ['in_channels'], COLOURS) };
  const hasBias = config.flag(['attention_bias'], true);
  const headDim = headSize(config, 'num_heads', hiddenSize, numHeads);
  return {
    label: stackLabel('Vision Transformer', numLayers, hiddenSize),
    width: out,
    weights: [
      ...patchEmbedding(config, module, hiddenSize),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.blocks.*`,
        names: GATED,
        numLayers,
        hiddenSize,
        ffnWidth,
        numHeads,
        isGated: true,
        norm: 'weight',
        qkvBias: hasBias,
        outBias: hasBias,
        ffnBias: hasBias,
        vectors: ['attn.q_norm', 'attn.k_norm'].map((name) => ({ name, size: headDim })),
      }),
      ...merging(config, module, sizes),
    ],
  };
}

const glm = (textModelType: string, encoder: (config: ConfigFields, module: string) => Encoder): MultimodalFamily => ({
  text: ['text_config'],
  textModelType,
  towers: [visionTower({ encoder, module: 'visual' })],
});

/**
 * GLM-4V-9B: a `chatglm` decoder with a picture part. A convolution joins patches two by two, a gated network as wide as the
 * decoder's follows, two vectors mark the ends of a picture.
 */
export const GLM_4V: MultimodalFamily = {
  text: [],
  textModelType: 'chatglm',
  architectures: ['ChatGLMModel'],
  towers: [
    visionTower({
      encoder: eva2ClipEncoder,
      module: 'transformer.vision',
      projector: (encoder, fields, { hiddenSize }) => {
        const module = 'transformer.vision';
        const inner = fields.count(['ffn_hidden_size'], LIMITS.width, 'the inner width of the feed-forward network');
        const split = { splitUnits: inner };
        return [
          ...convolution('vision', `${module}.conv`, hiddenSize, encoder.width * 4),
          ...linear('vision', `${module}.linear_proj.linear_proj`, hiddenSize, hiddenSize),
          ...norm('vision', `${module}.linear_proj.norm1`, hiddenSize, 'weight_and_bias'),
          ...linear('vision', `${module}.linear_proj.gate_proj`, inner, hiddenSize, split),
          ...linear('vision', `${module}.linear_proj.dense_h_to_4h`, inner, hiddenSize, split),
          ...linear('vision', `${module}.linear_proj.dense_4h_to_h`, hiddenSize, inner, split),
          ...['boi', 'eoi'].map((name) => vector('vision', `${module}.${name}`, hiddenSize)),
        ];
      },
    }),
  ],
};

export const GLM_FAMILIES: Record<string, MultimodalFamily> = {
  glm46v: glm('glm4v_text', glm4vEncoder),
  glm4v: glm('glm4v_text', glm4vEncoder),
  glm4v_moe: glm('glm4v_moe_text', glm4vEncoder),
  glm_ocr: glm('glm_ocr_text', glmOcrEncoder),
};
