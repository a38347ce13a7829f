/** StepFun's Step 3: a large CLIP, then two convolutions that shorten its output sixteen times. */

import type { ConfigFields } from '../../fields.ts';
import { table, vector } from '../../weight.ts';
import {
  chain,
  CLIP_NAMES,
  COLOURS,
  convolution,
  heads,
  layers,
  patchesPerSide,
  pixels,
  stackLabel,
  stackWeights,
  width,
  type Encoder,
} from '../parts.ts';
import type { MultimodalFamily } from '../types.ts';
import { visionTower } from '../vision.ts';

/** Step3VisionEncoderConfig; vLLM's step3_vl.py: no norm before or after the layers. */
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

export const STEP_FAMILIES: Record<string, MultimodalFamily> = { step3_vl: step3Vl };
