import type { Model } from '../model/types.ts';

/** True when every layer's attention heads can be spread evenly over so many GPUs. */
export const dividesHeads = (model: Model, tensorParallel: number): boolean =>
  model.layers.every(({ attention }) => attention.numHeads % tensorParallel === 0);
