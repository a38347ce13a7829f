import { LIMITS, type ConfigFields } from '../fields.ts';
import { NAMES, type FfnReader } from '../frame.ts';
import type { Ffn } from '../types.ts';
import { linear, sumOfParameters, vector } from '../weight.ts';
import { denseLayer, ffnWeights, writtenWidth } from './dense.ts';

/**
 * Experts with weights that a token uses on average. The router chooses among these and experts that only hand their input
 * on; LongCat-Flash steers its router so that the share of each sort is that of its number (12 of 512 + 256: 8).
 */
function meanExperts(fields: ConfigFields, numExperts: number, numZeroExperts: number): number {
  const chosen = fields.count(NAMES.expertsPerToken, LIMITS.experts, 'the experts a token uses');
  if (chosen > numExperts + numZeroExperts) {
    throw fields.invalid('moe_topk', chosen, `at most the ${numExperts + numZeroExperts} experts there are`);
  }
  return Math.max(1, Math.round((chosen * numExperts) / (numExperts + numZeroExperts)));
}

/**
 * LongCat: two sub-layers of attention + dense network make one layer, and a mixture of experts starts from the first
 * sub-layer's attention and is added after the second. Here each sub-layer is a layer; the experts stand in the first. Some
 * experts of the router are zero-computation ones: rows of the router, no weights.
 */
export const shortcutFfn: FfnReader = (fields, { hiddenSize }) => {
  const width = writtenWidth(fields);
  const numExperts = fields.count(NAMES.numExperts, LIMITS.experts, 'the number of routed experts');
  const numZeroExperts = fields.optionalCount(['zero_expert_num'], LIMITS.experts, 0) ?? 0;
  const expertWidth = fields.count(
    ['expert_ffn_hidden_size', 'moe_intermediate_size'],
    LIMITS.width,
    'the inner width of one expert',
  );
  const numExpertsPerToken = meanExperts(fields, numExperts, numZeroExperts);
  const hasBias = fields.flag(['router_bias'], false);
  const choices = numExperts + numZeroExperts;
  const experts = ffnWeights('experts', 'mlp.experts.*', { hiddenSize, width: expertWidth, count: numExperts });
  const denseOf = (subLayer: 0 | 1): Ffn =>
    denseLayer(width, true, ffnWeights('denseFfn', `mlps.${subLayer}`, { hiddenSize, width }));
  const first = denseOf(0);
  const second = denseOf(1);
  const withExperts: Ffn = {
    kind: 'shortcut',
    label: `${first.label} + MoE about ${numExpertsPerToken} of ${numExperts} experts (${numZeroExperts} without weights)`,
    weights: [
      ...first.weights,
      ...linear('router', 'mlp.router.classifier', choices, hiddenSize, { hasBias }),
      vector('router', 'mlp.router.e_score_correction_bias', choices),
      ...experts,
    ],
    experts: { numExperts, numExpertsPerToken, parametersPerExpert: sumOfParameters(experts) / numExperts },
  };
  return (layer) => (layer % 2 === 0 ? withExperts : second);
};
