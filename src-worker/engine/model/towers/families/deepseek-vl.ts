/** DeepSeek's vision-language models. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import { table, vector, type Weight } from '../../weight.ts';
import { clipEncoder } from '../encoders/clip.ts';
import { siglipEncoder } from '../encoders/siglip.ts';
import {
  chain,
  COLOURS,
  convolution,
  FUSED_NAMES,
  heads,
  headSize,
  layers,
  norm,
  pixels,
  stackLabel,
  stackWeights,
  width,
  type Encoder,
  type LayerNames,
} from '../parts.ts';
import type { MultimodalFamily, TextFrame } from '../types.ts';
import { visionTower } from '../vision.ts';

/** Positions of SAM's picture (1024 pixels in patches of 16) and the reach of its windows and of whole-picture layers. */
const SAM = { side: 64, window: 14, patch: 16, neck: 256 };

/**
 * DeepSeek-OCR's first encoder: SAM ViT-B with relative positions, a neck, and two convolutions that shorten it sixteen times.
 */
function samWeights(config: ConfigFields, module: string, shortened?: readonly [number, number]): Weight[] {
  const hiddenSize = width(config, ['width'], 768);
  const numLayers = layers(config, ['layers'], 12);
  const numHeads = heads(config, ['heads'], 12);
  const headDim = headSize(config, 'heads', hiddenSize, numHeads);
  const isNumber = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0;
  const list = (name: string, otherwise: number[]): number[] =>
    config.optionalList([name], LIMITS.layers, isNumber, 'a whole number') ?? otherwise;
  const global = list('global_attn_indexes', [2, 5, 8, 11]).length;
  if (global > numLayers) throw config.invalid('global_attn_indexes', global, `at most the ${numLayers} layers`);
  const [first = 512, second = 1024] = shortened ?? list('downsample_channels', [512, 1024]);
  const plain = { hasBias: false };
  const relative = (reach: number, count: number): Weight[] =>
    count === 0
      ? []
      : ['rel_pos_h', 'rel_pos_w'].map((name) =>
          table('vision', `${module}.blocks.*.attn.${name}`, 2 * reach - 1, headDim, 1, count),
        );
  return [
    ...convolution('vision', `${module}.patch_embed.proj`, hiddenSize, COLOURS * SAM.patch ** 2),
    table('vision', `${module}.pos_embed`, SAM.side ** 2, hiddenSize),
    ...stackWeights({
      modality: 'vision',
      module: `${module}.blocks.*`,
      names: { ...FUSED_NAMES, up: 'mlp.lin1', down: 'mlp.lin2' },
      numLayers,
      hiddenSize,
      ffnWidth: 4 * hiddenSize,
      numHeads,
    }),
    ...relative(SAM.side, global),
    ...relative(SAM.window, numLayers - global),
    ...convolution('vision', `${module}.neck.0`, SAM.neck, hiddenSize, plain),
    ...norm('vision', `${module}.neck.1`, SAM.neck, 'weight_and_bias'),
    ...convolution('vision', `${module}.neck.2`, SAM.neck, SAM.neck * 9, plain),
    ...norm('vision', `${module}.neck.3`, SAM.neck, 'weight_and_bias'),
    ...convolution('vision', `${module}.net_2`, first, SAM.neck * 9, plain),
    ...convolution('vision', `${module}.net_3`, second, first * 9, plain),
  ];
}

const SAM_OBJECT = 'width.sam_vit_b';
const CLIP_OBJECT = 'width.clip-l-14-224';
const QWEN2_OBJECT = 'width.qwen2-0-5b';

/** DeepSeek-OCR: SAM's output takes the place of CLIP's patches, and both outputs go on side by side. */
function ocrEncoder(config: ConfigFields, module: string): Encoder {
  const sam = samWeights(config.inner(SAM_OBJECT, {}), 'sam_model');
  const clip = config.inner(CLIP_OBJECT, {});
  const sizes = {
    hidden_size: width(clip, ['width'], 1024),
    num_hidden_layers: layers(clip, ['layers'], 24),
    num_attention_heads: heads(clip, ['heads'], 16),
    intermediate_size: 4 * width(clip, ['width'], 1024),
    patch_size: pixels(clip, 'patch_size', 14),
    image_size: pixels(clip, 'image_size', 224),
  };
  const encoder = clipEncoder(clip.withDefaults(sizes), module);
  // Its CLIP ends without a norm.
  const weights = encoder.weights.filter(({ name }) => !name.includes('post_layernorm'));
  return { ...encoder, label: `SAM, then ${encoder.label}`, width: 2 * encoder.width, weights: [...sam, ...weights] };
}

