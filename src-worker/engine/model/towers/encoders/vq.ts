/** VQ-VAE encoders and decoders: pictures as indices of learned vectors (Chameleon, Janus). All parts are convolutions. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import { table, type Weight } from '../../weight.ts';
import { COLOURS, convolution, layers, norm, pixels, width } from '../parts.ts';

const KERNEL = 9;

/** Group norms have a weight and a bias per channel. */
const groupNorm = (name: string, channels: number): Weight[] => norm('vision', name, channels, 'weight_and_bias');

/** Two convolutions, and a third of one pixel where the number of channels changes. */
const residual = (module: string, from: number, to: number): Weight[] => [
  ...groupNorm(`${module}.norm1`, from),
  ...convolution('vision', `${module}.conv1`, to, from * KERNEL),
  ...groupNorm(`${module}.norm2`, to),
  ...convolution('vision', `${module}.conv2`, to, to * KERNEL),
  ...(from === to ? [] : convolution('vision', `${module}.nin_shortcut`, to, from)),
];

const attention = (module: string, channels: number): Weight[] => [
  ...groupNorm(`${module}.norm`, channels),
  ...['q', 'k', 'v', 'proj_out'].flatMap((name) => convolution('vision', `${module}.${name}`, channels, channels)),
];

const middle = (module: string, channels: number, hasAttention: boolean): Weight[] => [
  ...residual(`${module}.mid.block_1`, channels, channels),
  ...(hasAttention ? attention(`${module}.mid.attn_1`, channels) : []),
  ...residual(`${module}.mid.block_2`, channels, channels),
];

interface Shape {
  /** Channels of each level, the finest first. */
  levels: number[];
  base: number;
  blocks: number;
  latent: number;
  embedding: number;
  numEmbeddings: number;
  hasMiddleAttention: boolean;
  /** Does a level, the finest 0, attend after each of its blocks? */
  attends: (level: number) => boolean;
}

const MULTIPLIERS = [1, 1, 2, 2, 4];

/** Sizes as ChameleonVQVAEConfig and JanusVQVAEConfig name them. */
function readShape(config: ConfigFields, otherwise: { numEmbeddings: number; embedding: number }): Shape {
  const isFactor = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= LIMITS.heads;
  const factors = config.optionalList(['channel_multiplier'], LIMITS.heads, isFactor, 'a whole number above 0');
  const multipliers = factors && factors.length > 0 ? factors : MULTIPLIERS;
  const base = width(config, ['base_channels'], 128);
  return {
    levels: multipliers.map((factor) => factor * base),
    base,
    blocks: layers(config, ['num_res_blocks'], 2),
    latent: width(config, ['latent_channels'], 256),
    embedding: width(config, ['embed_dim'], otherwise.embedding),
    numEmbeddings: config.optionalCount(['num_embeddings'], LIMITS.vocabulary) ?? otherwise.numEmbeddings,
    hasMiddleAttention: (config.optionalText(['attn_type']) ?? 'vanilla') === 'vanilla',
    attends: () => false,
  };
}

function encoder(config: ConfigFields, module: string, shape: Shape): Weight[] {
  const { levels, base, blocks, latent, hasMiddleAttention } = shape;
  const end = levels.at(-1) ?? base;
  const out = config.flag(['double_latent'], false) ? 2 * latent : latent;
  const level = (channels: number, index: number): Weight[] => {
    const from = index === 0 ? base : (levels[index - 1] ?? base);
    const isLast = index === levels.length - 1;
    const path = `${module}.down.${index}`;
    return [
      ...Array.from({ length: blocks }, (_, block) => [
        ...residual(`${path}.block.${block}`, block === 0 ? from : channels, channels),
        ...(shape.attends(index) ? attention(`${path}.attn.${block}`, channels) : []),
      ]).flat(),
      ...(isLast ? [] : convolution('vision', `${path}.downsample.conv`, channels, channels * KERNEL)),
    ];
  };
  return [
    ...convolution('vision', `${module}.conv_in`, base, width(config, ['in_channels'], COLOURS) * KERNEL),
    ...levels.flatMap(level),
    ...middle(module, end, hasMiddleAttention),
    ...groupNorm(`${module}.norm_out`, end),
    ...convolution('vision', `${module}.conv_out`, out, end * KERNEL),
  ];
}

function decoder(config: ConfigFields, module: string, shape: Shape): Weight[] {
  const { base, blocks, latent, hasMiddleAttention } = shape;
  const levels = [...shape.levels].reverse();
  const start = levels[0] ?? base;
  const level = (channels: number, index: number): Weight[] => {
    const from = index === 0 ? start : (levels[index - 1] ?? base);
    const path = `${module}.up.${index}`;
    return [
      ...Array.from({ length: blocks + 1 }, (_, block) => [
        ...residual(`${path}.block.${block}`, block === 0 ? from : channels, channels),
        ...(shape.attends(levels.length - 1 - index) ? attention(`${path}.attn.${block}`, channels) : []),
      ]).flat(),
      ...(index === levels.length - 1
        ? []
        : convolution('vision', `${path}.upsample.conv`, channels, channels * KERNEL)),
    ];
  };
  const end = levels.at(-1) ?? base;
  return [
    ...convolution('vision', `${module}.conv_in`, start, latent * KERNEL),
    ...middle(module, start, hasMiddleAttention),
    ...levels.flatMap(level),
    ...groupNorm(`${module}.norm_out`, end),
    ...convolution('vision', `${module}.conv_out`, width(config, ['out_channels'], COLOURS), end * KERNEL),
  ];
}

/** The table of vectors, and the ways into and out of it. */
const quantizer = (module: string, { latent, embedding, numEmbeddings }: Shape): Weight[] => [
  table('vision', `${module}.quantize.embedding`, numEmbeddings, embedding),
  ...convolution('vision', `${module}.quant_conv`, embedding, latent),
  ...convolution('vision', `${module}.post_quant_conv`, latent, embedding),
];

/** Chameleon's (ChameleonVQVAE): it turns pictures into tokens and has no way back. */
export function chameleonVq(config: ConfigFields, module: string): Weight[] {
  const isSize = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value > 0;
  const sizes = config.optionalList(['attn_resolutions'], LIMITS.heads, isSize, 'a number of pixels') ?? [];
  const resolution = pixels(config, 'resolution', 512);
  const shape = readShape(config, { numEmbeddings: 8192, embedding: 256 });
  shape.attends = (level) => shape.hasMiddleAttention && sizes.includes(Math.floor(resolution / 2 ** level));
  return [...encoder(config, `${module}.encoder`, shape), ...quantizer(module, shape)];
}

/** Janus' (JanusVQVAE): it paints, too. */
export function janusVq(
  config: ConfigFields,
  module: string,
): { weights: Weight[]; embedding: number; numEmbeddings: number } {
  const shape = readShape(config, { numEmbeddings: 16_384, embedding: 8 });
  shape.attends = (level) => level === shape.levels.length - 1;
  const weights = [
    ...encoder(config, `${module}.encoder`, shape),
    ...quantizer(module, shape),
    ...decoder(config, `${module}.decoder`, shape),
  ];
  return { weights, embedding: shape.embedding, numEmbeddings: shape.numEmbeddings };
}
