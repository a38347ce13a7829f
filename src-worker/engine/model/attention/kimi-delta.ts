import { LIMITS, type ConfigFields } from '../fields.ts';
import type { AttentionReader } from '../frame.ts';
import { linear, table, vector, type Weight } from '../weight.ts';
import type { AttentionKindEntry } from './kind.ts';
import { convolutionState, recurrence, recurrentStateBytes } from './recurrence.ts';

interface KimiDeltaShape {
  numHeads: number;
  headDim: number;
  kernel: number;
  /** The gate on the output as one projection, not two of the rank of a head (Kimi K3). */
  hasFullRankGate: boolean;
}

/** `linear_attn_config` as the checkpoints write it, or the flat names of Transformers 5; defaults of `KimiLinearConfig`. */
function readShape(fields: ConfigFields): KimiDeltaShape {
  const heads = ['linear_attn_config.num_heads', 'linear_num_heads'];
  return {
    numHeads: fields.optionalCount(heads, LIMITS.heads) ?? 32,
    headDim: fields.optionalCount(['linear_attn_config.head_dim', 'linear_head_dim'], LIMITS.heads) ?? 128,
    kernel:
      fields.optionalCount(['linear_attn_config.short_conv_kernel_size', 'linear_conv_kernel_dim'], LIMITS.width) ?? 4,
    hasFullRankGate: fields.flag(['linear_attn_config.use_full_rank_gate'], false),
  };
}

/** p = heads · size: 3·h·p + 3·p·w + h·d + d·p (decay) + h·d + d·p (gate, or h·p) + h·nh + nh + p + d + p·h. */
function kimiDeltaWeights(hiddenSize: number, shape: KimiDeltaShape, module: string): Weight[] {
  const { numHeads, headDim, kernel } = shape;
  const width = numHeads * headDim;
  const split = { splitUnits: numHeads };
  const project = (name: string, outputs: number, inputs: number, options = {}): Weight[] =>
    linear('attention', `${module}.${name}`, outputs, inputs, options);
  return [
    ...['q_proj', 'k_proj', 'v_proj'].flatMap((name) => project(name, width, hiddenSize, split)),
    ...['q_conv1d', 'k_conv1d', 'v_conv1d'].map((name) =>
      table('attention', `${module}.${name}`, width, kernel, numHeads),
    ),
    vector('attention', `${module}.A_log`, numHeads, numHeads),
    ...project('f_a_proj', headDim, hiddenSize),
    ...project('f_b_proj', width, headDim, split),
    vector('attention', `${module}.dt_bias`, width, numHeads),
    ...project('b_proj', numHeads, hiddenSize, split),
    ...(shape.hasFullRankGate
      ? project('g_proj', width, hiddenSize, split)
      : [...project('g_a_proj', headDim, hiddenSize), ...project('g_b_proj', width, headDim, split)]),
    vector('attention', `${module}.o_norm`, headDim),
    ...project('o_proj', hiddenSize, width, { ...split, splitsInputs: true }),
  ];
}

/**
 * Kimi delta attention (Kimi Linear, arXiv 2510.26692): the gated delta net with a decay for every channel of the key in
 * place of one per head. Each head keeps a matrix of size × size.
 */
export function kimiDelta(module = 'self_attn'): AttentionReader {
  return (fields, frame) => {
    const shape = readShape(fields);
    const { numHeads, headDim, kernel } = shape;
    const stateElements = numHeads * headDim * headDim;
    const attention = recurrence({
      kind: 'kimiDelta',
      label: `Kimi delta attention, ${numHeads} heads of ${headDim}`,
      weights: kimiDeltaWeights(frame.hiddenSize, shape, module),
      numHeads,
      state: [
        { elements: stateElements, bytesPerElement: recurrentStateBytes(fields), splitUnits: numHeads },
        convolutionState(3 * numHeads * headDim, kernel, numHeads),
      ],
      // As the gated delta net: decay (1), what the state holds for the key (2), the correction (2), query · state (2).
      flop: 7 * stateElements,
    });
    return () => attention;
  };
}

export const KIMI_DELTA: AttentionKindEntry = {
  words: 'linear attention (Kimi delta attention)',
  shortName: 'KDA',
  isRecurrence: true,
  layerTypes: [],
  telltales: ['linear_attn_config'],
  read: kimiDelta(),
};
