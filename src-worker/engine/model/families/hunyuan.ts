import { gqaAttention, gqaByLayer, perHeadNorm, readHeads, type GqaShapeRule } from '../attention/gqa.ts';
import { denseFfn, ffnWeights } from '../ffn/dense.ts';
import { afterDenseLayers, afterFirstLayer, moeFfn, moeLayer, sharedOfExpertWidth } from '../ffn/moe.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { always, flag, NAMES, type FfnReader, type Frame } from '../frame.ts';
import type { Ffn } from '../types.ts';
import { attentionBias, mlpBias, RMS_NORMS } from './shared.ts';
import type { DecoderFamily } from './types.ts';
import { nextTokenBlocks } from './mtp.ts';

/** Norms on queries and keys: always in the Transformers class; the first files could leave them out by `use_qk_norm`. */
const qkNorm = flag('use_qk_norm', true);

/** With cross-layer attention only the first of each `cla_share_factor` layers has keys and values of its own. */
const shapes: GqaShapeRule = (fields, frame) => {
  const heads = readHeads(fields, frame);
  const factor = fields.flag(['use_cla'], false) ? (fields.optionalCount(['cla_share_factor'], LIMITS.layers) ?? 1) : 1;
  const hasBias = attentionBias(fields);
  const norm = qkNorm(fields) ? perHeadNorm(heads) : 0;
  return (layer) => ({
    heads,
    windowTokens: null,
    sharesKv: layer % factor !== 0,
    qkNorm: norm,
    hasQkvBias: hasBias,
    hasOutBias: hasBias,
  });
};

/** A number the files write once or for each layer. */
function perLayer(
  fields: ConfigFields,
  frame: Frame,
  names: readonly string[],
  otherwise: number,
): (layer: number) => number {
  const written = fields.optionalCountPerLayer(names, LIMITS.width, frame.numLayers, 0);
  return (layer) => written?.(layer) ?? otherwise;
}

/** Experts, chosen ones, their width and the shared ones, each written once or for each layer. */
const mixedMoe: FfnReader = (fields, frame) => {
  const { hiddenSize } = frame;
  const width = fields.count(['intermediate_size'], LIMITS.width, 'the inner width of the feed-forward network');
  const expertsOf = perLayer(fields, frame, NAMES.numExperts, 1);
  const chosenOf = perLayer(fields, frame, ['moe_topk', 'num_experts_per_tok'], 1);
  const expertWidthOf = perLayer(fields, frame, ['moe_intermediate_size'], width);
  const sharedOf = perLayer(fields, frame, ['num_shared_expert'], 1);
  const hasShared = flag('use_mixed_mlp_moe', true)(fields);
  const numDense = fields.optionalCount(['moe_layer_num_skipped'], LIMITS.layers, 0) ?? 0;
  const denseOf = denseFfn({ bias: mlpBias })(fields, frame);
  const known = new Map<string, Ffn>();
  return (layer) => {
    const numExperts = expertsOf(layer);
    if (numExperts <= 1 || layer < numDense) return denseOf(layer);
    const numExpertsPerToken = chosenOf(layer);
    if (numExpertsPerToken < 1 || numExpertsPerToken > numExperts) {
      throw fields.invalid('moe_topk', numExpertsPerToken, `from 1 to the ${numExperts} experts there are`);
    }
    const sizes = {
      numExperts,
      numExpertsPerToken,
      expertWidth: expertWidthOf(layer),
      sharedWidth: hasShared ? width * sharedOf(layer) : 0,
    };
    const key = JSON.stringify(sizes);
    const found = known.get(key);
    if (found) return found;
    const shared =
      sizes.sharedWidth === 0
        ? []
        : ffnWeights('sharedExperts', 'mlp.shared_mlp', { hiddenSize, width: sizes.sharedWidth });
    const ffn = moeLayer({
      ...sizes,
      module: 'mlp',
      hiddenSize,
      isGated: true,
      hasExpertBias: false,
      hasRouterBias: false,
      shared,
    });
    known.set(key, ffn);
    return ffn;
  };
};

const hunyuan: DecoderFamily = {
  attention: gqaByLayer(shapes),
  ffn: mixedMoe,
  norms: RMS_NORMS,
  isHeadTied: false,
};

const hunyuanDense: DecoderFamily = { ...hunyuan, ffn: denseFfn({ bias: mlpBias }) };

const hyV3Attention = gqaAttention({ qkvBias: attentionBias, outBias: attentionBias, qkNorm: perHeadNorm });
const hyV3Ffn = moeFfn({
  // HYV3Config: the first layer is dense where `mlp_layer_types` does not say.
  sparse: (fields, frame) =>
    (fields.has('mlp_layer_types', 'first_k_dense_replace') ? afterDenseLayers : afterFirstLayer)(fields, frame),
  expertWidth: ['moe_intermediate_size'],
  routerBias: always,
  shared: sharedOfExpertWidth('num_shared_experts', { bias: mlpBias }),
  dense: denseFfn({ bias: mlpBias }),
});

const hyV3: DecoderFamily = {
  defaults: { num_shared_experts: 1, num_key_value_heads: 8, head_dim: 128 },
  attention: hyV3Attention,
  ffn: hyV3Ffn,
  norms: RMS_NORMS,
  isHeadTied: false,
  mtpParameters: nextTokenBlocks({ attention: hyV3Attention, ffn: hyV3Ffn }),
};

/** Tencent's Hunyuan decoders, by `model_type`. */
export const HUNYUAN_FAMILIES: Record<string, DecoderFamily> = {
  hunyuan,
  hunyuan_v1_dense: hunyuanDense,
  hunyuan_v1_moe: hunyuan,
  hy_v3: hyV3,
};
