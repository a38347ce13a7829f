/** Models that hear: an audio encoder before the decoder, some with a vision part beside it. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import type { Tower } from '../../types.ts';
import { linear, table, vector, type Weight } from '../../weight.ts';
import { qwen25VlEncoder, qwen3VlLike } from '../encoders/qwen.ts';
import { glmAsrEncoder, qwen25OmniAudio, qwen3OmniAudio, whisperEncoder } from '../encoders/whisper.ts';
import { chain, convolution, heads, layers, norm, stackLabel, width, type Encoder } from '../parts.ts';
import { qformer } from '../qformer.ts';
import { tiedUnlessSaid, type MultimodalFamily, type TextFrame, type TowerReader } from '../types.ts';
import { visionTower } from '../vision.ts';

type AudioProjector = (encoder: Encoder, fields: ConfigFields, text: TextFrame, config: ConfigFields) => Weight[];

/** An audio encoder and what leads from it to the decoder. */
export const audioTower =
  (
    name: string,
    module: string,
    read: (config: ConfigFields, module: string) => Encoder,
    projector: AudioProjector = () => [],
  ): TowerReader =>
  (fields, text): Tower[] => {
    const config = fields.inner(name, {});
    const encoder = read(config, module);
    const weights = [...encoder.weights, ...projector(encoder, fields, text, config)];
    return [{ modality: 'audio', label: encoder.label, weights }];
  };

const qwen2Audio: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'qwen2',
  towers: [
    audioTower('audio_config', 'audio_tower', whisperEncoder, (encoder, _, { hiddenSize }) =>
      chain('audio', ['multi_modal_projector.linear'], [encoder.width, hiddenSize]),
    ),
  ],
};

/** Voxtral: as many frames side by side as make the width of the encoder's network. */
const voxtral: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'llama',
  // VoxtralConfig's own values for keys the decoder's object leaves out.
  textDefaults: {
    vocab_size: 131_072,
    hidden_size: 3072,
    intermediate_size: 8192,
    num_hidden_layers: 30,
    num_key_value_heads: 8,
    max_position_embeddings: 131_072,
    head_dim: 128,
  },
  towers: [
    audioTower('audio_config', 'audio_tower', whisperEncoder, (_, __, { hiddenSize }, config) => {
      const frames = width(config, ['intermediate_size', 'encoder_ffn_dim'], 5120);
      const names = ['multi_modal_projector.linear_1', 'multi_modal_projector.linear_2'];
      return chain('audio', names, [frames, hiddenSize, hiddenSize], { hasBias: false });
    }),
  ],
};

/** Audio Flamingo 3: two layers with biases. */
const audioFlamingo3: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'qwen2',
  towers: [
    audioTower('audio_config', 'audio_tower', whisperEncoder, (encoder, fields, { hiddenSize }) => {
      const names = ['multi_modal_projector.linear_1', 'multi_modal_projector.linear_2'];
      const hasBias = fields.flag(['projector_bias'], true);
      return chain('audio', names, [encoder.width, hiddenSize, hiddenSize], { hasBias });
    }),
  ],
};

/**
 * Ultravox (UltravoxConfig): frames side by side, a norm, a gated network whose first matrix yields gate and value, and from
 * version 0.5 on the norm in the middle instead of at the end.
 */
const ultravox: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'llama',
  architectures: ['UltravoxModel'],
  towers: [
    audioTower('audio_config', 'audio_tower', whisperEncoder, (encoder, fields, { hiddenSize }) => {
      const frames = encoder.width * (fields.optionalCount(['stack_factor'], LIMITS.heads) ?? 8);
      const inner = fields.optionalCount(['hidden_size'], LIMITS.width) ?? 4096;
      const gated = (fields.optionalText(['projector_act']) ?? 'swiglu') === 'swiglu' ? Math.floor(inner / 2) : inner;
      const isMiddle = fields.flag(['projector_ln_mid'], false);
      const module = 'multi_modal_projector';
      return [
        ...norm('audio', `${module}.ln_pre`, frames, 'weight'),
        ...linear('audio', `${module}.linear_1`, inner, frames),
        ...norm('audio', `${module}.${isMiddle ? 'ln_mid' : 'ln_post'}`, isMiddle ? gated : hiddenSize, 'weight'),
        ...linear('audio', `${module}.linear_2`, hiddenSize, gated),
      ];
    }),
  ],
};

const THINKER_ONLY =
  'Counted is the thinker, which writes text: what vLLM serves. The talker and the vocoder, which speak, are left out.';

const omni = (
  textModelType: string,
  vision: (config: ConfigFields, module: string) => Encoder,
  audio: (config: ConfigFields, module: string) => Encoder,
  architectures: readonly string[],
): MultimodalFamily => ({
  text: ['thinker_config.text_config', 'text_config'],
  textModelType,
  architectures,
  towers: [
    (fields, text) => {
      const thinker = fields.nested('thinker_config') ?? fields;
      return [
        ...audioTower('audio_config', 'audio_tower', audio)(thinker, text),
        ...visionTower({ encoder: vision, module: 'visual' })(thinker, text),
      ];
    },
  ],
  assumptions: () => [THINKER_ONLY],
});

const qwen25Omni = omni('qwen2_5_omni_text', qwen25VlEncoder, qwen25OmniAudio, ['Qwen2_5OmniModel']);
const qwen3Omni = omni('qwen3_omni_moe_text', qwen3VlLike(true), qwen3OmniAudio, []);

