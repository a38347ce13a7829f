/** Models for which pictures are tokens of a learned vocabulary (VQ-VAE): Chameleon, and Janus, which paints. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import type { Tower } from '../../types.ts';
import { table } from '../../weight.ts';
import { chameleonVq, janusVq } from '../encoders/vq.ts';
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
} from '../parts.ts';
import { tiedUnlessSaid, type MultimodalFamily } from '../types.ts';
import { visionTower } from '../vision.ts';

/** ChameleonConfig keeps the decoder's fields outside. */
const CHAMELEON_DEFAULTS = {
  vocab_size: 65_536,
  hidden_size: 4096,
  intermediate_size: 11_008,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 32,
  max_position_embeddings: 4096,
};

const chameleon: MultimodalFamily = {
  text: [],
  textModelType: 'chameleon_text',
  textFields: (text) => text.withDefaults(CHAMELEON_DEFAULTS),
  towers: [
    (fields): Tower[] => {
      const weights = chameleonVq(fields.inner('vq_config', {}), 'model.vqmodel');
      return [{ modality: 'vision', label: 'VQ-VAE encoder', weights }];
    },
  ],
};

/** JanusVisionConfig: SigLIP's layers, a full-width norm on queries and keys where the file asks for it. */
function janusEncoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['hidden_size'], 1024);
  const numLayers = layers(config, ['num_hidden_layers'], 24);
  const patchSize = pixels(config, 'patch_size', 16);
  const perSide = patchesPerSide(config, pixels(config, 'image_size', 384), patchSize);
  const norms = ['self_attn.q_norm', 'self_attn.k_norm'].map((name) => ({ name, size: 2 * hiddenSize }));
  return {
    label: stackLabel('SigLIP', numLayers, hiddenSize),
    width: hiddenSize,
    weights: [
      ...convolution(
        'vision',
        `${module}.embeddings.patch_embedding`,
        hiddenSize,
        width(config, ['num_channels'], COLOURS) * patchSize ** 2,
      ),
      table('vision', `${module}.embeddings.position_embedding`, perSide ** 2, hiddenSize),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.encoder.layers.*`,
        names: { ...CLIP_NAMES, out: 'self_attn.projection_layer' },
        numLayers,
        hiddenSize,
        ffnWidth: config.scaledWidth(['mlp_ratio'], hiddenSize, 4),
        numHeads: heads(config, ['num_attention_heads'], 16),
        qkvBias: config.flag(['attention_bias'], true),
        outBias: true,
        vectors: config.flag(['use_qk_norm'], false) ? norms : [],
      }),
      ...norm('vision', `${module}.post_layernorm`, hiddenSize, 'weight_and_bias'),
    ],
  };
}

/** `depth` matrices, all but the first square. */
const aligner = (module: string, from: number, to: number, depth: number): ReturnType<typeof chain> => [
  ...chain('vision', [`${module}.fc1`], [from, to]),
  ...(depth > 1 ? chain('vision', [`${module}.hidden_layers.*`], [to, to], { count: depth - 1 }) : []),
];

/** What paints: the vocabulary of pictures, its way into the decoder and its own head. */
function painter(fields: ConfigFields): Tower[] {
  const config = fields.inner('vq_config', {});
  const { weights, embedding, numEmbeddings } = janusVq(config, 'model.vqmodel');
  const projection = width(config, ['projection_dim'], 2048);
  const depth = config.optionalCount(['num_hidden_layers'], LIMITS.layers) ?? 2;
  return [
    {
      modality: 'vision',
      label: 'VQ-VAE that paints',
      weights: [
        ...weights,
        table('vision', 'model.generation_embeddings', numEmbeddings, embedding),
        ...aligner('model.generation_aligner', embedding, projection, depth),
        ...chain(
          'vision',
          ['model.generation_head.proj_out', 'model.generation_head.vision_head'],
          [width(config, ['image_token_embed_dim'], 2048), projection, numEmbeddings],
        ),
      ],
    },
  ];
}

const janus: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'llama',
  textFields: tiedUnlessSaid,
  towers: [
    visionTower({
      encoder: janusEncoder,
      module: 'model.vision_model',
      projector: (encoder, fields) => {
        const config = fields.inner('vision_config', {});
        const depth = config.optionalCount(['depth'], LIMITS.layers) ?? 2;
        return aligner('model.aligner', encoder.width, width(config, ['projection_dim'], 2048), depth);
      },
    }),
    painter,
  ],
};

export const PAINTING_FAMILIES: Record<string, MultimodalFamily> = { chameleon, janus };
