/** Microsoft's Phi-3 and Phi-4 models that see and hear. Their own files keep the decoder's fields outside. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import type { Tower } from '../../types.ts';
import { linear, table, vector, type Weight } from '../../weight.ts';
import { clipEncoder } from '../encoders/clip.ts';
import { siglipEncoder } from '../encoders/siglip.ts';
import { chain, convolution, heads, layers, norm, stackLabel, width } from '../parts.ts';
import type { MultimodalFamily, TextFrame, TowerReader } from '../types.ts';

/** CLIP ViT-L/14 at 336 pixels, which Phi-3-vision's code (image_embedding_phi3_v.py) names. */
const CLIP_LARGE = {
  hidden_size: 1024,
  intermediate_size: 4096,
  num_hidden_layers: 24,
  num_attention_heads: 16,
  image_size: 336,
  patch_size: 14,
};

/** Phi-3-vision: patches two by two, learned ends of rows and pictures, two linear layers. */
const phi3Vision: TowerReader = (fields, { hiddenSize }): Tower[] => {
  const module = 'model.vision_embed_tokens';
  const clip = clipEncoder(fields.inner('img_processor.config', CLIP_LARGE), `${module}.img_processor.vision_model`);
  const features = 4 * (fields.optionalCount(['img_processor.image_dim_out'], LIMITS.width) ?? clip.width);
  const weights = [
    ...clip.weights,
    vector('vision', `${module}.glb_GN`, features),
    vector('vision', `${module}.sub_GN`, features),
    ...chain(
      'vision',
      [`${module}.img_projection.0`, `${module}.img_projection.2`],
      [features, hiddenSize, hiddenSize],
    ),
  ];
  return [{ modality: 'vision', label: clip.label, weights }];
};

const phi3v: MultimodalFamily = { text: ['text_config'], textModelType: 'phi3', towers: [phi3Vision] };

/** SigLIP so400m at 448 pixels (Phi4MultimodalVisionConfig). */
const SIGLIP_448 = {
  hidden_size: 1152,
  intermediate_size: 4304,
  num_hidden_layers: 27,
  num_attention_heads: 16,
  image_size: 448,
  patch_size: 14,
};

function phi4Vision(config: ConfigFields, hiddenSize: number): Tower {
  const module = 'embed_tokens_extend.image_embed';
  const siglip = siglipEncoder(config, `${module}.img_processor`);
  const weights = [
    ...siglip.weights,
    vector('vision', `${module}.glb_GN`, siglip.width),
    vector('vision', `${module}.sub_GN`, siglip.width),
    ...chain(
      'vision',
      [`${module}.img_projection.0`, `${module}.img_projection.2`],
      [siglip.width, hiddenSize, hiddenSize],
    ),
  ];
  return { modality: 'vision', label: siglip.label, weights };
}

interface ConformerSizes {
  hiddenSize: number;
  numLayers: number;
  numHeads: number;
  ffnWidth: number;
  melBands: number;
  /** Channels of the convolutions that shorten the sound. */
  channels: number;
  /** Factor by which they shorten it: a power of two. */
  reduction: number;
  outChannels: number;
  kernel: number;
  positions: number;
  /** Mean and scale of the mel bands are stored with the weights. */
  storesScaling: boolean;
}

