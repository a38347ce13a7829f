import { LIMITS, type ConfigFields } from '../fields.ts';
import type { AttentionReader, Frame } from '../frame.ts';
import { commonDivisor } from '../heads.ts';
import { linear, table, vector, type Weight } from '../weight.ts';
import type { AttentionKindEntry } from './kind.ts';
import { convolutionState, recurrence, recurrentStateBytes } from './recurrence.ts';

interface DeltaNetShape {
  numKeyHeads: number;
  numValueHeads: number;
  /** Size of one head. */
  keyHeadDim: number;
  valueHeadDim: number;
  kernel: number;
}

/** How a checkpoint lays out the same projections. */
type Layout =
  /** Qwen3-Next: `in_proj_qkvz`, `in_proj_ba`. */
  | 'fused'
  /** Qwen3.5: `in_proj_qkv`, `in_proj_z`, `in_proj_b`, `in_proj_a`. */
  | 'split'
  /** OLMo Hybrid: one projection and one convolution each for queries, keys and values. */
  | 'separate';

export interface DeltaNetOptions {
  module?: string;
  layout?: Layout;
  /** Values the family's class sets for fields that are absent. */
  defaults?: (fields: ConfigFields, frame: Frame) => Partial<DeltaNetShape>;
}

function readShape(fields: ConfigFields, frame: Frame, options: DeltaNetOptions): DeltaNetShape {
  const otherwise = options.defaults?.(fields, frame) ?? {};
  const count = (name: string, absent: number | undefined, what: string): number =>
    absent === undefined
      ? fields.count([name], LIMITS.width, what)
      : (fields.optionalCount([name], LIMITS.width) ?? absent);
  const numKeyHeads = count('linear_num_key_heads', otherwise.numKeyHeads, 'the key heads of linear attention');
  const keyHeadDim = count('linear_key_head_dim', otherwise.keyHeadDim, 'the size of a key head of linear attention');
  const numValueHeads = count('linear_num_value_heads', otherwise.numValueHeads, 'the value heads of linear attention');
  if (numValueHeads % numKeyHeads !== 0) {
    throw fields.invalid('linear_num_value_heads', numValueHeads, `a multiple of the ${numKeyHeads} key heads`);
  }
  return {
    numKeyHeads,
    numValueHeads,
    keyHeadDim,
    valueHeadDim: count(
      'linear_value_head_dim',
      otherwise.valueHeadDim,
      'the size of a value head of linear attention',
    ),
    kernel: count('linear_conv_kernel_dim', otherwise.kernel, 'the width of its convolution'),
  };
}

/** kd = key heads · size, vd likewise: h·(2kd + 2vd) + 2·h·nv + (2kd + vd)·w + 2·nv + dv + vd·h. */
function deltaNetWeights(hiddenSize: number, shape: DeltaNetShape, module: string, layout: Layout): Weight[] {
  const { numKeyHeads, numValueHeads, kernel, valueHeadDim } = shape;
  const splitUnits = commonDivisor([numKeyHeads, numValueHeads]);
  const keys = numKeyHeads * shape.keyHeadDim;
  const values = numValueHeads * valueHeadDim;
  const project = (name: string, outputs: number): Weight[] =>
    linear('attention', `${module}.${name}`, outputs, hiddenSize, { splitUnits });
  const convolve = (name: string, channels: number): Weight =>
    table('attention', `${module}.${name}`, channels, kernel, splitUnits);
  const projections: Record<Layout, () => Weight[]> = {
    fused: () => [...project('in_proj_qkvz', 2 * keys + 2 * values), ...project('in_proj_ba', 2 * numValueHeads)],
    split: () => [
      ...project('in_proj_qkv', 2 * keys + values),
      ...project('in_proj_z', values),
      ...project('in_proj_b', numValueHeads),
      ...project('in_proj_a', numValueHeads),
    ],
    separate: () => [
      ...project('q_proj', keys),
      ...project('k_proj', keys),
      ...project('v_proj', values),
      ...project('g_proj', values),
      ...project('b_proj', numValueHeads),
      ...project('a_proj', numValueHeads),
    ],
  };
  const isSeparate = layout === 'separate';
  return [
    ...projections[layout](),
    ...(isSeparate
      ? [convolve('q_conv1d', keys), convolve('k_conv1d', keys), convolve('v_conv1d', values)]
      : [convolve('conv1d', 2 * keys + values)]),
    vector('attention', `${module}.A_log`, numValueHeads, splitUnits),
    vector('attention', `${module}.dt_bias`, numValueHeads, splitUnits),
    vector('attention', `${module}.${isSeparate ? 'o_norm' : 'norm'}`, valueHeadDim),
    ...linear('attention', `${module}.${isSeparate ? 'o_proj' : 'out_proj'}`, hiddenSize, values, {
      splitUnits,
      splitsInputs: true,
    }),
  ];
}

/**
 * Gated delta net (Yang and others, arXiv 2412.06464): each value head keeps a matrix S of key size × value size. Tensor
 * parallelism deals out heads of both kinds.
 */
export function gatedDeltaNet(options: DeltaNetOptions = {}): AttentionReader {
  const { module = 'linear_attn', layout = 'fused' } = options;
  return (fields, frame) => {
    const shape = readShape(fields, frame, options);
    const { numKeyHeads, numValueHeads, keyHeadDim, valueHeadDim, kernel } = shape;
    const splitUnits = commonDivisor([numKeyHeads, numValueHeads]);
    const stateElements = numValueHeads * keyHeadDim * valueHeadDim;
    const channels = 2 * numKeyHeads * keyHeadDim + numValueHeads * valueHeadDim;
    const size = keyHeadDim === valueHeadDim ? `${keyHeadDim}` : `${keyHeadDim} / ${valueHeadDim}`;
    const attention = recurrence({
      kind: 'gatedDeltaNet',
      label: `gated delta net, ${numKeyHeads} key / ${numValueHeads} value heads of ${size}`,
      weights: deltaNetWeights(frame.hiddenSize, shape, module, layout),
      numHeads: splitUnits,
      state: [
        { elements: stateElements, bytesPerElement: recurrentStateBytes(fields), splitUnits },
        convolutionState(channels, kernel, splitUnits),
      ],
      // Per element of S: decay (1), what S holds for the key (2), the correction key × difference (2), query · S (2).
      flop: 7 * stateElements,
    });
    return () => attention;
  };
}

export const GATED_DELTA_NET: AttentionKindEntry = {
  words: 'linear attention (gated delta net)',
  shortName: 'Gated DeltaNet',
  isRecurrence: true,
  layerTypes: ['linear_attention'],
  telltales: ['linear_num_value_heads'],
  read: gatedDeltaNet(),
};
