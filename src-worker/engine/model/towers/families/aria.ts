/** Aria: learned queries attend to the picture; how many depends on its patches, all of them are stored. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import { linear, table, type Weight } from '../../weight.ts';
import { idefics3Encoder } from '../encoders/siglip.ts';
import { norm, type Encoder } from '../parts.ts';
import type { MultimodalFamily, TextFrame } from '../types.ts';
import { visionTower } from '../vision.ts';

/** The largest number of queries in `projector_patch_to_query_dict` (AriaConfig: 128 or 256). */
function mostQueries(fields: ConfigFields): number {
  const name = 'projector_patch_to_query_dict';
  const written = fields.nested(name);
  if (!written) return 256;
  const counts = written.names().map((patches) => written.count([patches], LIMITS.vocabulary, 'a number of queries'));
  if (counts.length === 0) throw fields.missing([name], 'the queries for each number of patches');
  return Math.max(...counts);
}

/** Projections of queries, keys and values before those of the attention itself, then a plain network. */
function projector({ width }: Encoder, fields: ConfigFields, { hiddenSize }: TextFrame): Weight[] {
  const module = 'multi_modal_projector';
  const square = (name: string, hasBias: boolean): Weight[] =>
    linear('vision', `${module}.cross_attn.${name}`, width, width, { hasBias });
  return [
    table('vision', `${module}.query`, mostQueries(fields), width),
    ...['q_proj', 'k_proj', 'v_proj'].flatMap((name) => square(name, false)),
    ...linear('vision', `${module}.cross_attn.multihead_attn.in_proj`, 3 * width, width, { hasBias: true }),
    ...square('multihead_attn.out_proj', true),
    ...square('linear', true),
    ...['cross_attn.layer_norm', 'cross_attn.layer_norm_kv', 'layer_norm'].flatMap((name) =>
      norm('vision', `${module}.${name}`, width, 'weight_and_bias'),
    ),
    ...linear('vision', `${module}.feed_forward.linear_in`, hiddenSize, width),
    ...linear('vision', `${module}.feed_forward.linear_out`, hiddenSize, hiddenSize),
  ];
}

const aria: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'aria_text',
  // AriaConfig takes its encoder for Idefics 3's whatever the file calls it.
  towers: [visionTower({ encoder: idefics3Encoder, projector })],
};

export const ARIA_FAMILIES: Record<string, MultimodalFamily> = { aria };
