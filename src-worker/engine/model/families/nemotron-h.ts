import { gqaAttention } from '../attention/gqa.ts';
import { byLayerType, type LayerTypeRule } from '../attention/layer-types.ts';
import { mamba2 } from '../attention/mamba2.ts';
import { NO_ATTENTION } from '../attention/none.ts';
import { denseFfn, ffnWeights } from '../ffn/dense.ts';
import { moeFfn, type LatentExperts } from '../ffn/moe.ts';
import { NO_FFN } from '../ffn/none.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { flag, never, type AttentionReader, type FfnReader, type Frame } from '../frame.ts';
import { linear, type Weight } from '../weight.ts';
import { nextTokenBlocks } from './mtp.ts';
import { mlpBias } from './shared.ts';
import type { DecoderFamily } from './types.ts';

/** What stands in a layer, by its letter in `hybrid_override_pattern`. */
const LETTERS: ReadonlyMap<string, string> = new Map([
  ['M', 'mamba'],
  ['*', 'attention'],
  ['-', 'mlp'],
  ['E', 'moe'],
]);
const LIST_NAMES = ['layers_block_type', 'layer_types'];
const PATTERN = 'hybrid_override_pattern';

/** The pattern's layers by name. Throws `config_invalid` where it is missing or has another letter. */
function patternTypes(fields: ConfigFields): string[] {
  const pattern = fields.optionalText([PATTERN]);
  if (pattern === null) throw fields.missing([PATTERN, ...LIST_NAMES], 'what each layer is, for example "M-M*E"');
  return [...pattern].map((letter) => {
    const type = LETTERS.get(letter);
    if (type === undefined)
      throw fields.invalid(PATTERN, pattern, `made of the letters ${[...LETTERS.keys()].join(' ')}`);
    return type;
  });
}

const patternRule: LayerTypeRule = (fields) => {
  const types = patternTypes(fields);
  return (layer) => types[layer] ?? '';
};

/** The list or the pattern decides; newer files do not name the number (`NemotronHConfig` ignores it). */
function numLayers(fields: ConfigFields): number {
  const types = fields.optionalTexts(LIST_NAMES, LIMITS.layers) ?? patternTypes(fields);
  if (types.length > 0) return types.length;
  throw fields.invalid([...LIST_NAMES, PATTERN], types, 'what each layer is, with at least one layer');
}

const attention = gqaAttention({
  module: 'mixer',
  headDim: 128,
});

/** Older files name the head size `attention_head_dim`. */
const namedHeadDim: AttentionReader = (fields, frame) => {
  const headDim = fields.optionalCount(['head_dim', 'attention_head_dim'], LIMITS.heads);
  return attention(headDim === null ? fields : fields.withDefaults({ head_dim: headDim }), frame);
};

/** Defaults of `NemotronHConfig`; `mamba_*` are the names of its oldest files. */
const mamba = mamba2({
  module: 'mixer',
  fields: {
    heads: [['mamba_num_heads'], 128],
    headDim: ['mamba_head_dim'],
    headDimOtherwise: 64,
    groups: [['mamba_n_groups', 'n_groups'], 8],
    stateSize: [['ssm_state_size'], 128],
    kernel: ['mamba_d_conv', 'conv_kernel'],
    expand: ['mamba_expand', 'expand'],
  },
  inBias: flag('use_bias', false),
  outBias: flag('use_bias', false),
  convolutionBias: (fields) => fields.flag(['mamba_conv_bias', 'use_conv_bias'], true),
});

const noAttention: AttentionReader = () => () => NO_ATTENTION;
const noFfn: FfnReader = () => () => NO_FFN;
const mlp = denseFfn({ module: 'mixer', isGated: false, bias: mlpBias });

function sharedExperts(fields: ConfigFields, { hiddenSize }: Frame): Weight[] {
  const number = fields.optionalCount(['n_shared_experts'], LIMITS.experts, 0) ?? 1;
  const each = fields.count(['moe_shared_expert_intermediate_size'], LIMITS.width, 'the width of a shared expert');
  if (number === 0) return [];
  const shape = { hiddenSize, width: number * each, isGated: false, hasBias: mlpBias(fields) };
  return ffnWeights('sharedExperts', 'mixer.shared_experts', shape);
}

/** One projection into a latent width and one back, where the file names such a width. */
function latentExperts(fields: ConfigFields, { hiddenSize }: Frame): LatentExperts | null {
  const size = fields.optionalCount(['moe_latent_size'], LIMITS.width);
  if (size === null) return null;
  const hasBias = mlpBias(fields);
  return {
    size,
    projections: [
      ...linear('sharedExperts', 'mixer.fc1_latent_proj', size, hiddenSize, { hasBias }),
      ...linear('sharedExperts', 'mixer.fc2_latent_proj', hiddenSize, size, { hasBias }),
    ],
  };
}

/** Experts of two matrices. */
const moe = moeFfn({
  module: 'mixer',
  isGated: false,
  expertWidth: ['moe_intermediate_size'],
  latent: latentExperts,
  shared: sharedExperts,
});

/**
 * Nemotron-H and Nemotron 3: every layer is one sub-layer behind one norm. Its published totals leave out the correction biases
 * of the routers.
 */
const nemotronH: DecoderFamily = {
  defaults: {
    num_attention_heads: 32,
    num_key_value_heads: 8,
    intermediate_size: 21_504,
    n_routed_experts: 8,
    num_experts_per_tok: 2,
    moe_intermediate_size: 7688,
    moe_shared_expert_intermediate_size: 7688,
  },
  attention: byLayerType(
    {
      attention: namedHeadDim,
      full_attention: namedHeadDim,
      linear_attention: mamba,
      mamba,
      mlp: noAttention,
      moe: noAttention,
    },
    patternRule,
  ),
  ffn: byLayerType(
    { attention: noFfn, full_attention: noFfn, linear_attention: noFfn, mamba: noFfn, mlp, moe },
    patternRule,
  ),
  norms: { kind: 'weight', perLayer: 1 },
  // NemotronHForCausalLM shares no weights, whatever the file says.
  isHeadTied: never,
  layerTypes: ['attention', 'full_attention', 'linear_attention', 'mamba', 'mlp', 'moe'],
  numLayers,
  // A layer of attention and one of experts, each behind its norm, with three more beside them.
  mtpParameters: nextTokenBlocks({ attention: namedHeadDim, ffn: moe }),
};

/** Decoders whose layers are single sub-layers, by `model_type`. */
export const NEMOTRON_H_FAMILIES: Record<string, DecoderFamily> = { nemotron_h: nemotronH };
