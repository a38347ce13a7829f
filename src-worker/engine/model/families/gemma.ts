import { gqaAttention, gqaByLayer, kvHeads, perHeadNorm, readHeads, type GqaShapeRule } from '../attention/gqa.ts';
import { layerFields } from '../attention/layer-fields.ts';
import { layerTypes } from '../attention/layer-types.ts';
import { slidingWindow } from '../attention/window.ts';
import { sideBySide, withFurtherWeights } from '../ffn/beside.ts';
import { denseFfn, denseFfnByLayer, writtenWidths } from '../ffn/dense.ts';
import { moeFfn } from '../ffn/moe.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { NAMES, type FfnReader, type Frame } from '../frame.ts';
import { linear, table, vector, type Weight } from '../weight.ts';
import { attentionBias, RMS_NORMS } from './shared.ts';
import type { DecoderFamily } from './types.ts';

/** Gemma's files never write `tie_word_embeddings`; all heads share the embedding (GemmaConfig and later). */
const gemma: DecoderFamily = {
  defaults: { num_key_value_heads: 16 },
  attention: gqaAttention({ headDim: 256, qkvBias: attentionBias, outBias: attentionBias }),
  ffn: denseFfn(),
  norms: RMS_NORMS,
  isHeadTied: true,
};

/** Norms before and after attention and FFN; layers alternate between a window and the whole context. */
const gemma2: DecoderFamily = {
  ...gemma,
  defaults: {},
  attention: gqaAttention({
    headDim: 256,
    numKvHeads: kvHeads(4),
    qkvBias: attentionBias,
    outBias: attentionBias,
    window: slidingWindow({ tokens: 4096, fullEvery: 2 }),
  }),
  norms: { kind: 'weight', perLayer: 4 },
};

/** Gemma 2 without the norms behind attention and FFN. */
const vaultGemma: DecoderFamily = { ...gemma2, norms: RMS_NORMS };

/** Gemma3TextConfig: what the files of the 4B and larger leave out. The context stated is the one after RoPE scaling. */
const gemma3Text: DecoderFamily = {
  ...gemma2,
  defaults: {
    vocab_size: 262_208,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    head_dim: 256,
    max_position_embeddings: 131_072,
  },
  contextTokens: 131_072,
  statesExtendedContext: true,
  attention: gqaAttention({
    headDim: 256,
    numKvHeads: kvHeads(4),
    qkvBias: attentionBias,
    outBias: attentionBias,
    qkNorm: perHeadNorm,
    window: slidingWindow({ tokens: 4096, fullEvery: 6 }),
  }),
};

/** Number of first layers with keys and values of their own; the layers behind them read those of earlier ones. */
function ownKvLayers(fields: ConfigFields, frame: Frame): number {
  const shared = fields.optionalCount(['num_kv_shared_layers'], LIMITS.layers, 0) ?? 0;
  if (shared > frame.numLayers) {
    throw fields.invalid('num_kv_shared_layers', shared, `at most the ${frame.numLayers} layers there are`);
  }
  return frame.numLayers - shared;
}

const gemma3nShapes: GqaShapeRule = (fields, frame) => {
  const heads = readHeads(fields, frame);
  const windowOf = slidingWindow({ fullEvery: 5 })(fields, frame);
  const hasBias = attentionBias(fields);
  const numOwn = ownKvLayers(fields, frame);
  return (layer) => {
    const sharesKv = layer >= numOwn && numOwn > 0;
    const qkNorm = (sharesKv ? 1 : 2) * heads.headDim;
    return { heads, windowTokens: windowOf(layer), sharesKv, qkNorm, hasQkvBias: hasBias, hasOutBias: hasBias };
  };
};

/** Width of the per-layer embeddings; 0 = the model has none. */
const perLayerWidth = (fields: ConfigFields): number =>
  fields.optionalCount(['hidden_size_per_layer_input'], LIMITS.width, 0) ?? 0;

/** Each layer gates its own embedding of the token and adds it: two matrices and a norm. */
function perLayerInput(width: number, hiddenSize: number): Weight[] {
  if (width === 0) return [];
  return [
    ...linear('denseFfn', 'per_layer_input_gate', width, hiddenSize),
    ...linear('denseFfn', 'per_layer_projection', hiddenSize, width),
    vector('norms', 'post_per_layer_input_norm', hiddenSize),
  ];
}

