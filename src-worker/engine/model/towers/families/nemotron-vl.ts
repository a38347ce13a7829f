/** NVIDIA's models that see: C-RADIO before Llama or Nemotron-H. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import { linear, type Weight } from '../../weight.ts';
import { radioEncoder } from '../encoders/radio.ts';
import { chain, norm, shuffled } from '../parts.ts';
import type { MultimodalFamily } from '../types.ts';
import { visionTower, type Projector } from '../vision.ts';

const innerWidth = (fields: ConfigFields): number =>
  fields.optionalCount(['projector_hidden_size'], LIMITS.width) ?? 4096;

/** Llama Nemotron Nano VL (vLLM's nemotron_vl.py): a LayerNorm, two layers with biases. */
const withBiases: Projector = (encoder, fields, { hiddenSize }): Weight[] => {
  const features = shuffled(encoder, fields);
  return [
    ...norm('vision', 'mlp1.0', features, 'weight_and_bias'),
    ...chain('vision', ['mlp1.1', 'mlp1.3'], [features, innerWidth(fields), hiddenSize]),
  ];
};

/** Nemotron Nano V2 VL and its successors (vLLM's nano_nemotron_vl.py): an RMSNorm, two layers without. */
const withoutBiases: Projector = (encoder, fields, { hiddenSize }): Weight[] => {
  const features = shuffled(encoder, fields);
  const inner = innerWidth(fields);
  return [
    ...norm('vision', 'mlp1.0', features, 'weight'),
    ...linear('vision', 'mlp1.1', inner, features, { splitUnits: inner }),
    ...linear('vision', 'mlp1.3', hiddenSize, inner, { splitUnits: inner, splitsInputs: true }),
  ];
};

const RADIO_NAMED =
  'config.json names the picture encoder (C-RADIO) without its sizes: they are those of its published checkpoints.';

const nemotronVl = (textModelType: string, projector: Projector): MultimodalFamily => ({
  text: ['llm_config', 'text_config'],
  textModelType,
  towers: [visionTower({ encoder: radioEncoder, module: 'vision_model.radio_model', projector })],
  isEstimated: true,
  assumptions: () => [RADIO_NAMED],
});

export const NEMOTRON_VL_FAMILIES: Record<string, MultimodalFamily> = {
  Llama_Nemotron_Nano_VL: nemotronVl('llama', withBiases),
  NemotronH_Nano_Omni_Reasoning_V3: nemotronVl('nemotron_h', withoutBiases),
  NemotronH_Nano_VL_V2: nemotronVl('nemotron_h', withoutBiases),
  nemotron_h_omni: nemotronVl('nemotron_h', withoutBiases),
};
