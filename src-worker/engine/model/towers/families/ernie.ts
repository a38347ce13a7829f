/** Baidu's ERNIE 4.5 VL: a picture encoder, and experts of its own for the tokens of pictures in every expert layer. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import type { Tower } from '../../types.ts';
import { linear, vector, type Weight } from '../../weight.ts';
import { chain, COLOURS, FUSED_NAMES, heads, layers, norm, pixels, stackLabel, stackWeights, width } from '../parts.ts';
import type { Encoder } from '../parts.ts';
import type { MultimodalFamily, TextFrame } from '../types.ts';
import { visionTower } from '../vision.ts';

/** Older files give the inner width as a multiple, Ernie4_5_VLMoeVisionConfig has a number of its own. */
const innerWidth = (config: ConfigFields, hiddenSize: number): number =>
  config.has('mlp_ratio') && !config.has('intermediate_size')
    ? config.scaledWidth(['mlp_ratio'], hiddenSize, 1)
    : width(config, ['intermediate_size'], 5120);

/** Ernie4_5_VLMoeVisionConfig. */
function ernieEncoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['hidden_size', 'embed_dim'], 1280);
  const numLayers = layers(config, ['depth'], 32);
  const elements = width(config, ['in_channels', 'in_chans'], COLOURS) * pixels(config, 'patch_size', 14) ** 2;
  return {
    label: stackLabel('Vision Transformer', numLayers, hiddenSize),
    width: hiddenSize,
    weights: [
      ...linear('vision', `${module}.patch_embed.proj`, hiddenSize, elements),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.blocks.*`,
        names: FUSED_NAMES,
        numLayers,
        hiddenSize,
        ffnWidth: innerWidth(config, hiddenSize),
        numHeads: heads(config, ['num_heads', 'num_attention_heads'], 16),
      }),
      ...norm('vision', `${module}.ln`, hiddenSize, 'weight_and_bias'),
    ],
  };
}

/** Joins patches two by two, then pictures of a film two by two. */
function resampler(encoder: Encoder, fields: ConfigFields, { hiddenSize }: TextFrame): Weight[] {
  const vision = fields.inner('vision_config', {});
  const side = heads(fields.has('spatial_conv_size') ? fields : vision, ['spatial_conv_size', 'spatial_merge_size'], 2);
  const inTime = heads(
    fields.has('temporal_conv_size') ? fields : vision,
    ['temporal_conv_size', 'temporal_merge_size'],
    2,
  );
  const spatial = encoder.width * side ** 2;
  const network = (name: string, inputs: number): Weight[] => [
    ...chain('vision', [`resampler_model.${name}.0`, `resampler_model.${name}.2`], [inputs, spatial, spatial]),
    ...norm('vision', `resampler_model.${name}.3`, spatial, 'weight_and_bias'),
  ];
  return [
    ...network('spatial_linear', spatial),
    ...network('temporal_linear', spatial * inTime),
    ...chain('vision', ['resampler_model.mlp'], [spatial, hiddenSize]),
    ...norm('vision', 'resampler_model.after_norm', hiddenSize, 'weight'),
  ];
}

/** Widths of an expert for text and of one for pictures: `moe_intermediate_size` lists both. */
function expertWidths(text: ConfigFields): { text: number; vision: number } {
  const isWidth = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= LIMITS.width;
  const name = 'moe_intermediate_size';
  const [forText = 1536, forVision = 512] = text.optionalList([name], 2, isWidth, 'a width above 0') ?? [];
  return { text: forText, vision: forVision };
}

/** Numbers of experts are lists in older files, one entry per kind of token. */
function numExperts(text: ConfigFields): { text: number; vision: number } {
  const name = 'moe_num_experts';
  if (!text.holdsList([name])) {
    const number = text.optionalCount([name, 'num_experts'], LIMITS.experts) ?? 64;
    return { text: number, vision: number };
  }
  const isNumber = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= LIMITS.experts;
  const [forText = 64, forVision = forText] = text.optionalList([name], 2, isNumber, 'a number of experts') ?? [];
  return { text: forText, vision: forVision };
}

/** A layer number, or the first of a pair of them. */
function layerNumber(text: ConfigFields, name: string, otherwise: number): number {
  const isLayer = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < LIMITS.layers;
  if (!text.holdsList([name])) return text.optionalCount([name], LIMITS.layers, 0) ?? otherwise;
  return text.optionalList([name], 2, isLayer, 'a layer number')?.[0] ?? otherwise;
}

/** Ernie4_5_VLMoeTextConfig: the first layer is dense. */
const firstSparse = (text: ConfigFields): number => layerNumber(text, 'moe_layer_start_index', 1);

function sparseLayers(text: ConfigFields, numLayers: number): number {
  const types = text.optionalTexts(['mlp_layer_types'], LIMITS.layers);
  if (types) return types.slice(0, numLayers).filter((type) => type === 'sparse').length;
  const last = Math.min(layerNumber(text, 'moe_layer_end_index', numLayers - 1), numLayers - 1);
  return Math.max(0, last - firstSparse(text) + 1);
}

/** Router and experts that only tokens of pictures use: no text token computes with them. */
function visionExperts(fields: ConfigFields, { hiddenSize, numLayers }: TextFrame): Tower[] {
  const text = fields.nested('text_config') ?? fields;
  const experts = numExperts(text).vision;
  const inner = expertWidths(text).vision;
  const count = sparseLayers(text, numLayers);
  if (count === 0) return [];
  const each = { count: count * experts, splitUnits: inner };
  const module = 'model.layers.*.mlp';
  return [
    {
      modality: 'vision',
      label: `${experts} experts of width ${inner} in ${count} layers`,
      weights: [
        ...linear('vision', `${module}.gate.weight_1`, experts, hiddenSize, { count }),
        vector('vision', `${module}.moe_statics.e_score_correction_bias`, experts, 1, count),
        ...linear('vision', `${module}.experts.*.gate_proj`, inner, hiddenSize, each),
        ...linear('vision', `${module}.experts.*.up_proj`, inner, hiddenSize, each),
        ...linear('vision', `${module}.experts.*.down_proj`, hiddenSize, inner, each),
      ],
    },
  ];
}

/** The decoder as a text token meets it: the first entry of every pair. */
function asText(text: ConfigFields): ConfigFields {
  const numLayers = layers(text, ['num_hidden_layers'], 28);
  const first = firstSparse(text);
  return text.replaced({
    moe_intermediate_size: expertWidths(text).text,
    moe_num_experts: numExperts(text).text,
    moe_layer_start_index: first,
    moe_layer_end_index: first + sparseLayers(text, numLayers) - 1,
    moe_num_shared_experts: text.optionalCount(['moe_num_shared_experts'], LIMITS.experts, 0) ?? 2,
    moe_k: text.optionalCount(['moe_k', 'num_experts_per_tok'], LIMITS.experts) ?? 6,
  });
}

const ernieVl: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'ernie4_5_vl_moe_text',
  textFields: asText,
  towers: [visionTower({ encoder: ernieEncoder, module: 'vision_model', projector: resampler }), visionExperts],
};

export const ERNIE_FAMILIES: Record<string, MultimodalFamily> = {
  ernie4_5_moe_vl: ernieVl,
  ernie4_5_vl_moe: ernieVl,
};
