/** Moonshot's models: MoonViT, a picture encoder without a fixed picture size, before a decoder of the DeepSeek V3 kind. */

import type { ConfigFields } from '../../fields.ts';
import { table, type Weight } from '../../weight.ts';
import {
  chain,
  convolution,
  COLOURS,
  heads,
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

const NAMES: LayerNames = { qkv: ['wqkv'], out: 'wo', up: 'mlp.fc0', down: 'mlp.fc1', norms: ['norm0', 'norm1'] };

/** MoonViTConfig, and Kimi K2.5's `vt_` spelling of it: learned positions of a grid of 64 × 64. */
function moonVitEncoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['vt_hidden_size', 'hidden_size'], 1152);
  const numLayers = layers(config, ['vt_num_hidden_layers', 'num_hidden_layers'], 27);
  const rows = width(config, ['init_pos_emb_height', 'pos_emb_height'], 64);
  const columns = width(config, ['init_pos_emb_width', 'pos_emb_width'], 64);
  // Kimi K3 takes RMSNorms and no biases.
  const kind = config.optionalText(['norm_type']) === 'rmsnorm' ? 'weight' : 'weight_and_bias';
  const linearBias = config.flag(['linear_bias'], true);
  const attentionBias = config.flag(['attn_bias'], true);
  const patchElements = COLOURS * pixels(config, 'patch_size', 14) ** 2;
  return {
    label: stackLabel('MoonViT', numLayers, hiddenSize),
    width: hiddenSize,
    weights: [
      ...convolution('vision', `${module}.patch_embed.proj`, hiddenSize, patchElements, {
        hasBias: config.flag(['patch_embed_proj_bias'], true),
      }),
      table('vision', `${module}.patch_embed.pos_emb`, rows * columns, hiddenSize),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.encoder.blocks.*`,
        names: NAMES,
        numLayers,
        hiddenSize,
        ffnWidth: width(config, ['vt_intermediate_size', 'intermediate_size'], 4304),
        numHeads: heads(config, ['vt_num_attention_heads', 'num_attention_heads'], 16),
        attentionWidth: width(config, ['qkv_hidden_size'], hiddenSize),
        norm: kind,
        qkvBias: attentionBias,
        outBias: attentionBias,
        ffnBias: linearBias,
      }),
      ...norm('vision', `${module}.encoder.final_layernorm`, hiddenSize, kind),
    ],
  };
}

function perToken(fields: ConfigFields): number {
  const isSide = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value > 0;
  const names = ['vision_config.merge_kernel_size'];
  return (fields.optionalList(names, 2, isSide, 'a whole number above 0') ?? [2, 2]).reduce(
    (sum, side) => sum * side,
    1,
  );
}

/** A norm, then two linear layers over the patches of one token. */
const merger =
  (module: string, names: readonly [string, string]) =>
  (encoder: Encoder, fields: ConfigFields, { hiddenSize }: TextFrame): Weight[] => {
    const merged = encoder.width * perToken(fields);
    return [
      ...norm('vision', `${module}.pre_norm`, encoder.width, 'weight_and_bias'),
      ...chain('vision', [`${module}.${names[0]}`, `${module}.${names[1]}`], [merged, merged, hiddenSize]),
    ];
  };

const kimiVl: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'deepseek_v3',
  towers: [
    visionTower({ encoder: moonVitEncoder, projector: merger('multi_modal_projector', ['linear_1', 'linear_2']) }),
  ],
};

const kimiK25: MultimodalFamily = {
  ...kimiVl,
  towers: [visionTower({ encoder: moonVitEncoder, projector: merger('mm_projector', ['proj.0', 'proj.2']) })],
};

export const KIMI_FAMILIES: Record<string, MultimodalFamily> = {
  kimi_k25: kimiK25,
  kimi_k3: {
    ...kimiK25,
    textModelType: 'kimi_linear',
    isEstimated: true,
    assumptions: () => ['The projector of model_type "kimi_k3" is not known: it is counted as that of Kimi K2.5.'],
  },
  kimi_vl: kimiVl,
};