/** The embeddings of all layers in one table, and the projection that mixes the token's own embedding in. */
function perLayerEmbeddings(fields: ConfigFields, frame: Frame): Weight[] {
  const width = perLayerWidth(fields);
  if (width === 0) return [];
  const tokens = fields.count(
    ['vocab_size_per_layer_input'],
    LIMITS.vocabulary,
    'the tokens with per-layer embeddings',
  );
  const all = frame.numLayers * width;
  return [
    table('embedding', 'embed_tokens_per_layer', tokens, all, Math.ceil(tokens / 64)),
    ...linear('denseFfn', 'per_layer_model_projection', all, frame.hiddenSize),
    vector('norms', 'per_layer_projection_norm', width),
  ];
}

const altupInputs = (fields: ConfigFields): number =>
  fields.count(['altup_num_inputs'], LIMITS.experts, 'the residual streams of AltUp');

/**
 * AltUp keeps n residual streams: per layer coefficients to predict (n² from n) and to correct (n from n), a router h·n with
 * its norm and a scale; LAuReL adds a low-rank path h·r + r·h with a norm beside the attention.
 */
function gemma3nFurther(fields: ConfigFields, { hiddenSize }: Frame): Weight[] {
  const n = altupInputs(fields);
  const rank = fields.count(['laurel_rank'], LIMITS.width, 'the rank of the learned residual path');
  return [
    ...linear('denseFfn', 'altup.correction_coefs', n, n),
    ...linear('denseFfn', 'altup.prediction_coefs', n * n, n),
    ...linear('denseFfn', 'altup.modality_router', n, hiddenSize),
    vector('norms', 'altup.router_norm', hiddenSize),
    vector('norms', 'altup.correct_output_scale', hiddenSize),
    ...linear('denseFfn', 'laurel.linear_left', rank, hiddenSize),
    ...linear('denseFfn', 'laurel.linear_right', hiddenSize, rank),
    vector('norms', 'laurel.post_laurel_norm', hiddenSize),
    ...perLayerInput(perLayerWidth(fields), hiddenSize),
  ];
}

/** The streams beside the first leave the embedding and join before the head by one matrix h·h each way. */
function gemma3nOutside(fields: ConfigFields, frame: Frame): Weight[] {
  const count = altupInputs(fields) - 1;
  const { hiddenSize } = frame;
  return [
    ...perLayerEmbeddings(fields, frame),
    ...(count > 0
      ? [
          ...linear('denseFfn', 'altup_projections.*', hiddenSize, hiddenSize, { count }),
          ...linear('denseFfn', 'altup_unembed_projections.*', hiddenSize, hiddenSize, { count }),
        ]
      : []),
  ];
}

/** Gemma3nTextConfig's values for keys left out. Checkpoints store unused K/V of the shared layers; they are not counted. */
const gemma3nText: DecoderFamily = {
  ...gemma2,
  defaults: {
    vocab_size: 262_400,
    vocab_size_per_layer_input: 262_144,
    hidden_size_per_layer_input: 256,
    altup_num_inputs: 4,
    laurel_rank: 64,
    num_kv_shared_layers: 15,
    num_attention_heads: 8,
    num_key_value_heads: 2,
    head_dim: 256,
    sliding_window: 512,
    max_position_embeddings: 32_768,
  },
  attention: gqaByLayer(gemma3nShapes),
  ffn: withFurtherWeights(denseFfnByLayer(writtenWidths), gemma3nFurther),
  extraOutside: gemma3nOutside,
};

const HEAD_FIELDS = ['num_attention_heads', 'num_key_value_heads', 'head_dim'];

/**
 * Full layers have heads of their own size; with `attention_k_eq_v` also KV heads of their own number, whose keys (before
 * their norm and rotation) serve as values. The last layer always sees everything (Gemma4TextConfig). What Transformers 5 saves
 * writes those heads layer by layer instead.
 */
