/** LLaVA and the models built like it: a picture encoder, a small network, any decoder. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import { linear, vector, type Weight } from '../../weight.ts';
import { chain, norm, type Encoder } from '../parts.ts';
import type { MultimodalFamily, TextFrame } from '../types.ts';
import { namedVision } from '../named.ts';
import { visionTower, type Projector } from '../vision.ts';

/** How many layers of the encoder are projected side by side: one that is named by its number, or a list. */
function numFeatureLayers(fields: ConfigFields, name = 'vision_feature_layer', otherwise = 1): number {
  if (!fields.holdsList([name])) return otherwise;
  const isLayer = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value);
  const listed = fields.optionalList([name], LIMITS.layers, isLayer, 'a layer number') ?? [];
  if (listed.length === 0) throw fields.invalid(name, listed, 'a layer number, or a list of at least one');
  return listed.length;
}

const PROJECTOR = ['multi_modal_projector.linear_1', 'multi_modal_projector.linear_2'];

/** Two linear layers with an activation between them, from the encoder's width to the decoder's. */
const twoLayers =
  (biasOtherwise: boolean): Projector =>
  (encoder, fields, { hiddenSize }) =>
    chain('vision', PROJECTOR, [encoder.width * numFeatureLayers(fields), hiddenSize, hiddenSize], {
      hasBias: fields.flag(['multimodal_projector_bias'], biasOtherwise),
    });

const newline = ({ hiddenSize }: TextFrame): Weight => vector('vision', 'image_newline', hiddenSize);

/** What LlavaConfig and LlavaNextConfig take for `vision_config` when a file has none: CLIP ViT-L/14 at 336 pixels. */
const CLIP_LARGE = {
  hidden_size: 1024,
  intermediate_size: 4096,
  num_hidden_layers: 24,
  num_attention_heads: 16,
  image_size: 336,
  patch_size: 14,
};

const llava: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'llama',
  towers: [
    visionTower({
      encoder: 'clip_vision_model',
      whenAbsent: CLIP_LARGE,
      projector: twoLayers(true),
    }),
  ],
};

/** LLaVA-NeXT learns where a row of tiles ends. */
const llavaNext: MultimodalFamily = {
  ...llava,
  towers: [
    visionTower({
      encoder: 'clip_vision_model',
      whenAbsent: CLIP_LARGE,
      projector: (encoder, fields, text) => [newline(text), ...twoLayers(true)(encoder, fields, text)],
    }),
  ],
};

/** Video-LLaVA: one CLIP for pictures and one for films, alike (VideoLlavaConfig: ViT-L/14 at 224 pixels). */
const videoLlava: MultimodalFamily = {
  ...llava,
  towers: ['image_tower', 'video_tower'].map((module) =>
    visionTower({
      encoder: 'clip_vision_model',
      whenAbsent: { ...CLIP_LARGE, image_size: 224 },
      module,
      ...(module === 'image_tower' ? { projector: twoLayers(true) } : {}),
    }),
  ),
};

/** What LLaVA's own code writes: a decoder's fields outside, the encoder by its name. */
const named = (textModelType: string): MultimodalFamily => ({
  text: [],
  textModelType,
  towers: [namedVision('mm_vision_tower')],
  isEstimated: true,
});

/** LlavaOnevisionConfig's own SigLIP. */
const ONEVISION_SIGLIP = {
  hidden_size: 1152,
  intermediate_size: 4304,
  num_hidden_layers: 26,
  num_attention_heads: 16,
  image_size: 384,
  patch_size: 14,
  vision_use_head: false,
};

const llavaOnevision: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'qwen2',
  towers: [
    visionTower({
      encoder: 'siglip_vision_model',
      whenAbsent: ONEVISION_SIGLIP,
      projector: (encoder, fields, text) => [newline(text), ...twoLayers(true)(encoder, fields, text)],
    }),
  ],
};

/** VipLLaVA projects five layers of the encoder (VipLlavaConfig: -2, -5, -8, -11, 6) behind a LayerNorm. */
const vipllava: MultimodalFamily = {
  ...llava,
  towers: [
    visionTower({
      encoder: 'clip_vision_model',
      whenAbsent: CLIP_LARGE,
      projector: (encoder, fields, { hiddenSize }) => {
        const features = numFeatureLayers(fields, 'vision_feature_layers', 5) * encoder.width;
        return [
          ...norm('vision', 'multi_modal_projector.projector_layernorm', features, 'weight_and_bias'),
          ...chain('vision', PROJECTOR, [features, hiddenSize, hiddenSize]),
        ];
      },
    }),
  ],
};

/** Mistral3Config's own Pixtral encoder. */
const MISTRAL3_PIXTRAL = { image_size: 1540, patch_size: 14 };

