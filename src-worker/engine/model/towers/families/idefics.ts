/** Hugging Face's own: Idefics 2 and 3, SmolVLM. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import { linear, table, type Weight } from '../../weight.ts';
import { heads, layers, norm, width, type Encoder } from '../parts.ts';
import type { MultimodalFamily, TextFrame } from '../types.ts';
import { visionTower } from '../vision.ts';
import { idefics2Encoder, idefics3Encoder } from '../encoders/siglip.ts';

function gatedNetwork(module: string, inputs: number, inner: number, outputs: number, count = 1): Weight[] {
  const split = { splitUnits: inner, count };
  return [
    ...linear('vision', `${module}.gate_proj`, inner, inputs, split),
    ...linear('vision', `${module}.up_proj`, inner, inputs, split),
    ...linear('vision', `${module}.down_proj`, outputs, inner, split),
  ];
}

/** Idefics2PerceiverConfig: a fixed number of learned vectors attend to the picture, in the decoder's width. */
function perceiver(config: ConfigFields, hiddenSize: number): Weight[] {
  const count = layers(config, ['resampler_depth'], 3);
  const numHeads = heads(config, ['resampler_n_heads'], 16);
  const numKvHeads = heads(config, ['num_key_value_heads'], 4);
  const headDim = heads(config, ['resampler_head_dim'], 96);
  const module = 'connector.perceiver_resampler';
  const layer = `${module}.layers.*`;
  const matrix = (name: string, outputs: number, inputs: number, splitUnits: number): Weight[] =>
    linear('vision', `${layer}.self_attn.${name}`, outputs, inputs, { splitUnits, count });
  return [
    table('vision', `${module}.latents`, width(config, ['resampler_n_latents'], 64), hiddenSize),
    ...matrix('q_proj', numHeads * headDim, hiddenSize, numHeads),
    ...matrix('k_proj', numKvHeads * headDim, hiddenSize, numKvHeads),
    ...matrix('v_proj', numKvHeads * headDim, hiddenSize, numKvHeads),
    ...matrix('o_proj', hiddenSize, numHeads * headDim, numHeads),
    ...gatedNetwork(`${layer}.mlp`, hiddenSize, 4 * hiddenSize, hiddenSize, count),
    ...['input_latents_norm', 'input_context_norm', 'post_attention_layernorm'].flatMap((name) =>
      norm('vision', `${layer}.${name}`, hiddenSize, 'weight', count),
    ),
    ...norm('vision', `${module}.norm`, hiddenSize, 'weight'),
  ];
}

const idefics2: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'mistral',
  towers: [
    visionTower({
      encoder: idefics2Encoder,
      module: 'vision_model',
      projector: (encoder: Encoder, fields: ConfigFields, { hiddenSize, fields: text }: TextFrame) => {
        // The projection into the decoder's width is as wide inside as the decoder's own networks.
        const inner = text.count(['intermediate_size'], LIMITS.width, 'the inner width of the feed-forward network');
        return [
          ...gatedNetwork('connector.modality_projection', encoder.width, inner, hiddenSize),
          ...perceiver(fields.inner('perceiver_config', {}), hiddenSize),
        ];
      },
    }),
  ],
};

/** Idefics 3 and SmolVLM: patches of a square side by side, one matrix. */
const idefics3: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'llama',
  towers: [
    visionTower({
      encoder: idefics3Encoder,
      module: 'vision_model',
      projector: (encoder, fields, { hiddenSize }) => {
        const side = fields.optionalCount(['scale_factor'], LIMITS.heads) ?? 2;
        return linear('vision', 'connector.modality_projection.proj', hiddenSize, encoder.width * side ** 2);
      },
    }),
  ],
};

export const IDEFICS_FAMILIES: Record<string, MultimodalFamily> = { idefics2, idefics3, smolvlm: idefics3 };
