import { LIMITS, type ConfigFields } from '../fields.ts';
import { NAMES, type AttentionReader, type Frame } from '../frame.ts';
import { memoized } from '../memoized.ts';
import type { Attention, CacheShare, ContextWork } from '../types.ts';
import { linear, table, vector, type Weight } from '../weight.ts';
import { indexerCache, indexerFlop, type IndexerShape } from './dsa.ts';
import type { AttentionKindEntry } from './kind.ts';
import { layerTypes } from './layer-types.ts';

/** How far a layer looks back beyond its window: not at all, at chosen compressed entries, at all of them. */
type Reach = 'window' | 'chosen' | 'all';

/** Names of `layer_types` (Transformers' DeepseekV4Config). */
const REACHES: Readonly<Record<string, Reach>> = {
  sliding_attention: 'window',
  compressed_sparse_attention: 'chosen',
  heavily_compressed_attention: 'all',
};

interface CompressedShape {
  hiddenSize: number;
  numHeads: number;
  /** Size of the one key that all heads share; it serves as the value, too. */
  headDim: number;
  queryRank: number;
  outputGroups: number;
  /** Size each group of heads is projected to before the output. */
  outputRank: number;
  ropeDim: number;
  windowTokens: number;
  /** Tokens in one compressed entry. */
  rates: Readonly<Record<'chosen' | 'all', number>>;
  indexer: IndexerShape;
  topEntries: number;
}

function readShape(fields: ConfigFields, { hiddenSize }: Frame): CompressedShape {
  const count = (name: string, max: number, what: string): number => fields.count([name], max, what);
  const rate = (names: readonly string[]): number => fields.count(names, LIMITS.context, 'the tokens of one entry');
  const numHeads = fields.count(NAMES.numHeads, LIMITS.heads, 'the number of query heads');
  const outputGroups = count('o_groups', LIMITS.heads, 'the groups of the output projection');
  if (numHeads % outputGroups !== 0) {
    throw fields.invalid('o_groups', outputGroups, `a divisor of the ${numHeads} query heads`);
  }
  return {
    hiddenSize,
    numHeads,
    headDim: count('head_dim', LIMITS.heads, 'the size of one head'),
    queryRank: count('q_lora_rank', LIMITS.width, 'the size of the compressed query'),
    outputGroups,
    outputRank: count('o_lora_rank', LIMITS.width, 'the size of one group before the output'),
    ropeDim: count('qk_rope_head_dim', LIMITS.heads, 'the elements of a head with rotary position'),
    windowTokens: count('sliding_window', LIMITS.context, 'the window in tokens'),
    rates: {
      chosen: rate(['compress_rates.compressed_sparse_attention', 'compress_rate_csa']),
      all: rate(['compress_rates.heavily_compressed_attention', 'compress_rate_hca']),
    },
    indexer: {
      numHeads: count('index_n_heads', LIMITS.heads, "the indexer's heads"),
      headDim: count('index_head_dim', LIMITS.heads, "the size of the indexer's heads"),
    },
    topEntries: count('index_topk', LIMITS.context, 'the compressed entries the indexer chooses'),
  };
}

/** Which way each layer looks back: `layer_types`, or `compress_ratios` with the rate of each layer (0 = window only). */
function reachRule(fields: ConfigFields, frame: Frame, shape: CompressedShape): (layer: number) => Reach {
  const types = layerTypes(fields, frame.numLayers);
  if (types) return (layer) => REACHES[types[layer] ?? ''] ?? 'window';
  const isRate = (value: unknown): value is number =>
    value === 0 || value === shape.rates.chosen || value === shape.rates.all;
  const cure = `0, ${shape.rates.chosen} or ${shape.rates.all}`;
  const ratios = fields.optionalList(['compress_ratios'], LIMITS.layers, isRate, cure);
  // DeepseekV4Config: two heavily compressed layers, then one and one in turn.
  if (!ratios)
    return (layer) => (layer >= frame.numLayers ? 'window' : layer > 2 && layer % 2 === 1 ? 'chosen' : 'all');
  if (ratios.length < frame.numLayers) {
    throw fields.invalid('compress_ratios', ratios, `a list of ${frame.numLayers} entries, one per layer`);
  }
  return (layer) => {
    const ratio = ratios[layer] ?? 0;
    return ratio === 0 ? 'window' : ratio === shape.rates.chosen ? 'chosen' : 'all';
  };
}

/** Keys and gates of the tokens that become one entry: `width` twice, with a learned position each, and a norm. */
const compressorWeights = (
  module: string,
  hiddenSize: number,
  rate: number,
  headDim: number,
  width: number,
): Weight[] => [
  ...linear('attention', `${module}.wkv`, width, hiddenSize),
  ...linear('attention', `${module}.wgate`, width, hiddenSize),
  table('attention', `${module}.ape`, rate, width),
  vector('attention', `${module}.norm`, headDim),
];

/** Entries of the finer rate overlap with the ones before, so that everything that makes them is twice as wide. */
const OVERLAP = 2;

