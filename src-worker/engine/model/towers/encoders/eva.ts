import { LIMITS, type ConfigFields } from '../../fields.ts';
import { table, vector } from '../../weight.ts';
import {
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

const BLIP_NAMES: LayerNames = {
  qkv: ['self_attn.qkv'],
  out: 'self_attn.projection',
  up: 'mlp.fc1',
  down: 'mlp.fc2',
  norms: ['layer_norm1', 'layer_norm2'],
};

/** EVA ViT-g of BLIP-2 (Blip2VisionConfig): one bias over queries, keys and values, that of the keys all zeros. */
export function blip2Encoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['hidden_size'], 1408);
  const numLayers = layers(config, ['num_hidden_layers'], 39);
  const patchSize = pixels(config, 'patch_size', 14);
  const perSide = patchesPerSide(config, pixels(config, 'image_size', 224), patchSize);
  return {
    label: stackLabel('EVA', numLayers, hiddenSize),
    width: hiddenSize,
    weights: [
      vector('vision', `${module}.embeddings.class_embedding`, hiddenSize),
      ...convolution('vision', `${module}.embeddings.patch_embedding`, hiddenSize, COLOURS * patchSize ** 2),
      table('vision', `${module}.embeddings.position_embedding`, perSide ** 2 + 1, hiddenSize),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.encoder.layers.*`,
        names: BLIP_NAMES,
        numLayers,
        hiddenSize,
        ffnWidth: width(config, ['intermediate_size'], 6144),
        numHeads: heads(config, ['num_attention_heads'], 16),
        qkvBias: config.flag(['qkv_bias'], true),
        outBias: true,
      }),
      ...norm('vision', `${module}.post_layernorm`, hiddenSize, 'weight_and_bias'),
    ],
  };
}

const GLM_NAMES: LayerNames = {
  qkv: ['attention.query_key_value'],
  out: 'attention.dense',
  up: 'mlp.fc1',
  down: 'mlp.fc2',
  norms: ['input_layernorm', 'post_attention_layernorm'],
};

/** EVA2-CLIP-E of GLM-4V-9B (EVA2CLIPModel of its code and of vLLM's glm4v.py), before what joins its patches. */
export function eva2ClipEncoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['hidden_size'], 1792);
  const numLayers = layers(config, ['num_hidden_layers'], 63);
  const elements = width(config, ['in_channels'], COLOURS) * pixels(config, 'patch_size', 14) ** 2;
  return {
    label: stackLabel('EVA2-CLIP', numLayers, hiddenSize),
    width: hiddenSize,
    weights: [
      ...convolution('vision', `${module}.patch_embedding.proj`, hiddenSize, elements),
      vector('vision', `${module}.patch_embedding.cls_embedding`, hiddenSize),
      table(
        'vision',
        `${module}.patch_embedding.position_embedding`,
        config.optionalCount(['num_positions'], LIMITS.vocabulary) ?? 6401,
        hiddenSize,
      ),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.transformer.layers.*`,
        names: GLM_NAMES,
        numLayers,
        hiddenSize,
        ffnWidth: width(config, ['intermediate_size'], 15360),
        numHeads: heads(config, ['num_heads'], 16),
      }),
    ],
  };
}
