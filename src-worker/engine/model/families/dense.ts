import { fullWidthNorm, gqaAttention, kvHeads, perHeadNorm, type GqaOptions } from '../attention/gqa.ts';
import { slidingWindow } from '../attention/window.ts';
import { denseFfn, widthOr } from '../ffn/dense.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { always, flag, NAMES, type Frame } from '../frame.ts';
import { attentionBias, LAYER_NORMS, mlpBias, qwenWindow, RMS_NORMS } from './shared.ts';
import { linear, table, vector, type Weight } from '../weight.ts';
import type { DecoderFamily } from './types.ts';

const useBias = flag('use_bias', true);

/** Llama and everything built like it: RMSNorm, gated FFN, untied head, no biases unless the file asks for them. */
const llamaAttention = (options: GqaOptions = {}) =>
  gqaAttention({ qkvBias: attentionBias, outBias: attentionBias, ...options });

const llama: DecoderFamily = {
  attention: llamaAttention(),
  ffn: denseFfn({ bias: mlpBias }),
  norms: RMS_NORMS,
  isHeadTied: false,
};

const mistral: DecoderFamily = { ...llama, attention: gqaAttention({ window: slidingWindow() }), ffn: denseFfn() };

const qwen2: DecoderFamily = {
  ...llama,
  attention: gqaAttention({ qkvBias: always, window: qwenWindow }),
  ffn: denseFfn(),
};

const qwen3: DecoderFamily = {
  ...llama,
  attention: llamaAttention({ qkNorm: perHeadNorm, headDim: 128, window: qwenWindow }),
  ffn: denseFfn(),
};

function halfOfWritten(fields: ConfigFields): number {
  const both = fields.count(NAMES.ffnWidth, LIMITS.width, 'twice the inner width of the feed-forward network');
  if (both % 2 !== 0) throw fields.invalid(NAMES.ffnWidth[0], both, 'an even number, gate and up together');
  return both / 2;
}

/** The first Qwen: `intermediate_size` counts gate and up together; only the fused query/key/value has a bias. */
const qwen1: DecoderFamily = {
  ...llama,
  attention: gqaAttention({ qkvBias: always, outBias: (fields) => !fields.flag(['no_bias'], true) }),
  ffn: denseFfn({
    width: halfOfWritten,
    bias: (fields) => !fields.flag(['no_bias'], true),
  }),
};

const gemma: DecoderFamily = {
  ...llama,
  attention: llamaAttention({ headDim: 256 }),
  ffn: denseFfn(),
  isHeadTied: true,
};

/** Norms before and after attention and FFN; layers alternate between a window and the whole context. */
const gemma2: DecoderFamily = {
  ...gemma,
  attention: llamaAttention({
    headDim: 256,
    numKvHeads: kvHeads(4),
    window: slidingWindow({ tokens: 4096, fullEvery: 2 }),
  }),
  norms: { kind: 'weight', perLayer: 4 },
};

const gemma3Text: DecoderFamily = {
  ...gemma2,
  attention: llamaAttention({
    headDim: 256,
    numKvHeads: kvHeads(4),
    qkNorm: perHeadNorm,
    window: slidingWindow({ tokens: 4096, fullEvery: 6 }),
  }),
};

/** All linear layers with biases, attention and FFN in parallel behind one LayerNorm. */
const phi: DecoderFamily = {
  attention: gqaAttention({
    qkvBias: always,
    outBias: always,
    qkNorm: ({ headDim }, fields) => (fields.flag(['qk_layernorm'], false) ? 4 * headDim : 0),
  }),
  ffn: denseFfn({ isGated: false, bias: always, width: widthOr(4) }),
  norms: { kind: 'weight_and_bias', perLayer: 1 },
  isHeadTied: false,
  headBias: always,
};

const phi3: DecoderFamily = { ...llama, attention: gqaAttention({ window: slidingWindow() }), ffn: denseFfn() };

const phi3small: DecoderFamily = {
  attention: gqaAttention({ qkvBias: always, outBias: always }),
  ffn: denseFfn({ bias: always }),
  norms: LAYER_NORMS,
  isHeadTied: true,
};

