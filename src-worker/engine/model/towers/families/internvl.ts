/** InternVL in both spellings: the checkpoints' own code (`internvl_chat`) and Transformers' (`internvl`). */

import type { ConfigFields } from '../../fields.ts';
import { internVitEncoder, internVlEncoder } from '../encoders/intern-vit.ts';
import { chain, norm, type Encoder } from '../parts.ts';
import type { MultimodalFamily, TextFrame } from '../types.ts';
import { visionTower } from '../vision.ts';
import type { Weight } from '../../weight.ts';

/** Features of the patches that one token takes together: `downsample_ratio` 0.5 joins two by two. */
function shuffled(encoder: Encoder, fields: ConfigFields): number {
  const ratio = fields.optionalPositive(['downsample_ratio'], 1) ?? 0.5;
  return encoder.width * Math.floor(1 / ratio) ** 2;
}

/** A norm and two linear layers (module `mlp1` of the checkpoints). */
const mlp1 = (encoder: Encoder, fields: ConfigFields, { hiddenSize }: TextFrame): Weight[] => {
  const features = shuffled(encoder, fields);
  return [
    ...norm('vision', 'mlp1.0', features, 'weight_and_bias'),
    ...chain('vision', ['mlp1.1', 'mlp1.3'], [features, hiddenSize, hiddenSize]),
  ];
};

const internvlChat: MultimodalFamily = {
  text: ['llm_config', 'text_config'],
  textModelType: 'internlm2',
  architectures: ['InternVLChatModel', 'SkyworkR1VChatModel', 'InternS1ForConditionalGeneration'],
  towers: [visionTower({ encoder: internVitEncoder, module: 'vision_model', projector: mlp1 })],
};

const internvl: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'qwen2',
  towers: [
    visionTower({
      encoder: internVlEncoder,
      projector: (encoder, fields, { hiddenSize }) => {
        const features = shuffled(encoder, fields);
        const module = 'multi_modal_projector';
        return [
          ...norm('vision', `${module}.layer_norm`, features, 'weight_and_bias'),
          ...chain('vision', [`${module}.linear_1`, `${module}.linear_2`], [features, hiddenSize, hiddenSize]),
        ];
      },
    }),
  ],
};

export const INTERNVL_FAMILIES: Record<string, MultimodalFamily> = {
  internvl,
  internvl_chat: internvlChat,
  interns1: internvl,
  skywork_chat: internvlChat,
};
