import { kimiDelta } from '../attention/kimi-delta.ts';
import { byLayerType, type LayerTypeRule } from '../attention/layer-types.ts';
import { mlaAttention } from '../attention/mla.ts';
import { ffnWeights } from '../ffn/dense.ts';
import { afterDenseLayers, moeFfn, moeOrDense, type LatentExperts } from '../ffn/moe.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { always, never, type Frame } from '../frame.ts';
import { linear, vector, type Weight } from '../weight.ts';
import type { DecoderFamily } from './types.ts';

const MODULE = 'block_sparse_moe';

/** `full_attn_layers`, counted from 1, attend; without the list every fourth after the first does (`KimiLinearConfig`). */
const listedLayers: LayerTypeRule = (fields) => {
  const isLayer = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= 1;
  const names = ['linear_attn_config.full_attn_layers'];
  const listed = fields.optionalList(names, LIMITS.layers, isLayer, 'a layer number from 1');
  if (!listed) return (layer) => (layer > 0 && layer % 4 === 0 ? 'full_attention' : 'linear_attention');
  const attends = new Set(listed);
  return (layer) => (attends.has(layer + 1) ? 'full_attention' : 'linear_attention');
};

/** Shared experts in one network of their joint width. */
function sharedExperts(fields: ConfigFields, { hiddenSize }: Frame, expertWidth: number): Weight[] {
  const number = fields.optionalCount(['num_shared_experts', 'n_shared_experts'], LIMITS.experts, 0) ?? 0;
  if (number === 0) return [];
  return ffnWeights('sharedExperts', `${MODULE}.shared_experts`, { hiddenSize, width: number * expertWidth });
}

/** Kimi K3: routed experts work at `routed_expert_hidden_size`, with a norm before the way back. */
function latentExperts(fields: ConfigFields, { hiddenSize }: Frame): LatentExperts | null {
  const size = fields.optionalCount(['routed_expert_hidden_size'], LIMITS.width);
  if (size === null) return null;
  return {
    size,
    projections: [
      ...linear('sharedExperts', `${MODULE}.routed_expert_down_proj`, size, hiddenSize),
      ...(fields.flag(['latent_moe_use_norm'], false)
        ? [vector('sharedExperts', `${MODULE}.routed_expert_norm`, size)]
        : []),
      ...linear('sharedExperts', `${MODULE}.routed_expert_up_proj`, hiddenSize, size),
    ],
  };
}

/** Kimi K3: attention and FFN choose between blocks of earlier layers, with a norm and a vector of scores each. */
const hasBlockResiduals = (fields: ConfigFields): boolean => fields.has('attn_res_block_size');

/**
 * Kimi Linear, and the text decoder of Kimi K3: Kimi delta attention, every fourth layer latent attention without positions.
 * Defaults of `KimiLinearConfig`; what only K3 has as in vLLM's `KimiLinearForCausalLM`.
 */
const kimiLinear: DecoderFamily = {
  defaults: {
    num_attention_heads: 32,
    intermediate_size: 9216,
    moe_intermediate_size: 1024,
    num_local_experts: 256,
    num_experts_per_tok: 8,
    n_shared_experts: 1,
    first_k_dense_replace: 1,
    kv_lora_rank: 512,
    qk_nope_head_dim: 128,
    qk_rope_head_dim: 64,
    v_head_dim: 128,
    max_position_embeddings: 1_048_576,
  },
  attention: byLayerType({ linear_attention: kimiDelta(), full_attention: mlaAttention() }, listedLayers),
  ffn: moeOrDense(
    moeFfn({
      module: MODULE,
      sparse: afterDenseLayers,
      expertWidth: ['moe_intermediate_size'],
      routerBias: always,
      latent: latentExperts,
      shared: sharedExperts,
    }),
  ),
  norms: {
    kind: 'weight',
    perLayer: (fields) => {
      const count = hasBlockResiduals(fields) ? 6 : 2;
      return () => count;
    },
  },
  // KimiLinearForCausalLM shares no weights, whatever the file says.
  isHeadTied: never,
  layerTypes: ['linear_attention', 'full_attention'],
  extraOutside: (fields, { hiddenSize }) =>
    hasBlockResiduals(fields)
      ? [vector('norms', 'output_attn_res_norm', hiddenSize), vector('norms', 'output_attn_res_proj', hiddenSize)]
      : [],
};

/** Decoders with Kimi delta attention beside latent attention, by `model_type`. */
export const KIMI_FAMILIES: Record<string, DecoderFamily> = { kimi_linear: kimiLinear };
