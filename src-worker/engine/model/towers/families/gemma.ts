/** Google's models around a Gemma decoder. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import type { Tower } from '../../types.ts';
import { linear, table, vector, type Weight } from '../../weight.ts';
import {
  COLOURS,
  convolution,
  heads,
  headSize,
  layers,
  norm,
  pixels,
  stackLabel,
  width,
  type Encoder,
} from '../parts.ts';
import type { MultimodalFamily, TextFrame, TowerReader } from '../types.ts';
import { visionTower } from '../vision.ts';

const gemma3: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'gemma3_text',
  towers: [
    visionTower({
      encoder: 'siglip_vision_model',
      projector: (encoder, _, { hiddenSize }) => [
        ...norm('vision', 'multi_modal_projector.mm_soft_emb_norm', encoder.width, 'weight'),
        ...linear('vision', 'multi_modal_projector.mm_input_projection', hiddenSize, encoder.width),
      ],
    }),
  ],
};

/** PaliGemmaConfig's own SigLIP. */
const PALIGEMMA_SIGLIP = {
  hidden_size: 1152,
  intermediate_size: 4096,
  num_hidden_layers: 27,
  num_attention_heads: 16,
  image_size: 224,
  patch_size: 14,
  vision_use_head: false,
};

/** PaliGemma 1 and 2 differ in the decoder alone; one linear layer leads to it. */
const paligemma: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'gemma',
  towers: [
    visionTower({
      encoder: 'siglip_vision_model',
      whenAbsent: PALIGEMMA_SIGLIP,
      projector: (encoder, fields, { hiddenSize }) => {
        const outputs = width(fields, ['projection_dim'], hiddenSize);
        return linear('vision', 'multi_modal_projector.linear', outputs, encoder.width, { hasBias: true });
      },
    }),
  ],
};

/** Gemma 4's own encoder (Gemma4VisionConfig): four RMSNorms a layer, norms on queries and keys, positions by row and column. */
function gemma4Encoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['hidden_size'], 768);
  const count = layers(config, ['num_hidden_layers'], 16);
  const numHeads = heads(config, ['num_attention_heads'], 12);
  const numKvHeads = heads(config, ['num_key_value_heads'], 12);
  const headDim = heads(config, ['head_dim'], 64);
  const ffnWidth = width(config, ['intermediate_size'], 3072);
  const positions = config.optionalCount(['position_embedding_size'], LIMITS.vocabulary) ?? 10_240;
  const layer = `${module}.encoder.layers.*`;
  const matrix = (name: string, outputs: number, inputs: number, splitUnits: number): Weight[] =>
    linear('vision', `${layer}.${name}`, outputs, inputs, { splitUnits, count });
  const norms = [
    'input_layernorm',
    'post_attention_layernorm',
    'pre_feedforward_layernorm',
    'post_feedforward_layernorm',
  ];
  return {
    label: stackLabel('Vision Transformer', count, hiddenSize),
    width: hiddenSize,
    weights: [
      ...linear('vision', `${module}.patch_embedder.input_proj`, hiddenSize, 3 * pixels(config, 'patch_size', 16) ** 2),
      table('vision', `${module}.patch_embedder.position_embedding_table`, 2 * positions, hiddenSize),
      ...matrix('self_attn.q_proj', numHeads * headDim, hiddenSize, numHeads),
      ...matrix('self_attn.k_proj', numKvHeads * headDim, hiddenSize, numKvHeads),
      ...matrix('self_attn.v_proj', numKvHeads * headDim, hiddenSize, numKvHeads),
      ...matrix('self_attn.o_proj', hiddenSize, numHeads * headDim, numHeads),
      ...['q_norm', 'k_norm'].map((name) => vector('vision', `${layer}.self_attn.${name}`, headDim, 1, count)),
      ...matrix('mlp.gate_proj', ffnWidth, hiddenSize, ffnWidth),
      ...matrix('mlp.up_proj', ffnWidth, hiddenSize, ffnWidth),
      ...matrix('mlp.down_proj', hiddenSize, ffnWidth, ffnWidth),
      ...norms.flatMap((name) => norm('vision', `${layer}.${name}`, hiddenSize, 'weight', count)),
    ],
  };
}

