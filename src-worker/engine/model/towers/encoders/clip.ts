import type { ConfigFields } from '../../fields.ts';
import { table, vector } from '../../weight.ts';
import {
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
} from '../parts.ts';

/** CLIP's picture encoder (CLIPVisionModel); absent keys as CLIPVisionConfig sets them. */
export function clipEncoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['hidden_size'], 768);
  const numLayers = layers(config, ['num_hidden_layers'], 12);
  const patchSize = pixels(config, 'patch_size', 32);
  const perSide = patchesPerSide(config, pixels(config, 'image_size', 224), patchSize);
  const colours = width(config, ['num_channels'], COLOURS);
  return {
    label: stackLabel('CLIP', numLayers, hiddenSize),
    width: hiddenSize,
    weights: [
      vector('vision', `${module}.embeddings.class_embedding`, hiddenSize),
      ...convolution('vision', `${module}.embeddings.patch_embedding`, hiddenSize, colours * patchSize ** 2, {
        hasBias: false,
      }),
      table('vision', `${module}.embeddings.position_embedding`, perSide ** 2 + 1, hiddenSize),
      ...norm('vision', `${module}.pre_layrnorm`, hiddenSize, 'weight_and_bias'),
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
