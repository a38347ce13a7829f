/** InternVL in both spellings: the checkpoints' own code (`internvl_chat`) and Transformers' (`internvl`). */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import { internVitEncoder, internVlEncoder } from '../encoders/intern-vit.ts';
import { chain, norm, shuffled, type Encoder } from '../parts.ts';
import type { MultimodalFamily, TextFrame } from '../types.ts';
import { visionTower, type EncoderReader } from '../vision.ts';
import type { Weight } from '../../weight.ts';

/** NVLM-D: without biases, and as wide inside as the decoder's networks (vLLM's nvlm_d.py). */
const nvlmMlp1 = (encoder: Encoder, fields: ConfigFields, { hiddenSize, fields: text }: TextFrame): Weight[] => {
  const features = shuffled(encoder, fields);
  const inner = text.count(['intermediate_size'], LIMITS.width, 'the inner width of the feed-forward network');
  return [
    ...norm('vision', 'mlp1.0', features, 'weight_and_bias'),
    ...chain('vision', ['mlp1.1', 'mlp1.3'], [features, inner, hiddenSize], { hasBias: false }),
  ];
};

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

/** Heads without effect that the checkpoint of NVLM-D has so that eight GPUs can share them evenly. */
const NVLM_DUMMY_HEADS = 7;

const nvlm: MultimodalFamily = {
  ...internvlChat,
  textModelType: 'qwen2',
  towers: [
    visionTower({
      encoder: (config, module) => internVitEncoder(config, module, NVLM_DUMMY_HEADS),
      module: 'vision_model',
      projector: nvlmMlp1,
    }),
  ],
};

/** Qianfan-OCR in both spellings: as published (`intern_vit_6b`) and as Transformers writes it (QianfanOCRVisionConfig). */
const qianfanEncoder: EncoderReader = (config, module) =>
  config.optionalText(['model_type']) === 'intern_vit_6b'
    ? internVitEncoder(config, module)
    : internVlEncoder(config.withDefaults({ attention_bias: true }), module);

const qianfanOcr: MultimodalFamily = {
  ...internvlChat,
  textModelType: 'qwen3',
  towers: [visionTower({ encoder: qianfanEncoder, module: 'vision_model', projector: mlp1 })],
};

export const INTERNVL_FAMILIES: Record<string, MultimodalFamily> = {
  h2ovl_chat: { ...internvlChat, textModelType: 'mistral' },
  internvl,
  internvl_chat: internvlChat,
  interns1: internvl,
  NVLM_D: nvlm,
  qianfan_ocr: qianfanOcr,
  skywork_chat: internvlChat,
};
