/** The first Qwen-VL: a `qwen` decoder whose file describes its picture encoder by an object `visual`. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import { linear, table, vector } from '../../weight.ts';
import {
  COLOURS,
  convolution,
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
import type { MultimodalFamily } from '../types.ts';
import { visionTower } from '../vision.ts';

const NAMES: LayerNames = {
  qkv: ['attn.in_proj'],
  out: 'attn.out_proj',
  up: 'mlp.c_fc',
  down: 'mlp.c_proj',
  norms: ['ln_1', 'ln_2'],
};

/** Positions of 448 pixels in patches of 14, a quarter of them: fixed in the code, interpolated to the picture. */
const POSITIONS = 256;
const QUERIES = 256;

/**
 * VisionTransformer of the checkpoint's code, which vLLM's qwen_vl.py follows: ViT-bigG's layers, then a resampler. Learned
 * queries attend once to all patches; their fixed positions are stored, too. `proj` is a plain matrix.
 */
function qwenVisual(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['width'], 1664);
  const numLayers = layers(config, ['layers'], 48);
  const out = width(config, ['output_dim'], 512);
  const queries = config.optionalCount(['n_queries'], LIMITS.width) ?? QUERIES;
  const pool = `${module}.attn_pool`;
  return {
    label: stackLabel('Vision Transformer', numLayers, hiddenSize),
    width: out,
    weights: [
      ...convolution('vision', `${module}.conv1`, hiddenSize, COLOURS * pixels(config, 'patch_size', 14) ** 2, {
        hasBias: false,
      }),
      table('vision', `${module}.positional_embedding`, POSITIONS, hiddenSize),
      ...norm('vision', `${module}.ln_pre`, hiddenSize, 'weight_and_bias'),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.transformer.resblocks.*`,
        names: NAMES,
        numLayers,
        hiddenSize,
        ffnWidth: config.scaledWidth(['mlp_ratio'], hiddenSize, 4),
        numHeads: heads(config, ['heads'], 16),
      }),
      table('vision', `${pool}.query`, queries, out),
      table('vision', `${pool}.pos_embed`, queries, out),
      ...(hiddenSize === out ? [] : linear('vision', `${pool}.kv_proj`, out, hiddenSize)),
      ...linear('vision', `${pool}.attn.in_proj`, 3 * out, out, { hasBias: true }),
      ...linear('vision', `${pool}.attn.out_proj`, out, out, { hasBias: true }),
      ...norm('vision', `${pool}.ln_q`, out, 'weight_and_bias'),
      ...norm('vision', `${pool}.ln_kv`, out, 'weight_and_bias'),
      ...norm('vision', `${module}.ln_post`, out, 'weight_and_bias'),
      vector('vision', `${module}.proj`, out * out),
    ],
  };
}

export const QWEN_VL: MultimodalFamily = {
  text: [],
  textModelType: 'qwen',
  towers: [visionTower({ config: 'visual', encoder: qwenVisual, module: 'transformer.visual' })],
};
