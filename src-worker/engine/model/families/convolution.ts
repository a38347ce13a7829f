import { gqaAttention, perHeadNorm } from '../attention/gqa.ts';
import { byLayerType, type LayerTypeRule } from '../attention/layer-types.ts';
import { rgLru } from '../attention/rg-lru.ts';
import { shortConvolution } from '../attention/short-convolution.ts';
import { slidingWindow } from '../attention/window.ts';
import { denseFfn } from '../ffn/dense.ts';
import { moeFfn } from '../ffn/moe.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { always, flag } from '../frame.ts';
import { attentionBias, RMS_NORMS } from './shared.ts';
import type { DecoderFamily } from './types.ts';

/**
 * LFM2's FFN width: the written one, or two thirds of it, times a factor and rounded up to whole blocks
 * (`block_auto_adjust_ff_dim`). A factor written as null leaves the two thirds as they are. Defaults of `Lfm2Config`.
 */
function lfm2Width(fields: ConfigFields): number {
  const written = fields.optionalCount(['block_ff_dim', 'intermediate_size'], LIMITS.width) ?? 12_288;
  if (!fields.flag(['block_auto_adjust_ff_dim'], true)) return written;
  const adjusted = Math.floor((2 * written) / 3);
  if (adjusted < 1) throw fields.invalid('block_ff_dim', written, 'at least 2, of which two thirds are taken');
  if (fields.isWrittenNull('block_ffn_dim_multiplier')) return adjusted;
  const block = fields.optionalCount(['block_multiple_of'], LIMITS.width) ?? 256;
  return block * Math.ceil(fields.scaledWidth(['block_ffn_dim_multiplier'], adjusted, 1) / block);
}

/** `full_attn_idxs`: the layers that attend; absent = all (`Lfm2Config`). */
const listedLayers: LayerTypeRule = (fields) => {
  const isLayer = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0;
  const listed = fields.optionalList(['full_attn_idxs'], LIMITS.layers, isLayer, 'a layer number from 0');
  if (!listed) return () => 'full_attention';
  const attends = new Set(listed);
  return (layer) => (attends.has(layer) ? 'full_attention' : 'conv');
};

const lfm2Attention = byLayerType(
  {
    conv: shortConvolution(),
    full_attention: gqaAttention({ qkNorm: perHeadNorm }),
  },
  listedLayers,
);

/** Its files also name the shared head `tie_embedding`. */
const isLfm2HeadTied = (fields: ConfigFields): boolean => fields.flag(['tie_embedding', 'tie_word_embeddings'], true);

const lfm2: DecoderFamily = {
  defaults: { num_attention_heads: 32, num_key_value_heads: 8, max_position_embeddings: 128_000 },
  attention: lfm2Attention,
  ffn: denseFfn({ module: 'feed_forward', width: lfm2Width }),
  norms: RMS_NORMS,
  isHeadTied: isLfm2HeadTied,
  layerTypes: ['conv', 'full_attention'],
};

/** Experts after the first `num_dense_layers`. */
const lfm2Moe: DecoderFamily = {
  ...lfm2,
  defaults: {
    num_attention_heads: 32,
    num_key_value_heads: 8,
    intermediate_size: 7168,
    moe_intermediate_size: 1792,
    num_experts: 32,
    num_experts_per_tok: 4,
    num_dense_layers: 2,
    max_position_embeddings: 128_000,
  },
  ffn: moeFfn({
    module: 'feed_forward',
    sparse: (fields) => {
      const first = fields.optionalCount(['num_dense_layers'], LIMITS.layers, 0) ?? 0;
      return (layer) => layer >= first;
    },
    expertWidth: ['moe_intermediate_size'],
    routerBias: flag('use_expert_bias', true),
    dense: denseFfn({ module: 'feed_forward' }),
  }),
};

/** `block_types` repeats over the layers; defaults of `RecurrentGemmaConfig`. */
const repeatedBlocks: LayerTypeRule = (fields) => {
  const names = ['block_types', '_block_types'];
  const types = fields.optionalTexts(names, LIMITS.layers) ?? ['recurrent', 'recurrent', 'attention'];
  return (layer) => types[layer % types.length] ?? '';
};

function halfOfWritten(fields: ConfigFields): number {
  const both = fields.optionalCount(['intermediate_size'], LIMITS.width) ?? 7680;
  if (both % 2 !== 0) throw fields.invalid('intermediate_size', both, 'an even number, gate and up together');
  return both / 2;
}

/** Griffin: two recurrent layers, then one that attends to a window. `intermediate_size` counts gate and up together. */
const recurrentGemma: DecoderFamily = {
  defaults: { num_attention_heads: 10 },
  attention: byLayerType(
    {
      attention: (fields, frame) =>
        gqaAttention({
          module: 'temporal_block',
          qkvBias: attentionBias,
          outBias: always,
          window: slidingWindow({
            tokens: fields.optionalCount(['attention_window_size'], LIMITS.context) ?? 2048,
          }),
        })(fields, frame),
      recurrent: rgLru(),
    },
    repeatedBlocks,
  ),
  ffn: denseFfn({ module: 'mlp_block', bias: always, width: halfOfWritten }),
  norms: RMS_NORMS,
  isHeadTied: true,
  layerTypes: ['attention', 'recurrent'],
};

/** Decoders with short convolutions or gated linear recurrences beside attention, by `model_type`. */
export const CONVOLUTION_FAMILIES: Record<string, DecoderFamily> = {
  lfm2,
  lfm2_moe: lfm2Moe,
  recurrent_gemma: recurrentGemma,
};
