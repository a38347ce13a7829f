import { LIMITS } from '../fields.ts';
import type { AttentionReader } from '../frame.ts';
import { linear, table, vector } from '../weight.ts';
import type { AttentionKindEntry } from './kind.ts';
import { convolutionState, recurrence } from './recurrence.ts';

/**
 * Gated short convolution (LFM2): h·3h + h·w + h·h, biases with `conv_bias`. What it keeps are the inputs of its last tokens.
 * Defaults of `Lfm2Config`.
 */
export function shortConvolution(module = 'conv'): AttentionReader {
  return (fields, { hiddenSize }) => {
    const kernel = fields.optionalCount(['conv_L_cache'], LIMITS.width) ?? 3;
    const hasBias = fields.flag(['conv_bias'], false);
    const splitUnits = hiddenSize;
    const attention = recurrence({
      kind: 'shortConvolution',
      label: `short convolution over ${kernel} tokens`,
      weights: [
        ...linear('attention', `${module}.in_proj`, 3 * hiddenSize, hiddenSize, { hasBias, splitUnits }),
        table('attention', `${module}.conv`, hiddenSize, kernel, splitUnits),
        ...(hasBias ? [vector('attention', `${module}.conv.bias`, hiddenSize, splitUnits)] : []),
        ...linear('attention', `${module}.out_proj`, hiddenSize, hiddenSize, {
          hasBias,
          splitUnits,
          splitsInputs: true,
        }),
      ],
      numHeads: null,
      state: [convolutionState(hiddenSize, kernel, splitUnits)],
      // The gates before and after; the convolution itself is counted with its weights.
      flop: 2 * hiddenSize,
    });
    return () => attention;
  };
}

export const SHORT_CONVOLUTION: AttentionKindEntry = {
  words: 'short convolutions',
  shortName: 'Short conv',
  isRecurrence: true,
  layerTypes: ['conv'],
  telltales: ['conv_L_cache'],
  read: shortConvolution(),
};
