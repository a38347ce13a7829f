import { gqaLayer, gqaWeights, type HeadShape } from '../attention/gqa.ts';
import { slidingWindow } from '../attention/window.ts';
import { ffnWeights } from '../ffn/dense.ts';
import { afterDenseLayers, moeFfn, type SparseRule } from '../ffn/moe.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { flag, NAMES, type AttentionReader, type Frame } from '../frame.ts';
import { memoized } from '../memoized.ts';
import { linear, type Weight } from '../weight.ts';
import { RMS_NORMS } from './shared.ts';
import type { DecoderFamily } from './types.ts';

const SLIDING_HEADS = ['num_sliding_attention_heads', 'attention_other_setting.num_attention_heads'];

/** Grouped-query attention whose sliding layers may have more query heads, with one gate per head and q/k norms per head. */
const stepAttention: AttentionReader = (fields, frame) => {
  const fullHeads = fields.count(NAMES.numHeads, LIMITS.heads, 'the number of query heads');
  const slidingHeads = fields.optionalCount(SLIDING_HEADS, LIMITS.heads) ?? fullHeads;
  const groups = [...NAMES.numKvHeads, 'num_attention_groups'];
  const numKvHeads = fields.count(groups, LIMITS.heads, 'the number of KV heads');
  const headDim = fields.count(NAMES.headDim, LIMITS.heads, 'the size of one head');
  const hasGate = fields.flag(['use_head_wise_attn_gate'], true);
  const windowOf = slidingWindow()(fields, frame);
  const layerOf = memoized((windowTokens: number | null) => {
    const numHeads = windowTokens === null ? fullHeads : slidingHeads;
    if (numHeads % numKvHeads !== 0)
      throw fields.invalid('num_attention_groups', numKvHeads, `a divisor of ${numHeads}`);
    const heads: HeadShape = { numHeads, numKvHeads, headDim, valueHeadDim: headDim };
    const projections = { module: 'self_attn', hasQkvBias: false, hasOutBias: false, qkNorm: 2 * headDim };
    const gate = linear('attention', 'self_attn.g_proj', numHeads, frame.hiddenSize, { splitUnits: numHeads });
    const weights = [...gqaWeights(frame.hiddenSize, heads, projections), ...(hasGate ? gate : [])];
    return gqaLayer({ heads, windowTokens, weights });
  });
  return (layer) => layerOf(windowOf(layer));
};

/** `moe_layers_enum` lists the layers with experts ("3,4,5"); without it and its later spellings they start at layer 3. */
const stepSparse: SparseRule = (fields, frame) => {
  if (!fields.holdsText(['moe_layers_enum'])) return afterDenseLayers(fields, frame);
  const listed = fields.optionalText(['moe_layers_enum'], LONGEST_LAYER_LIST) ?? '';
  if (!/^\d+(,\d+)*$/.test(listed)) {
    throw fields.invalid('moe_layers_enum', listed, 'layer numbers from 0, divided by commas');
  }
  const layers = new Set(listed.split(',').map(Number));
  return (layer) => layers.has(layer);
};
const LONGEST_LAYER_LIST = 20_000;

const sharedExpert = (fields: ConfigFields, { hiddenSize }: Frame): Weight[] => {
  const width = fields.optionalCount(['share_expert_dim', 'share_expert_dims'], LIMITS.width, 0) ?? 0;
  return width === 0 ? [] : ffnWeights('sharedExperts', 'share_expert', { hiddenSize, width });
};

/** Step 3.5 and 3.7: shapes and defaults of Transformers' Step3p7Text classes. */
const step: DecoderFamily = {
  attention: stepAttention,
  ffn: moeFfn({
    module: 'moe',
    sparse: stepSparse,
    expertWidth: ['moe_intermediate_size'],
    routerBias: flag('use_moe_router_bias', true),
    shared: sharedExpert,
  }),
  norms: RMS_NORMS,
  isHeadTied: false,
  defaults: {
    vocab_size: 128815,
    hidden_size: 4096,
    intermediate_size: 11264,
    num_hidden_layers: 45,
    num_attention_heads: 64,
    num_attention_groups: 8,
    head_dim: 128,
    moe_intermediate_size: 1280,
    share_expert_dim: 1280,
    n_routed_experts: 288,
    num_experts_per_tok: 8,
    first_k_dense_replace: 3,
  },
};

/** A file that lists sliding layers but not their heads: the published ones have more there (96 beside 64). */
const leavesHeadsOpen = (fields: ConfigFields): boolean =>
  fields.has('sliding_window') && !fields.has(...SLIDING_HEADS);

/** Step's decoders, by `model_type`. */
export const STEP_FAMILIES: Record<string, DecoderFamily> = {
  step3p5: step,
  step3p7: {
    ...step,
    isEstimated: leavesHeadsOpen,
    assumptions: (fields) =>
      leavesHeadsOpen(fields)
        ? [
            'The number of query heads in sliding layers (attention_other_setting) is not known: as many as in the others are assumed.',
          ]
        : [],
  },
};
