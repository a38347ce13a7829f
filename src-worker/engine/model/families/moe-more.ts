import { gqaAttention, perHeadNorm } from '../attention/gqa.ts';
import { slidingWindow, windowWhere } from '../attention/window.ts';
import { sideBySide } from '../ffn/beside.ts';
import { denseFfn, ffnWeights } from '../ffn/dense.ts';
import { afterDenseLayers, moeFfn, sharedOfExpertWidth, type SparseRule } from '../ffn/moe.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { always, flag, type Frame } from '../frame.ts';
import { linear, vector, type Weight } from '../weight.ts';
import { nextTokenBlocks } from './mtp.ts';
import { attentionBias, optionalPerHeadNorm, RMS_NORMS } from './shared.ts';
import type { DecoderFamily } from './types.ts';

/** Trinity: a gate as wide as the queries scales the output of attention; norms before and after attention and FFN (AfmoeConfig). */
const afmoe: DecoderFamily = {
  defaults: { num_dense_layers: 1, num_shared_experts: 2, head_dim: 128 },
  attention: gqaAttention({
    qkvBias: attentionBias,
    outBias: attentionBias,
    qkNorm: perHeadNorm,
    window: slidingWindow({ tokens: 1024, fullEvery: 4, fullEveryFields: ['global_attn_every_n_layers'] }),
    extraWeights: ({ numHeads, headDim }, _, { hiddenSize }) =>
      linear('attention', 'self_attn.gate_proj', numHeads * headDim, hiddenSize, { splitUnits: numHeads }),
  }),
  ffn: moeFfn({
    sparse: afterDenseLayers,
    router: 'mlp.router.gate',
    expertWidth: ['moe_intermediate_size'],
    routerBias: always,
    shared: sharedOfExpertWidth('num_shared_experts'),
  }),
  norms: { kind: 'weight', perLayer: 4 },
  isHeadTied: false,
};

const arcticMoe: SparseRule = (fields) => {
  const every = fields.optionalCount(['moe_layer_frequency'], LIMITS.layers) ?? 2;
  return (layer) => (layer + 1) % every === 0;
};

const hasResidualNetwork = (fields: ConfigFields): boolean =>
  fields.flag(['parallel_attn_mlp_res', 'use_residual'], false);

/** Beside the experts a dense network as wide as the hidden size, with a norm of its own (Snowflake Arctic). */
const arctic: DecoderFamily = {
  attention: gqaAttention(),
  ffn: moeFfn({
    module: 'block_sparse_moe',
    sparse: arcticMoe,
    expertWidth: ['intermediate_size'],
    extraWeights: (fields, { hiddenSize }) =>
      hasResidualNetwork(fields)
        ? [
            ...ffnWeights('denseFfn', 'residual_mlp', { hiddenSize, width: hiddenSize }),
            vector('norms', 'residual_layernorm', hiddenSize),
          ]
        : [],
  }),
  norms: RMS_NORMS,
  isHeadTied: false,
};

/** Shared experts of Ling: their own width, or the routed ones', times their number. */
function bailingShared(fields: ConfigFields, { hiddenSize }: Frame, expertWidth: number): Weight[] {
  const number = fields.optionalCount(['num_shared_experts'], LIMITS.experts, 0) ?? 0;
  const width = fields.optionalCount(['moe_shared_expert_intermediate_size'], LIMITS.width) ?? expertWidth;
  return number === 0 ? [] : ffnWeights('sharedExperts', 'mlp.shared_experts', { hiddenSize, width: number * width });
}

const bailingBias = flag('use_bias', false);
const bailingAttention = gqaAttention({
  module: 'attention',
  qkvBias: (fields) => bailingBias(fields) || fields.flag(['use_qkv_bias'], false),
  outBias: bailingBias,
  qkNorm: optionalPerHeadNorm,
});
const bailingFfn = moeFfn({
  sparse: afterDenseLayers,
  expertWidth: ['moe_intermediate_size'],
  routerBias: flag('moe_router_enable_expert_bias', false),
  shared: bailingShared,
  dense: denseFfn({ bias: bailingBias }),
});

/** Ling and Ring, both generations: what the second added is written into its files. */
const bailing: DecoderFamily = {
  attention: bailingAttention,
  ffn: bailingFfn,
  norms: RMS_NORMS,
  isHeadTied: false,
  mtpParameters: nextTokenBlocks({ attention: bailingAttention, ffn: bailingFfn }),
};