/** GLM-ASR (GlmAsrConfig): four frames side by side make the width of the encoder's network; a network twice the decoder's width. */
const glmAsr: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'llama',
  textFields: tiedUnlessSaid,
  towers: [
    audioTower('audio_config', 'audio_tower', glmAsrEncoder, (_, __, { hiddenSize }, config) => {
      const frames = width(config, ['intermediate_size'], 5120);
      const names = ['multi_modal_projector.linear_1', 'multi_modal_projector.linear_2'];
      return chain('audio', names, [frames, 2 * hiddenSize, hiddenSize]);
    }),
  ],
};

/** Qwen3ASREncoderConfig. */
const qwen3AsrAudio = (config: ConfigFields, module: string): Encoder =>
  qwen3OmniAudio(
    config.withDefaults({ d_model: 1024, encoder_layers: 24, encoder_attention_heads: 16, encoder_ffn_dim: 4096 }),
    module,
  );

/** Qwen3-ASR: the thinker of Qwen3-Omni without pictures. */
const qwen3Asr: MultimodalFamily = {
  text: ['thinker_config.text_config', 'text_config'],
  textModelType: 'qwen3',
  textFields: tiedUnlessSaid,
  towers: [
    (fields, text) =>
      audioTower('audio_config', 'audio_tower', qwen3AsrAudio)(fields.nested('thinker_config') ?? fields, text),
  ],
};

/** Granite Speech's conformer (GraniteSpeechEncoderConfig): two half networks, attention in blocks, a gated convolution. */
function graniteSpeechEncoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['hidden_dim'], 1024);
  const count = layers(config, ['num_layers'], 10);
  const numHeads = heads(config, ['num_heads'], 8);
  const headDim = heads(config, ['dim_head'], 128);
  const network = hiddenSize * heads(config, ['feedforward_mult'], 4);
  const channels = hiddenSize * heads(config, ['conv_expansion_factor'], 2);
  const kernel = heads(config, ['conv_kernel_size'], 15);
  const positions = 2 * (config.optionalCount(['max_pos_emb'], LIMITS.context) ?? 512) + 1;
  const out = width(config, ['output_dim'], 42);
  const layer = `${module}.layers.*`;
  const attention = numHeads * headDim;
  const half = (name: string): Weight[] => [
    ...norm('audio', `${layer}.${name}.pre_norm`, hiddenSize, 'weight_and_bias', count),
    ...chain('audio', [`${layer}.${name}.up_proj`, `${layer}.${name}.down_proj`], [hiddenSize, network, hiddenSize], {
      count,
    }),
  ];
  return {
    label: stackLabel('conformer', count, hiddenSize),
    width: hiddenSize,
    weights: [
      ...chain('audio', [`${module}.input_linear`], [width(config, ['input_dim'], 160), hiddenSize]),
      ...half('ff1'),
      ...norm('audio', `${layer}.attn.pre_norm`, hiddenSize, 'weight_and_bias', count),
      ...linear('audio', `${layer}.attn.to_q`, attention, hiddenSize, { count, splitUnits: numHeads }),
      ...linear('audio', `${layer}.attn.to_kv`, 2 * attention, hiddenSize, { count, splitUnits: numHeads }),
      ...linear('audio', `${layer}.attn.to_out`, hiddenSize, attention, { count, hasBias: true }),
      table('audio', `${layer}.attn.rel_pos_emb`, positions, headDim, 1, count),
      ...norm('audio', `${layer}.conv.norm`, hiddenSize, 'weight_and_bias', count),
      ...convolution('audio', `${layer}.conv.up_conv`, 2 * channels, hiddenSize, { count }),
      ...convolution('audio', `${layer}.conv.depth_conv.conv`, channels, kernel, { count, hasBias: false }),
      ...norm('audio', `${layer}.conv.batch_norm`, channels, 'weight_and_bias', count),
      ...convolution('audio', `${layer}.conv.down_conv`, hiddenSize, channels, { count }),
      ...half('ff2'),
      ...norm('audio', `${layer}.post_norm`, hiddenSize, 'weight_and_bias', count),
      ...chain('audio', [`${module}.out`, `${module}.out_mid`], [hiddenSize, out, hiddenSize]),
    ],
  };
}

const GRANITE_ADAPTER =
  'The LoRA adapter that the decoder uses for sound (has_lora_adapter) is a file of its own and not counted.';

const graniteSpeech: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'granite',
  towers: [
    audioTower('encoder_config', 'encoder', graniteSpeechEncoder, (_, fields, text) => {
      const config = fields.inner('projector_config', {});
      const hiddenSize = width(config, ['hidden_size'], 768);
      const window = heads(fields, ['window_size'], 15);
      const queries = Math.floor(window / heads(fields, ['downsample_rate'], 5));
      return [
        vector('audio', 'projector.query', queries * hiddenSize),
        ...qformer('audio', config, 'projector.qformer', hiddenSize),
        ...chain('audio', ['projector.linear'], [hiddenSize, text.hiddenSize]),
      ];
    }),
  ],
  assumptions: (fields) => (fields.flag(['has_lora_adapter'], true) ? [GRANITE_ADAPTER] : []),
};

export const AUDIO_FAMILIES: Record<string, MultimodalFamily> = {
  audioflamingo3: audioFlamingo3,
  glmasr: glmAsr,
  granite_speech: graniteSpeech,
  qwen2_audio: qwen2Audio,
  qwen3_asr: qwen3Asr,
  qwen2_5_omni: qwen25Omni,
  qwen2_5_omni_thinker: qwen25Omni,
  qwen3_omni_moe: qwen3Omni,
  qwen3_omni_moe_thinker: qwen3Omni,
  ultravox,
  voxtral,
};
