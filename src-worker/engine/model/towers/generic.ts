import type { ConfigFields } from '../fields.ts';
import { NAMES } from '../frame.ts';
import type { Tower } from '../types.ts';
import { describedParts } from './described.ts';
import { plainAudioEncoder } from './encoders/generic.ts';
import { namedVision } from './named.ts';
import type { MultimodalFamily, TowerReader } from './types.ts';
import { visionTower } from './vision.ts';

/** Where files of many kinds keep the fields of their decoder. */
const TEXT_OBJECTS = ['text_config', 'llm_config', 'language_config', 'thinker_config.text_config'];

const THINKER = 'thinker_config';

/** The object whose fields describe the parts: the outer one, or the part of an omni model that writes text. */
const around = (fields: ConfigFields): ConfigFields =>
  fields.has(`${THINKER}.text_config`) ? (fields.nested(THINKER) ?? fields) : fields;

/** The picture parts by their own `model_type` where that is known, else as plain Vision Transformers. */
const vision: TowerReader = (fields, text): Tower[] => {
  const outer = around(fields);
  const { seeing, named } = describedParts(outer);
  const described = seeing.flatMap((name) =>
    visionTower({ config: name, encoder: '', module: name.replace(/_config$/, '') })(outer, text),
  );
  return described.length > 0 ? described : named.flatMap((name) => namedVision(name)(outer, text));
};

/** A sound part as one laid out like Whisper's encoder, where its fields tell its size. */
const audio: TowerReader = (fields): Tower[] => {
  const outer = around(fields);
  return describedParts(outer).hearing.map((name): Tower => {
    const encoder = plainAudioEncoder(outer.inner(name, {}), name.replace(/_config$/, ''));
    if (encoder) {
      const { label, weights } = encoder;
      const assumption = `The audio part ${name} is counted as an encoder laid out like Whisper's.`;
      return { modality: 'audio', label, weights, assumption };
    }
    const assumption = `The size of the audio part ${name} does not follow from its fields: it is not counted.`;
    return { modality: 'audio', label: 'not described', weights: [], assumption };
  });
};

/** True where the outer object has the fields of a decoder, and describes another part besides. */
function isDecoderWithParts(fields: ConfigFields): boolean {
  if (!fields.has(...NAMES.numLayers) || !fields.has(...NAMES.hiddenSize)) return false;
  const { seeing, hearing, other, named } = describedParts(fields);
  return seeing.length + hearing.length + other.length + named.length > 0;
}

/**
 * A model around a decoder whose `model_type` is not known, or a known decoder with parts that its family does not have: the
 * decoder is read by its own type, the rest estimated. Null for a file that has neither a decoder's object nor such a part.
 */
export function unknownMultimodal(fields: ConfigFields, outerType: string, isKnown: boolean): MultimodalFamily | null {
  if (!fields.has(...TEXT_OBJECTS) && !isDecoderWithParts(fields)) return null;
  const subject = isKnown
    ? `model_type "${outerType}" is known as a text decoder without other parts`
    : `model_type "${outerType}" is not known: the text decoder is read by its own model_type`;
  return {
    text: TEXT_OBJECTS,
    textModelType: outerType,
    towers: [vision, audio],
    isEstimated: true,
    assumptions: () => [
      isKnown
        ? `${subject}: those that its file describes are estimated, projectors are not counted.`
        : `${subject}, projectors are not counted.`,
    ],
  };
}
