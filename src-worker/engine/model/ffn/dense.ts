import { LIMITS, type ConfigFields } from '../fields.ts';
import { NAMES, never, type FfnReader, type FlagRule, type Frame } from '../frame.ts';
import { memoized } from '../memoized.ts';
import type { Ffn, WeightClass } from '../types.ts';
import { linear, vector, type Weight } from '../weight.ts';

interface DenseOptions {
  /** Module path before the matrices. */
  module?: string;
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

interface FfnShape {
  hiddenSize: number;
  width: number;
  isGated?: boolean;
  hasBias?: boolean;
  /** Equal networks side by side (experts). */
  count?: number;
}

/** Matrices of a gated (SwiGLU, GeGLU: gate, up, down) or plain (up, down) network, with biases where it has them. */
export function ffnWeights(weightClass: WeightClass, module: string, shape: FfnShape): Weight[] {
  const { hiddenSize, width, isGated = true, hasBias = false, count = 1 } = shape;
  const inner = { hasBias, splitUnits: width, count };
  const outer = { ...inner, splitsInputs: true };
  return [
    ...(isGated ? linear(weightClass, `${module}.gate_proj`, width, hiddenSize, inner) : []),
    ...linear(weightClass, `${module}.up_proj`, width, hiddenSize, inner),
    ...linear(weightClass, `${module}.down_proj`, hiddenSize, width, outer),
  ];
}

/** A dense network of given width in the terms of all kinds. */
export function denseLayer(width: number, isGated: boolean, weights: Weight[]): Ffn {
  return { kind: 'dense', label: `${isGated ? 'gated' : 'plain'} FFN of width ${width}`, weights, experts: null };
}

/** One dense feed-forward network per layer: gated = 3·h·f, plain = 2·h·f, plus biases. */
export function denseFfn(options: DenseOptions = {}): FfnReader {
  const { module = 'mlp', isGated = true, bias = never, width = writtenWidth, extraParameters = 0 } = options;
  return (fields, frame) => {
    const inner = width(fields, frame);
    const { hiddenSize } = frame;
    const weights = ffnWeights('denseFfn', module, { hiddenSize, width: inner, isGated, hasBias: bias(fields) });
    if (extraParameters > 0) weights.push(vector('denseFfn', `${module}.act_fn`, extraParameters));
    const ffn = denseLayer(inner, isGated, weights);
    return () => ffn;
  };
}

/** One dense network per layer whose width differs by layer (0-based): 3·h·f each, 2·h·f where it has no gate. */
export function denseFfnByLayer(
  widthOf: (fields: ConfigFields, frame: Frame) => (layer: number) => number,
  options: Omit<DenseOptions, 'width' | 'extraParameters'> = {},
): FfnReader {
  const { module = 'mlp', isGated = true, bias = never } = options;
  return (fields, frame) => {
    const widths = widthOf(fields, frame);
    const { hiddenSize } = frame;
    const hasBias = bias(fields);
    const ffnOf = memoized((width: number) =>
      denseLayer(width, isGated, ffnWeights('denseFfn', module, { hiddenSize, width, isGated, hasBias })),
    );
    return (layer) => ffnOf(widths(layer));
  };
}

/** The inner width as written, one number or a list with an entry for each layer. */
export const writtenWidths = (fields: ConfigFields, frame: Frame): ((layer: number) => number) => {
  const written = fields.optionalCountPerLayer(NAMES.ffnWidth, LIMITS.width, frame.numLayers);
  return (layer) => {
    const width = written?.(layer) ?? null;
    if (width === null) throw fields.missing(NAMES.ffnWidth, 'the inner width of the feed-forward network');
    return width;
  };
};
