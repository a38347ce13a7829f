import { fullWidthNorm, gqaAttention, kvHeads, perHeadNorm, sinks, type GqaOptions } from '../attention/gqa.ts';
import { slidingWindow, windowWhere } from '../attention/window.ts';
import { withFurtherWeights } from '../ffn/beside.ts';
import { denseFfn } from '../ffn/dense.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { always, flag, NAMES, type Frame } from '../frame.ts';
import { nextTokenBlocks } from './mtp.ts';
import { attentionBias, LAYER_NORMS, mlpBias, qwenWindow, RMS_NORMS } from './shared.ts';
import { linear, vector, type Weight } from '../weight.ts';
import { rotatingLayers } from './llama-vision.ts';
import type { DecoderFamily } from './types.ts';

/** Llama and everything built like it: RMSNorm, gated FFN, untied head, no biases unless the file asks for them. */
const llamaAttention = (options: GqaOptions = {}) =>
  gqaAttention({ qkvBias: attentionBias, outBias: attentionBias, ...options });

const llama: DecoderFamily = {
  attention: llamaAttention(),
  ffn: denseFfn({ bias: mlpBias }),
  norms: RMS_NORMS,
  isHeadTied: false,
};

/**
 * MistralConfig's window of 4,096 for a file without the key is not applied: of the models that carry this type only the first
 * has one, and files copied without their nulls would get it.
 */
const mistral: DecoderFamily = {
  ...llama,
  defaults: { num_key_value_heads: 8 },
  attention: gqaAttention({ window: slidingWindow() }),
  ffn: denseFfn(),
};

const qwen2: DecoderFamily = {
  ...llama,
  defaults: { max_window_layers: 28, num_key_value_heads: 32 },
  attention: gqaAttention({ qkvBias: always, window: qwenWindow }),
  ffn: denseFfn(),
};

const qwen3: DecoderFamily = {
  ...llama,
  defaults: { max_window_layers: 28, num_key_value_heads: 32 },
  attention: llamaAttention({ qkNorm: perHeadNorm, headDim: 128, window: qwenWindow }),
  ffn: denseFfn(),
};

