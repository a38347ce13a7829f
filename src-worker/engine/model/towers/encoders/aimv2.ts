import type { ConfigFields } from '../../fields.ts';
import { linear, table, vector } from '../../weight.ts';
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

const NAMES: LayerNames = {
  qkv: ['attention.q_proj', 'attention.k_proj', 'attention.v_proj'],
  out: 'attention.out_proj',
  gate: 'ffn.gate_proj',
  up: 'ffn.up_proj',
  down: 'ffn.down_proj',
  norms: ['rms_norm1', 'rms_norm2'],
};

/** AIMv2 (Aimv2VisionModel); absent keys as Aimv2VisionConfig sets them. */
export const aimv2Like =
  (options: { hasHead?: boolean } = {}) =>
  (config: ConfigFields, module: string): Encoder => {
    const hiddenSize = width(config, ['hidden_size'], 1024);
    const numLayers = layers(config, ['num_hidden_layers'], 24);
    const numHeads = heads(config, ['num_attention_heads'], 8);
    const patchSize = pixels(config, 'patch_size', 14);
    const perSide = patchesPerSide(config, pixels(config, 'image_size', 224), patchSize);
    const colours = width(config, ['num_channels'], COLOURS);
    const qkvBias = config.flag(['qkv_bias', 'use_bias'], false);
    const hasHead = options.hasHead ?? config.flag(['use_head'], true);
    const square = { hasBias: qkvBias, splitUnits: numHeads };
    const isNative = config.flag(['is_native'], false);
    return {
      label: stackLabel('AIMv2', numLayers, hiddenSize),
      width: hiddenSize,
      weights: [
        ...convolution('vision', `${module}.embeddings.patch_embed`, hiddenSize, colours * patchSize ** 2),
        ...norm('vision', `${module}.embeddings.rms_norm`, hiddenSize, 'weight'),
        // Files of any picture size compute their positions.
        ...(isNative ? [] : [table('vision', `${module}.embeddings.position_embedding`, perSide ** 2, hiddenSize)]),
        ...stackWeights({
          modality: 'vision',
          module: `${module}.encoder.layers.*`,
          names: NAMES,
          numLayers,
          hiddenSize,
          ffnWidth: width(config, ['intermediate_size'], 2816),
          numHeads,
          isGated: true,
          norm: 'weight',
          qkvBias,
          outBias: qkvBias,
          ffnBias: config.flag(['mlp_bias', 'use_bias'], false),
        }),
        ...norm('vision', `${module}.rms_norm`, hiddenSize, 'weight'),
        ...(hasHead
          ? [
              vector('vision', `${module}.head.cls_token`, hiddenSize),
              ...linear('vision', `${module}.head.k_proj`, hiddenSize, hiddenSize, square),
              ...linear('vision', `${module}.head.v_proj`, hiddenSize, hiddenSize, square),
              ...linear('vision', `${module}.head.output_proj`, hiddenSize, hiddenSize, { ...square, hasBias: true }),
            ]
          : []),
      ],
    };
  };

export const aimv2Encoder = aimv2Like();
