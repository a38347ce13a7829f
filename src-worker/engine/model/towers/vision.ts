import type { ConfigFields } from '../fields.ts';
import type { Tower } from '../types.ts';
import type { Weight } from '../weight.ts';
import { aimv2Encoder } from './encoders/aimv2.ts';
import { clipEncoder } from './encoders/clip.ts';
import { plainEncoder } from './encoders/generic.ts';
import { internVitEncoder, internVlEncoder } from './encoders/intern-vit.ts';
import { moonVitEncoder } from './encoders/moon-vit.ts';
import { pixtralEncoder } from './encoders/pixtral.ts';
import { qwen25VlEncoder, qwen2VlEncoder, qwen3VlLike } from './encoders/qwen.ts';
import { radioEncoder } from './encoders/radio.ts';
import { idefics2Encoder, idefics3Encoder, siglip2Encoder, siglipEncoder } from './encoders/siglip.ts';
import type { Encoder } from './parts.ts';
import type { TextFrame, TowerReader } from './types.ts';

/** Reads a picture encoder from the object that describes it. */
export type EncoderReader = (config: ConfigFields, module: string) => Encoder;

/** Picture encoders that several models use, by the `model_type` of `vision_config`. */
const ENCODERS: ReadonlyMap<string, EncoderReader> = new Map([
  ['aimv2', aimv2Encoder],
  ['aimv2_vision_model', aimv2Encoder],
  ['clip_vision_model', clipEncoder],
  ['idefics2', idefics2Encoder],
  ['idefics2_vision', idefics2Encoder],
  ['idefics3', idefics3Encoder],
  ['idefics3_vision', idefics3Encoder],
  ['intern_vit_6b', internVitEncoder],
  ['internvl_vision', internVlEncoder],
  ['moonvit', moonVitEncoder],
  ['pixtral', pixtralEncoder],
  ['qwen2_5_vl', qwen25VlEncoder],
  ['qwen2_5_vl_vision', qwen25VlEncoder],
  ['qwen2_vl', qwen2VlEncoder],
  ['qwen2_vl_vision', qwen2VlEncoder],
  ['qwen3_vl', qwen3VlLike(true)],
  ['qwen3_vl_moe', qwen3VlLike(true)],
  ['qwen3_vl_vision', qwen3VlLike(true)],
  ['radio', radioEncoder],
  ['siglip2_vision_model', siglip2Encoder],
  ['siglip_vision_model', siglipEncoder],
  ['smolvlm_vision', idefics3Encoder],
]);

/** What follows an encoder: projector, separators, mergers. */
export type Projector = (encoder: Encoder, fields: ConfigFields, text: TextFrame) => Weight[];

interface VisionOptions {
  /** Object that describes the encoder. */
  config?: string;
  /** What the class around the decoder builds for a file without that object; the keys of one that is there stand alone. */
  whenAbsent?: Readonly<Record<string, unknown>>;
  /** The encoder: one class whatever the file says, or the `model_type` that stands where the object names none. */
  encoder: EncoderReader | string;
  /** Module path of the encoder in the checkpoint. */
  module?: string;
  projector?: Projector;
}

/** A picture part whose encoder is not known, counted as a plain Vision Transformer or, where its fields tell no size, not at all. */
export function unknownVision(config: ConfigFields, name: string, type: string, module: string): [Encoder, string] {
  const plain = plainEncoder(config, module);
  const kind =
    type === '' ? `${name} names no known picture encoder` : `The picture encoder "${type}" of ${name} is not known`;
  if (plain)
    return [plain, `${kind}: it is counted as a plain Vision Transformer of the width and layers written there.`];
  const nothing: Encoder = { label: 'not described', width: 0, weights: [] };
  return [nothing, `${kind}, and its size does not follow from its fields: it is not counted.`];
}

/** A picture encoder and what leads from it to the decoder. */
export function visionTower(options: VisionOptions): TowerReader {
  const { config: name = 'vision_config', module = 'vision_tower', whenAbsent = {}, encoder: kind } = options;
  return (fields, text): Tower[] => {
    const config = fields.inner(name, fields.has(name) ? {} : whenAbsent);
    const type = config.optionalText(['model_type']) ?? (typeof kind === 'string' ? kind : '');
    const read = typeof kind === 'string' ? ENCODERS.get(type) : kind;
    const [encoder, assumption] = read ? [read(config, module), null] : unknownVision(config, name, type, module);
    const isSized = encoder.width > 0;
    const weights = [...encoder.weights, ...(isSized ? (options.projector?.(encoder, fields, text) ?? []) : [])];
    return [{ modality: 'vision', label: encoder.label, weights, ...(assumption === null ? {} : { assumption }) }];
  };
}
