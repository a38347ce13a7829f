/** OpenBMB's MiniCPM-V and MiniCPM-o: SigLIP, a resampler, decoders that changed with the version. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import { linear, table, type Weight } from '../../weight.ts';
import { idefics2Encoder } from '../encoders/siglip.ts';
import { whisperEncoder } from '../encoders/whisper.ts';
import { chain, norm, type Encoder } from '../parts.ts';
import type { MultimodalFamily, TextFrame } from '../types.ts';
import { visionTower } from '../vision.ts';
import { audioTower } from './audio.ts';

/** Learned queries attend once to all patches of a picture; a matrix follows. */
function resampler(encoder: Encoder, fields: ConfigFields, { hiddenSize }: TextFrame): Weight[] {
  const queries = fields.optionalCount(['query_num'], LIMITS.width) ?? 64;
  const split = { hasBias: true };
  return [
    table('vision', 'resampler.query', queries, hiddenSize),
    ...(encoder.width === hiddenSize ? [] : linear('vision', 'resampler.kv_proj', hiddenSize, encoder.width)),
    ...linear('vision', 'resampler.attn.in_proj', 3 * hiddenSize, hiddenSize, split),
    ...linear('vision', 'resampler.attn.out_proj', hiddenSize, hiddenSize, split),
    ...['ln_q', 'ln_kv', 'ln_post'].flatMap((name) =>
      norm('vision', `resampler.${name}`, hiddenSize, 'weight_and_bias'),
    ),
    ...linear('vision', 'resampler.proj', hiddenSize, hiddenSize),
  ];
}

const vision = visionTower({ encoder: idefics2Encoder, module: 'vpm', projector: resampler });

/** Decoders by `version`: Llama 3 (2.5), Qwen2 (2.6), MiniCPM4 in Llama's layout (4.0), Qwen3 (4.5). */
const DECODERS: Readonly<Record<string, string>> = {
  '2.5': 'llama',
  '2.6': 'qwen2',
  '4': 'llama',
  '4.0': 'llama',
  '4.5': 'qwen3',
};

function decoderOf(fields: ConfigFields): string {
  const version = fields.holdsText(['version'])
    ? (fields.optionalText(['version']) ?? '')
    : String(fields.optionalPositive(['version'], 1000) ?? '2.5');
  const decoder = Object.hasOwn(DECODERS, version) ? DECODERS[version] : undefined;
  if (decoder === undefined) throw fields.invalid('version', version, `one of ${Object.keys(DECODERS).join(', ')}`);
  return decoder;
}

const minicpmv: MultimodalFamily = {
  text: ['text_config'],
  textModelType: decoderOf,
  architectures: ['MiniCPMV'],
  towers: [vision],
};

/** MiniCPM-o 2.6: a Whisper encoder beside the pictures; its output is averaged and projected by two layers. */
const minicpmo: MultimodalFamily = {
  text: ['text_config'],
  textModelType: (fields) => (fields.has('version') ? decoderOf(fields) : 'qwen2'),
  architectures: ['MiniCPMO'],
  towers: [
    vision,
    audioTower('audio_config', 'apm', whisperEncoder, (_, __, { hiddenSize }, config) => {
      const features = Math.floor((config.optionalCount(['encoder_ffn_dim'], LIMITS.width) ?? 4096) / 4);
      const names = ['audio_projection_layer.linear1', 'audio_projection_layer.linear2'];
      return chain('audio', names, [features, hiddenSize, hiddenSize]);
    }),
  ],
  assumptions: () => ['The part that speaks (tts) is left out: vLLM serves text.'],
};

export const MINICPM_FAMILIES: Record<string, MultimodalFamily> = { minicpmo, minicpmv };
