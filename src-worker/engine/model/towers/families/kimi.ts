/** Moonshot's models: MoonViT, a picture encoder without a fixed picture size, before a decoder of the DeepSeek V3 kind. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import type { Weight } from '../../weight.ts';
import { moonVitEncoder } from '../encoders/moon-vit.ts';
import { chain, norm, type Encoder } from '../parts.ts';
import type { MultimodalFamily, TextFrame } from '../types.ts';
import { visionTower } from '../vision.ts';

function perToken(fields: ConfigFields): number {
  const isSide = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= LIMITS.heads;
  const names = ['vision_config.merge_kernel_size'];
  return (fields.optionalList(names, 2, isSide, 'a whole number above 0') ?? [2, 2]).reduce(
    (sum, side) => sum * side,
    1,
  );
}

/** A norm, then two linear layers over the patches of one token. */
const merger =
  (module: string, names: readonly [string, string]) =>
  (encoder: Encoder, fields: ConfigFields, { hiddenSize }: TextFrame): Weight[] => {
    const merged = encoder.width * perToken(fields);
    return [
      ...norm('vision', `${module}.pre_norm`, encoder.width, 'weight_and_bias'),
      ...chain('vision', [`${module}.${names[0]}`, `${module}.${names[1]}`], [merged, merged, hiddenSize]),
    ];
  };

const kimiVl: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'deepseek_v3',
  towers: [
    visionTower({ encoder: moonVitEncoder, projector: merger('multi_modal_projector', ['linear_1', 'linear_2']) }),
  ],
};

const kimiK25: MultimodalFamily = {
  ...kimiVl,
  towers: [visionTower({ encoder: moonVitEncoder, projector: merger('mm_projector', ['proj.0', 'proj.2']) })],
};

export const KIMI_FAMILIES: Record<string, MultimodalFamily> = {
  kimi_k25: kimiK25,
  kimi_k3: {
    ...kimiK25,
    textModelType: 'kimi_linear',
    isEstimated: true,
    assumptions: () => ['The projector of model_type "kimi_k3" is not known: it is counted as that of Kimi K2.5.'],
  },
  kimi_vl: kimiVl,
};
