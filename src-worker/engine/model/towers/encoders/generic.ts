import type { ConfigFields } from '../../fields.ts';
import { LIMITS } from '../../fields.ts';
import { table, type Weight } from '../../weight.ts';
import {
  COLOURS,
  convolution,
  FUSED_NAMES,
  layers,
  norm,
  patchesPerSide,
  pixels,
  stackLabel,
  stackWeights,
  width,
  type Encoder,
  type Stack,
} from '../parts.ts';
import { whisperEncoder } from './whisper.ts';

const HIDDEN_SIZE = ['hidden_size', 'vt_hidden_size', 'embed_dim', 'width', 'd_model'];
const NUM_LAYERS = ['num_hidden_layers', 'vt_num_hidden_layers', 'depth', 'layers', 'num_layers', 'encoder_layers'];
const NUM_HEADS = ['num_attention_heads', 'vt_num_attention_heads', 'num_heads', 'heads', 'encoder_attention_heads'];
const FFN_WIDTH = ['intermediate_size', 'vt_intermediate_size', 'encoder_ffn_dim', 'ffn_dim'];

/** A network is four times as wide as its layer where a file says nothing, as in the first Vision Transformer. */
const USUAL_RATIO = 4;

function positions(config: ConfigFields, module: string, hiddenSize: number, patchSize: number): Weight[] {
  if (!config.has('image_size')) return [];
  const perSide = patchesPerSide(config, pixels(config, 'image_size', patchSize), patchSize);
  return [table('vision', `${module}.position_embedding`, perSide ** 2, hiddenSize)];
}

/** Sizes of equal layers by the usual names; null where they do not tell them. */
function plainSizes(config: ConfigFields): Pick<Stack, 'hiddenSize' | 'numLayers' | 'ffnWidth' | 'numHeads'> | null {
  // Encoders in stages list a width and a depth for each: those are not plain.
  if (!config.holdsNumber(HIDDEN_SIZE) || !config.holdsNumber(NUM_LAYERS)) return null;
  const hiddenSize = width(config, HIDDEN_SIZE, 1);
  return {
    hiddenSize,
    numLayers: layers(config, NUM_LAYERS, 1),
    ffnWidth: config.has(...FFN_WIDTH)
      ? width(config, FFN_WIDTH, 1)
      : config.scaledWidth(['mlp_ratio'], hiddenSize, USUAL_RATIO),
    numHeads: config.optionalCount(NUM_HEADS, LIMITS.heads) ?? 1,
  };
}

/**
 * A picture encoder of a kind that is not known, counted as a plain Vision Transformer from the usual fields; null where they
 * do not tell its size.
 */
export function plainEncoder(config: ConfigFields, module: string): Encoder | null {
  const sizes = plainSizes(config);
  if (!sizes) return null;
  const { hiddenSize, numLayers } = sizes;
  const patchSize = pixels(config, 'patch_size', 14);
  const stack = { modality: 'vision', module: `${module}.layers.*`, names: FUSED_NAMES } as const;
  return {
    label: stackLabel('Vision Transformer', numLayers, hiddenSize),
    width: hiddenSize,
    weights: [
      ...convolution('vision', `${module}.patch_embed`, hiddenSize, COLOURS * patchSize ** 2),
      ...positions(config, module, hiddenSize, patchSize),
      ...stackWeights({ ...stack, ...sizes }),
      ...norm('vision', `${module}.norm`, hiddenSize, 'weight_and_bias'),
    ],
  };
}

const MEL_BANDS = ['num_mel_bins', 'input_dim', 'input_size'];

/**
 * An encoder of sound of a kind that is not known, counted as one laid out like Whisper's from the usual fields; null where
 * they do not tell its size.
 */
export function plainAudioEncoder(config: ConfigFields, module: string): Encoder | null {
  const sizes = plainSizes(config);
  if (!sizes) return null;
  const melBands = config.optionalCount(MEL_BANDS, LIMITS.width);
  const named = {
    d_model: sizes.hiddenSize,
    encoder_layers: sizes.numLayers,
    encoder_ffn_dim: sizes.ffnWidth,
    encoder_attention_heads: sizes.numHeads,
    ...(melBands === null ? {} : { num_mel_bins: melBands }),
  };
  return whisperEncoder(config.replaced(named), module);
}
