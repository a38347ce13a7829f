import type { ConfigFields } from '../../fields.ts';
import {
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
  type LayerNames,
} from '../parts.ts';

const NAMES: LayerNames = {
  qkv: ['attention.q_proj', 'attention.k_proj', 'attention.v_proj'],
  out: 'attention.o_proj',
  gate: 'feed_forward.gate_proj',
  up: 'feed_forward.up_proj',
  down: 'feed_forward.down_proj',
  norms: ['attention_norm', 'ffn_norm'],
};

/** Pixtral's picture encoder (PixtralVisionModel): rotary positions, gated networks, no biases; absent keys as PixtralVisionConfig. */
export function pixtralEncoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['hidden_size'], 1024);
  const numLayers = layers(config, ['num_hidden_layers'], 24);
  const patchSize = pixels(config, 'patch_size', 16);
  const colours = width(config, ['num_channels'], COLOURS);
  const none = { qkvBias: false, outBias: false, ffnBias: false };
  return {
    label: stackLabel('Pixtral', numLayers, hiddenSize),
    width: hiddenSize,
    weights: [
      ...convolution('vision', `${module}.patch_conv`, hiddenSize, colours * patchSize ** 2, { hasBias: false }),
      ...norm('vision', `${module}.ln_pre`, hiddenSize, 'weight'),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.transformer.layers.*`,
        names: NAMES,
        numLayers,
        hiddenSize,
        ffnWidth: width(config, ['intermediate_size'], 4096),
        numHeads: heads(config, ['num_attention_heads'], 16),
        isGated: true,
        norm: 'weight',
        ...none,
      }),
    ],
  };
}
