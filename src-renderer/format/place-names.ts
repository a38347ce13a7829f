import type { ComparisonDocument, Place } from '../../src-worker/protocol/run-analysis.ts';
import { gpuLabel, providerLabel } from './names.ts';

/* Values of axes as a window names them, where the command line has ids that its options take. */

const NAMES: Partial<Record<string, (id: string) => string>> = { gpu: gpuLabel, provider: providerLabel };

const named = <Value extends number | string>(axis: string, value: Value): Value | string =>
  typeof value === 'string' ? (NAMES[axis]?.(value) ?? value) : value;

/** A place whose GPU and cloud read as everywhere in the window. */
export const namedPlace = (place: Place): Place =>
  Object.fromEntries(Object.entries(place).map(([axis, value]) => [axis, named(axis, value)]));

/** A comparison whose values read so. */
export const namedComparison = (comparison: ComparisonDocument): ComparisonDocument => {
  const { between } = comparison;
  return {
    ...comparison,
    values: comparison.values.map((compared) => ({ ...compared, value: named(between, compared.value) })),
    pairs: comparison.pairs.map((pair) => ({ ...pair, a: named(between, pair.a), b: named(between, pair.b) })),
  };
};
