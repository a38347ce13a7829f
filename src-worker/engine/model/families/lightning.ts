import { gqaAttention, perHeadNorm, type HeadShape } from '../attention/gqa.ts';
import { byLayerType, type LayerTypeRule } from '../attention/layer-types.ts';
import { lightningAttention } from '../attention/lightning.ts';
import { mlaAttention } from '../attention/mla.ts';
import { ffnWeights } from '../ffn/dense.ts';
import { afterDenseLayers, moeFfn } from '../ffn/moe.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { flag, never, type AttentionReader, type Frame } from '../frame.ts';
import { linear, type Weight } from '../weight.ts';
import { nextTokenBlocks } from './mtp.ts';
import { RMS_NORMS } from './shared.ts';
import type { DecoderFamily } from './types.ts';

const LAYER_TYPES = ['linear_attention', 'full_attention'];

/** `attn_type_list`: 0 = lightning attention, 1 = full attention, one entry per layer. */
const attentionTypes: LayerTypeRule = (fields, { numLayers }) => {
  const names = ['attn_type_list', 'decoder_attention_types'];
  const isType = (value: unknown): value is 0 | 1 => value === 0 || value === 1;
  const types = fields.optionalList(names, LIMITS.layers, isType, '0 (lightning attention) or 1 (full attention)');
  if (!types) return () => 'full_attention';
  if (types.length !== numLayers) {
    throw fields.invalid('attn_type_list', types, `a list of ${numLayers} entries, one per layer`);
  }
  return (layer) => (types[layer] === 0 ? 'linear_attention' : 'full_attention');
};

/** A shared network of its own width beside the experts, mixed in by one learned gate. */
function minimaxShared(fields: ConfigFields, { hiddenSize }: Frame): Weight[] {
  const width = fields.optionalCount(['shared_intermediate_size'], LIMITS.width, 0) ?? 0;
  if (width === 0) return [];
  return [
    ...ffnWeights('sharedExperts', 'shared_mlp', { hiddenSize, width }),
    ...linear('sharedExperts', 'coefficient', 1, hiddenSize),
  ];
}

/** MiniMax-Text-01 and M1. Source: vLLM, `MiniMaxText01ForCausalLM`, as the class lies with the checkpoints. */
const minimaxText01: DecoderFamily = {
  attention: byLayerType({ linear_attention: lightningAttention(), full_attention: gqaAttention() }, attentionTypes),
  ffn: moeFfn({ expertWidth: ['intermediate_size'], module: 'block_sparse_moe', shared: minimaxShared }),
  norms: RMS_NORMS,
  isHeadTied: false,
  layerTypes: LAYER_TYPES,
};

/** The same in the key style of Transformers (`MiniMaxConfig`): every other layer is linear unless the file lists them. */
const minimax: DecoderFamily = {
  ...minimaxText01,
  defaults: { num_key_value_heads: 8, num_local_experts: 8, num_experts_per_tok: 2, max_position_embeddings: 131_072 },
  attention: byLayerType({ linear_attention: lightningAttention(), full_attention: gqaAttention() }, (fields, frame) =>
    fields.has('attn_type_list')
      ? attentionTypes(fields, frame)
      : (layer) => (layer % 2 === 0 ? 'full_attention' : 'linear_attention'),
  ),
};

const anyBias = (fields: ConfigFields): boolean =>
  fields.flag(['use_bias'], false) || fields.flag(['use_qkv_bias'], false);
const outBias = flag('use_bias', false);
const hasQkNorm = flag('use_qk_norm', false);

/** `layer_group_size`: the last layer of each whole group, and those after the last one, attend fully. */
const layerGroups: LayerTypeRule = (fields, { numLayers }) => {
  const size = fields.optionalCount(['layer_group_size'], LIMITS.layers) ?? 1;
  const grouped = Math.floor(numLayers / size) * size;
  return (layer) => ((layer + 1) % size === 0 || layer >= grouped ? 'full_attention' : 'linear_attention');
};

/** Shared experts of a width of their own, else of an expert's. */
function bailingShared(fields: ConfigFields, { hiddenSize }: Frame, expertWidth: number): Weight[] {
  const number = fields.optionalCount(['num_shared_experts'], LIMITS.experts, 0) ?? 0;
  const each = fields.optionalCount(['moe_shared_expert_intermediate_size'], LIMITS.width) ?? expertWidth;
  return number === 0 ? [] : ffnWeights('sharedExperts', 'mlp.shared_experts', { hiddenSize, width: number * each });
}

const bailingLightning = lightningAttention({
  names: { module: 'attention', qkv: 'query_key_value', gate: 'g_proj', norm: 'g_norm', out: 'dense' },
  qkvBias: anyBias,
  outBias,
  qkNorm: hasQkNorm,
  normGroups: (fields) => fields.optionalCount(['group_norm_size'], LIMITS.heads) ?? 1,
});

const bailingFfn = moeFfn({
  sparse: afterDenseLayers,
  expertWidth: ['moe_intermediate_size'],
  routerBias: flag('moe_router_enable_expert_bias', false),
  shared: bailingShared,
});

const bailing = (fullAttention: AttentionReader): DecoderFamily => {
  const attention = byLayerType(
    { linear_attention: bailingLightning, attention: fullAttention, full_attention: fullAttention },
    layerGroups,
  );
  return {
    attention,
    ffn: bailingFfn,
    norms: RMS_NORMS,
    isHeadTied: false,
    layerTypes: [...LAYER_TYPES, 'attention'],
    mtpParameters: nextTokenBlocks({ attention, ffn: bailingFfn }),
  };
};

/** Ring-linear and Ling-linear 2.0. Source: vLLM, `BailingMoELinearAttention`. */
const bailingLinear = bailing(
  gqaAttention({
    module: 'attention',
    qkvBias: anyBias,
    outBias,
    qkNorm: (heads: HeadShape, fields) => (hasQkNorm(fields) ? perHeadNorm(heads) : 0),
  }),
);

/** Ling and Ring 2.5: latent attention in the full layers. Source: vLLM, `BailingMoeV25ForCausalLM`, with its defaults. */
const bailingHybrid: DecoderFamily = {
  ...bailing(mlaAttention({ module: 'attention', bias: never })),
  defaults: { kv_lora_rank: 512, qk_nope_head_dim: 128, qk_rope_head_dim: 64, v_head_dim: 128 },
};

/** Decoders with lightning attention beside full attention, by `model_type`. */
export const LIGHTNING_FAMILIES: Record<string, DecoderFamily> = {
  bailing_hybrid: bailingHybrid,
  bailing_moe_linear: bailingLinear,
  minimax,
  minimax_m1: minimaxText01,
  minimax_text_01: minimaxText01,
  ring_linear: bailingLinear,
};
