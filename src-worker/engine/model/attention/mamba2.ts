import { LIMITS, type ConfigFields } from '../fields.ts';
import { always, never, type AttentionReader, type FlagRule, type Frame } from '../frame.ts';
import { commonDivisor } from '../heads.ts';
import type { StateShare } from '../types.ts';
import { linear, table, vector, type Weight } from '../weight.ts';
import type { AttentionKindEntry } from './kind.ts';
import { convolutionState, recurrence, recurrentStateBytes } from './recurrence.ts';

interface Mamba2Shape {
  hiddenSize: number;
  numHeads: number;
  headDim: number;
  /** Groups of heads that share their input and output vectors. */
  numGroups: number;
  stateSize: number;
  kernel: number;
  hasInBias: boolean;
  hasOutBias: boolean;
  hasConvolutionBias: boolean;
  hasNorm: boolean;
}

/** Fields a family keeps the sizes in, with the defaults of its Transformers class. */
interface Mamba2Fields {
  heads: readonly [names: readonly string[], otherwise: number];
  /** A file may say "auto"; absent or "auto" = the width over the heads. */
  headDim: readonly string[];
  headDimOtherwise?: number;
  groups: readonly [name: readonly string[], otherwise: number];
  stateSize: readonly [names: readonly string[], otherwise: number];
  kernel: readonly string[];
  expand: readonly string[];
  /** Width of all heads from the file, where the family has a field of its own for it. */
  width?: (fields: ConfigFields, frame: Frame) => number | null;
}

export interface Mamba2Options {
  module?: string;
  fields: Mamba2Fields;
  inBias?: FlagRule;
  outBias?: FlagRule;
  convolutionBias?: FlagRule;
  /** The gated norm before the output projection. */
  norm?: FlagRule;
}

function readShape(fields: ConfigFields, frame: Frame, options: Mamba2Options): Mamba2Shape {
  const { heads, headDim, headDimOtherwise, groups, stateSize, kernel, expand, width } = options.fields;
  const numHeads = fields.optionalCount(heads[0], LIMITS.heads) ?? heads[1];
  const numGroups = fields.optionalCount(groups[0], LIMITS.heads) ?? groups[1];
  if (numHeads % numGroups !== 0) {
    throw fields.invalid(groups[0], numGroups, `a divisor of the ${numHeads} Mamba heads`);
  }
  const written = fields.holdsText(headDim) ? null : fields.optionalCount(headDim, LIMITS.width);
  const ofWidth = (width?.(fields, frame) ?? fields.scaledWidth(expand, frame.hiddenSize, 2, LIMITS.width)) / numHeads;
  const size = written ?? headDimOtherwise ?? ofWidth;
  if (!Number.isInteger(size)) {
    throw fields.invalid(
      heads[0][0] ?? '',
      numHeads,
      `a divisor of the width ${ofWidth * numHeads} of the Mamba layers`,
    );
  }
  return {
    hiddenSize: frame.hiddenSize,
    numHeads,
    headDim: size,
    numGroups,
    stateSize: fields.optionalCount(stateSize[0], LIMITS.width) ?? stateSize[1],
    kernel: fields.optionalCount(kernel, LIMITS.width) ?? 4,
    hasInBias: (options.inBias ?? never)(fields),
    hasOutBias: (options.outBias ?? never)(fields),
    hasConvolutionBias: (options.convolutionBias ?? always)(fields),
    hasNorm: (options.norm ?? always)(fields),
  };
}

/**
 * di = heads · size, cd = di + 2·G·N: h·(di + cd + nh) + cd·w (+ cd) + 3·nh + di (gated norm) + di·h. What belongs to heads
 * and what belongs to groups is told apart, because a group that several GPUs need is copied to each.
 */
