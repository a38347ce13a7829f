import type { ConfigFields } from '../fields.ts';
import type { Attention, StateShare } from '../types.ts';
import type { Weight } from '../weight.ts';

/** Bytes of a number by the names files give to types. */
const BYTES_BY_DTYPE: ReadonlyMap<string, number> = new Map([
  ['auto', 4],
  ['float32', 4],
  ['bfloat16', 2],
  ['float16', 2],
]);

/** Convolution states are kept in the model's own 16-bit type. Source: vLLM, `MambaStateDtypeCalculator`. */
const CONVOLUTION_STATE_BYTES = 2;

/**
 * Bytes per element of a recurrent state: 32-bit floats, as the published kernels keep it, unless the file names another
 * type.
 */
export function recurrentStateBytes(fields: ConfigFields): number {
  const names = ['mamba_ssm_cache_dtype', 'mamba_ssm_dtype'];
  const dtype = fields.optionalText(names) ?? 'float32';
  const bytes = BYTES_BY_DTYPE.get(dtype);
  if (bytes === undefined) throw fields.invalid(names, dtype, `one of ${[...BYTES_BY_DTYPE.keys()].join(', ')}`);
  return bytes;
}

/** A causal convolution over each of `channels` keeps the inputs of its last `kernel` - 1 tokens. */
export const convolutionState = (channels: number, kernel: number, splitUnits: number): StateShare => ({
  elements: channels * (kernel - 1),
  bytesPerElement: CONVOLUTION_STATE_BYTES,
  splitUnits,
});

interface Recurrence {
  /** Its key in `kinds.ts`. */
  kind: string;
  label: string;
  weights: Weight[];
  numHeads: number | null;
  state: StateShare[];
  /** FLOP of one token: updating the state and reading from it. */
  flop: number;
}

/** What stands in attention's place and keeps a constant state, in the terms of all kinds. */
export const recurrence = ({ kind, label, weights, numHeads, state, flop }: Recurrence): Attention => ({
  kind,
  label,
  weights,
  numHeads,
  cache: [],
  context: [],
  state: state.filter(({ elements }) => elements > 0),
  recurrenceFlop: flop,
});
