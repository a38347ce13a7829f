import { LIMITS, type ConfigFields } from '../fields.ts';
import { flag, NAMES, type AttentionReader } from '../frame.ts';
import { linear, vector } from '../weight.ts';
import type { AttentionKindEntry } from './kind.ts';
import { recurrence } from './recurrence.ts';

/** Widths are rounded up to whole multiples of this (xLSTMConfig, `qk_dim` and `v_dim`). */
const WIDTH_STEP = 64;

/** Bytes of the state: `inference_state_dtype`, 32-bit floats unless a file says otherwise. */
const STATE_BYTES: ReadonlyMap<string, number> = new Map([
  ['float32', 4],
  ['bfloat16', 2],
  ['float16', 2],
]);

/** A share of the hidden size, rounded up. */
const widthOf = (fields: ConfigFields, hiddenSize: number, factor: string, otherwise: number): number =>
  Math.ceil((hiddenSize * (fields.optionalPositive([factor], LIMITS.heads) ?? otherwise)) / WIDTH_STEP) * WIDTH_STEP;

/**
 * Matrix LSTM (xLSTM, arXiv 2405.04517; xLSTM-7B, arXiv 2503.13427): queries and keys of half the width of the values, an
 * input and a forget gate per head, an output gate per value. Each head keeps a matrix of keys × values, a vector of keys
 * and one number. Defaults of `xLSTMConfig`.
 */
export const mlstm: AttentionReader = (fields, { hiddenSize }) => {
  const numHeads = fields.optionalCount(NAMES.numHeads, LIMITS.heads) ?? 8;
  const keys = widthOf(fields, hiddenSize, 'qk_dim_factor', 0.5);
  const values = widthOf(fields, hiddenSize, 'v_dim_factor', 1);
  if (keys % numHeads !== 0 || values % numHeads !== 0) {
    throw fields.invalid('num_heads', numHeads, `a divisor of the widths ${keys} of keys and ${values} of values`);
  }
  const dtype = fields.optionalText(['inference_state_dtype']) ?? 'float32';
  const bytesPerElement = STATE_BYTES.get(dtype);
  if (bytesPerElement === undefined) {
    throw fields.invalid('inference_state_dtype', dtype, `one of ${[...STATE_BYTES.keys()].join(', ')}`);
  }
  const hasBias = flag('use_bias', false)(fields);
  const module = 'mlstm_layer';
  const split = { hasBias, splitUnits: numHeads };
  const gate = { hasBias: true, splitUnits: numHeads };
  const matrix = (keys / numHeads) * values;
  const attention = recurrence({
    kind: 'mlstm',
    label: `mLSTM, ${numHeads} heads of ${keys / numHeads} × ${values / numHeads}`,
    weights: [
      ...linear('attention', `${module}.q`, keys, hiddenSize, split),
      ...linear('attention', `${module}.k`, keys, hiddenSize, split),
      ...linear('attention', `${module}.v`, values, hiddenSize, split),
      ...linear('attention', `${module}.ogate_preact`, values, hiddenSize, split),
      ...linear('attention', `${module}.igate_preact`, numHeads, hiddenSize, gate),
      ...linear('attention', `${module}.fgate_preact`, numHeads, hiddenSize, gate),
      vector('attention', `${module}.multihead_norm`, hasBias ? 2 * values : values, numHeads),
      ...linear('attention', `${module}.out_proj`, hiddenSize, values, { ...split, splitsInputs: true }),
    ],
    numHeads,
    state: [{ elements: matrix + keys + numHeads, bytesPerElement, splitUnits: numHeads }],
    // Per element of the matrix: decay (1), key × value added (2), query · state (2).
    flop: 5 * matrix,
  });
  return () => attention;
};

export const MLSTM: AttentionKindEntry = {
  words: 'matrix LSTM (xLSTM) layers',
  shortName: 'mLSTM',
  isRecurrence: true,
  layerTypes: [],
  telltales: ['qk_dim_factor'],
  read: mlstm,
};
