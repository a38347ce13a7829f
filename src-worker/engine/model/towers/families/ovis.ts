/** Ovis: pictures become probabilities over a visual vocabulary, looked up in a table beside the text's. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import { linear, table } from '../../weight.ts';
import { aimv2Like } from '../encoders/aimv2.ts';
import { norm, width } from '../parts.ts';
import type { MultimodalFamily } from '../types.ts';
import { visionTower } from '../vision.ts';

const aimv2 = aimv2Like({ hasHead: false });

/** Ovis 2 as Transformers writes it (Ovis2Config, Ovis2VisionConfig): AIMv2, then a head over the visual vocabulary. */
const ovis2: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'qwen2',
  towers: [
    visionTower({
      encoder: (config, module) => aimv2(config, `${module}.transformer`),
      projector: (encoder, fields: ConfigFields, { hiddenSize }) => {
        const config = fields.inner('vision_config', {});
        const vocabulary = config.optionalCount(['vocab_size'], LIMITS.vocabulary) ?? 16_384;
        const stride = config.optionalCount(['hidden_stride'], LIMITS.heads) ?? 1;
        const visible = vocabulary - (config.optionalCount(['num_visual_indicator_tokens'], LIMITS.width, 0) ?? 5);
        return [
          ...linear('vision', 'vision_tower.head_linear', visible, encoder.width * stride ** 2),
          ...norm('vision', 'vision_tower.head_norm', visible, 'weight_and_bias'),
          table('vision', 'visual_embeddings_table', vocabulary, width(fields, ['hidden_size'], hiddenSize)),
        ];
      },
    }),
  ],
};

export const OVIS_FAMILIES: Record<string, MultimodalFamily> = { ovis2 };
