import { crossAttention } from '../attention/cross.ts';
import { gqaAttention } from '../attention/gqa.ts';
import { windowWhere } from '../attention/window.ts';
import { denseFfn, ffnWeights } from '../ffn/dense.ts';
import { interleavedLayers, listedLayers, moeFfn } from '../ffn/moe.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { never, type Frame } from '../frame.ts';
import { table } from '../weight.ts';
import { attentionBias, RMS_NORMS } from './shared.ts';
import type { DecoderFamily } from './types.ts';

const isFlag = (value: unknown): value is number => value === 0 || value === 1;

/**
 * Layers that rotate their queries and keys, and so attend within a chunk: `no_rope_layers` lists 1 for them (sic), else all
 * but every `no_rope_layer_interval`-th.
 */
export function rotatingLayers(fields: ConfigFields): (layer: number) => boolean {
  const written = fields.optionalList(['no_rope_layers'], LIMITS.layers, isFlag, '0 or 1') ?? [];
  if (written.length > 0) return (layer) => written[layer] === 1;
  const interval = fields.optionalCount(['no_rope_layer_interval'], LIMITS.layers) ?? 4;
  return (layer) => (layer + 1) % interval !== 0;
}

/** Experts and one shared expert of the same width; the dense layers between have one of their own. Norms of queries and keys have no weights. */
const llama4Text: DecoderFamily = {
  defaults: { num_key_value_heads: 8, head_dim: 128 },
  attention: gqaAttention({
    qkvBias: attentionBias,
    outBias: attentionBias,
    window: windowWhere(8192, rotatingLayers),
  }),
  ffn: moeFfn({
    module: 'feed_forward',
    router: 'feed_forward.router',
    expertWidth: ['intermediate_size'],
    sparse: listedLayers('moe_layers', interleavedLayers),
    shared: (_, { hiddenSize }: Frame, width) =>
      ffnWeights('sharedExperts', 'feed_forward.shared_expert', { hiddenSize, width }),
    dense: denseFfn({
      module: 'feed_forward',
      width: (fields) => fields.optionalCount(['intermediate_size_mlp'], LIMITS.width) ?? 16_384,
    }),
  }),
  norms: RMS_NORMS,
  isHeadTied: false,
};

/** Rows of the embedding for picture tokens, which the head does not know. */
const PICTURE_TOKENS = 8;

const mllamaText: DecoderFamily = {
  defaults: { vocab_size: 128_256, num_key_value_heads: 8 },
  attention: crossAttention,
  ffn: denseFfn(),
  norms: RMS_NORMS,
  // The head has fewer rows than the embedding: MllamaForConditionalGeneration never shares them.
  isHeadTied: never,
  extraOutside: (_, { hiddenSize }) => [table('embedding', 'embed_tokens.pictures', PICTURE_TOKENS, hiddenSize)],
};

/** The text decoders of Llama 3.2 Vision and Llama 4, by `model_type`. */
export const LLAMA_VISION_FAMILIES: Record<string, DecoderFamily> = {
  llama4_text: llama4Text,
  mllama_text_model: mllamaText,
};