const gemma4Shapes: GqaShapeRule = (fields, frame) => {
  const sliding = readHeads(fields, frame);
  const windowOf = slidingWindow({ fullEvery: 6 })(fields, frame);
  const keyIsValue = fields.flag(['attention_k_eq_v'], false);
  const ofLayer = layerFields(fields, frame.numLayers, HEAD_FIELDS);
  const globalDim = fields.optionalCount(['global_head_dim'], LIMITS.heads, 0) ?? 0;
  const globalKv = fields.optionalCount(['num_global_key_value_heads'], LIMITS.heads);
  const headDim = globalDim > 0 ? globalDim : sliding.headDim;
  const numKvHeads = keyIsValue && globalKv !== null ? globalKv : sliding.numKvHeads;
  const full = { ...sliding, headDim, valueHeadDim: headDim, numKvHeads };
  if (sliding.numHeads % numKvHeads !== 0) {
    throw fields.invalid('num_global_key_value_heads', numKvHeads, `a divisor of the ${sliding.numHeads} query heads`);
  }
  const hasBias = attentionBias(fields);
  const numOwn = ownKvLayers(fields, frame);
  const types = layerTypes(fields, frame.numLayers);
  const isSliding = (layer: number): boolean =>
    layer < frame.numLayers - 1 && (types ? types[layer] === 'sliding_attention' : (layer + 1) % 6 !== 0);
  return (layer) => {
    const slides = isSliding(layer);
    const heads = ofLayer ? readHeads(ofLayer(layer), frame) : slides ? sliding : full;
    const sharesKv = layer >= numOwn;
    return {
      heads,
      windowTokens: slides ? windowOf(layer) : null,
      sharesKv,
      keyIsValue: keyIsValue && !slides,
      qkNorm: (sharesKv ? 1 : 2) * heads.headDim,
      hasQkvBias: hasBias,
      hasOutBias: hasBias,
    };
  };
};

const hasExperts = (fields: ConfigFields): boolean => fields.flag(['enable_moe_block'], false);

/** With `use_double_wide_mlp` the layers without keys and values of their own are twice as wide. */
const gemma4Dense = denseFfnByLayer((fields, frame) => {
  const width = fields.count(NAMES.ffnWidth, LIMITS.width, 'the inner width of the feed-forward network');
  const isDoubled = fields.flag(['use_double_wide_mlp'], false);
  const numOwn = ownKvLayers(fields, frame);
  return (layer) => (isDoubled && numOwn > 0 && layer >= numOwn ? 2 * width : width);
});

/** The experts work beside the dense network; their router scales its input (h) and every expert's share (E). */
const gemma4Moe = moeFfn({
  module: '',
  router: 'router.proj',
  expertWidth: ['moe_intermediate_size', 'expert_intermediate_size'],
  extraWeights: (_, { hiddenSize }, numExperts) => [
    vector('router', 'router.scale', hiddenSize),
    vector('router', 'router.per_expert_scale', numExperts),
    vector('norms', 'moe_norms', hiddenSize, 1, 3),
  ],
});

const gemma4Ffn: FfnReader = (fields, frame) => {
  const network = hasExperts(fields) ? sideBySide(gemma4Moe, gemma4Dense) : gemma4Dense;
  return withFurtherWeights(network, () => perLayerInput(perLayerWidth(fields), frame.hiddenSize))(fields, frame);
};

/** `layer_scalar`, one number per layer, is a buffer and not counted. */
const gemma4Text: DecoderFamily = {
  ...gemma2,
  defaults: {
    vocab_size: 262_144,
    vocab_size_per_layer_input: 262_144,
    hidden_size_per_layer_input: 256,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    head_dim: 256,
    global_head_dim: 512,
    sliding_window: 512,
    max_position_embeddings: 131_072,
  },
  attention: gqaByLayer(gemma4Shapes),
  ffn: gemma4Ffn,
  extraOutside: perLayerEmbeddings,
};

/** Gemma 4 without per-layer embeddings and experts (Gemma4UnifiedTextConfig). */
const gemma4UnifiedText: DecoderFamily = {
  ...gemma4Text,
  defaults: { ...gemma4Text.defaults, hidden_size_per_layer_input: 0, sliding_window: 1024 },
};

/** Google's Gemma decoders, by `model_type`. */
export const GEMMA_FAMILIES: Record<string, DecoderFamily> = {
  gemma,
  gemma2,
  gemma3_text: gemma3Text,
  gemma3n_text: gemma3nText,
  gemma4_text: gemma4Text,
  gemma4_unified_text: gemma4UnifiedText,
  vaultgemma: vaultGemma,
};
