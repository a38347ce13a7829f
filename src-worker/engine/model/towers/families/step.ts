/** StepFun's models that see: an encoder, then two convolutions that shorten its output sixteen times, then one matrix. */

import type { ConfigFields } from '../../fields.ts';
import { linear, table, vector } from '../../weight.ts';
import {
  chain,
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
  type LayerNames,
} from '../parts.ts';
import type { MultimodalFamily, TowerReader } from '../types.ts';
import { visionTower } from '../vision.ts';

/** Step 3: a large CLIP (Step3VisionEncoderConfig; vLLM's step3_vl.py: no norm before or after the layers). */
function step3Encoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['hidden_size'], 1792);
  const numLayers = layers(config, ['num_hidden_layers'], 63);
  const patchSize = pixels(config, 'patch_size', 14);
  const perSide = patchesPerSide(config, pixels(config, 'image_size', 728), patchSize);
  const elements = width(config, ['num_channels'], COLOURS) * patchSize ** 2;
  return {
    label: stackLabel('CLIP', numLayers, hiddenSize),
    width: hiddenSize,
    weights: [
      vector('vision', `${module}.embeddings.class_embedding`, hiddenSize),
      ...convolution('vision', `${module}.embeddings.patch_embedding`, hiddenSize, elements),
      table('vision', `${module}.embeddings.position_embedding`, perSide ** 2 + 1, hiddenSize),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.transformer.layers.*`,
        names: CLIP_NAMES,
        numLayers,
        hiddenSize,
        ffnWidth: width(config, ['intermediate_size'], 15360),
        numHeads: heads(config, ['num_attention_heads'], 16),
      }),
    ],
  };
}

/** Sides of the kernels of the two convolutions, which the code fixes. */
const FIRST_KERNEL = 2;
const SECOND_KERNEL = 3;

const step3Vl: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'step3_text',
  towers: [
    visionTower({
      encoder: step3Encoder,
      module: 'vision_model',
      projector: (encoder, fields, { hiddenSize }) => {
        const out = width(fields.inner('vision_config', {}), ['output_hidden_size'], 4096);
        return [
          ...convolution('vision', 'vit_downsampler', out, encoder.width * FIRST_KERNEL ** 2),
          ...convolution('vision', 'vit_downsampler2', 2 * out, out * SECOND_KERNEL ** 2),
          ...chain('vision', ['vit_large_projector'], [2 * out, hiddenSize], {
            hasBias: fields.flag(['projector_bias'], true),
          }),
        ];
      },
    }),
  ],
};

const STEP_37_NAMES: LayerNames = {
  qkv: ['attn.in_proj_weight'],
  out: 'attn.out_proj',
  up: 'mlp.c_fc',
  down: 'mlp.c_proj',
  norms: ['ln_1', 'ln_2'],
};

/** Side of the kernels of Step 3.7's convolutions, each of which halves the grid and doubles the features. */
const STEP_37_KERNEL = 3;

/**
 * Step 3.7: a Vision Transformer with rotary and learned positions (Step3p7VisionConfig); the published files write `width`,
 * `layers` and `heads`.
 */
function step37Encoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['width', 'hidden_size'], 1536);
  const numLayers = layers(config, ['layers', 'num_hidden_layers'], 47);
  const patchSize = pixels(config, 'patch_size', 14);
  const perSide = patchesPerSide(config, pixels(config, 'image_size', 728), patchSize);
  const colours = width(config, ['num_channels'], COLOURS);
  const kernel = STEP_37_KERNEL ** 2;
  return {
    label: stackLabel('Vision Transformer', numLayers, hiddenSize),
    width: 4 * hiddenSize,
    weights: [
      ...convolution('vision', `${module}.conv1`, hiddenSize, colours * patchSize ** 2, { hasBias: false }),
      table('vision', `${module}.positional_embedding`, perSide ** 2, hiddenSize),
      ...norm('vision', `${module}.ln_pre`, hiddenSize, 'weight_and_bias'),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.transformer.resblocks.*`,
        names: STEP_37_NAMES,
        numLayers,
        hiddenSize,
        ffnWidth: config.scaledWidth(['mlp_ratio'], hiddenSize, 8960 / 1536),
        numHeads: heads(config, ['heads', 'num_attention_heads'], 16),
        vectors: [
          { name: 'ls_1.gamma', size: hiddenSize },
          { name: 'ls_2.gamma', size: hiddenSize },
        ],
      }),
      ...convolution('vision', `${module}.vit_downsampler1`, 2 * hiddenSize, kernel * hiddenSize),
      ...convolution('vision', `${module}.vit_downsampler2`, 4 * hiddenSize, kernel * 2 * hiddenSize),
    ],
  };
}

const step37Tower = visionTower({
  encoder: step37Encoder,
  module: 'vision_model',
  projector: (encoder, fields, { hiddenSize }) =>
    linear('vision', 'vit_large_projector', hiddenSize, encoder.width, {
      hasBias: fields.flag(['projector_bias'], false),
    }),
});

/** Files that name neither part describe the decoder alone. */
const step37Vision: TowerReader = (fields, text) =>
  fields.has('vision_config') || !fields.has('num_hidden_layers') ? step37Tower(fields, text) : [];

const step37: MultimodalFamily = { text: ['text_config'], textModelType: 'step3p7', towers: [step37Vision] };

export const STEP_FAMILIES: Record<string, MultimodalFamily> = { step3_vl: step3Vl, step3p7: step37 };
