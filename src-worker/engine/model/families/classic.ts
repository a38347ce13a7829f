import { fullWidthNorm, gqaAttention, kvHeads } from '../attention/gqa.ts';
import { slidingWindow } from '../attention/window.ts';
import { denseFfn, widthOr } from '../ffn/dense.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { always, flag, type Frame } from '../frame.ts';
import { linear, table, vector, type Weight } from '../weight.ts';
import { attentionBias, LAYER_NORMS, mlpBias } from './shared.ts';
import type { DecoderFamily } from './types.ts';

const useBias = flag('use_bias', true);

/** All linear layers with biases, attention and FFN in parallel behind one LayerNorm. */
const phi: DecoderFamily = {
  defaults: { intermediate_size: 8192 },
  attention: gqaAttention({
    qkvBias: always,
    outBias: always,
    qkNorm: ({ headDim }, fields) => (fields.flag(['qk_layernorm'], false) ? 4 * headDim : 0),
  }),
  ffn: denseFfn({ isGated: false, bias: always }),
  norms: { kind: 'weight_and_bias', perLayer: 1 },
  isHeadTied: false,
  headBias: always,
};

/** The files of Phi 1 and 1.5 before Transformers knew them; they could leave the inner width to the class (MixFormer). */
const phiMsft: DecoderFamily = {
  ...phi,
  defaults: {},
  ffn: denseFfn({ isGated: false, bias: always, width: widthOr(4) }),
};

/**
 * Falcon's trap: without the new decoder architecture `num_kv_heads` is only the class default (71 on the 7B); multi_query
 * then means one KV head.
 */
function falconKvHeads(fields: ConfigFields, numHeads: number): number {
  if (fields.flag(['new_decoder_architecture'], false)) return kvHeads()(fields, numHeads);
  return fields.flag(['multi_query'], true) ? 1 : numHeads;
}

/** One LayerNorm where attention and FFN run in parallel, two with the new decoder architecture unless the file says one. */
function falconNorms(fields: ConfigFields): () => number {
  const isNew = fields.flag(['new_decoder_architecture'], false);
  const inParallel = fields.optionalCount(['num_ln_in_parallel_attn'], 2) ?? (isNew ? 2 : 1);
  const count = fields.flag(['parallel_attn'], true) ? inParallel : 2;
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
  norms: {
    kind: (fields) => (fields.flag(['layer_norm_elementwise_affine'], true) ? 'weight_and_bias' : 'none'),
    perLayer: 2,
    hasFinal: optHasFinalNorm,
  },
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
  return fields.scaledWidth(['expansion_ratio'], frame.hiddenSize, 4);
}

const hasMptBias = (fields: ConfigFields): boolean => !fields.flag(['no_bias'], true);

/** KV heads as MosaicML's own files write them: a number, or the kind of attention. */
function mptKvHeads(fields: ConfigFields, numHeads: number): number {
  if (fields.optionalText(['attn_config.attn_type']) === 'multiquery_attention') return 1;
  return kvHeads()(fields, numHeads);
}

/** Biases only with `no_bias: false`; positions are ALiBi or rotary. */
const mpt: DecoderFamily = {
  attention: gqaAttention({
    numKvHeads: mptKvHeads,
    qkvBias: hasMptBias,
    outBias: hasMptBias,
    qkNorm: (heads, fields) => (fields.flag(['attn_config.qk_ln'], false) ? fullWidthNorm(heads) : 0),
  }),
  ffn: denseFfn({ isGated: false, width: mptWidth, bias: hasMptBias }),
  norms: { kind: (fields) => (hasMptBias(fields) ? 'weight_and_bias' : 'weight'), perLayer: 2 },
  isHeadTied: true,
};