/**
 * Falcon's trap: without the new decoder architecture `num_kv_heads` is only the class default (71 on the 7B); multi_query
 * then means one KV head.
 */
function falconKvHeads(fields: ConfigFields, numHeads: number): number {
  if (fields.flag(['new_decoder_architecture'], false)) return kvHeads()(fields, numHeads);
  return fields.flag(['multi_query'], true) ? 1 : numHeads;
}

function falconNorms(fields: ConfigFields): () => number {
  const isNew = fields.flag(['new_decoder_architecture'], false);
  const withoutNew = fields.flag(['parallel_attn'], true) ? 1 : 2;
  const count = isNew ? (fields.optionalCount(['num_ln_in_parallel_attn'], 2) ?? 2) : withoutNew;
  return () => count;
}

const falconBias = flag('bias', false);
const falcon: DecoderFamily = {
  attention: gqaAttention({ numKvHeads: falconKvHeads, qkvBias: falconBias, outBias: falconBias }),
  ffn: denseFfn({ isGated: false, bias: falconBias, width: widthOr(4) }),
  norms: { kind: 'weight_and_bias', perLayer: falconNorms },
  isHeadTied: true,
};

const starcoder2: DecoderFamily = {
  attention: gqaAttention({ numKvHeads: kvHeads(2), qkvBias: useBias, outBias: useBias, window: slidingWindow() }),
  ffn: denseFfn({ isGated: false, bias: useBias }),
  norms: LAYER_NORMS,
  isHeadTied: true,
};

/** A table of learned positions, one row for each, `spare` rows on top. */
const learnedPositions =
  (otherwise: number, spare = 0) =>
  (fields: ConfigFields, frame: Frame): Weight[] => {
    const positions = fields.optionalCount(['n_positions', 'max_position_embeddings'], LIMITS.context) ?? otherwise;
    return [table('embedding', 'embed_positions', positions + spare, frame.hiddenSize)];
  };

const gpt2: DecoderFamily = {
  attention: gqaAttention({ numKvHeads: (_, numHeads) => numHeads, qkvBias: always, outBias: always }),
  ffn: denseFfn({ isGated: false, bias: always, width: widthOr(4) }),
  norms: LAYER_NORMS,
  isHeadTied: true,
  extraOutside: learnedPositions(1024),
};

const gptBigcode: DecoderFamily = {
  ...gpt2,
  attention: gqaAttention({
    numKvHeads: (fields, numHeads) => (fields.flag(['multi_query'], true) ? 1 : numHeads),
    qkvBias: always,
    outBias: always,
  }),
};

/** GPT-J: biases in the FFN and the head only, one LayerNorm. */
const gptj: DecoderFamily = {
  attention: gqaAttention(),
  ffn: denseFfn({ isGated: false, bias: always, width: widthOr(4) }),
  norms: { kind: 'weight_and_bias', perLayer: 1 },
  isHeadTied: false,
  headBias: always,
};

const optBias = flag('enable_bias', true);

/** OPT keeps two spare positions; the 350M projects a narrower embedding in and out. */
function optOutside(fields: ConfigFields, frame: Frame): Weight[] {
  const { hiddenSize } = frame;
  const width = embeddingWidth(fields, hiddenSize);
  const positions = learnedPositions(2048, 2)(fields, frame);
  if (width === hiddenSize) return positions;
  return [
    ...positions,
    ...linear('embedding', 'project_in', hiddenSize, width),
    ...linear('embedding', 'project_out', width, hiddenSize),
  ];
}

const embeddingWidth = (fields: ConfigFields, hiddenSize: number): number =>
  fields.optionalCount(['word_embed_proj_dim'], LIMITS.width) ?? hiddenSize;

/** The 350M normalizes after each block instead of before, so nothing is left to normalize at the end. */
const optHasFinalNorm = (fields: ConfigFields): boolean =>
  fields.flag(['do_layer_norm_before'], true) && !fields.flag(['_remove_final_layer_norm'], false);

const opt: DecoderFamily = {
  attention: gqaAttention({ qkvBias: optBias, outBias: optBias }),
  ffn: denseFfn({ isGated: false, bias: optBias }),
  norms: { ...LAYER_NORMS, hasFinal: optHasFinalNorm },
  isHeadTied: true,
  embeddingWidth,
  extraOutside: optOutside,
};

