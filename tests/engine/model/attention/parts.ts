import type { Layer, Model } from '../../../../src-worker/engine/model/types.ts';
import { parametersOf, type Weight } from '../../../../src-worker/engine/model/weight.ts';

/** Parameters by name; what stands under one name in several parts is added up. */
export function weightsByName(weights: readonly Weight[] = []): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const weight of weights) sums[weight.name] = (sums[weight.name] ?? 0) + parametersOf(weight);
  return sums;
}

/** The layer all layers of a model are. */
export function only({ layers }: Model): Layer {
  const [first, ...others] = new Set(layers);
  if (!first || others.length > 0) throw new Error(`the model has ${others.length + 1} different layers`);
  return first;
}