/** Neighbouring patches are merged before two linear layers project them. */
const merging =
  (module: string, hasBias: boolean): Projector =>
  (encoder, fields, { hiddenSize }) => {
    const merged = fields.optionalCount(['spatial_merge_size'], LIMITS.heads) ?? 2;
    const { width } = encoder;
    const names = [`${module}.linear_1`, `${module}.linear_2`];
    return [
      ...norm('vision', `${module}.norm`, width, 'weight'),
      ...linear('vision', `${module}.patch_merger.merging_layer`, width, width * merged ** 2),
      ...chain('vision', names, [width * numFeatureLayers(fields), hiddenSize, hiddenSize], {
        hasBias: fields.flag(['multimodal_projector_bias'], hasBias),
      }),
    ];
  };

/** Mistral Small 3.1 and later, Ministral 3. */
const mistral3: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'mistral',
  towers: [
    visionTower({
      encoder: 'pixtral',
      whenAbsent: MISTRAL3_PIXTRAL,
      projector: merging('multi_modal_projector', false),
    }),
  ],
};

/** LightOnOCR: the same in front of Qwen3. */
const lightonOcr: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'qwen3',
  towers: [
    visionTower({
      encoder: 'pixtral',
      module: 'vision_encoder',
      whenAbsent: MISTRAL3_PIXTRAL,
      projector: merging('vision_projection', false),
    }),
  ],
};

/** Side of the square of patches that Aya Vision and Command A Vision turn into one token. */
const downsampled = (encoder: Encoder, fields: ConfigFields): number =>
  encoder.width * (fields.optionalCount(['downsample_factor'], LIMITS.heads) ?? 2) ** 2;

const COHERE_SIGLIP = {
  hidden_size: 1152,
  intermediate_size: 4304,
  num_hidden_layers: 26,
  num_attention_heads: 14,
  image_size: 384,
  patch_size: 14,
  vision_use_head: false,
};

/** A gated network: the first matrix yields gate and value, each half as wide. */
function gatedProjector(fields: ConfigFields, features: number, inner: number, hiddenSize: number): Weight[] {
  if (inner % 2 !== 0)
    throw fields.invalid('alignment_intermediate_size', inner, 'an even number, gate and value together');
  return [
    ...linear('vision', 'multi_modal_projector.linear_1', inner, features, { hasBias: true }),
    ...linear('vision', 'multi_modal_projector.linear_2', hiddenSize, inner / 2, { hasBias: true }),
  ];
}

const ayaVision: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'cohere2',
  towers: [
    visionTower({
      encoder: 'siglip_vision_model',
      whenAbsent: COHERE_SIGLIP,
      projector: (encoder, fields, { hiddenSize }) => {
        const features = downsampled(encoder, fields);
        const inner = fields.optionalCount(['alignment_intermediate_size'], LIMITS.width) ?? hiddenSize;
        return [
          ...norm('vision', 'multi_modal_projector.layernorm', features, 'weight_and_bias'),
          ...gatedProjector(fields, features, inner, hiddenSize),
        ];
      },
    }),
  ],
};

/** Command A Vision; Cohere2VisionConfig sets the width of the projector. */
const cohere2Vision: MultimodalFamily = {
  ...ayaVision,
  towers: [
    visionTower({
      encoder: 'siglip_vision_model',
      whenAbsent: {
        ...COHERE_SIGLIP,
        intermediate_size: 3072,
        num_hidden_layers: 27,
        num_attention_heads: 12,
        image_size: 512,
        patch_size: 16,
        vision_use_head: true,
      },
      projector: (encoder, fields, { hiddenSize }) =>
        gatedProjector(
          fields,
          downsampled(encoder, fields),
          fields.optionalCount(['alignment_intermediate_size'], LIMITS.width) ?? 36864,
          hiddenSize,
        ),
    }),
  ],
};

export const LLAVA_FAMILIES: Record<string, MultimodalFamily> = {
  aya_vision: ayaVision,
  cohere2_vision: cohere2Vision,
  lighton_ocr: lightonOcr,
  llava,
  llava_next: llavaNext,
  llava_next_video: llavaNext,
  llava_llama: named('llama'),
  llava_mistral: named('mistral'),
  llava_qwen: named('qwen2'),
  llava_onevision: llavaOnevision,
  minimax_vl_01: { ...llavaNext, textModelType: 'minimax_text_01' },
  mistral3,
  // Pixtral-12B as Transformers publishes it is a `llava`; some files name it after its encoder.
  pixtral: {
    ...llava,
    textModelType: 'mistral',
    towers: [visionTower({ encoder: 'pixtral', projector: twoLayers(true) })],
  },
  video_llava: videoLlava,
  vipllava,
};
