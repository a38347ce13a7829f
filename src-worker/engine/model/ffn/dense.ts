import { LIMITS, type ConfigFields } from '../fields.ts';
import { NAMES, never, type FfnReader, type FlagRule, type Frame } from '../frame.ts';
import type { DenseFfn } from '../types.ts';

export interface DenseOptions {
  /** False for the plain two-matrix network; true = gate, up and down. */
  isGated?: boolean;
  bias?: FlagRule;
  /** Inner width from the file; the plain rule reads it. */
  width?: (fields: ConfigFields, frame: Frame) => number;
  /** Further parameters of one layer, for example learned activation parameters. */
  extraParameters?: number;
}

/** The inner width as written. */
export const writtenWidth = (fields: ConfigFields): number =>
  fields.count(NAMES.ffnWidth, LIMITS.width, 'the inner width of the feed-forward network');

/** The inner width as written, else this multiple of the hidden size. */
export const widthOr =
  (multiple: number) =>
  (fields: ConfigFields, frame: Frame): number =>
    fields.optionalCount(NAMES.ffnWidth, LIMITS.width) ?? multiple * frame.hiddenSize;

/** Parameters of a network of two (gated: three) h×f matrices; biases are f for each inner matrix and h for the last. */
export function ffnParameters(hiddenSize: number, width: number, isGated: boolean, hasBias: boolean): number {
  const inner = isGated ? 2 : 1;
  return (inner + 1) * hiddenSize * width + (hasBias ? inner * width + hiddenSize : 0);
}

/** One dense feed-forward network per layer: gated (SwiGLU, GeGLU) = 3·h·f, plain = 2·h·f, plus biases. */
export function denseFfn(options: DenseOptions = {}): FfnReader {
  const { isGated = true, bias = never, width = writtenWidth, extraParameters = 0 } = options;
  return (fields, frame) => {
    const intermediateSize = width(fields, frame);
    const parameters = ffnParameters(frame.hiddenSize, intermediateSize, isGated, bias(fields)) + extraParameters;
    const ffn: DenseFfn = { kind: 'dense', intermediateSize, isGated, parameters };
    return () => ffn;
  };
}
