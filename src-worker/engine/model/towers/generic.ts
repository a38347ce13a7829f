import type { ConfigFields } from '../fields.ts';
import type { Tower } from '../types.ts';
import { plainAudioEncoder } from './encoders/generic.ts';
import type { Encoder } from './parts.ts';
import type { MultimodalFamily, TowerReader } from './types.ts';
import { visionTower } from './vision.ts';

/** Where files of many kinds keep the fields of their decoder. */
export const TEXT_OBJECTS = ['text_config', 'llm_config', 'language_config', 'thinker_config.text_config'];

const VISION_OBJECTS = ['vision_config', 'vision_tower_config', 'thinker_config.vision_config'];
const AUDIO_OBJECTS = ['audio_config', 'audio_encoder_config', 'thinker_config.audio_config', 'encoder_config'];

/** The picture part by its own `model_type` where that is known, else as a plain Vision Transformer. */
const vision: TowerReader = (fields, text): Tower[] => {
  const name = VISION_OBJECTS.find((candidate) => fields.has(candidate));
  return name === undefined ? [] : visionTower({ config: name, encoder: '', module: 'vision_model' })(fields, text);
};

/** The object that describes an audio part, or null. */
const audioObject = (fields: ConfigFields): string | null =>
  AUDIO_OBJECTS.find((candidate) => fields.has(candidate)) ?? null;

const plainAudio = (fields: ConfigFields, name: string): Encoder | null =>
  plainAudioEncoder(fields.inner(name, {}), 'audio_tower');

/** The audio part as a plain encoder, where its fields tell the size of one. */
const audio: TowerReader = (fields): Tower[] => {
  const name = audioObject(fields);
  const encoder = name === null ? null : plainAudio(fields, name);
  if (name === null || encoder === null) return [];
  const type = fields.inner(name, {}).optionalText(['model_type']) ?? '';
  const assumption = `The audio encoder "${type.slice(0, 60)}" of ${name} is not known: it is counted as one like Whisper's of the width and layers written there.`;
  return [{ modality: 'audio', label: encoder.label, weights: encoder.weights, assumption }];
};

/** True for an audio part whose size does not follow from its fields. */
function hidesAudio(fields: ConfigFields): boolean {
  const name = audioObject(fields);
  return name !== null && plainAudio(fields, name) === null;
}

/**
 * A model around a decoder whose `model_type` is not known: the decoder is read by its own type, the rest estimated. Null for
 * a file without a decoder of its own.
 */
export function unknownMultimodal(fields: ConfigFields, outerType: string): MultimodalFamily | null {
  if (!fields.has(...TEXT_OBJECTS)) return null;
  return {
    text: TEXT_OBJECTS,
    textModelType: outerType,
    towers: [vision, audio],
    isEstimated: true,
    assumptions: () => [
      `model_type "${outerType}" is not known: the text decoder is read by its own model_type, projectors are not counted.`,
      ...(hidesAudio(fields) ? ['The audio part is not described in a known way and is not counted.'] : []),
    ],
  };
}
