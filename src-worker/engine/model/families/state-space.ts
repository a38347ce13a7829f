import { fullWidthNorm, gqaAttention } from '../attention/gqa.ts';
import { byLayerType, type LayerTypeRule } from '../attention/layer-types.ts';
import { mamba1 } from '../attention/mamba1.ts';
import { BAMBA_FIELDS, mamba2, type Mamba2Options } from '../attention/mamba2.ts';
import { mamba2LowRank } from '../attention/mamba2-low-rank.ts';
import { parallelMixers } from '../attention/parallel.ts';
import { denseFfn, ffnWeights } from '../ffn/dense.ts';
import { moeFfn, type SparseRule } from '../ffn/moe.ts';
import { NO_FFN } from '../ffn/none.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { flag, NAMES, type AttentionReader, type FfnReader } from '../frame.ts';
import { attentionBias, mlpBias, RMS_NORMS } from './shared.ts';
import type { DecoderFamily } from './types.ts';

/** The names files of either Transformers version use, for the same two readers. */
const mixers = (attention: AttentionReader, mamba: AttentionReader): Record<string, AttentionReader> => ({
  attention,
  full_attention: attention,
  linear_attention: mamba,
  mamba,
});
const MIXER_TYPES = ['attention', 'full_attention', 'linear_attention', 'mamba'];

/** One mixer per layer behind one norm, no FFN. */
const mamba: DecoderFamily = {
  attention: mamba1({ writesWidth: true }),
  ffn: () => () => NO_FFN,
  norms: { kind: 'weight', perLayer: 1 },
  isHeadTied: true,
  layerTypes: ['linear_attention', 'mamba'],
};

/** Defaults of `Mamba2Config`. */
const mamba2Pure: DecoderFamily = {
  ...mamba,
  attention: mamba2({
    module: 'mixer',
    fields: {
      heads: [['num_heads'], 128],
      headDim: ['head_dim'],
      headDimOtherwise: 64,
      groups: [['n_groups'], 8],
      stateSize: [['state_size'], 128],
      kernel: ['conv_kernel'],
      expand: ['expand'],
    },
    inBias: flag('use_bias', false),
    outBias: flag('use_bias', false),
    convolutionBias: flag('use_conv_bias', true),
  }),
  isHeadTied: false,
};

/** `period` and `offset` of a kind of layer, each with the default of `JambaConfig`. */
const periodic = (kind: string, period: number, offset: number) => (fields: ConfigFields) => {
  const every = fields.optionalCount([`${kind}_layer_period`], LIMITS.layers) ?? period;
  const first = fields.optionalCount([`${kind}_layer_offset`], LIMITS.layers, 0) ?? offset;
  return (layer: number): boolean => layer % every === first;
};

const jambaLayers: LayerTypeRule = (fields) => {
  const isAttention = periodic('attn', 8, 4)(fields);
  return (layer) => (isAttention(layer) ? 'attention' : 'mamba');
};

/** A single expert is none: then every layer is dense. */
const jambaExperts: SparseRule = (fields) => {
  const isSparse = periodic('expert', 2, 1)(fields);
  const numExperts = fields.optionalCount(NAMES.numExperts, LIMITS.experts) ?? 1;
  return (layer) => numExperts > 1 && isSparse(layer);
};

/** Mamba with norms on its inner vectors beside few layers of attention; experts in every other layer. */
const jamba: DecoderFamily = {
  defaults: {
    num_attention_heads: 32,
    num_key_value_heads: 8,
    intermediate_size: 14_336,
    num_experts: 16,
    num_experts_per_tok: 2,
    max_position_embeddings: 262_144,
  },
  attention: byLayerType(mixers(gqaAttention(), mamba1({ module: 'mamba', hasInnerNorms: true })), jambaLayers),
  ffn: moeFfn({
    sparse: jambaExperts,
    expertWidth: ['intermediate_size'],
    module: 'feed_forward',
    router: 'feed_forward.router',
    dense: denseFfn({ module: 'feed_forward' }),
  }),
  norms: RMS_NORMS,
  isHeadTied: false,
  layerTypes: MIXER_TYPES,
};

const mambaBias = flag('mamba_proj_bias', false);
const bambaMixer: Mamba2Options = {
  fields: BAMBA_FIELDS,
  inBias: mambaBias,
  outBias: mambaBias,
  convolutionBias: flag('mamba_conv_bias', true),
};
const biasedAttention = gqaAttention({ qkvBias: attentionBias, outBias: attentionBias });

/** `attn_layer_indices`: the layers that attend. */
const listedLayers: LayerTypeRule = (fields) => {
  const isLayer = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0;
  const listed = fields.optionalList(['attn_layer_indices'], LIMITS.layers, isLayer, 'a layer number from 0') ?? [];
  const attends = new Set(listed);
  return (layer) => (attends.has(layer) ? 'attention' : 'mamba');
};

