import { LIMITS, type ConfigFields } from '../../fields.ts';
import { linear, table, type Weight } from '../../weight.ts';
import {
  chain,
  CLIP_NAMES,
  convolution,
  heads,
  layers,
  norm,
  stackLabel,
  stackWeights,
  width,
  type Encoder,
  type LayerNames,
} from '../parts.ts';

const NAMES: LayerNames = {
  ...CLIP_NAMES,
  up: 'fc1',
  down: 'fc2',
  norms: ['self_attn_layer_norm', 'final_layer_norm'],
};

/** Samples along time that one output of a Whisper convolution sees. */
const KERNEL = 3;

interface Sizes {
  hiddenSize: number;
  numLayers: number;
  ffnWidth: number;
  melBands: number;
}

/** WhisperConfig names its sizes after encoder and decoder; some classes use the usual names. */
const readSizes = (config: ConfigFields): Sizes => ({
  hiddenSize: width(config, ['d_model', 'hidden_size'], 1280),
  numLayers: layers(config, ['encoder_layers', 'num_hidden_layers'], 32),
  ffnWidth: width(config, ['encoder_ffn_dim', 'intermediate_size'], 5120),
  melBands: width(config, ['num_mel_bins'], 128),
});

function whisperLayers(config: ConfigFields, module: string, sizes: Sizes, keyBias: boolean): Weight[] {
  const { hiddenSize, numLayers, ffnWidth } = sizes;
  const numHeads = heads(config, ['encoder_attention_heads', 'num_attention_heads'], 20);
  const stack = { modality: 'audio', module: `${module}.layers.*`, names: NAMES, keyBias } as const;
  return stackWeights({ ...stack, numLayers, hiddenSize, ffnWidth, numHeads });
}

interface WhisperOptions {
  /** Positions are stored, not computed. */
  hasPositions?: boolean;
  finalNorm?: string;
}

/**
 * Whisper's encoder, of which Qwen2-Audio, Voxtral and Ultravox are built: two convolutions over mel bands, then layers whose
 * keys have no bias; absent keys as Qwen2AudioEncoderConfig and VoxtralEncoderConfig set them.
 */
export function whisperEncoder(config: ConfigFields, module: string, options: WhisperOptions = {}): Encoder {
  const { hasPositions = true, finalNorm = 'layer_norm' } = options;
  const sizes = readSizes(config);
  const { hiddenSize, numLayers, melBands } = sizes;
  const positions = config.optionalCount(['max_source_positions'], LIMITS.context) ?? 1500;
  return {
    label: stackLabel('Whisper', numLayers, hiddenSize),
    width: hiddenSize,
    weights: [
      ...convolution('audio', `${module}.conv1`, hiddenSize, melBands * KERNEL),
      ...convolution('audio', `${module}.conv2`, hiddenSize, hiddenSize * KERNEL),
      ...(hasPositions ? [table('audio', `${module}.embed_positions`, positions, hiddenSize)] : []),
      ...whisperLayers(config, module, sizes, false),
      ...norm('audio', `${module}.${finalNorm}`, hiddenSize, 'weight_and_bias'),
    ],
  };
}

/** Qwen2.5-Omni's (Qwen2_5OmniAudioEncoder): positions are computed, start and end of the sound are learned. */
export function qwen25OmniAudio(config: ConfigFields, module: string): Encoder {
  const encoder = whisperEncoder(config, module, { hasPositions: false, finalNorm: 'ln_post' });
  const out = width(config, ['output_dim'], 3584);
  return {
    ...encoder,
    width: out,
    weights: [
      ...encoder.weights,
      table('audio', `${module}.audio_bos_eos_token`, 2, out),
      ...chain('audio', [`${module}.proj`], [encoder.width, out]),
    ],
  };
}

const halved = (size: number): number => Math.floor((size + 1) / 2);

/** Qwen3-Omni's (Qwen3OmniMoeAudioEncoder): three convolutions in two dimensions, each halving time and mel bands. */
export function qwen3OmniAudio(config: ConfigFields, module: string): Encoder {
  const sizes = readSizes(config);
  const { hiddenSize, numLayers, melBands } = sizes;
  const channels = width(config, ['downsample_hidden_size'], 480);
  const out = width(config, ['output_dim'], 3584);
  return {
    label: stackLabel('audio transformer', numLayers, hiddenSize),
    width: out,
    weights: [
      ...convolution('audio', `${module}.conv2d1`, channels, KERNEL ** 2),
      ...convolution('audio', `${module}.conv2d2`, channels, channels * KERNEL ** 2),
      ...convolution('audio', `${module}.conv2d3`, channels, channels * KERNEL ** 2),
      ...linear('audio', `${module}.conv_out`, hiddenSize, channels * halved(halved(halved(melBands)))),
      ...whisperLayers(config, module, sizes, true),
      ...norm('audio', `${module}.ln_post`, hiddenSize, 'weight_and_bias'),
      ...chain('audio', [`${module}.proj1`, `${module}.proj2`], [hiddenSize, hiddenSize, out]),
    ],
  };
}

/** GLM-ASR's (GlmAsrEncoder): rotary positions. */
export const glmAsrEncoder = (config: ConfigFields, module: string): Encoder =>
  whisperEncoder(config, module, { hasPositions: false, finalNorm: 'norm' });
