import { LIMITS, type ConfigFields } from '../../fields.ts';
import { linear, table, vector, type Weight } from '../../weight.ts';
import {
  chain,
  CLIP_NAMES,
  COLOURS,
  convolution,
  heads,
  layers,
  norm,
  patchesPerSide,
  pixels,
  stackLabel,
  stackWeights,
  width,
  type Encoder,
} from '../parts.ts';

interface SiglipOptions {
  /** Pooling by one attending vector after the last layer; absent = as `vision_use_head` says, which is true unless given. */
  hasHead?: boolean;
  /** What the class sets where the file is silent. */
  defaults?: Partial<typeof BASE>;
  /** Positions where the file states their number (`num_patches`) instead of the size of a picture. */
  positions?: number;
}

/** SiglipVisionConfig. */
const BASE = { hiddenSize: 768, ffnWidth: 3072, numLayers: 12, numHeads: 12, imageSize: 224, patchSize: 16 };

/** The pooling head: a learned query, its attention, a norm and a network. */
function headWeights(module: string, hiddenSize: number, ffnWidth: number, numHeads: number): Weight[] {
  const split = { hasBias: true, splitUnits: numHeads };
  return [
    vector('vision', `${module}.probe`, hiddenSize),
    ...linear('vision', `${module}.attention.in_proj`, 3 * hiddenSize, hiddenSize, split),
    ...linear('vision', `${module}.attention.out_proj`, hiddenSize, hiddenSize, { ...split, splitsInputs: true }),
    ...norm('vision', `${module}.layernorm`, hiddenSize, 'weight_and_bias'),
    ...chain('vision', [`${module}.mlp.fc1`, `${module}.mlp.fc2`], [hiddenSize, ffnWidth, hiddenSize]),
  ];
}

/** Reads an encoder laid out like SigLIP's (SiglipVisionModel): Idefics2, Idefics3 and SmolVLM have the same without its head. */
export const siglipLike =
  (name: string, options: SiglipOptions = {}) =>
  (config: ConfigFields, module: string): Encoder => {
    const { hiddenSize: h, ...base } = { ...BASE, ...options.defaults };
    const hiddenSize = width(config, ['hidden_size'], h);
    const numLayers = layers(config, ['num_hidden_layers'], base.numLayers);
    const numHeads = heads(config, ['num_attention_heads'], base.numHeads);
    const ffnWidth = width(config, ['intermediate_size'], base.ffnWidth);
    const patchSize = pixels(config, 'patch_size', base.patchSize);
    const positions =
      options.positions === undefined
        ? patchesPerSide(config, pixels(config, 'image_size', base.imageSize), patchSize) ** 2
        : (config.optionalCount(['num_patches'], LIMITS.vocabulary) ?? options.positions);
    const hasHead = options.hasHead ?? config.flag(['vision_use_head'], true);
    const colours = width(config, ['num_channels'], COLOURS);
    return {
      label: stackLabel(name, numLayers, hiddenSize),
      width: hiddenSize,
      weights: [
        ...convolution('vision', `${module}.embeddings.patch_embedding`, hiddenSize, colours * patchSize ** 2),
        table('vision', `${module}.embeddings.position_embedding`, positions, hiddenSize),
        ...stackWeights({
          modality: 'vision',
          module: `${module}.encoder.layers.*`,
          names: CLIP_NAMES,
          numLayers,
          hiddenSize,
          ffnWidth,
          numHeads,
        }),
        ...norm('vision', `${module}.post_layernorm`, hiddenSize, 'weight_and_bias'),
        ...(hasHead ? headWeights(`${module}.head`, hiddenSize, ffnWidth, numHeads) : []),
      ],
    };
  };

export const siglipEncoder = siglipLike('SigLIP');
export const siglip2Encoder = siglipLike('SigLIP 2', { positions: 256 });

/** Idefics2VisionConfig. */
export const idefics2Encoder = siglipLike('SigLIP', { hasHead: false, defaults: { patchSize: 32 } });

/** Idefics3VisionConfig and SmolVLMVisionConfig. */
export const idefics3Encoder = siglipLike('SigLIP', {
  hasHead: false,
  defaults: { hiddenSize: 1152, numHeads: 16, patchSize: 32 },
});