function halfOfWritten(fields: ConfigFields): number {
  const both = fields.count(NAMES.ffnWidth, LIMITS.width, 'twice the inner width of the feed-forward network');
  if (both % 2 !== 0) throw fields.invalid(NAMES.ffnWidth, both, 'an even number, gate and up together');
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

const phi3: DecoderFamily = { ...llama, attention: gqaAttention({ window: slidingWindow() }), ffn: denseFfn() };

const phi3small: DecoderFamily = {
  attention: gqaAttention({ qkvBias: always, outBias: always }),
  ffn: denseFfn({ bias: always }),
  norms: LAYER_NORMS,
  isHeadTied: true,
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

/** GlmConfig and Glm4Config: biases on queries, keys and values unless the file says otherwise. */
const glm: DecoderFamily = {
  ...llama,
  attention: gqaAttention({ numKvHeads: kvHeads(2), headDim: 128, qkvBias: flag('attention_bias', true) }),
  ffn: denseFfn(),
};

/** Norms before and after attention and FFN. */
const glm4: DecoderFamily = { ...glm, norms: { kind: 'weight', perLayer: 4 } };

const apertusFfn = denseFfn({ isGated: false });
const apertusXielu = denseFfn({ isGated: false, extraParameters: 2 });

/** Plain FFN whose activation xIELU has two learned numbers (ApertusConfig's `hidden_act`), norms on queries and keys. */
const apertus: DecoderFamily = {
  ...llama,
  attention: llamaAttention({ qkNorm: perHeadNorm }),
  ffn: (fields, frame) =>
    ((fields.optionalText(['hidden_act']) ?? 'xielu') === 'xielu' ? apertusXielu : apertusFfn)(fields, frame),
};

const ernie45: DecoderFamily = {
  ...llama,
  defaults: { num_key_value_heads: 2, head_dim: 128 },
  attention: gqaAttention({
    qkvBias: flag('use_bias', false),
    outBias: flag('use_bias', false),
  }),
  ffn: denseFfn({ bias: flag('use_bias', false) }),
  isHeadTied: true,
};

/** Exaone4Config: a window of 4,096 in three of four layers, none where the file writes null. */
const exaone4: DecoderFamily = {
  ...llama,
  defaults: { num_key_value_heads: 32 },
  attention: gqaAttention({ qkNorm: perHeadNorm, window: slidingWindow({ tokens: 4096, fullEvery: 4 }) }),
  ffn: denseFfn(),
};

const seedOss: DecoderFamily = {
  ...llama,
  defaults: { num_key_value_heads: 8, head_dim: 128 },
  attention: gqaAttention({
    qkvBias: flag('attention_bias', true),
    outBias: flag('attention_out_bias', false),
  }),
};

/** SmolLM3Config: the layers that do not rotate slide where the file turns windows on. */
const smolLm3: DecoderFamily = {
  ...llama,
  defaults: { num_key_value_heads: 4 },
  attention: llamaAttention({
    window: (fields, frame) =>
      fields.flag(['use_sliding_window'], false)
        ? windowWhere(0, (own) => (layer) => !rotatingLayers(own)(layer))(fields, frame)
        : () => null,
  }),
  isHeadTied: true,
};

/** Code World Model: the first of four layers sees everything (CwmConfig). */
const cwm: DecoderFamily = {
  ...llama,
  defaults: { num_key_value_heads: 8, head_dim: 128 },
  attention: gqaAttention({ window: slidingWindow({ tokens: 8192, fullEvery: 4, isFullFirst: true }) }),
};

/** Attention sinks, a window in three of four layers (GraniteSWAConfig). */
const graniteSwa: DecoderFamily = {
  ...llama,
  defaults: { num_key_value_heads: 4 },
  attention: llamaAttention({
    extraWeights: (heads) => sinks(heads),
    window: slidingWindow({ tokens: 128, fullEvery: 4, isFullFirst: true }),
  }),
  isHeadTied: true,
};

/** Helium: biases on queries, keys and values only. */
const helium: DecoderFamily = {
  ...llama,
  defaults: { num_key_value_heads: 20, head_dim: 128 },
  attention: gqaAttention({ qkvBias: attentionBias }),
};

/** A norm before each of the output projections, of attention and of the FFN. */
const bitnet: DecoderFamily = {
  ...llama,
  defaults: { num_key_value_heads: 5 },
  attention: llamaAttention({
    extraWeights: (_, __, { hiddenSize }) => [vector('attention', 'self_attn.attn_sub_norm', hiddenSize)],
  }),
  ffn: withFurtherWeights(denseFfn(), (fields) => [
    vector('denseFfn', 'mlp.ffn_sub_norm', fields.count(NAMES.ffnWidth, LIMITS.width, 'the inner width')),
  ]),
};

/** Two attentions are subtracted with a learned share: four vectors of the head size. */
const diffLlama: DecoderFamily = {
  ...llama,
  attention: llamaAttention({
    extraWeights: ({ headDim }) => [vector('attention', 'self_attn.lambda', headDim, 1, 4)],
  }),
  ffn: denseFfn(),
};

const lookedUpExperts = (fields: ConfigFields, { hiddenSize }: Frame): Weight[] => {
  const numExperts = fields.count(['num_experts'], LIMITS.vocabulary, 'the number of looked-up experts');
  const keys = 2 * Math.floor(Math.sqrt(numExperts));
  return [
    ...linear('router', 'mlp.router_gate', keys, hiddenSize),
    vector('denseFfn', 'mlp.down_embed', numExperts * hiddenSize),
    vector('denseFfn', 'mlp.up_embed', numExperts * hiddenSize),
  ];
};
const dogeDense = denseFfn({ bias: mlpBias });
const dogeMoe = withFurtherWeights(dogeDense, lookedUpExperts);

/** A learned mask from the values (K·d to K), scaled residuals; in the MoE models single-neuron experts looked up by key. */
const doge: DecoderFamily = {
  ...llama,
  attention: llamaAttention({
    qkNorm: perHeadNorm,
    extraWeights: ({ numKvHeads, headDim }, fields) => [
      vector('attention', 'self_attn.A', numKvHeads, numKvHeads),
      ...linear('attention', 'self_attn.dt_proj', numKvHeads, numKvHeads * headDim, { hasBias: attentionBias(fields) }),
    ],
  }),
  ffn: (fields, frame) => (fields.flag(['is_moe'], false) ? dogeMoe : dogeDense)(fields, frame),
  norms: { kind: 'weight', perLayer: 4 },
};

/** Norms without weights, squared ReLU (NanoChatConfig). */
const nanoChat: DecoderFamily = {
  ...llama,
  attention: llamaAttention(),
  ffn: denseFfn({ isGated: false }),
  norms: { kind: 'none', perLayer: 2 },
};

/** Norms also behind attention and FFN unless `use_post_norm` says no (HyperCLOVAXConfig). */
const hyperClovaX: DecoderFamily = {
  ...llama,
  norms: {
    kind: 'weight',
    perLayer: (fields) => {
      const count = fields.flag(['use_post_norm'], true) ? 4 : 2;
      return () => count;
    },
  },
};

/** Queries share keys and values in groups of `n_shared_head`; attention and FFN in parallel behind one norm. */
const plamo: DecoderFamily = {
  ...llama,
  attention: gqaAttention({
    numKvHeads: (fields, numHeads) =>
      Math.ceil(numHeads / (fields.optionalCount(['n_shared_head'], LIMITS.heads) ?? 8)),
  }),
  ffn: denseFfn(),
  norms: { kind: 'weight', perLayer: 1 },
};

/** Is the head tied? For classes whose default could not be read: the file decides, else the figures are estimated. */
const tieUnknown: Pick<DecoderFamily, 'isEstimated' | 'assumptions'> = {
  isEstimated: (fields) => !fields.has('tie_word_embeddings'),
  assumptions: (fields) =>
    fields.has('tie_word_embeddings')
      ? []
      : ['The file does not say whether the output head shares the embedding: its own weights are assumed.'],
};

/** Norms before and after attention and FFN; every eighth layer sees everything unless the file says otherwise. */
const plamo3: DecoderFamily = {
  ...llama,
  ...tieUnknown,
  attention: gqaAttention({
    qkNorm: perHeadNorm,
    window: (fields, frame) => {
      if (!fields.holdsList(['sliding_window'])) return slidingWindow({ tokens: 2048, fullEvery: 8 })(fields, frame);
      const listed = fields.optionalCountPerLayer(['sliding_window'], LIMITS.context, frame.numLayers);
      return (layer) => listed?.(layer) ?? null;
    },
  }),
  ffn: denseFfn(),
  norms: { kind: 'weight', perLayer: 4 },
};

/** TeleChat: of all matrices only the two output projections have a bias. */
const teleChat: DecoderFamily = {
  ...llama,
  ...tieUnknown,
  attention: gqaAttention({ outBias: always }),
  ffn: withFurtherWeights(denseFfn(), (_, { hiddenSize }) => [vector('denseFfn', 'mlp.down_proj.bias', hiddenSize)]),
};

const pangu: DecoderFamily = {
  ...llama,
  attention: gqaAttention({ qkvBias: flag('bias', true), outBias: flag('bias', true) }),
  ffn: denseFfn(),
};

/** Qwen's text decoders inside other models: the plain one with KV heads of their own class where the file has none. */
const qwenAround = (family: DecoderFamily, num_key_value_heads: number): DecoderFamily => ({
  ...family,
  defaults: { ...family.defaults, num_key_value_heads },
});

const mimo: DecoderFamily = {
  ...qwen2,
  mtpParameters: nextTokenBlocks({ attention: qwen2.attention, ffn: qwen2.ffn }),
};

const withoutBiases: DecoderFamily = { ...llama, attention: gqaAttention(), ffn: denseFfn() };

/** Decoders of the Llama line with one dense FFN per layer, by `model_type`. */
export const DENSE_FAMILIES: Record<string, DecoderFamily> = {
  apertus,
  aquila: withoutBiases,
  arcee: { ...llama, ffn: denseFfn({ isGated: false, bias: mlpBias }) },
  baichuan: withoutBiases,
  bitnet,
  chatglm,
  cohere,
  cohere2,
  cwm,
  diffllama: diffLlama,
  doge,
  emu3_text_model: withoutBiases,
  ernie4_5: ernie45,
  exaone: withoutBiases,
  exaone4,
  exaone4_5_text: { ...exaone4, mtpParameters: nextTokenBlocks({ attention: exaone4.attention, ffn: exaone4.ffn }) },
  glm,
  glm4,
  glm4v_text: { ...glm4, defaults: { num_key_value_heads: 2 }, attention: gqaAttention({ qkvBias: always }) },
  glm_ocr_text: { ...glm4, attention: gqaAttention({ numKvHeads: kvHeads(8) }) },
  granite: llama,
  granite_swa: graniteSwa,
  helium,
  hyperclovax: hyperClovaX,
  internlm,
  internlm2: internlm,
  internlm3,
  iquestcoder: llama,
  llama,
  mimo,
  ministral: mistral,
  ministral3: { ...mistral, defaults: { ...mistral.defaults, head_dim: 128 } },
  mistral,
  nanochat: nanoChat,
  olmo,
  olmo2,
  olmo3,
  orion: { ...withoutBiases, norms: LAYER_NORMS },
  paddleocr_vl_text: ernie45,
  PanguEmbedded: pangu,
  phi3,
  phi3small,
  plamo,
  plamo3,
  qwen: qwen1,
  qwen2,
  qwen2_5_omni_text: qwenAround(qwen2, 4),
  qwen2_5_vl_text: qwenAround(qwen2, 8),
  qwen2_vl_text: qwenAround(qwen2, 8),
  qwen3,
  qwen3_vl_text: qwen3,
  seed_oss: seedOss,
  smollm3: smolLm3,
  solar: llama,
  TeleFLM: withoutBiases,
  telechat: teleChat,
  xverse: withoutBiases,
  // The name Yi's first files have.
  Yi: llama,
};