const numbers = (config: ConfigFields, name: string, otherwise: readonly number[]): readonly number[] => {
  const isNumber = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= LIMITS.width;
  return config.optionalList([name], otherwise.length, isNumber, 'a whole number above 0') ?? otherwise;
};

/** Mel bands of a frame of sound that Gemma 4 is fed (two convolutions of stride 2 leave a quarter of them). */
const GEMMA4_MEL_BANDS = 128;

/**
 * Gemma 4's sound encoder (Gemma4AudioConfig): a conformer. Each layer has two feed-forward networks, attention with relative
 * positions and a depthwise convolution.
 */
function gemma4Audio(config: ConfigFields, module: string): Weight[] {
  const hiddenSize = width(config, ['hidden_size'], 1024);
  const count = layers(config, ['num_hidden_layers'], 12);
  const numHeads = heads(config, ['num_attention_heads'], 8);
  const kernel = heads(config, ['conv_kernel_size'], 5);
  const [first = 0, second = 0] = numbers(config, 'subsampling_conv_channels', [128, 32]);
  const layer = `${module}.layers.*`;
  const matrix = (name: string, outputs: number, inputs: number, splitUnits: number): Weight[] =>
    linear('audio', `${layer}.${name}`, outputs, inputs, { splitUnits, count });
  const norms = (names: readonly string[]): Weight[] =>
    names.flatMap((name) => norm('audio', `${layer}.${name}`, hiddenSize, 'weight', count));
  const network = (name: string): Weight[] => [
    ...matrix(`${name}.ffw_layer_1`, 4 * hiddenSize, hiddenSize, 4 * hiddenSize),
    ...matrix(`${name}.ffw_layer_2`, hiddenSize, 4 * hiddenSize, 4 * hiddenSize),
    ...norms([`${name}.pre_layer_norm`, `${name}.post_layer_norm`]),
  ];
  const subsample = (index: number, outputs: number, inputs: number): Weight[] => [
    ...convolution('audio', `${module}.subsample_conv_projection.layer${index}.conv`, outputs, inputs * 9, {
      hasBias: false,
    }),
    ...norm('audio', `${module}.subsample_conv_projection.layer${index}.norm`, outputs, 'weight'),
  ];
  return [
    ...subsample(0, first, 1),
    ...subsample(1, second, first),
    ...linear(
      'audio',
      `${module}.subsample_conv_projection.input_proj_linear`,
      hiddenSize,
      second * (GEMMA4_MEL_BANDS / 4),
    ),
    ...network('feed_forward1'),
    ...network('feed_forward2'),
    ...['q_proj', 'k_proj', 'v_proj', 'relative_k_proj', 'post'].flatMap((name) =>
      matrix(`self_attn.${name}`, hiddenSize, hiddenSize, numHeads),
    ),
    vector(
      'audio',
      `${layer}.self_attn.per_dim_scale`,
      headSize(config, 'num_attention_heads', hiddenSize, numHeads),
      1,
      count,
    ),
    ...matrix('lconv1d.linear_start', 2 * hiddenSize, hiddenSize, 1),
    ...matrix('lconv1d.linear_end', hiddenSize, hiddenSize, 1),
    ...convolution('audio', `${layer}.lconv1d.depthwise_conv1d`, hiddenSize, kernel, { hasBias: false, count }),
    ...norms(['lconv1d.pre_layer_norm', 'lconv1d.conv_norm', 'norm_pre_attn', 'norm_post_attn', 'norm_out']),
    ...linear('audio', `${module}.output_proj`, width(config, ['output_proj_dims'], 1536), hiddenSize, {
      hasBias: true,
    }),
  ];
}

/** Where a file sets `vision_config` or `audio_config` to null, the model has no such part. */
const described =
  (name: string, read: TowerReader): TowerReader =>
  (fields, text) =>
    fields.has(name) ? read(fields, text) : [];

