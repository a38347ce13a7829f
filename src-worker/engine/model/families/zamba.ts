import { gqaLayer } from '../attention/gqa.ts';
import { layerTypes } from '../attention/layer-types.ts';
import { mamba1 } from '../attention/mamba1.ts';
import { mamba2 } from '../attention/mamba2.ts';
import { sideBySide } from '../attention/parallel.ts';
import { denseLayer, ffnWeights } from '../ffn/dense.ts';
import { NO_FFN } from '../ffn/none.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { flag, NAMES, type AttentionReader, type FfnReader, type Frame } from '../frame.ts';
import { memoized } from '../memoized.ts';
import { linear, reused, vector, type Weight } from '../weight.ts';
import type { DecoderFamily } from './types.ts';

/** Sizes of the transformer blocks that several layers share. */
interface SharedBlock {
  hiddenSize: number;
  /** Hidden state and embedding side by side: what attention sees. */
  inputSize: number;
  numHeads: number;
  numKvHeads: number;
  headDim: number;
  ffnWidth: number;
  /** How many such blocks take turns. */
  numBlocks: number;
  /** Rank of the adapters by which the layers that share a block differ; null = none. */
  adapterRank: number | null;
  hasAttentionAdapters: boolean;
  hasFfnBias: boolean;
}

/** The layers that use a shared block, in order; their place in the list decides which. */
type HybridRule = (fields: ConfigFields, numLayers: number) => (layer: number) => boolean;

/** Where a layer stands among those with a shared block. */
interface Turn {
  /** The first to use its block: it stores it. */
  isFirst: boolean;
}

function turns(fields: ConfigFields, { numLayers }: Frame, numBlocks: number, rule: HybridRule): (Turn | null)[] {
  const types = layerTypes(fields, numLayers);
  const isHybrid = types ? (layer: number): boolean => types[layer] === 'hybrid' : rule(fields, numLayers);
  let used = 0;
  return Array.from({ length: numLayers }, (_, layer) => {
    if (!isHybrid(layer)) return null;
    used += 1;
    return { isFirst: used <= numBlocks };
  });
}

/** Weights every user of a block shares, as the first or a later one holds them. */
const shared = (weights: Weight[], { isFirst }: Turn): Weight[] => (isFirst ? weights : reused(weights));

const adapter = (
  weightClass: 'attention' | 'denseFfn',
  name: string,
  outputs: number,
  inputs: number,
  rank: number,
) => [...linear(weightClass, `${name}.0`, rank, inputs), ...linear(weightClass, `${name}.1`, outputs, rank)];

function blockAttention(block: SharedBlock, turn: Turn) {
  const { hiddenSize, inputSize, numHeads, numKvHeads, headDim, adapterRank } = block;
  const module = 'shared_transformer.self_attn';
  const project = (name: string, outputs: number, inputs: number, splitUnits: number): Weight[] =>
    linear('attention', `${module}.${name}`, outputs, inputs, { splitUnits });
  const weights = [
    ...project('q_proj', numHeads * headDim, inputSize, numHeads),
    ...project('k_proj', numKvHeads * headDim, inputSize, numKvHeads),
    ...project('v_proj', numKvHeads * headDim, inputSize, numKvHeads),
    ...project('o_proj', hiddenSize, numHeads * headDim, numHeads),
    vector('norms', 'shared_transformer.input_layernorm', inputSize),
  ];
  const adapters =
    adapterRank === null || !block.hasAttentionAdapters
      ? []
      : ['q', 'k', 'v'].flatMap((name) =>
          adapter('attention', `${module}.linear_${name}_adapter_list.*`, inputSize, inputSize, adapterRank),
        );
  return gqaLayer({
    heads: { numHeads, numKvHeads, headDim, valueHeadDim: headDim },
    windowTokens: null,
    weights: [
      ...shared(weights, turn),
      ...adapters,
      // What the block yields enters the layer's own mixer through this.
      ...linear('attention', 'linear', hiddenSize, hiddenSize),
    ],
  });
}

function blockFfn(block: SharedBlock, turn: Turn) {
  const { hiddenSize, ffnWidth: width, adapterRank } = block;
  const module = 'shared_transformer.feed_forward';
  const weights = [
    ...ffnWeights('denseFfn', module, { hiddenSize, width, hasBias: block.hasFfnBias }),
    vector('norms', 'shared_transformer.pre_ff_layernorm', hiddenSize),
  ];
  const adapters =
    adapterRank === null
      ? []
      : adapter('denseFfn', `${module}.gate_up_proj_adapter_list.*`, 2 * width, hiddenSize, adapterRank);
  return denseLayer(width, true, [...shared(weights, turn), ...adapters]);
}

type BlockReader = (fields: ConfigFields, frame: Frame) => SharedBlock;