/** Phi-4's conformer: networks and convolutions with gates; a bias per head and distance. */
function conformer(module: string, sizes: ConformerSizes): Weight[] {
  const { hiddenSize, numLayers: count, numHeads, ffnWidth, melBands, channels, outChannels, kernel } = sizes;
  const halvings = Math.round(Math.log2(sizes.reduction));
  let bands = melBands;
  for (let step = 0; step < halvings; step += 1) bands = Math.ceil(bands / 2);
  const depthwise = Math.max(0, halvings - 1);
  const layer = `${module}.encoders.*`;
  const square = { hasBias: true, count, splitUnits: numHeads };
  const network = (name: string): Weight[] => [
    ...norm('audio', `${layer}.${name}.layer_norm`, hiddenSize, 'weight_and_bias', count),
    ...linear('audio', `${layer}.${name}.gate_up_proj`, 2 * ffnWidth, hiddenSize, { hasBias: true, count }),
    ...linear('audio', `${layer}.${name}.down_proj`, hiddenSize, ffnWidth, { hasBias: true, count }),
  ];
  return [
    ...(sizes.storesScaling ? [vector('audio', `${module}.encoder_embedding`, 2 * melBands)] : []),
    ...convolution('audio', `${module}.embed.conv.0`, channels, 9),
    ...(depthwise === 0
      ? []
      : [
          ...convolution('audio', `${module}.embed.conv.depthwise`, channels, 9, { count: depthwise }),
          ...convolution('audio', `${module}.embed.conv.pointwise`, channels, channels, { count: depthwise }),
        ]),
    ...chain('audio', [`${module}.embed.out`], [channels * bands, hiddenSize]),
    table('audio', `${module}.relative_attention_bias_layer`, sizes.positions, numHeads),
    ...network('feed_forward_in'),
    ...['q_proj', 'k_proj', 'v_proj', 'o_proj'].flatMap((name) =>
      linear('audio', `${layer}.self_attn.${name}`, hiddenSize, hiddenSize, square),
    ),
    ...norm('audio', `${layer}.conv.layer_norm`, hiddenSize, 'weight_and_bias', count),
    vector('audio', `${layer}.conv.glu.b1`, outChannels, 1, count),
    vector('audio', `${layer}.conv.glu.b2`, outChannels, 1, count),
    ...convolution('audio', `${layer}.conv.glu.ext_pw_conv_1d`, 2 * outChannels, hiddenSize, { count }),
    ...convolution('audio', `${layer}.conv.dw_sep_conv_1d.dw_conv`, hiddenSize, kernel, { count }),
    ...convolution('audio', `${layer}.conv.dw_sep_conv_1d.pw_conv`, outChannels, hiddenSize, { count }),
    ...convolution('audio', `${layer}.conv.ext_pw_conv_1d`, outChannels, hiddenSize, { count }),
    ...network('feed_forward_out'),
    ...norm('audio', `${layer}.layer_norm_att`, hiddenSize, 'weight_and_bias', count),
    ...norm('audio', `${layer}.layer_norm`, hiddenSize, 'weight_and_bias', count),
  ];
}

/** Two linear layers for sound alone, two for sound beside pictures. */
const speechProjections = (module: string, from: number, hiddenSize: number): Weight[] =>
  ['speech', 'vision'].flatMap((use) =>
    chain(
      'audio',
      [`${module}.audio_projection.${use}.0`, `${module}.audio_projection.${use}.2`],
      [from, hiddenSize, hiddenSize],
    ),
  );

function phi4Audio(sizes: ConformerSizes, hiddenSize: number): Tower {
  const module = 'embed_tokens_extend.audio_embed';
  const weights = [
    ...conformer(`${module}.encoder`, sizes),
    ...speechProjections(module, sizes.hiddenSize, hiddenSize),
  ];
  return { modality: 'audio', label: stackLabel('conformer', sizes.numLayers, sizes.hiddenSize), weights };
}

const number = (config: ConfigFields, names: readonly string[], otherwise: number): number =>
  config.optionalCount(names, LIMITS.width) ?? otherwise;

/** Transformers' spelling (Phi4MultimodalAudioConfig). */
const readAudio = (config: ConfigFields): ConformerSizes => ({
  hiddenSize: width(config, ['hidden_size'], 1024),
  numLayers: layers(config, ['num_blocks'], 24),
  numHeads: heads(config, ['num_attention_heads'], 16),
  ffnWidth: width(config, ['intermediate_size'], 1536),
  melBands: number(config, ['input_size'], 80),
  channels: width(config, ['nemo_conv_channels'], 1024),
  reduction: heads(config, ['time_reduction'], 8),
  outChannels: width(config, ['ext_pw_out_channel'], 1024),
  kernel: heads(config, ['kernel_size'], 3),
  // One entry for each distance, and for each direction unless both share them.
  positions: (config.flag(['bias_symmetric'], false) ? 1 : 2) * number(config, ['bias_max_distance'], 1000),
  storesScaling: false,
});

