/** Salesforce's BLIP-2: EVA ViT-g, a Q-Former of learned queries, one matrix, a frozen decoder. */

import { LIMITS } from '../../fields.ts';
import { table } from '../../weight.ts';
import { blip2Encoder } from '../encoders/eva.ts';
import { chain, width } from '../parts.ts';
import { qformer } from '../qformer.ts';
import type { MultimodalFamily } from '../types.ts';
import { visionTower } from '../vision.ts';

const blip2: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'opt',
  towers: [
    visionTower({
      encoder: blip2Encoder,
      module: 'vision_model',
      projector: (_, fields, { hiddenSize: out }) => {
        const config = fields.inner('qformer_config', {});
        const hiddenSize = width(config, ['hidden_size'], 768);
        const queries = fields.optionalCount(['num_query_tokens'], LIMITS.width) ?? 32;
        return [
          table('vision', 'query_tokens', queries, hiddenSize),
          ...qformer('vision', config, 'qformer', hiddenSize),
          ...chain('vision', ['language_projection'], [hiddenSize, out]),
        ];
      },
    }),
  ],
};

export const BLIP_FAMILIES: Record<string, MultimodalFamily> = { 'blip-2': blip2 };
