/** Decoders that only occur around picture parts, by the `model_type` of their object or the one their reader gives them. */

import { fullWidthNorm, gqaAttention, perHeadNorm, type HeadShape } from '../attention/gqa.ts';
import { denseFfn } from '../ffn/dense.ts';
import { everyLayer, moeFfn, sharedOfExpertWidth } from '../ffn/moe.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { flag, type FlagRule, type Frame } from '../frame.ts';
import { table, type Weight } from '../weight.ts';
import { attentionBias, mlpBias, RMS_NORMS } from './shared.ts';
import type { DecoderFamily, NormKind } from './types.ts';

/** Aria (AriaTextConfig): experts of `intermediate_size` in every layer, shared ones side by side as one network. */
const ariaText: DecoderFamily = {
  defaults: { moe_num_experts: 8, moe_topk: 2, moe_num_shared_experts: 2 },
  attention: gqaAttention({ qkvBias: attentionBias, outBias: attentionBias }),
  ffn: moeFfn({
    sparse: everyLayer,
    router: 'mlp.router',
    expertWidth: ['intermediate_size'],
    shared: sharedOfExpertWidth('moe_num_shared_experts', { bias: mlpBias }),
  }),
  norms: RMS_NORMS,
  isHeadTied: false,
};

/** Chameleon: LayerNorms over each head of the queries and of the keys, with weights and biases of their own. */
const chameleonText: DecoderFamily = {
  attention: gqaAttention({
    qkvBias: attentionBias,
    outBias: attentionBias,
    qkNorm: (heads) => 2 * fullWidthNorm(heads),
  }),
  ffn: denseFfn({ bias: mlpBias }),
  norms: RMS_NORMS,
  isHeadTied: false,
};

/** Rows for the tokens of pictures, which stand in a table of their own and are no output. */
const ADDITIONAL_VOCABULARY = 128;

const additionalEmbedding = (fields: ConfigFields, { hiddenSize }: Frame): Weight[] => {
  const rows = fields.optionalCount(['additional_vocab_size'], LIMITS.vocabulary, 0) ?? ADDITIONAL_VOCABULARY;
  return rows === 0 ? [] : [table('embedding', 'wte.new_embedding', rows, hiddenSize)];
};

function halfOfWritten(fields: ConfigFields): number {
  const both = fields.count(['intermediate_size'], LIMITS.width, 'twice the inner width of the feed-forward network');
  if (both % 2 !== 0) throw fields.invalid('intermediate_size', both, 'an even number, gate and up together');
  return both / 2;
}

const molmoNorm = (fields: ConfigFields): NormKind =>
  (fields.optionalText(['layer_norm_type']) ?? 'rms') === 'rms' ? 'weight' : 'weight_and_bias';

const isMolmoTied: FlagRule = (fields) => fields.flag(['tie_word_embeddings', 'weight_tying'], false);

/** Molmo (MolmoConfig): `intermediate_size` counts gate and up together. */
const molmoText: DecoderFamily = {
  attention: gqaAttention({
    qkvBias: flag('qkv_bias', false),
    qkNorm: (heads, fields) => (fields.flag(['attention_layer_norm'], false) ? fullWidthNorm(heads) : 0),
  }),
  ffn: denseFfn({ width: halfOfWritten }),
  norms: { kind: molmoNorm, perLayer: 2 },
  isHeadTied: isMolmoTied,
  extraOutside: additionalEmbedding,
};

/** Norms over the full width ("olmo"), or of the head size ("qwen3"). */
function molmo2Norm(heads: HeadShape, fields: ConfigFields): number {
  if (!fields.flag(['use_qk_norm'], false)) return 0;
  return fields.optionalText(['qk_norm_type']) === 'qwen3' ? perHeadNorm(heads) : fullWidthNorm(heads);
}

/** Molmo 2 (Molmo2TextConfig). */
const molmo2Text: DecoderFamily = {
  defaults: { head_dim: 128 },
  attention: gqaAttention({ qkvBias: flag('qkv_bias', true), qkNorm: molmo2Norm }),
  ffn: denseFfn(),
  norms: RMS_NORMS,
  isHeadTied: false,
  extraOutside: additionalEmbedding,
};

/** Hunyuan's dense decoder (HunYuanVLTextConfig): its head is tied unless the file says otherwise. */
const hunyuanVlText: DecoderFamily = {
  attention: gqaAttention({ qkvBias: attentionBias, outBias: attentionBias, qkNorm: perHeadNorm }),
  ffn: denseFfn(),
  norms: RMS_NORMS,
  isHeadTied: true,
};

export const SEEING_FAMILIES: Record<string, DecoderFamily> = {
  aria_text: ariaText,
  chameleon_text: chameleonText,
  hunyuan_vl_text: hunyuanVlText,
  molmo2_text: molmo2Text,
  molmo_text: molmoText,
};
