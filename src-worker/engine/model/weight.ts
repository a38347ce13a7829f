/** Groups of weights that are stored, read and computed alike. */
export type WeightClass =
  | 'attention'
  | 'denseFfn'
  | 'sharedExperts'
  | 'experts'
  | 'router'
  | 'embedding'
  | 'head'
  | 'norms'
  | 'vision'
  | 'audio';

/** One stored matrix or vector of a model, or several of one shape side by side (experts, the layers of a tower). */
export interface Weight {
  /** Module path inside its layer as the checkpoint names it, for example `self_attn.q_proj`. */
  name: string;
  weightClass: WeightClass;
  /** Output features of a matrix, length of a vector. */
  rows: number;
  /** Input features of a matrix; 1 for a vector. */
  columns: number;
  count: number;
  /** The weight of a linear layer: what quantization may touch. */
  isLinear: boolean;
  /**
   * Parts a tensor-parallel group can split it into: heads, inner features, tokens of the vocabulary. 1 = every GPU holds
   * all of it. GPUs beyond the parts hold copies.
   */
  splitUnits: number;
  /** True where an earlier layer already stores it: read and multiplied again here, but neither counted nor kept twice. */
  isReused?: boolean;
  /** The parts are of its inputs (columns), not of its outputs. */
  splitsInputs?: boolean;
}

export interface LinearOptions {
  hasBias?: boolean;
  /** See `Weight.splitUnits`; 1 unless said. */
  splitUnits?: number;
  /** True where the input features are split: the bias is then added once, so every GPU holds it whole. */
  splitsInputs?: boolean;
  count?: number;
}

/** A vector: norm weight, bias, sink. */
export const vector = (weightClass: WeightClass, name: string, size: number, splitUnits = 1, count = 1): Weight => ({
  name,
  weightClass,
  rows: size,
  columns: 1,
  count,
  isLinear: false,
  splitUnits,
});

/** A table or a kernel that is not the weight of a linear layer: embeddings, convolutions. */
export const table = (
  weightClass: WeightClass,
  name: string,
  rows: number,
  columns: number,
  splitUnits = 1,
  count = 1,
): Weight => ({ name, weightClass, rows, columns, count, isLinear: false, splitUnits });

/** The weight of a linear layer, outputs × inputs, with its bias where it has one. */
export function linear(
  weightClass: WeightClass,
  name: string,
  outputs: number,
  inputs: number,
  options: LinearOptions = {},
): Weight[] {
  const { hasBias = false, splitUnits = 1, splitsInputs = false, count = 1 } = options;
  const weight: Weight = {
    name,
    weightClass,
    rows: outputs,
    columns: inputs,
    count,
    isLinear: true,
    splitUnits,
    splitsInputs,
  };
  if (!hasBias) return [weight];
  return [weight, vector(weightClass, `${name}.bias`, outputs, splitsInputs ? 1 : splitUnits, count)];
}

export const parametersOf = ({ rows, columns, count }: Weight): number => rows * columns * count;

export const sumOfParameters = (weights: readonly Weight[]): number =>
  weights.reduce((sum, weight) => sum + parametersOf(weight), 0);

/** The same weights in a later layer that shares them with the first. */
export const reused = (weights: readonly Weight[]): Weight[] =>
  weights.map((weight) => ({ ...weight, isReused: true }));

/** Share of a weight that one GPU of a tensor-parallel group holds: its parts, rounded up. */
export const shareOnGpu = ({ splitUnits }: Pick<Weight, 'splitUnits'>, tensorParallel: number): number =>
  Math.ceil(splitUnits / tensorParallel) / splitUnits;
