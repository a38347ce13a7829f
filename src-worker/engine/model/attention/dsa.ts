import { LIMITS, type ConfigFields } from '../fields.ts';
import type { AttentionReader, Frame } from '../frame.ts';
import { memoized } from '../memoized.ts';
import type { Attention, CacheShare } from '../types.ts';
import { linear, vector, type Weight } from '../weight.ts';
import type { AttentionKindEntry } from './kind.ts';
import { absorbedFlop, latentCache, MLA, mlaLabel, readMlaShape, readMlaWeights, type MlaShape } from './mla.ts';

/** Elements that share one scale in the indexer's cache (vLLM, `Indexer.quant_block_size`). */
const INDEX_SCALE_GROUP = 128;
const SCALE_BYTES = 4;

/** Bytes of an indexer key's element: always FP8 with a 4-byte scale per group, whatever the type of the main cache. */
const INDEX_BYTES_PER_ELEMENT = (INDEX_SCALE_GROUP + SCALE_BYTES) / INDEX_SCALE_GROUP;

/**
 * Bytes of one token in vLLM's FP8 cache of these models (`fp8_ds_mla`): 512 latent elements in FP8, their 4 scales of 4
 * bytes, 64 elements with the position in 16 bit = 656 for the 576.
 */
const latentFp8Bytes = ({ latentSize, ropeDim }: MlaShape): number =>
  latentSize + Math.ceil(latentSize / INDEX_SCALE_GROUP) * SCALE_BYTES + 2 * ropeDim;

export interface IndexerShape {
  numHeads: number;
  headDim: number;
}

/** What one token leaves in the indexer's cache: one key for all its heads, on every GPU. */
export const indexerCache = ({ headDim }: IndexerShape): Omit<CacheShare, 'windowTokens'> => ({
  elementsPerToken: headDim,
  splitUnits: 1,
  bytesPerElement: INDEX_BYTES_PER_ELEMENT,
});

/** FLOP of one token per token the indexer scores. */
export const indexerFlop = ({ numHeads, headDim }: IndexerShape): number => 2 * numHeads * headDim;

const readIndexer = (fields: ConfigFields): IndexerShape => ({
  numHeads: fields.count(['index_n_heads'], LIMITS.heads, "the indexer's heads"),
  headDim: fields.count(['index_head_dim'], LIMITS.heads, "the size of the indexer's heads"),
});

/** r·n·d + h·d + 2d (LayerNorm) + h·n, whole on every GPU: vLLM does not divide the indexer. */
function indexerWeights(hiddenSize: number, queryRank: number, { numHeads, headDim }: IndexerShape): Weight[] {
  const module = 'self_attn.indexer';
  return [
    ...linear('attention', `${module}.wq_b`, numHeads * headDim, queryRank),
    ...linear('attention', `${module}.wk`, headDim, hiddenSize),
    vector('attention', `${module}.k_norm`, 2 * headDim),
    ...linear('attention', `${module}.weights_proj`, numHeads, hiddenSize),
  ];
}

/**
 * Which layers run an indexer of their own; the others take the choice of the last one that did. `indexer_types` lists it,
 * else `index_topk_pattern` ("FSSS…"), else the first `index_skip_topk_offset` layers and then every `index_topk_freq`-th
 * (GlmMoeDsaConfig: offset 2, frequency 1 = every layer).
 */
function indexerRule(fields: ConfigFields, frame: Frame): (layer: number) => boolean {
  const isType = (value: unknown): value is string => value === 'full' || value === 'shared';
  const cure = '"full" (an indexer of its own) or "shared"';
  const listed = ['indexer_types', 'index_topk_pattern'].find((name) => fields.holdsList([name]));
  if (listed !== undefined) {
    const types = fields.optionalList([listed], LIMITS.layers, isType, cure) ?? [];
    if (types.length < frame.numLayers) {
      throw fields.invalid(listed, types, `a list of ${frame.numLayers} entries, one per layer`);
    }
    return (layer) => types[layer] === 'full';
  }
  const pattern = fields.optionalText(['index_topk_pattern']);
  if (pattern !== null) {
    if (!/^[FS]+$/.test(pattern) || pattern.length < frame.numLayers) {
      throw fields.invalid('index_topk_pattern', pattern, `${frame.numLayers} letters F (full) or S (shared)`);
    }
    return (layer) => pattern[layer] === 'F';
  }
  const every = fields.optionalCount(['index_topk_freq'], LIMITS.layers) ?? 1;
  const offset = fields.optionalCount(['index_skip_topk_offset'], LIMITS.layers, 0) ?? 2;
  return (layer) => Math.max(layer - offset + 1, 0) % every === 0;
}

function sparseLayer(shape: MlaShape, topTokens: number, indexer: IndexerShape | null, weights: Weight[]): Attention {
  const { latentSize, ropeDim } = shape;
  const latent = { ...latentCache(shape), fp8BytesPerElement: latentFp8Bytes(shape) / (latentSize + ropeDim) };
  const flop = absorbedFlop(shape);
  const chosen = { ...latent, attendedTokens: topTokens, decodeFlop: flop, promptFlop: flop };
  const chooser =
    indexer === null ? 'an earlier layer' : `an indexer of ${indexer.numHeads} heads of ${indexer.headDim}`;
  const attention = { kind: 'dsa', label: `${mlaLabel(shape)}, top ${topTokens} of ${chooser}`, weights };
  const common = { ...attention, numHeads: shape.numHeads, state: [], recurrenceFlop: 0 };
  if (indexer === null) return { ...common, cache: [{ ...latent, windowTokens: null }], context: [chosen] };
  const keys = indexerCache(indexer);
  const scoring = { decodeFlop: indexerFlop(indexer), promptFlop: indexerFlop(indexer), isReplicated: true };
  return {
    ...common,
    cache: [
      { ...latent, windowTokens: null },
      { ...keys, windowTokens: null },
    ],
    context: [chosen, { ...keys, ...scoring, attendedTokens: null }],
  };
}

/**
 * DeepSeek sparse attention: multi-head latent attention to the `index_topk` tokens that a small indexer scores highest. The
 * indexer looks at the whole context; vLLM works on the cached vectors in prompts, too (no expansion to heads).
 */
export const dsaAttention: AttentionReader = (fields, frame) => {
  const shape = readMlaShape(fields, frame);
  const { queryRank } = shape;
  if (queryRank === null) throw fields.missing(['q_lora_rank'], 'the compressed query, which the indexer reads');
  const topTokens = fields.count(['index_topk'], LIMITS.context, 'the tokens the indexer chooses');
  const indexer = readIndexer(fields);
  const latent = readMlaWeights(fields, frame, shape);
  const hasIndexer = indexerRule(fields, frame);
  const attentionOf = memoized((isFull: boolean) =>
    isFull
      ? sparseLayer(shape, topTokens, indexer, [...latent, ...indexerWeights(frame.hiddenSize, queryRank, indexer)])
      : sparseLayer(shape, topTokens, null, latent),
  );
  return (layer) => attentionOf(hasIndexer(layer));
};

export const DSA: AttentionKindEntry = {
  words: 'sparse attention with an indexer (DSA)',
  shortName: 'DSA',
  layerTypes: ['deepseek_sparse_attention', 'indexed_attention'],
  telltales: ['index_topk'],
  includes: [MLA],
  read: dsaAttention,
};
