/** Step 3.7: a Vision Transformer with rotary and learned positions, two convolutions that halve its grid, one matrix. */

import type { ConfigFields } from '../../fields.ts';
import { linear, table } from '../../weight.ts';
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
} from '../parts.ts';
import { width, type Encoder, type LayerNames } from '../parts.ts';
import type { MultimodalFamily, TowerReader } from '../types.ts';
import { visionTower } from '../vision.ts';

const NAMES: LayerNames = {
  qkv: ['attn.in_proj_weight'],
  out: 'attn.out_proj',
  up: 'mlp.c_fc',
  down: 'mlp.c_proj',
  norms: ['ln_1', 'ln_2'],
};

/** Elements of the kernel of a convolution that halves the grid: 3 x 3. */
const KERNEL = 9;

/** Step3p7VisionConfig; the published files write `width`, `layers` and `heads`. */
function stepEncoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['width', 'hidden_size'], 1536);
  const numLayers = layers(config, ['layers', 'num_hidden_layers'], 47);
  const patchSize = pixels(config, 'patch_size', 14);
  const perSide = patchesPerSide(config, pixels(config, 'image_size', 728), patchSize);
  const colours = width(config, ['num_channels'], COLOURS);
  const ratio = config.optionalPositive(['mlp_ratio'], 1000) ?? 8960 / 1536;
  return {
    label: stackLabel('Vision Transformer', numLayers, hiddenSize),
    // Each convolution doubles the features.
    width: 4 * hiddenSize,
    weights: [
      ...convolution('vision', `${module}.conv1`, hiddenSize, colours * patchSize ** 2, { hasBias: false }),
      table('vision', `${module}.positional_embedding`, perSide ** 2, hiddenSize),
      ...norm('vision', `${module}.ln_pre`, hiddenSize, 'weight_and_bias'),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.transformer.resblocks.*`,
        names: NAMES,
        numLayers,
        hiddenSize,
        ffnWidth: Math.floor(hiddenSize * ratio),
        numHeads: heads(config, ['heads', 'num_attention_heads'], 16),
        vectors: [
          { name: 'ls_1.gamma', size: hiddenSize },
          { name: 'ls_2.gamma', size: hiddenSize },
        ],
      }),
      ...convolution('vision', `${module}.vit_downsampler1`, 2 * hiddenSize, KERNEL * hiddenSize),
      ...convolution('vision', `${module}.vit_downsampler2`, 4 * hiddenSize, KERNEL * 2 * hiddenSize),
    ],
  };
}

const tower = visionTower({
  encoder: stepEncoder,
  module: 'vision_model',
  projector: (encoder, fields, { hiddenSize }) =>
    linear('vision', 'vit_large_projector', hiddenSize, encoder.width, {
      hasBias: fields.flag(['projector_bias'], false),
    }),
});

/** Files that name neither part describe the decoder alone. */
const towerUnlessFlat: TowerReader = (fields, text) =>
  fields.has('vision_config') || !fields.has('num_hidden_layers') ? tower(fields, text) : [];

export const STEP_FAMILIES: Record<string, MultimodalFamily> = {
  step3p7: { text: ['text_config'], textModelType: 'step3p7', towers: [towerUnlessFlat] },
};
