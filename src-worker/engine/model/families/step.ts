import { gqaLayer, gqaWeights, type HeadShape } from '../attention/gqa.ts';
import { layerFields } from '../attention/layer-fields.ts';
import { layerTypes } from '../attention/layer-types.ts';
import { slidingWindow } from '../attention/window.ts';
import { denseFfn, ffnWeights } from '../ffn/dense.ts';
import { afterDenseLayers, listedLayers, moeFfn, type SparseRule } from '../ffn/moe.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { flag, NAMES, type AttentionReader, type Frame } from '../frame.ts';
import { memoized } from '../memoized.ts';
import { linear, type Weight } from '../weight.ts';
import { attentionBias, mlpBias, RMS_NORMS } from './shared.ts';
import type { DecoderFamily } from './types.ts';

const SLIDING_HEADS = ['num_sliding_attention_heads', 'attention_other_setting.num_attention_heads'];

/**
 * Query heads of each layer: sliding ones may have more. What Transformers 5 saves names them layer by layer.
 */
function queryHeads(fields: ConfigFields, frame: Frame): (layer: number) => number {
  const written = (own: ConfigFields): number => own.count(NAMES.numHeads, LIMITS.heads, 'the number of query heads');
  const ofLayer = layerFields(fields, frame.numLayers, ['num_attention_heads']);
  if (ofLayer) return (layer) => written(ofLayer(layer));
  const full = written(fields);
  const sliding = fields.optionalCount(SLIDING_HEADS, LIMITS.heads) ?? full;
  const types = layerTypes(fields, frame.numLayers);
  return (layer) => (types?.[layer] === 'sliding_attention' ? sliding : full);
}

/** Grouped-query attention with one gate per head and norms per head of queries and keys. */
const stepAttention: AttentionReader = (fields, frame) => {
  const headsOf = queryHeads(fields, frame);
  const groups = [...NAMES.numKvHeads, 'num_attention_groups'];
  const numKvHeads = fields.count(groups, LIMITS.heads, 'the number of KV heads');
  const headDim = fields.count(NAMES.headDim, LIMITS.heads, 'the size of one head');
  const hasGate = fields.flag(['use_head_wise_attn_gate'], true);
  const hasBias = attentionBias(fields);
  const windowOf = slidingWindow()(fields, frame);
  const layerOf = memoized((numHeads: number) => {
    if (numHeads % numKvHeads !== 0)
      throw fields.invalid('num_attention_groups', numKvHeads, `a divisor of ${numHeads}`);
    const heads: HeadShape = { numHeads, numKvHeads, headDim, valueHeadDim: headDim };
    const projections = { module: 'self_attn', hasQkvBias: hasBias, hasOutBias: hasBias, qkNorm: 2 * headDim };
    const gate = linear('attention', 'self_attn.g_proj', numHeads, frame.hiddenSize, { splitUnits: numHeads });
    const weights = [...gqaWeights(frame.hiddenSize, heads, projections), ...(hasGate ? gate : [])];
    return memoized((windowTokens: number | null) => gqaLayer({ heads, windowTokens, weights }));
  });
  return (layer) => layerOf(headsOf(layer))(windowOf(layer));
};

const listed = listedLayers('moe_layers_enum', afterDenseLayers);

/** `mlp_layer_types`, or the older `moe_layers_enum`, list the layers with experts; without either they start at layer 3. */
const stepSparse: SparseRule = (fields, frame) =>
  (fields.has('mlp_layer_types') ? afterDenseLayers : listed)(fields, frame);

const sharedExpert = (fields: ConfigFields, { hiddenSize }: Frame): Weight[] => {
  const width = fields.optionalCount(['share_expert_dim', 'share_expert_dims'], LIMITS.width, 0) ?? 0;
  const shape = { hiddenSize, width, hasBias: mlpBias(fields) };
  return width === 0 ? [] : ffnWeights('sharedExperts', 'share_expert', shape);
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
    dense: denseFfn({ bias: mlpBias }),
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
  fields.has('sliding_window') && !fields.has(...SLIDING_HEADS, 'per_layer_config');

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
