/** What vision and audio parts are made of: stacks of equal layers, embeddings of patches, small networks. */

import type { NormKind } from '../families/types.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import type { Tower } from '../types.ts';
import { linear, table, vector, type LinearOptions, type Weight } from '../weight.ts';

export type Modality = Tower['modality'];

/** An encoder before its projector. */
export interface Encoder {
  /** For people: `CLIP, 24 layers of width 1024`. */
  label: string;
  /** Features of each position it puts out. */
  width: number;
  weights: Weight[];
}

/** Pixels of one image position are three colours unless a file says otherwise. */
export const COLOURS = 3;

const LARGEST_IMAGE = 65_536;

/** A size in pixels that some files write for height and width apart (`[448, 448]`); both must be equal there. */
export function pixels(config: ConfigFields, name: string, otherwise: number): number {
  if (!config.holdsList([name])) return config.optionalCount([name], LARGEST_IMAGE) ?? otherwise;
  const isSize = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= LARGEST_IMAGE;
  const sizes = config.optionalList([name], 2, isSize, 'a whole number of pixels') ?? [];
  const [size] = sizes;
  if (size === undefined || sizes.some((other) => other !== size)) {
    throw config.invalid(name, sizes, 'one number of pixels, or the same one for height and width');
  }
  return size;
}

/** Patches along one side of a picture. */
export function patchesPerSide(config: ConfigFields, imageSize: number, patchSize: number): number {
  if (patchSize > imageSize) throw config.invalid('patch_size', patchSize, `at most the image size ${imageSize}`);
  return Math.floor(imageSize / patchSize);
}

export const width = (config: ConfigFields, names: readonly string[], otherwise: number): number =>
  config.optionalCount(names, LIMITS.width) ?? otherwise;
export const layers = (config: ConfigFields, names: readonly string[], otherwise: number): number =>
  config.optionalCount(names, LIMITS.layers) ?? otherwise;
export const heads = (config: ConfigFields, names: readonly string[], otherwise: number): number =>
  config.optionalCount(names, LIMITS.heads) ?? otherwise;

/** Features of one head, the fraction cut: at least 1. */
export function headSize(
  config: ConfigFields,
  names: string | readonly string[],
  hiddenSize: number,
  numHeads: number,
): number {
  if (numHeads > hiddenSize) throw config.invalid(names, numHeads, `at most the width ${hiddenSize} that heads divide`);
  return Math.floor(hiddenSize / numHeads);
}

/** Patches along one side of the square that becomes one token: no model known joins more than four. */
const MOST_JOINED = 64;

/** Features of the patches that one token takes together: `downsample_ratio` 0.5 joins two by two. */
export function shuffled(encoder: Encoder, fields: ConfigFields): number {
  const name = 'downsample_ratio';
  const ratio = fields.optionalPositive([name], 1) ?? 0.5;
  const side = Math.floor(1 / ratio);
  if (side > MOST_JOINED) throw fields.invalid(name, ratio, `from 1/${MOST_JOINED} to 1`);
  return encoder.width * side ** 2;
}

/** A norm over `size` features; [] for one without weights. */
export function norm(modality: Modality, name: string, size: number, kind: NormKind, count = 1): Weight[] {
  if (kind === 'none') return [];
  const weight = vector(modality, name, size, 1, count);
  return kind === 'weight' ? [weight] : [weight, vector(modality, `${name}.bias`, size, 1, count)];
}

/** A convolution of any shape as the table it is stored as. */
export function convolution(
  modality: Modality,
  name: string,
  outputs: number,
  inputsTimesKernel: number,
  options: { hasBias?: boolean; count?: number } = {},
): Weight[] {
  const { hasBias = true, count = 1 } = options;
  const kernel = table(modality, name, outputs, inputsTimesKernel, 1, count);
  return hasBias ? [kernel, vector(modality, `${name}.bias`, outputs, 1, count)] : [kernel];
}

/** Linear layers one after the other, `sizes` from the input to the output. */
export function chain(
  modality: Modality,
  names: readonly string[],
  sizes: readonly number[],
  options: LinearOptions = {},
): Weight[] {
  return names.flatMap((name, index) =>
    linear(modality, name, sizes[index + 1] ?? 0, sizes[index] ?? 0, { hasBias: true, ...options }),
  );
}