/** Experts of the first layers, which are dense, with a width of their own. */
const cohereDense = denseFfn({
  width: (fields) =>
    fields.count(['prefix_dense_intermediate_size', 'intermediate_size'], LIMITS.width, 'the inner width'),
});

/** The first, dense layers and those with experts each count for themselves which of them see everything. */
const cohereSlides = (fields: ConfigFields): ((layer: number) => boolean) => {
  const first = fields.optionalCount(['first_k_dense_replace'], LIMITS.layers, 0) ?? 0;
  const firstEvery = fields.optionalCount(['prefix_dense_sliding_window_pattern'], LIMITS.layers) ?? 1;
  const every = fields.optionalCount(['sliding_window_pattern'], LIMITS.layers) ?? 4;
  return (layer) => (layer < first ? (layer + 1) % firstEvery !== 0 : (layer - first + 1) % every !== 0);
};

/** Cohere 2's layout with experts behind its one norm (Cohere2MoeConfig). */
const cohere2Moe: DecoderFamily = {
  attention: gqaAttention({
    qkvBias: attentionBias,
    outBias: attentionBias,
    headDim: 128,
    window: windowWhere(4096, cohereSlides),
  }),
  ffn: moeFfn({
    sparse: afterDenseLayers,
    expertWidth: ['intermediate_size'],
    shared: sharedOfExpertWidth('num_shared_experts'),
    dense: cohereDense,
  }),
  norms: { kind: 'weight', perLayer: 1 },
  isHeadTied: true,
};

const exaoneAttention = gqaAttention({ qkNorm: perHeadNorm, window: slidingWindow({ tokens: 4096, fullEvery: 4 }) });
const exaoneFfn = moeFfn({
  sparse: afterDenseLayers,
  expertWidth: ['moe_intermediate_size'],
  routerBias: always,
  shared: sharedOfExpertWidth('num_shared_experts'),
});

/** K-EXAONE: EXAONE 4's attention, DeepSeek's experts (ExaoneMoeConfig). */
const exaoneMoe: DecoderFamily = {
  defaults: { first_k_dense_replace: 1, num_shared_experts: 1, num_key_value_heads: 32 },
  attention: exaoneAttention,
  ffn: exaoneFfn,
  norms: RMS_NORMS,
  isHeadTied: false,
  mtpParameters: nextTokenBlocks({ attention: exaoneAttention, ffn: exaoneFfn }),
};

const grokExperts = moeFfn({
  module: 'moe_block',
  expertWidth: ['moe_intermediate_size', 'intermediate_size'],
});
const grokResidual = sideBySide(grokExperts, denseFfn());

/** Norms before and after attention and experts; Grok 2 adds a dense network beside the experts (`residual_moe`). */
const grok: DecoderFamily = {
  attention: gqaAttention({ module: 'attn' }),
  ffn: (fields, frame) => (fields.flag(['residual_moe'], false) ? grokResidual : grokExperts)(fields, frame),
  norms: { kind: 'weight', perLayer: 4 },
  isHeadTied: true,
};

const miniCpmMoe = moeFfn({ expertWidth: ['intermediate_size'] });
const miniCpmDense = denseFfn();

/**
 * MiniCPM 1, 2 and 4, the MoE among them (MiniCPMConfig's tied head). The sparse attention of MiniCPM4 (`sparse_config`) reads
 * less of the same cache from long contexts; it is counted in full, as vLLM computes it.
 */
const miniCpm: DecoderFamily = {
  attention: gqaAttention({ qkvBias: attentionBias, outBias: attentionBias }),
  ffn: (fields, frame) =>
    (fields.optionalCount(['num_experts'], LIMITS.experts, 0) ?? 0) > 0
      ? miniCpmMoe(fields, frame)
      : miniCpmDense(fields, frame),
  norms: RMS_NORMS,
  isHeadTied: true,
};

/** Decoders with experts and further parts beside them, by `model_type`. */
export const FURTHER_MOE_FAMILIES: Record<string, DecoderFamily> = {
  afmoe,
  arctic,
  bailing_moe: bailing,
  bailing_moe_v2: bailing,
  cohere2_moe: cohere2Moe,
  exaone_moe: exaoneMoe,
  'grok-1': grok,
  minicpm: miniCpm,
  minicpm4: miniCpm,
};