/** The spelling of the checkpoint's own code (`audio_processor.config`). */
const readCheckpointAudio = (config: ConfigFields): ConformerSizes => ({
  ...readAudio(config),
  hiddenSize: width(config, ['attention_dim'], 1024),
  numHeads: heads(config, ['attention_heads'], 16),
  ffnWidth: width(config, ['linear_units'], 1536),
  channels: width(config, ['nemo_conv_settings.conv_channels'], 1024),
  positions: 2 * number(config, ['relative_attention_bias_args.t5_bias_max_distance'], 500),
  storesScaling: true,
});

/** Low-rank adapters on the four matrices of every decoder layer, which the checkpoint keeps beside them. */
function adapter(fields: ConfigFields, modality: Tower['modality'], text: TextFrame): Tower[] {
  const name = modality === 'vision' ? 'vision_lora' : 'speech_lora';
  const rank = fields.nested(name)?.optionalCount(['r'], LIMITS.width) ?? null;
  if (rank === null) return [];
  const { hiddenSize, numLayers: count, fields: config } = text;
  const ffnWidth = config.count(['intermediate_size'], LIMITS.width, 'the inner width of the feed-forward network');
  const numHeads = config.count(['num_attention_heads'], LIMITS.heads, 'the number of query heads');
  const numKvHeads = config.optionalCount(['num_key_value_heads'], LIMITS.heads) ?? numHeads;
  const qkv = Math.floor(hiddenSize / numHeads) * (numHeads + 2 * numKvHeads);
  const pair = (module: string, outputs: number, inputs: number): Weight[] => [
    ...linear(modality, `model.layers.*.${module}.lora_A`, rank, inputs, { count }),
    ...linear(modality, `model.layers.*.${module}.lora_B`, outputs, rank, { count }),
  ];
  const weights = [
    ...pair('self_attn.qkv_proj', qkv, hiddenSize),
    ...pair('self_attn.o_proj', hiddenSize, hiddenSize),
    ...pair('mlp.gate_up_proj', 2 * ffnWidth, hiddenSize),
    ...pair('mlp.down_proj', hiddenSize, ffnWidth),
  ];
  return [{ modality, label: `LoRA of rank ${rank} on the decoder`, weights }];
}

const ADAPTERS =
  'The LoRA adapters for pictures and sound are counted with the model, as the published total does; vLLM loads them when asked to.';

/** Phi-4-multimodal as published: both adapters lie in the checkpoint. */
const phi4mm: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'phi3',
  towers: [
    (fields, { hiddenSize }) => [phi4Vision(fields.inner('img_processor.config', SIGLIP_448), hiddenSize)],
    (fields, { hiddenSize }) => [
      phi4Audio(readCheckpointAudio(fields.inner('audio_processor.config', {})), hiddenSize),
    ],
    (fields, text) => adapter(fields, 'vision', text),
    (fields, text) => adapter(fields, 'audio', text),
  ],
  assumptions: (fields) => (fields.has('vision_lora', 'speech_lora') ? [ADAPTERS] : []),
};

/** The same model as Transformers publishes it, adapters apart. */
const phi4Multimodal: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'phi3',
  // Phi4MultimodalConfig groups its keys where Phi3Config does not.
  textDefaults: { num_key_value_heads: 8 },
  towers: [
    (fields, { hiddenSize }) => [phi4Vision(fields.inner('vision_config', SIGLIP_448), hiddenSize)],
    (fields, { hiddenSize }) => [phi4Audio(readAudio(fields.inner('audio_config', {})), hiddenSize)],
  ],
};

export const PHI_FAMILIES: Record<string, MultimodalFamily> = {
  phi3_v: phi3v,
  phi4_multimodal: phi4Multimodal,
  phi4mm,
};
