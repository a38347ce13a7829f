import { LIMITS, type ConfigFields } from '../fields.ts';
import { NAMES, type AttentionReader, type Frame } from '../frame.ts';
import { commonDivisor } from '../heads.ts';
import { linear, vector, type Weight } from '../weight.ts';
import type { AttentionKindEntry } from './kind.ts';
import { recurrence, recurrentStateBytes } from './recurrence.ts';

interface LightningShape {
  hiddenSize: number;
  numHeads: number;
  headDim: number;
  /** Biases of queries, keys and values; of the output. */
  hasQkvBias: boolean;
  hasOutBias: boolean;
  /** Norm weights of the head size each on queries and keys. */
  hasQkNorm: boolean;
}

/** Module names of a family's checkpoints. */
interface LightningNames {
  module: string;
  qkv: string;
  gate: string;
  norm: string;
  out: string;
}

const MINIMAX_NAMES: LightningNames = {
  module: 'self_attn',
  qkv: 'qkv_proj',
  gate: 'output_gate',
  norm: 'norm',
  out: 'out_proj',
};

interface LightningOptions {
  names?: LightningNames;
  qkvBias?: (fields: ConfigFields) => boolean;
  outBias?: (fields: ConfigFields) => boolean;
  qkNorm?: (fields: ConfigFields) => boolean;
  /** Groups the output norm is split into: no more GPUs than these can share its heads. Absent = any split of the heads. */
  normGroups?: (fields: ConfigFields) => number;
}

/** h·3·H·d + h·H·d (gate) + H·d (norm) + H·d·h. */
function lightningWeights(shape: LightningShape, names: LightningNames): Weight[] {
  const { hiddenSize, numHeads, headDim, hasQkvBias, hasOutBias, hasQkNorm } = shape;
  const { module } = names;
  const width = numHeads * headDim;
  const split = { splitUnits: numHeads };
  return [
    ...linear('attention', `${module}.${names.qkv}`, 3 * width, hiddenSize, { ...split, hasBias: hasQkvBias }),
    ...linear('attention', `${module}.${names.gate}`, width, hiddenSize, split),
    ...(hasQkNorm ? [vector('attention', `${module}.qk_norm`, 2 * headDim)] : []),
    vector('attention', `${module}.${names.norm}`, width, numHeads),
    ...linear('attention', `${module}.${names.out}`, hiddenSize, width, {
      ...split,
      hasBias: hasOutBias,
      splitsInputs: true,
    }),
  ];
}

function readShape(fields: ConfigFields, { hiddenSize }: Frame, options: LightningOptions): LightningShape {
  const numHeads = fields.count(NAMES.numHeads, LIMITS.heads, 'the number of heads');
  const headDim = fields.optionalCount(NAMES.headDim, LIMITS.heads) ?? hiddenSize / numHeads;
  if (!Number.isInteger(headDim)) {
    throw fields.invalid('num_attention_heads', numHeads, `a divisor of the hidden size ${hiddenSize}`);
  }
  return {
    hiddenSize,
    numHeads,
    headDim,
    hasQkvBias: options.qkvBias?.(fields) ?? false,
    hasOutBias: options.outBias?.(fields) ?? false,
    hasQkNorm: options.qkNorm?.(fields) ?? false,
  };
}

/**
 * Lightning attention (Qin and others, arXiv 2401.04658; MiniMax-01, arXiv 2501.08313): linear attention with a fixed decay
 * per head and one key head per query head. Each head keeps a matrix of size × size.
 */
export function lightningAttention(options: LightningOptions = {}): AttentionReader {
  return (fields, frame) => {
    const shape = readShape(fields, frame, options);
    const { numHeads, headDim } = shape;
    const elements = numHeads * headDim * headDim;
    const attention = recurrence({
      kind: 'lightning',
      label: `lightning attention, ${numHeads} heads of ${headDim}`,
      weights: lightningWeights(shape, options.names ?? MINIMAX_NAMES),
      numHeads: commonDivisor([numHeads, options.normGroups?.(fields) ?? numHeads]),
      state: [{ elements, bytesPerElement: recurrentStateBytes(fields), splitUnits: numHeads }],
      // Per element of the state: decay (1), key × value added (2), query · state (2).
      flop: 5 * elements,
    });
    return () => attention;
  };
}

export const LIGHTNING: AttentionKindEntry = {
  words: 'linear attention (lightning attention)',
  shortName: 'Lightning',
  isRecurrence: true,
  layerTypes: [],
  telltales: ['attn_type_list'],
  read: lightningAttention(),
};