const gemma4AudioTower: TowerReader = (fields, { hiddenSize }: TextFrame): Tower[] => {
  const config = fields.inner('audio_config', {});
  const out = width(config, ['output_proj_dims'], 1536);
  return [
    {
      modality: 'audio',
      label: stackLabel('conformer', layers(config, ['num_hidden_layers'], 12), width(config, ['hidden_size'], 1024)),
      weights: [
        ...gemma4Audio(config, 'audio_tower'),
        ...linear('audio', 'embed_audio.embedding_projection', hiddenSize, out),
      ],
    },
  ];
};

const NO_AUDIO =
  'config.json describes no audio part (audio_config is empty): should the checkpoint have one, it is not counted.';

const hasPerLayerInputs = (fields: ConfigFields): boolean =>
  (fields.optionalCount(['text_config.hidden_size_per_layer_input'], LIMITS.width, 0) ?? 0) > 0;

const gemma4: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'gemma4_text',
  towers: [
    described(
      'vision_config',
      visionTower({
        encoder: gemma4Encoder,
        projector: (encoder, _, { hiddenSize }) =>
          linear('vision', 'embed_vision.embedding_projection', hiddenSize, encoder.width),
      }),
    ),
    described('audio_config', gemma4AudioTower),
  ],
  // The small ones (E2B, E4B) were published with an audio part that copies of their files leave out.
  assumptions: (fields) => (fields.has('audio_config') || !hasPerLayerInputs(fields) ? [] : [NO_AUDIO]),
};

/**
 * Gemma 3n: its picture encoder is named (MobileNetV5), not described, and published counts of the model leave both encoders
 * out. As Transformers builds them they have 0.30 and 0.68 billion parameters.
 */
const gemma3n: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'gemma3n_text',
  towers: [],
  leavesOut: ['vision_config', 'audio_config'],
  assumptions: () => [
    'The vision part (MobileNetV5) and the audio part of Gemma 3n are not described by config.json and not counted: about 1.0 billion parameters, 2 GB at 16 bit, beside the text decoder.',
  ],
};

/** Squares of patches are projected as they are: two matrices, learned positions by row and column, no encoder. */
const unifiedVision: TowerReader = (fields, { hiddenSize }) => {
  const config = fields.inner('vision_config', {});
  const side = pixels(config, 'patch_size', 16) * heads(config, ['pooling_kernel_size'], 3);
  const elements = COLOURS * side ** 2;
  const size = width(config, ['mm_embed_dim'], 3840);
  const positions = config.optionalCount(['mm_posemb_size'], LIMITS.vocabulary) ?? 1120;
  const module = 'embed_vision';
  const weights = [
    table('vision', `${module}.pos_embedding`, positions, 2 * size),
    ...norm('vision', `${module}.patch_ln1`, elements, 'weight_and_bias'),
    ...linear('vision', `${module}.patch_dense`, size, elements, { hasBias: true }),
    ...norm('vision', `${module}.patch_ln2`, size, 'weight_and_bias'),
    ...norm('vision', `${module}.pos_norm`, size, 'weight_and_bias'),
    ...linear(
      'vision',
      `${module}.multimodal_embedder.embedding_projection`,
      hiddenSize,
      width(config, ['output_proj_dims'], 3840),
    ),
  ];
  return [{ modality: 'vision', label: `patches of ${side} pixels, projected`, weights }];
};

/** Sound is one matrix from its features (Gemma4UnifiedAudioConfig). */
const unifiedAudio: TowerReader = (fields, { hiddenSize }) => {
  const size = fields.inner('audio_config', {}).optionalCount(['audio_embed_dim'], LIMITS.width) ?? 640;
  const weights = linear('audio', 'embed_audio.embedding_projection', hiddenSize, size);
  return [{ modality: 'audio', label: `features of ${size}, projected`, weights }];
};

/** Gemma 4 without encoders (Gemma4UnifiedConfig). */
const gemma4Unified: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'gemma4_unified_text',
  towers: [described('vision_config', unifiedVision), described('audio_config', unifiedAudio)],
};

export const GEMMA_FAMILIES: Record<string, MultimodalFamily> = {
  gemma3,
  gemma3n,
  gemma4,
  gemma4_unified: gemma4Unified,
  paligemma,
};