/** Mixer of a layer: its own Mamba, behind a shared block of attention where it has one. */
function zambaAttention(readBlock: BlockReader, rule: HybridRule, mamba: AttentionReader): AttentionReader {
  return (fields, frame) => {
    const block = readBlock(fields, frame);
    const turnOf = turns(fields, frame, block.numBlocks, rule);
    const mambaOf = mamba(fields, frame);
    const hybrid = memoized((isFirst: boolean) => sideBySide([blockAttention(block, { isFirst }), mambaOf(0)]));
    return (layer) => {
      const turn = turnOf[layer] ?? null;
      return turn ? hybrid(turn.isFirst) : mambaOf(layer);
    };
  };
}

function zambaFfn(readBlock: BlockReader, rule: HybridRule): FfnReader {
  return (fields, frame) => {
    const block = readBlock(fields, frame);
    const turnOf = turns(fields, frame, block.numBlocks, rule);
    const hybrid = memoized((isFirst: boolean) => blockFfn(block, { isFirst }));
    return (layer) => {
      const turn = turnOf[layer] ?? null;
      return turn ? hybrid(turn.isFirst) : NO_FFN;
    };
  };
}

function readBlock(fields: ConfigFields, { hiddenSize }: Frame): Omit<SharedBlock, 'adapterRank' | 'numBlocks'> {
  const numHeads = fields.count(NAMES.numHeads, LIMITS.heads, 'the number of query heads');
  const headDim = fields.optionalCount(['attention_head_dim'], LIMITS.heads) ?? (2 * hiddenSize) / numHeads;
  if (!Number.isInteger(headDim)) {
    throw fields.invalid('num_attention_heads', numHeads, `a divisor of twice the hidden size ${hiddenSize}`);
  }
  return {
    hiddenSize,
    inputSize: fields.optionalCount(['attention_hidden_size'], LIMITS.width) ?? 2 * hiddenSize,
    numHeads,
    numKvHeads: fields.optionalCount(NAMES.numKvHeads, LIMITS.heads) ?? numHeads,
    headDim,
    ffnWidth: fields.optionalCount(['intermediate_size'], LIMITS.width) ?? 4 * hiddenSize,
    hasAttentionAdapters: fields.flag(['use_shared_attention_adapter'], false),
    hasFfnBias: fields.flag(['add_bias_linear'], false),
  };
}

const zamba1Block: BlockReader = (fields, frame) => ({ ...readBlock(fields, frame), numBlocks: 1, adapterRank: null });

/** `ZambaConfig`: two Mamba layers, one with the block, then one in every `attn_layer_period`. */
const zamba1Layers: HybridRule = (fields) => {
  const period = fields.optionalCount(['attn_layer_period'], LIMITS.layers) ?? 6;
  const offset = fields.optionalCount(['attn_layer_offset'], LIMITS.layers, 0) ?? 4;
  return (layer) => layer === 2 || (layer > 2 && (layer - 3) % period === offset);
};

const zamba2Block: BlockReader = (fields, frame) => ({
  ...readBlock(fields, frame),
  numBlocks: fields.optionalCount(['num_mem_blocks'], LIMITS.layers) ?? 1,
  adapterRank: fields.optionalCount(['adapter_rank'], LIMITS.width) ?? 128,
});

/** The list `Zamba2Config` sets where the file has none: that of the 54 layers of the 2.7B. */
const ZAMBA2_HYBRID_LAYERS: ReadonlySet<number> = new Set([6, 12, 18, 24, 30, 36, 42, 47, 51]);
const zamba2Layers: HybridRule = () => (layer) => ZAMBA2_HYBRID_LAYERS.has(layer);

const linearBias = flag('add_bias_linear', false);

const zamba2Mamba = mamba2({
  module: 'mamba_decoder.mamba',
  fields: {
    heads: [['n_mamba_heads'], 8],
    headDim: [],
    groups: [['mamba_ngroups'], 1],
    stateSize: [['mamba_d_state'], 64],
    kernel: ['mamba_d_conv'],
    expand: ['mamba_expand'],
  },
  inBias: linearBias,
  outBias: linearBias,
});

const zamba1Mamba = mamba1({ module: 'mamba_decoder.mamba' });

const common = {
  // The norm before the layer's own Mamba; those of the blocks are shared with them.
  norms: { kind: 'weight', perLayer: 1 },
  isHeadTied: true,
  layerTypes: ['mamba', 'linear_attention', 'hybrid'],
} as const;

/** Mamba layers, some of them behind transformer blocks that they share, by `model_type`. */
export const ZAMBA_FAMILIES: Record<string, DecoderFamily> = {
  zamba: {
    ...common,
    attention: zambaAttention(zamba1Block, zamba1Layers, zamba1Mamba),
    ffn: zambaFfn(zamba1Block, zamba1Layers),
  },
  zamba2: {
    ...common,
    attention: zambaAttention(zamba2Block, zamba2Layers, zamba2Mamba),
    ffn: zambaFfn(zamba2Block, zamba2Layers),
  },
};