/** Qwen2-0.5B as DeepSeek-OCR 2 builds it: the file gives its width alone. */
const QWEN2 = { numLayers: 24, ffnWidth: 4864, numHeads: 14, numKvHeads: 2 };
const QWEN2_NAMES: LayerNames = {
  qkv: ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'],
  out: 'self_attn.o_proj',
  gate: 'mlp.gate_proj',
  up: 'mlp.up_proj',
  down: 'mlp.down_proj',
  norms: ['input_layernorm', 'post_attention_layernorm'],
};

/** Learned queries for tiles of 768 pixels and for pictures of 1024. */
const QWEN2_QUERIES = [144, 256];

/** DeepSeek-OCR 2 (DeepseekOcr2VisionModel): a small decoder without its vocabulary reads what SAM puts out. */
function ocr2Encoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config.inner(QWEN2_OBJECT, {}), ['dim'], 896);
  const { numLayers, ffnWidth, numHeads, numKvHeads } = QWEN2;
  if (hiddenSize % numHeads !== 0) throw config.invalid(`${QWEN2_OBJECT}.dim`, hiddenSize, `a multiple of ${numHeads}`);
  const sam = samWeights(config.inner(SAM_OBJECT, {}), 'sam_model', [512, hiddenSize]);
  return {
    label: stackLabel('SAM, then Qwen2', numLayers, hiddenSize),
    width: hiddenSize,
    weights: [
      ...sam,
      ...stackWeights({
        modality: 'vision',
        module: `${module}.model.model.layers.*`,
        names: QWEN2_NAMES,
        numLayers,
        hiddenSize,
        ffnWidth,
        numHeads,
        keyWidth: Math.floor(hiddenSize / numHeads) * numKvHeads,
        isGated: true,
        norm: 'weight',
        outBias: false,
        ffnBias: false,
      }),
      ...norm('vision', `${module}.model.model.norm`, hiddenSize, 'weight'),
      ...QWEN2_QUERIES.map((rows) => table('vision', `${module}.query`, rows, hiddenSize)),
    ],
  };
}

const isOcr2 = (fields: ConfigFields): boolean => fields.has(`vision_config.${QWEN2_OBJECT}`);

function deepseekEncoder(config: ConfigFields, module: string): Encoder {
  if (config.has(QWEN2_OBJECT)) return ocr2Encoder(config, module);
  return (config.has(SAM_OBJECT) ? ocrEncoder : timmSiglip)(config, module);
}

/** DeepSeek-VL2 names the sizes of its SigLIP (so400m, with the pooling head) as timm does. */
function timmSiglip(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['width'], 1152);
  const renamed = {
    hidden_size: hiddenSize,
    // 3.7362 · 1152 = 4304.1: the fraction is cut, as timm does.
    intermediate_size: config.scaledWidth(['mlp_ratio'], hiddenSize, 3.7362),
    num_hidden_layers: layers(config, ['layers'], 27),
    num_attention_heads: heads(config, ['heads'], 16),
    image_size: pixels(config, 'image_size', 384),
    patch_size: pixels(config, 'patch_size', 14),
  };
  return siglipEncoder(config.withDefaults(renamed), module);
}

/** Patches two by two, two linear layers; learned ends of rows and between local and global views. */
function projector(encoder: Encoder, fields: ConfigFields, { hiddenSize }: TextFrame): Weight[] {
  const config = fields.inner('projector_config', {});
  const ends = isOcr2(fields) ? ['view_seperator'] : ['image_newline', 'view_seperator'];
  const separators = ends.map((name) => vector('vision', name, hiddenSize));
  if (config.optionalText(['projector_type']) === 'linear') {
    return [...chain('vision', ['projector.layers'], [encoder.width, hiddenSize]), ...separators];
  }
  const side = heads(config, ['downsample_ratio'], 2);
  const inner = config.scaledWidth(['mlp_ratio'], hiddenSize, 1);
  const depth = config.optionalCount(['depth'], LIMITS.layers) ?? 2;
  const between = Array.from({ length: depth - 1 }, () => inner);
  const sizes = [encoder.width * side ** 2, ...between, hiddenSize];
  const names = sizes.slice(1).map((_, index) => `projector.layers.${2 * index}`);
  return [...chain('vision', names, sizes), ...separators];
}

const deepseekVl2: MultimodalFamily = {
  text: ['language_config', 'text_config'],
  textModelType: 'deepseek_v2',
  towers: [visionTower({ encoder: deepseekEncoder, module: 'vision_model', projector })],
};

export const DEEPSEEK_VL_FAMILIES: Record<string, MultimodalFamily> = { deepseek_vl_v2: deepseekVl2 };