function mamba2Weights(shape: Mamba2Shape, module: string): Weight[] {
  const { hiddenSize, numHeads, headDim, numGroups, stateSize, kernel, hasInBias, hasOutBias } = shape;
  const width = numHeads * headDim;
  const grouped = 2 * numGroups * stateSize;
  const own = (name: string, size: number, splitUnits: number): Weight =>
    vector('attention', `${module}.${name}`, size, splitUnits);
  const inProjection = (outputs: number, splitUnits: number): Weight[] =>
    linear('attention', `${module}.in_proj`, outputs, hiddenSize, { hasBias: hasInBias, splitUnits });
  return [
    ...inProjection(2 * width + numHeads, numHeads),
    ...inProjection(grouped, numGroups),
    table('attention', `${module}.conv1d`, width, kernel, numHeads),
    table('attention', `${module}.conv1d`, grouped, kernel, numGroups),
    ...(shape.hasConvolutionBias ? [own('conv1d.bias', width, numHeads), own('conv1d.bias', grouped, numGroups)] : []),
    own('A_log', numHeads, numHeads),
    own('D', numHeads, numHeads),
    own('dt_bias', numHeads, numHeads),
    ...(shape.hasNorm ? [own('norm', width, numHeads)] : []),
    ...linear('attention', `${module}.out_proj`, hiddenSize, width, {
      hasBias: hasOutBias,
      splitUnits: numHeads,
      splitsInputs: true,
    }),
  ];
}

/** The state of heads with a matrix of head size × N each, and that of the convolution before them. */
export function mamba2State(
  fields: ConfigFields,
  shape: Pick<Mamba2Shape, 'numHeads' | 'headDim' | 'numGroups' | 'stateSize' | 'kernel'>,
): StateShare[] {
  const { numHeads, headDim, numGroups, stateSize, kernel } = shape;
  const elements = numHeads * headDim * stateSize;
  return [
    { elements, bytesPerElement: recurrentStateBytes(fields), splitUnits: numHeads },
    convolutionState(numHeads * headDim, kernel, numHeads),
    ...(numGroups > 0 ? [convolutionState(2 * numGroups * stateSize, kernel, numGroups)] : []),
  ];
}

/** Per element of the state: decay, which is one number per head (1), input × B added (2), C · state (2). */
export const mamba2Flop = (shape: Pick<Mamba2Shape, 'numHeads' | 'headDim' | 'stateSize'>): number =>
  5 * shape.numHeads * shape.headDim * shape.stateSize;

export const mamba2Label = (shape: Pick<Mamba2Shape, 'numHeads' | 'headDim' | 'stateSize'>): string =>
  `Mamba-2, ${shape.numHeads} heads of ${shape.headDim} × ${shape.stateSize} states`;

/**
 * Mamba-2 (Dao and Gu, arXiv 2405.21060): a state-space model with heads. vLLM splits heads and groups; a single group is
 * copied to every GPU, several must be divided like the heads.
 */
export function mamba2(options: Mamba2Options): AttentionReader {
  return (fields, frame) => {
    const shape = readShape(fields, frame, options);
    const { numHeads, numGroups } = shape;
    const attention = recurrence({
      kind: 'mamba2',
      label: mamba2Label(shape),
      weights: mamba2Weights(shape, options.module ?? 'mamba'),
      numHeads: numGroups === 1 ? numHeads : commonDivisor([numHeads, numGroups]),
      state: mamba2State(fields, shape),
      flop: mamba2Flop(shape),
    });
    return () => attention;
  };
}

/** Names of Bamba, Granite 4 and Falcon-H1, with the defaults of their classes. */
export const BAMBA_FIELDS: Mamba2Fields = {
  heads: [['mamba_n_heads'], 128],
  headDim: ['mamba_d_head'],
  groups: [['mamba_n_groups'], 1],
  stateSize: [['mamba_d_state'], 256],
  kernel: ['mamba_d_conv'],
  expand: ['mamba_expand'],
};

/** The names Bamba and Nemotron-H use, for files of unknown families. */
const ANY_FIELDS: Mamba2Fields = {
  heads: [['mamba_n_heads', 'mamba_num_heads'], 128],
  headDim: ['mamba_d_head', 'mamba_head_dim'],
  groups: [['mamba_n_groups', 'n_groups'], 1],
  stateSize: [['mamba_d_state', 'ssm_state_size'], 128],
  kernel: ['mamba_d_conv', 'conv_kernel'],
  expand: ['mamba_expand', 'expand'],
};

export const MAMBA2: AttentionKindEntry = {
  words: 'state-space (Mamba-2) layers',
  shortName: 'Mamba-2',
  isRecurrence: true,
  layerTypes: ['mamba2', 'mamba'],
  telltales: ['mamba_n_heads', 'mamba_num_heads'],
  read: mamba2({ fields: ANY_FIELDS }),
};
