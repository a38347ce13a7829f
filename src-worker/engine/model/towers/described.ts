/** Which fields of a file describe a part beside the text decoder, whatever its family knows of them. */

import type { ConfigFields } from '../fields.ts';

/** Objects: `vision_config`, `visual`, `vit_config`, `audio_config`, `sound_config`, `vq_config`, … */
const SEEING = /^(mm_)?(vision|visual|vit|image|img|video)(_\w+)?$/;
const HEARING = /^(mm_)?(audio|speech|sound)(_\w+)?$/;
const OTHER =
  /^(\w*_)?(encoder|tokenizer|vq|qformer|sam|perceiver|resampler|projector|connector|adapter)(_\w+)?_config$/;

/** Texts and lists of texts that name encoders instead of describing them: `mm_vision_tower`, `mm_vision_tower_aux_list`. */
const NAMED =
  /^(mm_)?(vision|image|audio|speech)_(tower|encoder|backbone)(_name|_path|_name_or_path|_aux_list|_list)?$/;

interface DescribedParts {
  /** Objects with the fields of a picture encoder. */
  seeing: string[];
  /** Objects with the fields of a sound encoder. */
  hearing: string[];
  /** Objects of other parts. */
  other: string[];
  /** Texts and lists that name encoders. */
  named: string[];
}

/** The fields that describe or name parts for pictures and sound, in the order of the file. */
export function describedParts(fields: ConfigFields): DescribedParts {
  const names = fields.names();
  const objects = names.filter((name) => fields.holdsObject([name]));
  const texts = names.filter((name) => (fields.holdsText([name]) || fields.holdsList([name])) && fields.says(name));
  return {
    seeing: objects.filter((name) => SEEING.test(name)),
    hearing: objects.filter((name) => HEARING.test(name)),
    other: objects.filter((name) => OTHER.test(name)),
    named: texts.filter((name) => NAMED.test(name)),
  };
}

/** What a file describes beside its decoder and no reader opened: parts that would silently be missing from the count. */
export function unreadParts(fields: ConfigFields, leftOut: readonly string[] = []): string[] {
  const { seeing, hearing, other, named } = describedParts(fields);
  const names = [...seeing, ...hearing, ...other, ...(seeing.length > 0 ? [] : named)];
  return names.filter((name) => !fields.wasOpened(name) && !leftOut.includes(name));
}
