import type { ConfigFields } from '../fields.ts';
import type { FfnReader, Frame } from '../frame.ts';
import { memoized } from '../memoized.ts';
import type { Ffn } from '../types.ts';
import type { Weight } from '../weight.ts';

/** Two networks of one layer whose outputs are added, for example a dense one beside the experts. */
export function sideBySide(one: FfnReader, other: FfnReader): FfnReader {
  return (fields, frame) => {
    const oneOf = one(fields, frame);
    const otherOf = other(fields, frame);
    const joined = memoized((first: Ffn) =>
      memoized((second: Ffn): Ffn => ({
        kind: first.experts === null ? second.kind : first.kind,
        label: `${first.label} beside ${second.label}`,
        weights: [...first.weights, ...second.weights],
        experts: first.experts ?? second.experts,
      })),
    );
    return (layer) => joined(oneOf(layer))(otherOf(layer));
  };
}

/** A network with what else a layer has beside it, the same in every layer; tokens take their way through all of it. */
export function withFurtherWeights(
  ffn: FfnReader,
  further: (fields: ConfigFields, frame: Frame) => Weight[],
): FfnReader {
  return (fields, frame) => {
    const ffnOf = ffn(fields, frame);
    const added = further(fields, frame);
    const extended = memoized((inner: Ffn): Ffn => ({ ...inner, weights: [...inner.weights, ...added] }));
    return (layer) => extended(ffnOf(layer));
  };
}
