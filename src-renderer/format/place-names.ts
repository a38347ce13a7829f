import type { Comparison, Place } from '../../src-worker/protocol/run-analysis.ts';
import { gpuLabel, providerLabel } from './names.ts';

/* Values of axes as a window names them, where the command line has ids that its options take. */

const NAMES: Partial<Record<string, (id: string) => string>> = { gpu: gpuLabel, provider: providerLabel };

const named = <Value extends number | string>(axis: string, value: Value): Value | string =>
  typeof value === 'string' ? (NAMES[axis]?.(value) ?? value) : value;

/** A place whose GPU and cloud read as everywhere in the window. */
export const namedPlace = (place: Place): Place =>
  Object.fromEntries(Object.entries(place).map(([axis, value]) => [axis, named(axis, value)]));

/** A comparison with the names of its two values. */
export const namedPair = (axis: string, pair: Comparison): Comparison => ({
  ...pair,
  a: named(axis, pair.a),
  b: named(axis, pair.b),
});