/** How a class of encoders names the parts of its layers. */
export interface LayerNames {
  /** One fused matrix, or queries, keys and values apart. */
  qkv: readonly [string] | readonly [string, string, string];
  out: string;
  gate?: string;
  up: string;
  down: string;
  norms: readonly string[];
}

/** Names of CLIP and most classes written after it. */
export const CLIP_NAMES: LayerNames = {
  qkv: ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'],
  out: 'self_attn.out_proj',
  up: 'mlp.fc1',
  down: 'mlp.fc2',
  norms: ['layer_norm1', 'layer_norm2'],
};

/** Names of classes with one matrix for queries, keys and values. */
export const FUSED_NAMES: LayerNames = {
  qkv: ['attn.qkv'],
  out: 'attn.proj',
  up: 'mlp.fc1',
  down: 'mlp.fc2',
  norms: ['norm1', 'norm2'],
};

/** Equal transformer layers of an encoder. All matrices have biases unless it says otherwise. */
export interface Stack {
  modality: Modality;
  /** Module path of a layer. */
  module: string;
  names: LayerNames;
  numLayers: number;
  hiddenSize: number;
  ffnWidth: number;
  numHeads: number;
  /** Features of all query heads, where that is not the hidden size. */
  attentionWidth?: number;
  /** Features of all keys, where they are fewer than those of the queries. */
  keyWidth?: number;
  isGated?: boolean;
  norm?: NormKind;
  qkvBias?: boolean;
  /** Whisper's keys have none. */
  keyBias?: boolean;
  outBias?: boolean;
  ffnBias?: boolean;
  /** Further vectors of one layer: layer scales, norms on queries and keys. */
  vectors?: readonly { name: string; size: number }[];
}

function attentionWeights(stack: Stack): Weight[] {
  const { modality, module, names, numLayers: count, hiddenSize, numHeads } = stack;
  const { attentionWidth = hiddenSize, keyWidth = attentionWidth } = stack;
  const { qkvBias = true, keyBias = qkvBias, outBias = true } = stack;
  const [query, key, value] = names.qkv;
  const split = { splitUnits: numHeads, count };
  const projection = (name: string, outputs: number, hasBias: boolean): Weight[] =>
    linear(modality, `${module}.${name}`, outputs, hiddenSize, { hasBias, ...split });
  const inputs =
    key === undefined || value === undefined
      ? projection(query, attentionWidth + 2 * keyWidth, qkvBias)
      : [
          ...projection(query, attentionWidth, qkvBias),
          ...projection(key, keyWidth, keyBias),
          ...projection(value, keyWidth, qkvBias),
        ];
  const out = { hasBias: outBias, splitsInputs: true, ...split };
  return [...inputs, ...linear(modality, `${module}.${names.out}`, hiddenSize, attentionWidth, out)];
}

/** Attention, feed-forward network and norms of all layers of a stack. */
export function stackWeights(stack: Stack): Weight[] {
  const { modality, module, names, numLayers: count, hiddenSize, ffnWidth, vectors = [] } = stack;
  const { isGated = false, norm: kind = 'weight_and_bias', ffnBias = true } = stack;
  const inner = { hasBias: ffnBias, splitUnits: ffnWidth, count };
  const gate = isGated
    ? linear(modality, `${module}.${names.gate ?? 'mlp.gate_proj'}`, ffnWidth, hiddenSize, inner)
    : [];
  return [
    ...attentionWeights(stack),
    ...gate,
    ...linear(modality, `${module}.${names.up}`, ffnWidth, hiddenSize, inner),
    ...linear(modality, `${module}.${names.down}`, hiddenSize, ffnWidth, { ...inner, splitsInputs: true }),
    ...names.norms.flatMap((name) => norm(modality, `${module}.${name}`, hiddenSize, kind, count)),
    ...vectors.map(({ name, size }) => vector(modality, `${module}.${name}`, size, 1, count)),
  ];
}

/** `CLIP, 24 layers of width 1024` */
export const stackLabel = (name: string, numLayers: number, hiddenSize: number): string =>
  `${name}, ${numLayers} layers of width ${hiddenSize}`;