const stableLm: DecoderFamily = {
  defaults: { num_key_value_heads: 32 },
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

const isPattern = (value: unknown): value is [unknown[], number] =>
  Array.isArray(value) && value.length === 2 && Array.isArray(value[0]) && Number.isInteger(value[1]) && value[1] > 0;

/** `attention_types`: kinds in turn with how often they repeat, for example [[["global", "local"], 12]]. */
function gptNeoWindow(fields: ConfigFields, frame: Frame): (layer: number) => number | null {
  const patterns =
    fields.optionalList(['attention_types'], LIMITS.layers, isPattern, 'kinds with how often they repeat') ?? [];
  const kinds: unknown[] = [];
  for (const [turn, repeats] of patterns) {
    for (let round = 0; round < repeats && kinds.length < frame.numLayers; round += 1) kinds.push(...turn);
  }
  const window = fields.optionalCount(['window_size'], LIMITS.context) ?? 256;
  return (layer) => (kinds[layer] === 'local' && window < frame.maxContextTokens ? window : null);
}

/** GPT-Neo: biases everywhere but in queries, keys and values; local layers see a window. */
const gptNeo: DecoderFamily = {
  attention: gqaAttention({ numKvHeads: (_, numHeads) => numHeads, outBias: always, window: gptNeoWindow }),
  ffn: denseFfn({ isGated: false, bias: always, width: widthOr(4) }),
  norms: LAYER_NORMS,
  isHeadTied: true,
  extraOutside: learnedPositions(2048),
};

/** XGLM: positions are computed, not learned. */
const xglm: DecoderFamily = {
  attention: gqaAttention({ numKvHeads: (_, numHeads) => numHeads, qkvBias: always, outBias: always }),
  ffn: denseFfn({ isGated: false, bias: always }),
  norms: LAYER_NORMS,
  isHeadTied: true,
};

/** Norm weights and biases per head size for queries and keys where `qk_layernorm` is on (PersimmonConfig: it is). */
const persimmon: DecoderFamily = {
  attention: gqaAttention({
    numKvHeads: (_, numHeads) => numHeads,
    qkvBias: always,
    outBias: always,
    qkNorm: ({ headDim }, fields) => (fields.flag(['qk_layernorm'], true) ? 4 * headDim : 0),
  }),
  ffn: denseFfn({ isGated: false, bias: always }),
  norms: LAYER_NORMS,
  isHeadTied: false,
};

const isSwiglu = (fields: ConfigFields): boolean => fields.optionalText(['activation_function']) === 'swiglu';
const jaisGated = denseFfn({ bias: always, width: widthOr(4) });
const jaisPlain = denseFfn({ isGated: false, bias: always, width: widthOr(4) });

/** GPT-2 with SwiGLU and ALiBi (JAISConfig: learned positions unless the file says `alibi`). */
const jais: DecoderFamily = {
  ...gpt2,
  ffn: (fields, frame) => (isSwiglu(fields) ? jaisGated : jaisPlain)(fields, frame),
  extraOutside: (fields, frame) =>
    fields.optionalText(['position_embedding_type']) === 'alibi' ? [] : learnedPositions(1024)(fields, frame),
};

const jais2Bias = flag('attention_bias', true);

/** Llama's layout with LayerNorms, squared ReLU and biases (Jais2Config). */
const jais2: DecoderFamily = {
  attention: gqaAttention({ qkvBias: jais2Bias, outBias: jais2Bias }),
  ffn: denseFfn({ isGated: false, bias: flag('mlp_bias', true) }),
  norms: LAYER_NORMS,
  isHeadTied: false,
};

/** Squared-ReLU networks without a gate. */
const nemotron: DecoderFamily = {
  attention: gqaAttention({ qkvBias: attentionBias, outBias: attentionBias }),
  ffn: denseFfn({ isGated: false, bias: mlpBias }),
  norms: LAYER_NORMS,
  isHeadTied: false,
};

/** Decoders of the GPT line: LayerNorms, plain networks, often biases and learned positions, by `model_type`. */
export const CLASSIC_FAMILIES: Record<string, DecoderFamily> = {
  bloom,
  codegen: gptj,
  falcon,
  gpt2,
  'gpt-sw3': gpt2,
  gpt_bigcode: gptBigcode,
  gpt_neo: gptNeo,
  gpt_neox: gptNeoX,
  gptj,
  jais,
  jais2,
  mpt,
  nemotron,
  opt,
  persimmon,
  phi,
  'phi-msft': phiMsft,
  // The names Falcon's first files have.
  RefinedWeb: falcon,
  RefinedWebModel: falcon,
  stablelm: stableLm,
  stablelm_epoch: { ...stableLm, defaults: {} },
  starcoder2,
  xglm,
};