const bamba: DecoderFamily = {
  defaults: {
    num_attention_heads: 32,
    num_key_value_heads: 8,
    intermediate_size: 14_336,
    max_position_embeddings: 262_144,
  },
  attention: byLayerType(mixers(biasedAttention, mamba2(bambaMixer)), listedLayers),
  ffn: denseFfn({ module: 'feed_forward', bias: mlpBias }),
  norms: RMS_NORMS,
  isHeadTied: false,
  layerTypes: MIXER_TYPES,
};

const sharedWidth = (fields: ConfigFields): number =>
  fields.count(['shared_intermediate_size'], LIMITS.width, 'the width of the shared network');
const graniteDense = denseFfn({ module: 'shared_mlp', width: sharedWidth });
const graniteMoe = moeFfn({
  expertWidth: ['intermediate_size'],
  module: 'block_sparse_moe',
  router: 'block_sparse_moe.router.layer',
  shared: (fields, { hiddenSize }) =>
    ffnWeights('sharedExperts', 'shared_mlp', { hiddenSize, width: sharedWidth(fields) }),
});

/** Experts beside a shared network in every layer; with `num_local_experts` 0 only the shared one (Granite 4 Micro). */
const graniteFfn: FfnReader = (fields, frame) =>
  (fields.optionalCount(['num_local_experts'], LIMITS.experts, 0) === 0 ? graniteDense : graniteMoe)(fields, frame);

/** Granite 4. Its multipliers of embedding, attention, residual and logits are numbers of the file, not parameters. */
const graniteHybrid: DecoderFamily = {
  defaults: {
    num_attention_heads: 32,
    intermediate_size: 11_008,
    shared_intermediate_size: 1024,
    num_local_experts: 8,
    num_experts_per_tok: 2,
  },
  attention: byLayerType(mixers(biasedAttention, mamba2(bambaMixer)), () => () => 'mamba'),
  ffn: graniteFfn,
  norms: RMS_NORMS,
  isHeadTied: false,
  layerTypes: MIXER_TYPES,
};

/** `mamba_d_ssm`: width of the Mamba heads; written as null = `mamba_expand` times the hidden size (`FalconH1Config`). */
function falconWidth(fields: ConfigFields): number | null {
  const written = fields.optionalCount(['mamba_d_ssm'], LIMITS.width);
  return written ?? (fields.names().includes('mamba_d_ssm') ? null : 1024);
}

/** Attention and Mamba-2 side by side in every layer; the gated norm is optional, the output has a bias switch of its own. */
const falconH1: DecoderFamily = {
  defaults: {
    num_attention_heads: 32,
    num_key_value_heads: 8,
    intermediate_size: 14_336,
    max_position_embeddings: 8192,
  },
  attention: parallelMixers(
    biasedAttention,
    mamba2({
      ...bambaMixer,
      fields: { ...BAMBA_FIELDS, width: falconWidth },
      outBias: flag('projectors_bias', false),
      norm: flag('mamba_rms_norm', false),
    }),
  ),
  ffn: denseFfn({ module: 'feed_forward', bias: mlpBias }),
  norms: RMS_NORMS,
  isHeadTied: false,
  layerTypes: ['hybrid'],
};

/** `mamba_step`: one layer of each so many attends, the middle one; the last one of a model that is too short for that. */
const plamoLayers: LayerTypeRule = (fields, { numLayers }) => {
  if (!fields.flag(['mamba_enabled'], true)) return () => 'attention';
  const step = fields.optionalCount(['mamba_step'], LIMITS.layers, 2) ?? 2;
  const middle = Math.floor(step / 2);
  return (layer) => ((numLayers <= middle ? layer === numLayers - 1 : layer % step === middle) ? 'attention' : 'mamba');
};

/**
 * PLaMo 2: norms before and after mixer and FFN, a norm weight for every head. Its windows are left out, because vLLM attends
 * to the whole context. Source: vLLM, `Plamo2DecoderLayer`; defaults as in `Plamo2Config`.
 */
const plamo2: DecoderFamily = {
  defaults: { num_attention_heads: 32, num_key_value_heads: 4 },
  attention: byLayerType(
    mixers(
      (fields, frame) =>
        gqaAttention({
          module: 'mixer',
          headDim: fields.optionalCount(['hidden_size_per_head'], LIMITS.width) ?? 128,
          qkNorm: fullWidthNorm,
        })(fields, frame),
      mamba2LowRank('mixer'),
    ),
    plamoLayers,
  ),
  ffn: denseFfn(),
  norms: { kind: 'weight', perLayer: 4 },
  isHeadTied: true,
  layerTypes: MIXER_TYPES,
};

/** Decoders of state-space layers, alone or beside attention, by `model_type`. */
export const STATE_SPACE_FAMILIES: Record<string, DecoderFamily> = {
  bamba,
  falcon_h1: falconH1,
  falcon_mamba: mamba,
  granitemoehybrid: graniteHybrid,
  jamba,
  mamba,
  mamba2: mamba2Pure,
  plamo2,
};
