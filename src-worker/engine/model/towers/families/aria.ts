/** Rhymes' Aria: SigLIP as Idefics 3 builds it, learned queries that attend to its output, a network, a decoder with experts. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import { linear, table, type Weight } from '../../weight.ts';
import { idefics3Encoder } from '../encoders/siglip.ts';
import { chain, heads, norm, type Encoder } from '../parts.ts';
import type { MultimodalFamily, TextFrame } from '../types.ts';
import { visionTower } from '../vision.ts';

/** AriaConfig: 128 queries for pictures of 490 pixels, 256 for those of 980. */
const QUERIES = 256;

/** The most queries that `projector_patch_to_query_dict` gives any number of patches; all of them are stored. */
function numQueries(fields: ConfigFields): number {
  const name = 'projector_patch_to_query_dict';
  const dictionary = fields.nested(name);
  if (!dictionary) return QUERIES;
  const numbers = dictionary
    .names()
    .map((patches) => dictionary.count([patches], LIMITS.vocabulary, 'a number of queries'));
  if (numbers.length === 0) throw fields.missing([name], 'the queries for each number of patches');
  return Math.max(...numbers);
}

/** AriaProjector. */
function projector(encoder: Encoder, fields: ConfigFields, { hiddenSize }: TextFrame): Weight[] {
  const { width } = encoder;
  const module = 'multi_modal_projector';
  const attention = `${module}.cross_attn`;
  const splitUnits = heads(fields.inner('vision_config', {}), ['num_attention_heads'], 16);
  return [
    table('vision', `${module}.query`, numQueries(fields), width),
    ...['q_proj', 'k_proj', 'v_proj'].flatMap((name) =>
      linear('vision', `${attention}.${name}`, width, width, { splitUnits }),
    ),
    ...linear('vision', `${attention}.multihead_attn.in_proj`, 3 * width, width, { hasBias: true, splitUnits }),
    ...chain('vision', [`${attention}.multihead_attn.out_proj`, `${attention}.linear`], [width, width, width]),
    ...[`${attention}.layer_norm`, `${attention}.layer_norm_kv`, `${module}.layer_norm`].flatMap((name) =>
      norm('vision', name, width, 'weight_and_bias'),
    ),
    ...chain(
      'vision',
      [`${module}.feed_forward.linear_in`, `${module}.feed_forward.linear_out`],
      [width, hiddenSize, hiddenSize],
      { hasBias: false },
    ),
  ];
}

const aria: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'aria_text',
  // AriaConfig takes its encoder for Idefics 3's whatever the file calls it.
  towers: [visionTower({ encoder: idefics3Encoder, projector })],
};

export const ARIA_FAMILIES: Record<string, MultimodalFamily> = { aria };
