/** Picture encoders that a file names instead of describing (`mm_vision_tower` of LLaVA's own code and of what follows it). */

import { ConfigFields } from '../fields.ts';
import type { Tower } from '../types.ts';
import type { Weight } from '../weight.ts';
import { clipEncoder } from './encoders/clip.ts';
import { siglipEncoder } from './encoders/siglip.ts';
import { chain, type Encoder } from './parts.ts';
import type { TextFrame, TowerReader } from './types.ts';

const CLIP_LARGE = {
  hidden_size: 1024,
  intermediate_size: 4096,
  num_hidden_layers: 24,
  num_attention_heads: 16,
  patch_size: 14,
};
const SIGLIP_SO400M = {
  hidden_size: 1152,
  intermediate_size: 4304,
  num_hidden_layers: 27,
  num_attention_heads: 16,
  patch_size: 14,
};

/** Encoders by the last part of the name, with the fields of their own config.json. */
const ENCODERS: Readonly<Record<string, (modelId: string) => Encoder>> = {
  'clip-vit-large-patch14': (id) =>
    clipEncoder(new ConfigFields(id, { ...CLIP_LARGE, image_size: 224 }), 'vision_tower'),
  'clip-vit-large-patch14-336': (id) =>
    clipEncoder(new ConfigFields(id, { ...CLIP_LARGE, image_size: 336 }), 'vision_tower'),
  'siglip-so400m-patch14-224': (id) =>
    siglipEncoder(new ConfigFields(id, { ...SIGLIP_SO400M, image_size: 224 }), 'vision_tower'),
  'siglip-so400m-patch14-384': (id) =>
    siglipEncoder(new ConfigFields(id, { ...SIGLIP_SO400M, image_size: 384 }), 'vision_tower'),
};

const LONGEST_NAME = 60;
const PROJECTOR = /^mlp(\d)x_gelu$/;

/** `mm_projector_type`: one matrix, or several with activations between them; [] where it is of another kind. */
function projectorWeights(fields: ConfigFields, width: number, { hiddenSize }: TextFrame): Weight[] {
  const type = fields.optionalText(['mm_projector_type']) ?? 'linear';
  const depth = type === 'linear' ? 1 : Number(PROJECTOR.exec(type)?.[1] ?? 0);
  const names = Array.from({ length: depth }, (_, index) => `mm_projector.${2 * index}`);
  return chain('vision', names, [width, ...names.map(() => hiddenSize)]);
}

/** A picture part that the text field `field` names. */
export const namedVision =
  (field: string): TowerReader =>
  (fields, text): Tower[] => {
    if (!fields.holdsText([field])) return [];
    fields.open(field);
    const name = (fields.optionalText([field]) ?? '').slice(0, LONGEST_NAME);
    const last = name.split('/').at(-1)?.toLowerCase() ?? '';
    const known = Object.hasOwn(ENCODERS, last) ? ENCODERS[last]?.(fields.modelId) : undefined;
    if (!known) {
      const assumption = `${field} names a picture encoder ("${name}") that is not known: it is not counted.`;
      return [{ modality: 'vision', label: 'not described', weights: [], assumption }];
    }
    const assumption = `${field} names the picture encoder instead of describing it: counted is ${known.label}, and the projector mm_projector_type names.`;
    const weights = [...known.weights, ...projectorWeights(fields, known.width, text)];
    return [{ modality: 'vision', label: known.label, weights, assumption }];
  };
