import { LIMITS, type ConfigFields } from '../../fields.ts';
import { table, type Weight } from '../../weight.ts';
import {
  chain,
  COLOURS,
  convolution,
  FUSED_NAMES,
  heads,
  headSize,
  layers,
  norm,
  pixels,
  stackLabel,
  stackWeights,
  width,
  type Encoder,
} from '../parts.ts';

const IN_CHANNELS = ['in_channels', 'in_chans'];
const NUM_HEADS = ['num_heads', 'num_attention_heads'];

interface Patches {
  /** Elements of one patch over all its pictures. */
  elements: number;
  /** Patches that become one token. */
  perToken: number;
}

function readPatches(config: ConfigFields, patchSize: number): Patches {
  const inTime = config.optionalCount(['temporal_patch_size'], LIMITS.heads) ?? 2;
  const side = config.optionalCount(['spatial_merge_size'], LIMITS.heads) ?? 2;
  const colours = width(config, IN_CHANNELS, COLOURS);
  return { elements: colours * inTime * pixels(config, 'patch_size', patchSize) ** 2, perToken: side ** 2 };
}

/** Qwen2-VL (Qwen2VLVisionConfig): LayerNorms, plain networks; `hidden_size` is the decoder's width there. */
export function qwen2VlEncoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['embed_dim'], 1280);
  const numLayers = layers(config, ['depth'], 32);
  const { elements, perToken } = readPatches(config, 14);
  const out = width(config, ['hidden_size'], 3584);
  const merged = hiddenSize * perToken;
  return {
    label: stackLabel('Vision Transformer', numLayers, hiddenSize),
    width: out,
    weights: [
      ...convolution('vision', `${module}.patch_embed.proj`, hiddenSize, elements, { hasBias: false }),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.blocks.*`,
        names: FUSED_NAMES,
        numLayers,
        hiddenSize,
        ffnWidth: config.scaledWidth(['mlp_ratio'], hiddenSize, 4),
        numHeads: heads(config, NUM_HEADS, 16),
      }),
      ...norm('vision', `${module}.merger.ln_q`, hiddenSize, 'weight_and_bias'),
      ...chain('vision', [`${module}.merger.mlp.0`, `${module}.merger.mlp.2`], [merged, merged, out]),
    ],
  };
}

/** Qwen2.5-VL (Qwen2_5_VLVisionConfig): RMSNorms and gated networks, most layers attending within windows. */
export function qwen25VlEncoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['hidden_size'], 3584);
  const numLayers = layers(config, ['depth'], 32);
  const { elements, perToken } = readPatches(config, 14);
  const out = width(config, ['out_hidden_size'], 3584);
  const merged = hiddenSize * perToken;
  const numHeads = heads(config, NUM_HEADS, 16);
  // EXAONE 4.5 groups the keys of its encoder.
  const numKvHeads = heads(config, ['num_key_value_heads'], numHeads);
  return {
    label: stackLabel('Vision Transformer', numLayers, hiddenSize),
    width: out,
    weights: [
      ...convolution('vision', `${module}.patch_embed.proj`, hiddenSize, elements, { hasBias: false }),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.blocks.*`,
        names: { ...FUSED_NAMES, up: 'mlp.up_proj', down: 'mlp.down_proj' },
        numLayers,
        hiddenSize,
        ffnWidth: width(config, ['intermediate_size'], 3420),
        numHeads,
        keyWidth: numKvHeads === numHeads ? hiddenSize : headSize(config, NUM_HEADS, hiddenSize, numHeads) * numKvHeads,
        isGated: true,
        norm: 'weight',
      }),
      ...norm('vision', `${module}.merger.ln_q`, hiddenSize, 'weight'),
      ...chain('vision', [`${module}.merger.mlp.0`, `${module}.merger.mlp.2`], [merged, merged, out]),
    ],
  };
}

/** Layers 8, 16 and 24 of Qwen3VLVisionConfig. */
const DEEPSTACK_LAYERS = 3;

/** Layers whose output is also merged and added inside the decoder. */
function numDeepstack(config: ConfigFields): number {
  const isLayer = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value);
  const listed = config.optionalList(['deepstack_visual_indexes'], LIMITS.layers, isLayer, 'a layer number');
  return listed?.length ?? DEEPSTACK_LAYERS;
}

/**
 * Qwen3-VL (Qwen3VLVisionConfig): learned positions, and one more merger per layer of the deep stack, which Qwen 3.5 dropped
 * whatever its file lists.
 */
export const qwen3VlLike =
  (hasDeepstack: boolean) =>
  (config: ConfigFields, module: string): Encoder => {
    const hiddenSize = width(config, ['hidden_size'], 1152);
    const numLayers = layers(config, ['depth'], 27);
    const { elements, perToken } = readPatches(config, 16);
    const positions = config.optionalCount(['num_position_embeddings'], LIMITS.vocabulary) ?? 2304;
    const out = width(config, ['out_hidden_size'], 3584);
    const merged = hiddenSize * perToken;
    const merger = (name: string, normSize: number, count: number): Weight[] => [
      ...norm('vision', `${name}.norm`, normSize, 'weight_and_bias', count),
      ...chain('vision', [`${name}.linear_fc1`, `${name}.linear_fc2`], [merged, merged, out], { count }),
    ];
    const deepstack = hasDeepstack ? numDeepstack(config) : 0;
    return {
      label: stackLabel('Vision Transformer', numLayers, hiddenSize),
      width: out,
      weights: [
        ...convolution('vision', `${module}.patch_embed.proj`, hiddenSize, elements),
        table('vision', `${module}.pos_embed`, positions, hiddenSize),
        ...stackWeights({
          modality: 'vision',
          module: `${module}.blocks.*`,
          names: { ...FUSED_NAMES, up: 'mlp.linear_fc1', down: 'mlp.linear_fc2' },
          numLayers,
          hiddenSize,
          ffnWidth: width(config, ['intermediate_size'], 4304),
          numHeads: heads(config, NUM_HEADS, 16),
        }),
        ...merger(`${module}.merger`, hiddenSize, 1),
        ...(deepstack > 0 ? merger(`${module}.deepstack_merger_list.*`, merged, deepstack) : []),
      ],
    };
  };
