import { LIMITS, type ConfigFields } from '../fields.ts';
import type { AttentionReader, Frame } from '../frame.ts';
import { linear, table, vector, type Weight } from '../weight.ts';
import type { AttentionKindEntry } from './kind.ts';
import { convolutionState, recurrence, recurrentStateBytes } from './recurrence.ts';

interface Mamba1Shape {
  hiddenSize: number;
  /** Channels of the state-space model. */
  width: number;
  stateSize: number;
  kernel: number;
  timeStepRank: number;
  hasProjectionBias: boolean;
  hasConvolutionBias: boolean;
}

interface Mamba1Options {
  module?: string;
  /** Norms with weights on time step, input and output vectors (Jamba). */
  hasInnerNorms?: boolean;
  /**
   * A written `intermediate_size` is the width of the mixer and outranks `expand` (MambaConfig, FalconMambaConfig: it is set
   * over what the class computes). In hybrids it is that of the feed-forward network.
   */
  writesWidth?: boolean;
}

/** Names of `MambaConfig`, then those of `JambaConfig`. */
const NAMES = {
  stateSize: ['state_size', 'mamba_d_state'],
  kernel: ['conv_kernel', 'mamba_d_conv'],
  expand: ['expand', 'mamba_expand'],
  timeStepRank: ['time_step_rank', 'mamba_dt_rank'],
  projectionBias: ['use_bias', 'mamba_proj_bias'],
  convolutionBias: ['use_conv_bias', 'mamba_conv_bias'],
};

/** "auto" and absent are one sixteenth of the hidden size, rounded up. */
function timeStepRank(fields: ConfigFields, hiddenSize: number): number {
  const automatic = Math.ceil(hiddenSize / 16);
  if (!fields.holdsText(NAMES.timeStepRank)) {
    return fields.optionalCount(NAMES.timeStepRank, LIMITS.width) ?? automatic;
  }
  const text = fields.optionalText(NAMES.timeStepRank) ?? '';
  if (text !== 'auto') throw fields.invalid(NAMES.timeStepRank, text, 'a whole number or "auto"');
  return automatic;
}

/** Defaults of `MambaConfig` and `JambaConfig`, which agree. */
function readShape(fields: ConfigFields, { hiddenSize }: Frame, writesWidth: boolean): Mamba1Shape {
  const written = writesWidth ? fields.optionalCount(['intermediate_size'], LIMITS.width) : null;
  return {
    hiddenSize,
    width: written ?? fields.scaledWidth(NAMES.expand, hiddenSize, 2, LIMITS.width),
    stateSize: fields.optionalCount(NAMES.stateSize, LIMITS.width) ?? 16,
    kernel: fields.optionalCount(NAMES.kernel, LIMITS.width) ?? 4,
    timeStepRank: timeStepRank(fields, hiddenSize),
    hasProjectionBias: fields.flag(NAMES.projectionBias, false),
    hasConvolutionBias: fields.flag(NAMES.convolutionBias, true),
  };
}

/** h·2di + di·w (+ di) + di·(R + 2N) + R·di + di + di·N + di + di·h, with norms R + 2N where the family has them. */
function mamba1Weights(shape: Mamba1Shape, module: string, hasInnerNorms: boolean): Weight[] {
  const { hiddenSize, width, stateSize, kernel, timeStepRank: rank, hasProjectionBias: hasBias } = shape;
  const own = (name: string, size: number, splitUnits = 1): Weight =>
    vector('attention', `${module}.${name}`, size, splitUnits);
  const split = { splitUnits: width };
  return [
    ...linear('attention', `${module}.in_proj`, 2 * width, hiddenSize, { ...split, hasBias }),
    table('attention', `${module}.conv1d`, width, kernel, width),
    ...(shape.hasConvolutionBias ? [own('conv1d.bias', width, width)] : []),
    ...linear('attention', `${module}.x_proj`, rank + 2 * stateSize, width, { ...split, splitsInputs: true }),
    ...linear('attention', `${module}.dt_proj`, width, rank, { ...split, hasBias: true }),
    table('attention', `${module}.A_log`, width, stateSize, width),
    own('D', width, width),
    ...(hasInnerNorms ? [own('dt_layernorm', rank), own('b_layernorm', stateSize), own('c_layernorm', stateSize)] : []),
    ...linear('attention', `${module}.out_proj`, hiddenSize, width, { ...split, hasBias, splitsInputs: true }),
  ];
}

/**
 * Mamba (Gu and Dao, arXiv 2312.00752): a selective state-space model of N states for each of di channels, behind a short
 * convolution. Tensor parallelism deals out channels.
 */
export function mamba1(options: Mamba1Options = {}): AttentionReader {
  const { module = 'mixer', hasInnerNorms = false } = options;
  return (fields, frame) => {
    const shape = readShape(fields, frame, options.writesWidth ?? false);
    const { width, stateSize, kernel } = shape;
    const elements = width * stateSize;
    const attention = recurrence({
      kind: 'mamba1',
      label: `Mamba, ${width} channels of ${stateSize} states`,
      weights: mamba1Weights(shape, module, hasInnerNorms),
      numHeads: null,
      state: [
        { elements, bytesPerElement: recurrentStateBytes(fields), splitUnits: width },
        convolutionState(width, kernel, width),
      ],
      // Per state: exp(time step · A) (2), time step · input · B (1), decay and add (2), C · state (2).
      flop: 7 * elements,
    });
    return () => attention;
  };
}

export const MAMBA1: AttentionKindEntry = {
  words: 'state-space (Mamba) layers',
  shortName: 'Mamba',
  isRecurrence: true,
  layerTypes: ['mamba'],
  telltales: ['mamba_dt_rank', 'time_step_rank'],
  read: mamba1(),
};
