import type { Model, Precision, WeightClass } from '../model/types.ts';
import { keptFor } from '../model/memoized.ts';
import { classStorage, SIXTEEN_BIT_BYTES, weightBreakdown, type ClassStorage } from '../model/weights.ts';

/** Whose weights a step reads, and as what. */
interface Subject {
  model: Model;
  precision: Precision;
}

/** Bytes of so many parameters of the routed experts. */
export function expertBytes({ model, precision }: Subject, parameters: number): number {
  const { experts } = classStorage(model, precision);
  return experts.parameters === 0 ? 0 : (parameters * experts.bytes) / experts.parameters;
}

/** Weights of one kind on one GPU: what is converted to the precision and what is left at 16 bit. */
export interface SplitWeights {
  converted: number;
  convertedBytes: number;
  kept: number;
}

const NO_WEIGHTS: ClassStorage = { parameters: 0, bytes: 0, kept: 0 };

/**
 * Splits so many parameters of some classes as the whole model's are. At 16 bit nothing is kept apart: all of it runs with
 * the same kernels.
 */
function splitWeights(
  { model, precision }: Subject,
  parameters: number,
  classes: readonly WeightClass[],
): SplitWeights {
  if (precision === 'fp16' || precision === 'bf16') {
    return { converted: parameters, convertedBytes: parameters * SIXTEEN_BIT_BYTES, kept: 0 };
  }
  const storages = classStorage(model, precision);
  const all = classes.reduce((sum, name) => {
    const part = storages[name];
    return {
      parameters: sum.parameters + part.parameters,
      bytes: sum.bytes + part.bytes,
      kept: sum.kept + part.kept,
    };
  }, NO_WEIGHTS);
  // A tied head is multiplied, but stored with the embedding.
  if (all.parameters === 0) return { converted: 0, convertedBytes: 0, kept: parameters };
  const kept = (parameters * all.kept) / all.parameters;
  const convertedBytes = (parameters * (all.bytes - all.kept * SIXTEEN_BIT_BYTES)) / all.parameters;
  return { converted: parameters - kept, convertedBytes, kept };
}

/** What one GPU multiplies with in a step beside the routed experts. */
export interface DenseWeights {
  attention: SplitWeights;
  /** Dense networks, shared experts and routers. */
  ffn: SplitWeights;
  head: SplitWeights;
}

const kept = keptFor<Model, DenseWeights>();

/** The same for every GPU. */
export const denseWeights = (subject: Subject & { tensorParallel: number }): DenseWeights =>
  kept(subject.model, `${subject.precision} ${subject.tensorParallel}`, () => addedUp(subject));

function addedUp(subject: Subject & { tensorParallel: number }): DenseWeights {
  const { attention, ffn, router, head } = weightBreakdown(subject.model, subject.tensorParallel);
  const networks = splitWeights(subject, ffn, ['denseFfn', 'sharedExperts']);
  const routers = splitWeights(subject, router, ['router']);
  return {
    attention: splitWeights(subject, attention, ['attention']),
    ffn: {
      converted: networks.converted + routers.converted,
      convertedBytes: networks.convertedBytes + routers.convertedBytes,
      kept: networks.kept + routers.kept,
    },
    head: splitWeights(subject, head, ['head']),
  };
}

export const bytesOf = ({ convertedBytes, kept }: SplitWeights): number => convertedBytes + kept * SIXTEEN_BIT_BYTES;
