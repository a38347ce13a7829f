import { invalidInput } from '../errors.ts';
import { eachWeight, emptyBreakdown, parameterBreakdown } from './parameters.ts';
import type { Model, Precision, WeightClass } from './types.ts';
import { parametersOf, shareOnGpu } from './weight.ts';

/** Bytes of a 16-bit weight: what embeddings, head, norms and routers keep in every quantized model. */
export const SIXTEEN_BIT_BYTES = 2;

/**
 * Bytes per quantized weight with its scales: FP8 and INT8 have one scale per channel or 128 x 128 block (below 0.03 %,
 * left out), W8A16 and W4A16 groups of 128 with scales and zero points, NVFP4 an 8-bit scale per 16 weights, MXFP4 one per
 * 32. Source: the formats' specifications; W8A16 and W4A16 as measured checkpoints average.
 */
const BYTES_PER_WEIGHT: Record<Precision, number> = {
  fp16: 2,
  bf16: 2,
  fp8: 1,
  int8: 1,
  w8a16: 1.02,
  int4: 0.53,
  nvfp4: 0.5 + 1 / 16,
  mxfp4: 0.5 + 1 / 32,
};

/** Bytes one weight of a quantized linear layer takes. */
export const bytesPerWeight = (precision: Precision): number => BYTES_PER_WEIGHT[precision];

/** Classes a quantization scheme touches when it is asked for on a 16-bit model: the linear layers of the decoder layers. */
const QUANTIZED: readonly WeightClass[] = ['attention', 'denseFfn', 'sharedExperts', 'experts'];

/**
 * Bytes per weight of one class. MXFP4 on a model with experts quantizes only those (as the gpt-oss checkpoints do); what a
 * checkpoint of this very precision leaves at 16 bit stays there.
 */
export function bytesPerWeightOfClass(model: Model, precision: Precision, weightClass: WeightClass): number {
  if (!QUANTIZED.includes(weightClass)) return SIXTEEN_BIT_BYTES;
  const isMoe = model.layers.some(({ ffn }) => ffn.experts !== null);
  if (precision === 'mxfp4' && isMoe && weightClass !== 'experts') return SIXTEEN_BIT_BYTES;
  const { checkpoint } = model;
  const isKept = checkpoint.precision === precision && (checkpoint.unquantized ?? []).includes(weightClass);
  return isKept ? SIXTEEN_BIT_BYTES : bytesPerWeight(precision);
}

/**
 * Bytes of each class of weights as stored; a tied head is stored with the embedding (0 here). The whole model, or what one
 * GPU of a tensor-parallel group holds: norms, routers and heads beyond the number there is are copied, not split.
 */
export function weightBytesByClass(
  model: Model,
  precision: Precision,
  tensorParallel = 1,
): Record<WeightClass, number> {
  const bytes = emptyBreakdown();
  eachWeight(model, (weight, occurrences) => {
    const perWeight = weight.isLinear ? bytesPerWeightOfClass(model, precision, weight.weightClass) : SIXTEEN_BIT_BYTES;
    bytes[weight.weightClass] += parametersOf(weight) * occurrences * shareOnGpu(weight, tensorParallel) * perWeight;
  });
  return bytes;
}

/** Bytes of all weights at a precision: of the model, or of one GPU of a tensor-parallel group. */
export const weightBytes = (model: Model, precision: Precision, tensorParallel = 1): number =>
  Object.values(weightBytesByClass(model, precision, tensorParallel)).reduce((sum, part) => sum + part, 0);

/** What one step reads and multiplies on one GPU, in logical parameters. */
export interface WeightBreakdown {
  attention: number;
  /** Dense FFN and shared experts. */
  ffn: number;
  /** All routed experts. */
  experts: number;
  router: number;
  /** Looked up, not multiplied. */
  embedding: number;
  /** Vocabulary x hidden, even when the head shares the embedding: it is multiplied all the same. */
  head: number;
  norms: number;
}

/**
 * Weights by what the step time asks of them: those that layers share as often as a step uses them. Not a partition when
 * the head is tied: then it also is in `embedding`.
 */
export function weightBreakdown(model: Model, tensorParallel = 1): WeightBreakdown {
  const parts = parameterBreakdown(model, tensorParallel, 'used');
  const { attention, denseFfn, sharedExperts, experts, router, embedding, norms } = parts;
  const head = (model.vocabularySize * model.hiddenSize) / tensorParallel;
  return { attention, ffn: denseFfn + sharedExperts, experts, router, embedding, head, norms };
}

/** The precision `checkpoint` stands for; refused when the file's format could not be told. */
export function checkpointPrecision(model: Model): Precision {
  const { precision, problem } = model.checkpoint;
  if (problem === undefined) return precision;
  const message = `${problem} Name the precision with --quantization instead of "checkpoint".`;
  throw invalidInput('checkpoint_unknown', message, { model: model.id });
}
