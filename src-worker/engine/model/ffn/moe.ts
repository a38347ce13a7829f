import { LIMITS, type ConfigFields } from '../fields.ts';
import { NAMES, never, type FfnReader, type FlagRule, type Frame } from '../frame.ts';
import { memoized } from '../memoized.ts';
import type { Ffn } from '../types.ts';
import { linear, sumOfParameters, vector, type Weight } from '../weight.ts';
import { denseFfn, ffnWeights } from './dense.ts';

/** Which layers have experts: reads the fields once, then says it of each layer. */
export type SparseRule = (fields: ConfigFields, frame: Frame) => (layer: number) => boolean;

/** Experts that work at a smaller width than the hidden size. */
export interface LatentExperts {
  size: number;
  /** The projections into that width and back, with what stands between them. */
  projections: Weight[];
}

interface MoeOptions {
  /** Module path before router and experts. */
  module?: string;
  /** Module of the router where it does not go by `gate` beside the experts. */
  router?: string;
  sparse?: SparseRule;
  /** Field the width of one expert is read from when several are present. */
  expertWidth?: readonly string[];
  /** False for experts of two matrices. */
  isGated?: boolean;
  /** Biases inside every expert. */
  expertBias?: FlagRule;
  /** One number per expert beside the router: a bias or a correction of its scores. */
  routerBias?: FlagRule;
  /** Weights of all shared experts of a layer, with their gate. */
  shared?: (fields: ConfigFields, frame: Frame, expertWidth: number) => Weight[];
  /** Experts between two projections of all tokens, where the family has them; null = the file does not. */
  latent?: (fields: ConfigFields, frame: Frame) => LatentExperts | null;
  /** Further weights of a layer with experts. */
  extraWeights?: (fields: ConfigFields, frame: Frame, numExperts: number) => Weight[];
  /** Experts a token uses, from the file; the plain rule reads one number for all layers. */
  expertsPerToken?: (fields: ConfigFields, frame: Frame) => (layer: number) => number;
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

/** A list with one entry for each layer; entries beyond are those of multi-token-prediction blocks. */
function perLayer<Entry>(
  name: string,
  entries: Entry[] | null,
  fields: ConfigFields,
  numLayers: number,
): Entry[] | null {
  if (entries && entries.length < numLayers) {
    throw fields.invalid(name, entries, `a list of ${numLayers} entries, one per layer`);
  }
  return entries;
}

/** Layers with experts as a list names them: `mlp_layer_types` ("sparse"), or `moe_layer_freq` with a number (1) for each. */
function listedSparse(fields: ConfigFields, numLayers: number): ((layer: number) => boolean) | null {
  const isType = (value: unknown): value is string => value === 'dense' || value === 'sparse';
  const types = fields.optionalList(['mlp_layer_types'], LIMITS.layers, isType, '"dense" or "sparse"');
  const listed = perLayer('mlp_layer_types', types, fields, numLayers);
  if (listed) return (layer) => listed[layer] === 'sparse';
  if (!fields.holdsList(['moe_layer_freq'])) return null;
  const isFlag = (value: unknown): value is number => value === 0 || value === 1;
  const flags = fields.optionalList(['moe_layer_freq'], LIMITS.layers, isFlag, '0 (dense) or 1 (experts)');
  const sparse = perLayer('moe_layer_freq', flags, fields, numLayers);
  return (layer) => sparse?.[layer] === 1;
}

/**
 * DeepSeek, GLM: layers as a list names them, else the first `first_k_dense_replace` are dense and then every
 * `moe_layer_freq`-th has experts.
 */
export const afterDenseLayers: SparseRule = (fields, frame) => {
  const listed = listedSparse(fields, frame.numLayers);
  if (listed) return listed;
  const first = fields.optionalCount(['first_k_dense_replace', 'num_dense_layers'], LIMITS.layers, 0) ?? 0;
  const every = fields.optionalCount(['moe_layer_freq'], LIMITS.layers) ?? 1;
  return (layer) => layer >= first && layer % every === 0;
};

/** ERNIE: from `moe_layer_start_index` to `moe_layer_end_index` (-1 = the last), every `moe_layer_interval`-th. */
export const layerRange: SparseRule = (fields, frame) => {
  const first = fields.optionalCount(['moe_layer_start_index'], LIMITS.layers, 0) ?? 0;
  const written = fields.optionalCount(['moe_layer_end_index'], LIMITS.layers, -1) ?? -1;
  const last = written === -1 ? frame.numLayers - 1 : written;
  const every = fields.optionalCount(['moe_layer_interval'], LIMITS.layers) ?? 1;
  return (layer) => layer >= first && layer <= last && (layer + 1) % every === 0;
};

/** Characters of a list of all layers a model may have, written as a text. */
const LONGEST_LAYER_LIST = 20_000;

/** A field that lists the layers with experts: a list of layer numbers (0-based), or a text with commas ("4,5,6"). */
export const listedLayers =
  (field: string, otherwise: SparseRule): SparseRule =>
  (fields, frame) => {
    if (!fields.has(field)) return otherwise(fields, frame);
    const text = fields.holdsText([field]) ? fields.optionalText([field], LONGEST_LAYER_LIST) : null;
    if (text !== null && !/^\d+(\s*,\s*\d+)*$/.test(text)) {
      throw fields.invalid(field, text, 'layer numbers from 0, separated by commas');
    }
    const isLayer = (value: unknown): value is number =>
      typeof value === 'number' && Number.isInteger(value) && value >= 0;
    const listed =
      text?.split(',').map(Number) ??
      fields.optionalList([field], LIMITS.layers, isLayer, 'a layer number from 0') ??
      [];
    const isSparse = new Set(listed);
    return (layer) => isSparse.has(layer);
  };

/** Llama 4: every `interleave_moe_layer_step`-th layer has experts. */
export const interleavedLayers: SparseRule = (fields) => {
  const step = fields.optionalCount(['interleave_moe_layer_step'], LIMITS.layers) ?? 1;
  return (layer) => (layer + 1) % step === 0;
};

/** Every layer but the first has experts. */
export const afterFirstLayer: SparseRule = () => (layer) => layer > 0;

/** Shared experts counted by a field, each as wide as a routed one. */
export const sharedOfExpertWidth =
  (field: string, options: { module?: string; otherwise?: number; bias?: FlagRule } = {}) =>
  (fields: ConfigFields, { hiddenSize }: Frame, expertWidth: number): Weight[] => {
    const { module = 'mlp.shared_experts', otherwise = 0, bias = never } = options;
    const number = fields.optionalCount([field], LIMITS.experts, 0) ?? otherwise;
    const shape = { hiddenSize, width: number * expertWidth, hasBias: bias(fields) };
    return number === 0 ? [] : ffnWeights('sharedExperts', module, shape);
  };

/** One shared expert of its own width behind a sigmoid gate (Qwen2-MoE). */
export const gatedSharedExpert = (fields: ConfigFields, { hiddenSize }: Frame): Weight[] => {
  const width = fields.optionalCount(['shared_expert_intermediate_size'], LIMITS.width, 0) ?? 0;
  if (width === 0) return [];
  return [
    ...ffnWeights('sharedExperts', 'mlp.shared_expert', { hiddenSize, width }),
    ...linear('sharedExperts', 'mlp.shared_expert_gate', 1, hiddenSize),
  ];
};

/** The experts a token uses: one number for every layer. */
const sameInEveryLayer = (fields: ConfigFields): ((layer: number) => number) => {
  const number = fields.count(NAMES.expertsPerToken, LIMITS.experts, 'the experts a token uses');
  return () => number;
};

interface MoeShape {
  module: string;
  /** Module of the router, with its path inside the layer. */
  router?: string;
  numExperts: number;
  numExpertsPerToken: number;
  hiddenSize: number;
  expertWidth: number;
  isGated: boolean;
  hasExpertBias: boolean;
  hasRouterBias: boolean;
  shared: Weight[];
  latent?: LatentExperts | null;
  extra?: Weight[];
}

/** A mixture of experts of given sizes in the terms of all kinds. */
export function moeLayer(shape: MoeShape): Ffn {
  const { module, numExperts, numExpertsPerToken, hiddenSize, expertWidth: width, isGated, shared } = shape;
  const { router = `${module}.gate`, latent = null } = shape;
  const expert = { hiddenSize: latent?.size ?? hiddenSize, width, isGated, hasBias: shape.hasExpertBias };
  const experts = ffnWeights('experts', module === '' ? 'experts.*' : `${module}.experts.*`, {
    ...expert,
    count: numExperts,
  });
  return {
    kind: 'moe',
    label: `MoE ${numExpertsPerToken} of ${numExperts} experts${shared.length > 0 ? ' + shared' : ''}`,
    weights: [
      ...linear('router', router, numExperts, hiddenSize),
      ...(shape.hasRouterBias ? [vector('router', `${router}.bias`, numExperts)] : []),
      ...(shape.extra ?? []),
      ...shared,
      ...(latent?.projections ?? []),
      ...experts,
    ],
    experts: { numExperts, numExpertsPerToken, parametersPerExpert: sumOfParameters(experts) / numExperts },
  };
}

/**
 * Mixture of experts: per sparse layer a router h·E, E routed experts of 3·h·m each (with biases 2m + h where the family
 * has them) and the shared experts; a token uses k routed experts and all shared ones.
 */
export function moeFfn(options: MoeOptions = {}): FfnReader {
  const { sparse = everyLayer, expertWidth = NAMES.expertWidth, dense = denseFfn(), module = 'mlp' } = options;
  return (fields, frame) => {
    const { hiddenSize } = frame;
    const numExperts = fields.count(NAMES.numExperts, LIMITS.experts, 'the number of routed experts');
    const chosenOf = (options.expertsPerToken ?? sameInEveryLayer)(fields, frame);
    const width = fields.count(expertWidth, LIMITS.width, 'the inner width of one expert');
    const fixed = {
      module,
      ...(options.router === undefined ? {} : { router: options.router }),
      extra: options.extraWeights?.(fields, frame, numExperts) ?? [],
      numExperts,
      hiddenSize,
      expertWidth: width,
      latent: options.latent?.(fields, frame) ?? null,
      isGated: options.isGated ?? true,
      hasExpertBias: (options.expertBias ?? never)(fields),
      hasRouterBias: (options.routerBias ?? never)(fields),
      shared: options.shared?.(fields, frame, width) ?? [],
    };
    const expertsOf = memoized((numExpertsPerToken: number): Ffn => {
      if (numExpertsPerToken > numExperts) {
        const cure = `at most the ${numExperts} experts there are`;
        throw fields.invalid(NAMES.expertsPerToken, numExpertsPerToken, cure);
      }
      return moeLayer({ ...fixed, numExpertsPerToken });
    });
    const isSparse = sparse(fields, frame);
    const layers = Array.from({ length: frame.numLayers }, (_, layer) => isSparse(layer));
    // Models with experts everywhere need no dense width in their file, so it is read only where a layer uses it.
    const denseOf = layers.includes(false) ? dense(fields, frame) : null;
    return (layer) => (layers[layer] || !denseOf ? expertsOf(chosenOf(layer)) : denseOf(layer));
  };
}

/** A family whose files may name no experts at all: those layers are dense. */
export const moeOrDense =
  (moe: FfnReader, dense: FfnReader = denseFfn()): FfnReader =>
  (fields, frame) =>
    (fields.has(...NAMES.numExperts) ? moe : dense)(fields, frame);
