import { blockSparseAttention, BLOCK_SPARSE } from '../attention/block-sparse.ts';
import { compressedAttention, COMPRESSED } from '../attention/compressed.ts';
import { perHeadNorm } from '../attention/gqa.ts';
import { denseFfn, ffnWeights } from '../ffn/dense.ts';
import { afterDenseLayers, everyLayer, moeFfn, sharedOfExpertWidth } from '../ffn/moe.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { always, flag, never, type AttentionReader, type FfnReader, type FlagRule, type Frame } from '../frame.ts';
import { memoized } from '../memoized.ts';
import type { Attention } from '../types.ts';
import { sumOfParameters, table, vector, type Weight, type WeightClass } from '../weight.ts';
import { mlpBias, RMS_NORMS } from './shared.ts';
import type { DecoderFamily } from './types.ts';

/** Residual streams of DeepSeek-V4, mixed anew around attention and network. */
const streamsOf = (fields: ConfigFields): number =>
  fields.count(['hc_mult'], LIMITS.heads, 'the number of residual streams');

/** Outputs of all streams side by side, an offset for each output, and scales. */
const streamWeights = (weightClass: WeightClass, name: string, outputs: number, inputs: number, scales: number) => [
  table(weightClass, `${name}_fn`, outputs, inputs),
  vector(weightClass, `${name}_base`, outputs),
  vector(weightClass, `${name}_scale`, scales),
];

/** Around each of attention and network: what goes in, what comes back, and how n streams mix: (2 + n)·n outputs. */
function mixings(streams: number, hiddenSize: number): Weight[] {
  const outputs = (2 + streams) * streams;
  return ['hc_attn', 'hc_ffn'].flatMap((name) => streamWeights('attention', name, outputs, streams * hiddenSize, 3));
}

/** The streams joined to one before the head. */
const joining = (streams: number, hiddenSize: number): Weight[] =>
  streamWeights('norms', 'hc_head', streams, streams * hiddenSize, 1);

const v4Attention: AttentionReader = (fields, frame) => {
  const attentionOf = compressedAttention(fields, frame);
  const added = mixings(streamsOf(fields), frame.hiddenSize);
  const mixed = memoized((attention: Attention) => ({ ...attention, weights: [...attention.weights, ...added] }));
  return (layer) => mixed(attentionOf(layer));
};

const v4Experts = (routerBias: FlagRule): FfnReader =>
  moeFfn({
    module: 'ffn',
    sparse: everyLayer,
    expertWidth: ['moe_intermediate_size'],
    routerBias,
    shared: sharedOfExpertWidth('n_shared_experts', { module: 'ffn.shared_experts', bias: mlpBias }),
  });

/**
 * The first layers look their experts up by the token (`num_hash_layers`, or "hash_moe" in `mlp_layer_types`), the others
 * correct the router's scores by one number per expert. The table of the look-up is a buffer, not a parameter.
 */
const v4Ffn: FfnReader = (fields, frame) => {
  const hashed = v4Experts(never)(fields, frame);
  const routed = v4Experts(always)(fields, frame);
  const isType = (value: unknown): value is string => value === 'hash_moe' || value === 'moe';
  const types = fields.optionalList(['mlp_layer_types'], LIMITS.layers, isType, '"hash_moe" or "moe"');
  const numHashed = fields.optionalCount(['num_hash_layers'], LIMITS.layers, 0) ?? 0;
  const isHashed = (layer: number): boolean => (types ? types[layer] === 'hash_moe' : layer < numHashed);
  return (layer) => (isHashed(layer) ? hashed : routed)(layer);
};

/** A block is one more layer that sees its window only, a projection each of embedding and hidden state, norms, joining. */
function v4NextToken(fields: ConfigFields, frame: Frame): number {
  const { hiddenSize, numLayers } = frame;
  const blocks = fields.optionalCount(['num_nextn_predict_layers'], LIMITS.layers, 0) ?? 0;
  const attention = sumOfParameters(v4Attention(fields, frame)(numLayers).weights);
  const ffn = sumOfParameters(v4Ffn(fields, frame)(numLayers).weights);
  const own = 2 * hiddenSize * hiddenSize + 5 * hiddenSize + sumOfParameters(joining(streamsOf(fields), hiddenSize));
  return blocks * (attention + ffn + own);
}

/** Source of the shapes: Transformers' DeepseekV4 classes; names are those of the published checkpoints. */
const deepseekV4: DecoderFamily = {
  attention: v4Attention,
  ffn: v4Ffn,
  norms: RMS_NORMS,
  isHeadTied: false,
  layerTypes: COMPRESSED.layerTypes,
  extraOutside: (fields, { hiddenSize }) => joining(streamsOf(fields), hiddenSize),
  mtpParameters: v4NextToken,
  defaults: {
    vocab_size: 129280,
    hidden_size: 4096,
    moe_intermediate_size: 2048,
    num_hidden_layers: 43,
    num_attention_heads: 64,
    head_dim: 512,
    q_lora_rank: 1024,
    qk_rope_head_dim: 64,
    o_groups: 8,
    o_lora_rank: 1024,
    sliding_window: 128,
    compress_rate_csa: 4,
    compress_rate_hca: 128,
    index_n_heads: 64,
    index_head_dim: 128,
    index_topk: 512,
    n_routed_experts: 256,
    n_shared_experts: 1,
    num_experts_per_tok: 6,
    num_hash_layers: 3,
    hc_mult: 4,
  },
};

const m3SharedExperts = (fields: ConfigFields, { hiddenSize }: Frame): Weight[] => {
  const number = fields.optionalCount(['n_shared_experts'], LIMITS.experts, 0) ?? 0;
  const width = number * fields.count(['shared_intermediate_size'], LIMITS.width, 'the width of one shared expert');
  return width === 0 ? [] : ffnWeights('sharedExperts', 'block_sparse_moe.shared_experts', { hiddenSize, width });
};

/** MiniMax-M3: shapes and defaults of Transformers' MiniMaxM3VLText classes. */
const minimaxM3: DecoderFamily = {
  attention: blockSparseAttention({
    qkNorm: (heads, fields) => (fields.flag(['use_qk_norm'], true) ? perHeadNorm(heads) : 0),
  }),
  ffn: moeFfn({
    module: 'block_sparse_moe',
    sparse: afterDenseLayers,
    expertWidth: ['intermediate_size'],
    routerBias: flag('use_routing_bias', true),
    shared: m3SharedExperts,
    dense: denseFfn({
      width: (fields) => fields.count(['dense_intermediate_size'], LIMITS.width, 'the width of the dense layers'),
    }),
  }),
  norms: RMS_NORMS,
  isHeadTied: false,
  layerTypes: BLOCK_SPARSE.layerTypes,
  defaults: {
    vocab_size: 200064,
    hidden_size: 6144,
    intermediate_size: 3072,
    dense_intermediate_size: 12288,
    shared_intermediate_size: 3072,
    num_hidden_layers: 60,
    num_attention_heads: 64,
    num_key_value_heads: 4,
    head_dim: 128,
    num_local_experts: 128,
    num_experts_per_tok: 4,
    n_shared_experts: 1,
  },
};

/** Decoders that attend to a compressed or selected part of the context, by `model_type`. */
export const SELECTIVE_FAMILIES: Record<string, DecoderFamily> = {
  deepseek_v4: deepseekV4,
  minimax_m3: minimaxM3,
  minimax_m3_vl_text: minimaxM3,
};