const bloom: DecoderFamily = {
  attention: gqaAttention({ qkvBias: always, outBias: always }),
  ffn: denseFfn({ isGated: false, bias: always, width: (_, frame) => 4 * frame.hiddenSize }),
  norms: LAYER_NORMS,
  isHeadTied: true,
  // A LayerNorm behind the embedding; positions are ALiBi.
  extraOutside: (_, { hiddenSize }) => [vector('embedding', 'word_embeddings_layernorm', 2 * hiddenSize)],
};

const gptNeoX: DecoderFamily = {
  attention: gqaAttention({ qkvBias: flag('attention_bias', true), outBias: flag('attention_bias', true) }),
  ffn: denseFfn({ isGated: false, bias: always }),
  norms: LAYER_NORMS,
  isHeadTied: false,
};

function mptWidth(fields: ConfigFields, frame: Frame): number {
  const ratio = fields.optionalPositive(['expansion_ratio'], 1000) ?? 4;
  return Math.floor(ratio * frame.hiddenSize);
}

const mpt: DecoderFamily = {
  attention: gqaAttention(),
  ffn: denseFfn({ isGated: false, width: mptWidth }),
  norms: { kind: 'weight', perLayer: 2 },
  isHeadTied: true,
};

const stableLm: DecoderFamily = {
  attention: gqaAttention({
    qkvBias: flag('use_qkv_bias', false),
    qkNorm: (heads, fields) => (fields.flag(['qk_layernorm'], false) ? fullWidthNorm(heads) : 0),
  }),
  ffn: denseFfn(),
  norms: {
    kind: 'weight_and_bias',
    perLayer: (fields) => {
      const count = fields.flag(['use_parallel_residual'], false) ? 1 : 2;
      return () => count;
    },
  },
  isHeadTied: false,
};

/** Cohere: attention and FFN in parallel behind one LayerNorm without bias. */
const cohereOptions: GqaOptions = {
  qkNorm: (heads, fields) => (fields.flag(['use_qk_norm'], false) ? fullWidthNorm(heads) : 0),
};
const cohere: DecoderFamily = {
  attention: llamaAttention(cohereOptions),
  ffn: denseFfn(),
  norms: { kind: 'weight', perLayer: 1 },
  isHeadTied: true,
};
const cohere2: DecoderFamily = {
  ...cohere,
  attention: llamaAttention({ ...cohereOptions, window: slidingWindow({ tokens: 4096, fullEvery: 4 }) }),
};

/** The first OLMo normalizes without weights. */
const olmo: DecoderFamily = {
  ...llama,
  attention: llamaAttention(),
  ffn: denseFfn(),
  norms: { kind: 'none', perLayer: 2 },
};
const olmo2: DecoderFamily = { ...llama, attention: llamaAttention({ qkNorm: fullWidthNorm }), ffn: denseFfn() };
const olmo3: DecoderFamily = {
  ...olmo2,
  attention: llamaAttention({ qkNorm: fullWidthNorm, window: slidingWindow({ tokens: 4096, fullEvery: 4 }) }),
};

const internlm: DecoderFamily = {
  ...llama,
  attention: gqaAttention({ qkvBias: flag('bias', true), outBias: flag('bias', true) }),
  ffn: denseFfn(),
};

const internlm3: DecoderFamily = {
  ...llama,
  attention: gqaAttention({ qkvBias: flag('qkv_bias', false), outBias: flag('bias', false), numKvHeads: kvHeads(2) }),
  ffn: denseFfn({ bias: flag('bias', false) }),
};

/** ChatGLM2 and later: multi-query with groups. */
const chatglm: DecoderFamily = {
  ...llama,
  attention: gqaAttention({
    numKvHeads: (fields, numHeads) =>
      fields.flag(['multi_query_attention'], false)
        ? (fields.optionalCount(['multi_query_group_num'], LIMITS.heads) ?? 1)
        : numHeads,
    qkvBias: (fields) => fields.flag(['add_qkv_bias', 'add_bias_linear'], false),
    outBias: flag('add_bias_linear', false),
  }),
  ffn: denseFfn({ bias: flag('add_bias_linear', false) }),
  architectures: ['ChatGLMModel', 'ChatGLMForConditionalGeneration'],
};

