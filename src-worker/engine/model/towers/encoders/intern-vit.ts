import type { ConfigFields } from '../../fields.ts';
import { table, vector } from '../../weight.ts';
import {
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
  type LayerNames,
} from '../parts.ts';

const normKind = (config: ConfigFields, otherwise: 'layer_norm' | 'rms_norm'): 'weight' | 'weight_and_bias' =>
  (config.optionalText(['norm_type']) ?? otherwise) === 'rms_norm' ? 'weight' : 'weight_and_bias';

/** Norms on queries and keys over their full width. */
const fullWidthNorms = (prefix: string, hiddenSize: number): { name: string; size: number }[] => [
  { name: `${prefix}.q_norm`, size: hiddenSize },
  { name: `${prefix}.k_norm`, size: hiddenSize },
];

/**
 * InternViT of the InternVL checkpoints (InternVisionModel, remote code); absent keys as InternVisionConfig. `numDummyHeads`
 * are heads on top of those the file names.
 */
export function internVitEncoder(config: ConfigFields, module: string, numDummyHeads = 0): Encoder {
  const hiddenSize = width(config, ['hidden_size'], 3200);
  const numLayers = layers(config, ['num_hidden_layers'], 48);
  const patchSize = pixels(config, 'patch_size', 14);
  const perSide = patchesPerSide(config, pixels(config, 'image_size', 224), patchSize);
  const colours = width(config, ['num_channels'], COLOURS);
  const numHeads = heads(config, ['num_attention_heads'], 25);
  const attentionWidth = hiddenSize + numDummyHeads * Math.floor(hiddenSize / numHeads);
  const scales = ['ls1', 'ls2'].map((name) => ({ name, size: hiddenSize }));
  return {
    label: stackLabel('InternViT', numLayers, hiddenSize),
    width: hiddenSize,
    weights: [
      vector('vision', `${module}.embeddings.class_embedding`, hiddenSize),
      ...convolution('vision', `${module}.embeddings.patch_embedding`, hiddenSize, colours * patchSize ** 2),
      table('vision', `${module}.embeddings.position_embedding`, perSide ** 2 + 1, hiddenSize),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.encoder.layers.*`,
        names: FUSED_NAMES,
        numLayers,
        hiddenSize,
        ffnWidth: width(config, ['intermediate_size'], 12800),
        numHeads: numHeads + numDummyHeads,
        attentionWidth,
        norm: normKind(config, 'rms_norm'),
        qkvBias: config.flag(['qkv_bias'], false),
        vectors: [
          ...scales,
          ...(config.flag(['qk_normalization'], true) ? fullWidthNorms('attn', attentionWidth) : []),
        ],
      }),
    ],
  };
}

const NAMES: LayerNames = {
  qkv: ['attention.q_proj', 'attention.k_proj', 'attention.v_proj'],
  out: 'attention.projection_layer',
  up: 'mlp.fc1',
  down: 'mlp.fc2',
  norms: ['layernorm_before', 'layernorm_after'],
};

/** The same encoder as Transformers writes it (InternVLVisionModel); absent keys as InternVLVisionConfig. */
export function internVlEncoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['hidden_size'], 1024);
  const numLayers = layers(config, ['num_hidden_layers'], 24);
  const patchSize = pixels(config, 'patch_size', 14);
  const perSide = patchesPerSide(config, pixels(config, 'image_size', 448), patchSize);
  const colours = width(config, ['num_channels'], COLOURS);
  const scales = ['lambda_1', 'lambda_2'].map((name) => ({ name, size: hiddenSize }));
  const hasPositions = config.flag(['use_absolute_position_embeddings'], true);
  return {
    label: stackLabel('InternViT', numLayers, hiddenSize),
    width: hiddenSize,
    weights: [
      vector('vision', `${module}.embeddings.cls_token`, hiddenSize),
      ...(config.flag(['use_mask_token'], false)
        ? [vector('vision', `${module}.embeddings.mask_token`, hiddenSize)]
        : []),
      ...convolution('vision', `${module}.embeddings.patch_embeddings`, hiddenSize, colours * patchSize ** 2),
      ...(hasPositions
        ? [table('vision', `${module}.embeddings.position_embeddings`, perSide ** 2 + 1, hiddenSize)]
        : []),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.encoder.layer.*`,
        names: NAMES,
        numLayers,
        hiddenSize,
        ffnWidth: width(config, ['intermediate_size'], 4096),
        numHeads: heads(config, ['num_attention_heads'], 16),
        norm: normKind(config, 'layer_norm'),
        qkvBias: config.flag(['attention_bias'], false),
        vectors: [...scales, ...(config.flag(['use_qk_norm'], false) ? fullWidthNorms('attention', hiddenSize) : [])],
      }),
      ...(config.flag(['use_mean_pooling'], true)
        ? []
        : norm('vision', `${module}.layernorm`, hiddenSize, 'weight_and_bias')),
    ],
  };
}
