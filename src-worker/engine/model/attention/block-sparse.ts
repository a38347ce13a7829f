import { LIMITS, type ConfigFields } from '../fields.ts';
import type { AttentionReader, Frame } from '../frame.ts';
import { memoized } from '../memoized.ts';
import type { Attention } from '../types.ts';
import { linear, vector, type Weight } from '../weight.ts';
import { gqaAttention, type GqaOptions } from './gqa.ts';
import type { AttentionKindEntry } from './kind.ts';
import { layerTypes } from './layer-types.ts';

const SPARSE_TYPE = 'minimax_m3_sparse';

interface BlockIndexer {
  numHeads: number;
  headDim: number;
  /** Tokens a query attends to: the chosen blocks and those that are always visible. */
  attendedTokens: number;
}

/** In `sparse_attention_config`, or beside the other fields under Transformers' later names. */
function readIndexer(fields: ConfigFields): BlockIndexer {
  const names = (inner: string, flat: string): string[] => [`sparse_attention_config.${inner}`, flat];
  const blockTokens = fields.count(names('sparse_block_size', 'index_block_size'), LIMITS.context, 'tokens of a block');
  const chosen = fields.count(names('sparse_topk_blocks', 'index_topk_blocks'), LIMITS.context, 'blocks chosen');
  const first = fields.optionalCount(['sparse_attention_config.sparse_init_block'], LIMITS.context, 0) ?? 0;
  const last = fields.optionalCount(names('sparse_local_block', 'index_local_blocks'), LIMITS.context, 0) ?? 1;
  return {
    numHeads: fields.count(names('sparse_num_index_heads', 'index_n_heads'), LIMITS.heads, "the indexer's heads"),
    headDim: fields.count(names('sparse_index_dim', 'index_head_dim'), LIMITS.heads, "the size of the indexer's heads"),
    attendedTokens: (chosen + first + last) * blockTokens,
  };
}

/** Which layers choose: `layer_types`, or `sparse_attention_freq` with 1 for each that does. */
function sparseRule(fields: ConfigFields, frame: Frame): (layer: number) => boolean {
  const types = layerTypes(fields, frame.numLayers);
  if (types) return (layer) => types[layer] === SPARSE_TYPE;
  const field = 'sparse_attention_config.sparse_attention_freq';
  const isFlag = (value: unknown): value is number => value === 0 || value === 1;
  const flags = fields.optionalList([field], LIMITS.layers, isFlag, '0 (whole context) or 1 (chosen blocks)');
  const isUsed = fields.flag(['sparse_attention_config.use_sparse_attention'], true);
  if (flags && flags.length < frame.numLayers) {
    throw fields.invalid(field, flags, `a list of ${frame.numLayers} entries, one per layer`);
  }
  return (layer) => isUsed && flags?.[layer] === 1;
}

/** h·n·d queries, h·d for the one key, a norm of d each; whole on every GPU. */
const indexerWeights = (hiddenSize: number, { numHeads, headDim }: BlockIndexer): Weight[] => [
  ...linear('attention', 'self_attn.indexer.q_proj', numHeads * headDim, hiddenSize),
  ...linear('attention', 'self_attn.indexer.k_proj', headDim, hiddenSize),
  vector('attention', 'self_attn.indexer.qk_norm', 2 * headDim),
];

/** Restricts plain attention to the blocks an indexer of its own chooses. */
function chosenBlocks(plain: Attention, hiddenSize: number, indexer: BlockIndexer): Attention {
  const flop = 2 * indexer.numHeads * indexer.headDim;
  const keys = { elementsPerToken: indexer.headDim, splitUnits: 1, bytesPerElement: null };
  return {
    ...plain,
    kind: 'blockSparse',
    label: `${plain.label}, ${indexer.attendedTokens} tokens in chosen blocks`,
    weights: [...plain.weights, ...indexerWeights(hiddenSize, indexer)],
    cache: [...plain.cache, { ...keys, windowTokens: null }],
    context: [
      ...plain.context.map((work) => ({ ...work, attendedTokens: indexer.attendedTokens })),
      { ...keys, attendedTokens: null, decodeFlop: flop, promptFlop: flop, isReplicated: true },
    ],
  };
}

/**
 * MiniMax sparse attention: grouped-query attention to the blocks of tokens that a small indexer scores highest (one key per
 * token in its cache, in 16 bit), besides layers that see everything.
 */
export function blockSparseAttention(options: GqaOptions = {}): AttentionReader {
  return (fields, frame) => {
    const plainOf = gqaAttention({ ...options, window: () => () => null })(fields, frame);
    const isSparse = sparseRule(fields, frame);
    const indexed = memoized((plain: Attention) => chosenBlocks(plain, frame.hiddenSize, readIndexer(fields)));
    return (layer) => (isSparse(layer) ? indexed(plainOf(layer)) : plainOf(layer));
  };
}

export const BLOCK_SPARSE: AttentionKindEntry = {
  words: 'attention to chosen blocks of the context',
  shortName: 'Block-sparse',
  layerTypes: ['full_attention', SPARSE_TYPE],
  telltales: ['sparse_attention_config'],
  read: blockSparseAttention(),
};