const glm: DecoderFamily = {
  ...llama,
  attention: gqaAttention({ numKvHeads: kvHeads(2), headDim: 128, qkvBias: attentionBias }),
  ffn: denseFfn(),
};

const glm4: DecoderFamily = { ...glm, norms: { kind: 'weight', perLayer: 4 } };

/** Plain FFN with the xIELU activation (two learned numbers), norms on queries and keys. */
const apertus: DecoderFamily = {
  ...llama,
  attention: llamaAttention({ qkNorm: perHeadNorm }),
  ffn: denseFfn({ isGated: false, bias: mlpBias, extraParameters: 2 }),
};

const ernie45: DecoderFamily = {
  ...llama,
  attention: gqaAttention({
    numKvHeads: kvHeads(2),
    qkvBias: flag('use_bias', false),
    outBias: flag('use_bias', false),
  }),
  ffn: denseFfn({ bias: flag('use_bias', false) }),
  isHeadTied: true,
};

const exaone4: DecoderFamily = {
  ...llama,
  attention: gqaAttention({ qkNorm: perHeadNorm, window: slidingWindow({ fullEvery: 4 }) }),
  ffn: denseFfn(),
  isHeadTied: true,
};

const seedOss: DecoderFamily = {
  ...llama,
  attention: gqaAttention({
    headDim: 128,
    qkvBias: flag('attention_bias', true),
    outBias: flag('attention_out_bias', false),
  }),
};

/** Squared-ReLU networks without a gate. */
const nemotron: DecoderFamily = {
  ...llama,
  ffn: denseFfn({ isGated: false, bias: mlpBias }),
  norms: LAYER_NORMS,
};

/** Decoders with one dense FFN per layer, by `model_type`. */
export const DENSE_FAMILIES: Record<string, DecoderFamily> = {
  apertus,
  arcee: { ...llama, ffn: denseFfn({ isGated: false, bias: mlpBias }) },
  baichuan: { ...llama, attention: gqaAttention(), ffn: denseFfn() },
  bloom,
  chatglm,
  cohere,
  cohere2,
  ernie4_5: ernie45,
  exaone: { ...llama, attention: gqaAttention(), ffn: denseFfn() },
  exaone4,
  falcon,
  gemma,
  gemma2,
  gemma3_text: gemma3Text,
  glm,
  glm4,
  glm4v_text: { ...glm4, attention: gqaAttention({ numKvHeads: kvHeads(2), qkvBias: always }) },
  glm_ocr_text: { ...glm4, attention: gqaAttention({ numKvHeads: kvHeads(8) }) },
  gpt2,
  gpt_bigcode: gptBigcode,
  gpt_neox: gptNeoX,
  gptj,
  granite: llama,
  internlm,
  internlm2: internlm,
  internlm3,
  llama,
  mimo: qwen2,
  ministral: mistral,
  ministral3: mistral,
  mistral,
  mpt,
  nemotron,
  olmo,
  olmo2,
  olmo3,
  opt,
  orion: { ...llama, attention: gqaAttention(), ffn: denseFfn(), norms: LAYER_NORMS },
  paddleocr_vl_text: {
    ...ernie45,
    attention: gqaAttention({
      numKvHeads: kvHeads(2),
      headDim: 128,
      qkvBias: flag('use_bias', false),
      outBias: flag('use_bias', false),
    }),
  },
  phi,
  phi3,
  phi3small,
  qwen: qwen1,
  qwen2,
  qwen2_5_omni_text: qwen2,
  qwen2_5_vl_text: qwen2,
  qwen2_vl_text: qwen2,
  qwen3,
  qwen3_vl_text: qwen3,
  seed_oss: seedOss,
  smollm3: { ...llama, attention: llamaAttention({ numKvHeads: kvHeads(4), window: qwenWindow }), isHeadTied: true },
  stablelm: stableLm,
  starcoder2,
  xverse: { ...llama, attention: gqaAttention(), ffn: denseFfn() },
};