function reachWeights(shape: CompressedShape, reach: Reach): Weight[] {
  const { hiddenSize, headDim, queryRank, rates, indexer } = shape;
  const compressor = 'attn.compressor';
  if (reach === 'window') return [];
  if (reach === 'all') return compressorWeights(compressor, hiddenSize, rates.all, headDim, headDim);
  const keys = indexer.headDim;
  return [
    ...compressorWeights(compressor, hiddenSize, rates.chosen, headDim, OVERLAP * headDim),
    ...compressorWeights('attn.indexer.compressor', hiddenSize, rates.chosen, keys, OVERLAP * keys),
    ...linear('attention', 'attn.indexer.wq_b', indexer.numHeads * keys, queryRank),
    ...linear('attention', 'attn.indexer.weights_proj', indexer.numHeads, hiddenSize),
  ];
}

/** Weights under the names of the published checkpoints (`layers.*.attn.…`). */
function layerWeights(shape: CompressedShape, reach: Reach): Weight[] {
  const { hiddenSize, numHeads, headDim, queryRank, outputGroups, outputRank } = shape;
  const grouped = outputGroups * outputRank;
  const groups = { splitUnits: outputGroups };
  return [
    ...linear('attention', 'attn.wq_a', queryRank, hiddenSize),
    vector('attention', 'attn.q_norm', queryRank),
    ...linear('attention', 'attn.wq_b', numHeads * headDim, queryRank, { splitUnits: numHeads }),
    ...linear('attention', 'attn.wkv', headDim, hiddenSize),
    vector('attention', 'attn.kv_norm', headDim),
    vector('attention', 'attn.attn_sink', numHeads, numHeads),
    // Each group of heads has a matrix of its own to its part of the rows.
    ...linear('attention', 'attn.wo_a', grouped, (numHeads * headDim) / outputGroups, groups),
    ...linear('attention', 'attn.wo_b', hiddenSize, grouped, { ...groups, splitsInputs: true }),
    ...reachWeights(shape, reach),
  ];
}

/** Bytes of one 512-element entry in vLLM's FP8 cache: all but the 64 with the position in FP8, 8 bytes of scales = 584. */
const SCALE_BYTES = 8;
const entryFp8Bytes = ({ headDim, ropeDim }: CompressedShape): number => headDim + ropeDim + SCALE_BYTES;

/** One key of a token, or of the `rate` tokens behind one compressed entry. */
const sharedKey = (shape: CompressedShape, rate = 1): Omit<CacheShare, 'windowTokens'> => ({
  elementsPerToken: shape.headDim / rate,
  splitUnits: 1,
  bytesPerElement: null,
  fp8BytesPerElement: entryFp8Bytes(shape) / shape.headDim,
});

/** Scores and sum over keys that are values, too; per token of the context, of which `rate` share a key. */
function keyWork(shape: CompressedShape, attendedTokens: number | null, rate = 1): ContextWork {
  const flop = (4 * shape.numHeads * shape.headDim) / rate;
  return { ...sharedKey(shape, rate), attendedTokens, decodeFlop: flop, promptFlop: flop };
}

function beyondWindow(shape: CompressedShape, reach: Reach): Pick<Attention, 'cache' | 'context'> {
  const { rates, indexer, topEntries } = shape;
  if (reach === 'window') return { cache: [], context: [] };
  if (reach === 'all') {
    return {
      cache: [{ ...sharedKey(shape, rates.all), windowTokens: null }],
      context: [keyWork(shape, null, rates.all)],
    };
  }
  const rate = rates.chosen;
  const keys = { ...indexerCache(indexer), elementsPerToken: indexer.headDim / rate };
  const flop = indexerFlop(indexer) / rate;
  return {
    cache: [
      { ...sharedKey(shape, rate), windowTokens: null },
      { ...keys, windowTokens: null },
    ],
    context: [
      keyWork(shape, topEntries * rate, rate),
      { ...keys, attendedTokens: null, decodeFlop: flop, promptFlop: flop, isReplicated: true },
    ],
  };
}

const REACH_WORDS: Record<Reach, (shape: CompressedShape) => string> = {
  window: () => '',
  chosen: ({ rates, topEntries }) => `, top ${topEntries} of entries of ${rates.chosen} tokens`,
  all: ({ rates }) => `, entries of ${rates.all} tokens`,
};

function compressedLayer(shape: CompressedShape, reach: Reach): Attention {
  const { numHeads, headDim, windowTokens } = shape;
  const beyond = beyondWindow(shape, reach);
  return {
    kind: 'compressed',
    label: `MQA ${numHeads} heads of ${headDim}, window ${windowTokens}${REACH_WORDS[reach](shape)}`,
    weights: layerWeights(shape, reach),
    numHeads,
    cache: [{ ...sharedKey(shape), windowTokens }, ...beyond.cache],
    context: [keyWork(shape, windowTokens), ...beyond.context],
    state: [],
    recurrenceFlop: 0,
  };
}

/**
 * DeepSeek-V4: every layer attends to a window of single tokens, most of them also to entries that stand for several tokens
 * each: those an indexer chooses (compressed sparse attention) or all (heavily compressed attention). Keys are one for all
 * heads and serve as values. The few tokens waiting to fill an entry are left out of the cache.
 */
export const compressedAttention: AttentionReader = (fields, frame) => {
  const shape = readShape(fields, frame);
  const reachOf = reachRule(fields, frame, shape);
  const attentionOf = memoized((reach: Reach) => compressedLayer(shape, reach));
  return (layer) => attentionOf(reachOf(layer));
};

export const COMPRESSED: AttentionKindEntry = {
  words: 'attention over a compressed context',
  shortName: 'Compressed',
  layerTypes: Object.keys(REACHES),
  telltales: ['compress_ratios', 'compress_rates'],
  read: compressedAttention,
};
