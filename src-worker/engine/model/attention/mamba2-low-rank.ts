import { LIMITS } from '../fields.ts';
import type { AttentionReader } from '../frame.ts';
import { linear, table, vector } from '../weight.ts';
import { mamba2Flop, mamba2Label, mamba2State } from './mamba2.ts';
import { recurrence } from './recurrence.ts';

/** Least rank of the time step. Source: vLLM, `Plamo2MambaMixer`. */
const LEAST_TIME_STEP_RANK = 64;

/**
 * Mamba-2 as PLaMo 2 has it: heads as in Mamba-2, but time step, input and output vectors come through one projection of the
 * convolved input, as in Mamba, with norms; all heads share them. Defaults as in `Plamo2Config`.
 */
export function mamba2LowRank(module: string): AttentionReader {
  return (fields, { hiddenSize }) => {
    const count = (name: string, otherwise: number): number => fields.optionalCount([name], LIMITS.width) ?? otherwise;
    const numHeads = count('mamba_num_heads', 64);
    const headDim = count('hidden_size_per_head', 128);
    const stateSize = count('mamba_d_state', 64);
    const kernel = count('mamba_d_conv', 4);
    const rank = Math.max(LEAST_TIME_STEP_RANK, Math.floor(hiddenSize / 16));
    const width = numHeads * headDim;
    const split = { splitUnits: numHeads };
    const own = (name: string, size: number, splitUnits = 1) =>
      vector('attention', `${module}.${name}`, size, splitUnits);
    const attention = recurrence({
      kind: 'mamba2',
      label: mamba2Label({ numHeads, headDim, stateSize }),
      weights: [
        ...linear('attention', `${module}.in_proj`, 2 * width, hiddenSize, split),
        table('attention', `${module}.conv1d`, width, kernel, numHeads),
        ...linear('attention', `${module}.bcdt_proj`, rank + 2 * stateSize, width, { ...split, splitsInputs: true }),
        ...linear('attention', `${module}.dt_proj`, numHeads, rank, split),
        ...['A_log', 'D', 'dt_bias'].map((name) => own(name, numHeads, numHeads)),
        own('dt_norm_weight', rank),
        own('B_norm_weight', stateSize),
        own('C_norm_weight', stateSize),
        ...linear('attention', `${module}.out_proj`, hiddenSize, width, { ...split, splitsInputs: true }),
      ],
      numHeads,
      state: mamba2State(fields, { numHeads, headDim, numGroups: 0, stateSize, kernel }),
      flop: mamba2Flop({ numHeads, headDim, stateSize }),
    });
    return () => attention;
  };
}
