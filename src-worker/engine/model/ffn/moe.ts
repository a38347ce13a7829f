import { LIMITS, type ConfigFields } from '../fields.ts';
import { NAMES, never, type FfnReader, type FlagRule, type Frame } from '../frame.ts';
import type { MoeFfn } from '../types.ts';
import { denseFfn, ffnParameters } from './dense.ts';

/** Which layers have experts: reads the fields once, then says it of each layer. */
export type SparseRule = (fields: ConfigFields, frame: Frame) => (layer: number) => boolean;

export interface MoeOptions {
  sparse?: SparseRule;
  /** Field the width of one expert is read from when several are present. */
  expertWidth?: readonly string[];
  /** Biases inside every expert. */
  expertBias?: FlagRule;
  /** One number per expert beside the router: a bias or a correction of its scores. */
  routerBias?: FlagRule;
  /** Parameters of all shared experts of a layer, with their gate. */
  shared?: (fields: ConfigFields, frame: Frame, expertWidth: number) => number;
  /** The layers without experts. */
  dense?: FfnReader;
}

export const everyLayer: SparseRule = () => () => true;

/** Qwen: every `decoder_sparse_step`-th layer, except those `mlp_only_layers` names. */
export const sparseSteps: SparseRule = (fields) => {
  const step = fields.optionalCount(['decoder_sparse_step'], LIMITS.layers) ?? 1;
  const isLayer = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0;
  const dense = fields.optionalList(['mlp_only_layers'], LIMITS.layers, isLayer, 'a layer number from 0') ?? [];
  const isDense = new Set(dense);
  return (layer) => !isDense.has(layer) && (layer + 1) % step === 0;
};

/** DeepSeek, GLM: the first `first_k_dense_replace` layers are dense, then every `moe_layer_freq`-th has experts. */
export const afterDenseLayers: SparseRule = (fields) => {
  const first = fields.optionalCount(['first_k_dense_replace'], LIMITS.layers, 0) ?? 0;
  const every = fields.optionalCount(['moe_layer_freq'], LIMITS.layers) ?? 1;
  return (layer) => layer >= first && layer % every === 0;
};

/** ERNIE: from `moe_layer_start_index` to `moe_layer_end_index`, every `moe_layer_interval`-th. */
export const layerRange: SparseRule = (fields, frame) => {
  const first = fields.optionalCount(['moe_layer_start_index'], LIMITS.layers, 0) ?? 0;
  const last = fields.optionalCount(['moe_layer_end_index'], LIMITS.layers, 0) ?? frame.numLayers - 1;
  const every = fields.optionalCount(['moe_layer_interval'], LIMITS.layers) ?? 1;
  return (layer) => layer >= first && layer <= last && (layer + 1) % every === 0;
};

/** Shared experts counted by a field, each as wide as a routed one. */
export const sharedOfExpertWidth =
  (field: string) =>
  (fields: ConfigFields, frame: Frame, expertWidth: number): number =>
    3 * frame.hiddenSize * expertWidth * (fields.optionalCount([field], LIMITS.experts, 0) ?? 0);

/** One shared expert of its own width behind a sigmoid gate (Qwen2-MoE). */
export const gatedSharedExpert = (fields: ConfigFields, frame: Frame): number => {
  const width = fields.optionalCount(['shared_expert_intermediate_size'], LIMITS.width, 0) ?? 0;
  return width === 0 ? 0 : 3 * frame.hiddenSize * width + frame.hiddenSize;
};

/**
 * Mixture of experts: per sparse layer a router h·E, E routed experts of 3·h·m each (with biases 2m + h where the family
 * has them) and the shared experts; a token uses k routed experts and all shared ones.
 */
export function moeFfn(options: MoeOptions = {}): FfnReader {
  const { sparse = everyLayer, expertWidth = NAMES.expertWidth, dense = denseFfn() } = options;
  return (fields, frame) => {
    const { hiddenSize } = frame;
    const numExperts = fields.count(NAMES.numExperts, LIMITS.experts, 'the number of routed experts');
    const numExpertsPerToken = fields.count(NAMES.expertsPerToken, LIMITS.experts, 'the experts a token uses');
    if (numExpertsPerToken > numExperts) {
      throw fields.invalid(NAMES.expertsPerToken[0], numExpertsPerToken, `at most the ${numExperts} experts there are`);
    }
    const width = fields.count(expertWidth, LIMITS.width, 'the inner width of one expert');
    const parametersPerExpert = ffnParameters(hiddenSize, width, true, (options.expertBias ?? never)(fields));
    const routerBias = (options.routerBias ?? never)(fields) ? numExperts : 0;
    const routerParameters = hiddenSize * numExperts + routerBias;
    const sharedParameters = options.shared?.(fields, frame, width) ?? 0;
    const experts: MoeFfn = {
      kind: 'moe',
      numExperts,
      numExpertsPerToken,
      parametersPerExpert,
      sharedParameters,
      routerParameters,
      parameters: routerParameters + sharedParameters + numExperts * parametersPerExpert,
    };
    const isSparse = sparse(fields, frame);
    const layers = Array.from({ length: frame.numLayers }, (_, layer) => isSparse(layer));
    // Models with experts everywhere need no dense width in their file, so it is read only where a layer uses it.
    const denseOf = layers.includes(false) ? dense(fields, frame) : null;
    return (layer) => (layers[layer] || !denseOf ? experts : denseOf(layer));
  };
}
