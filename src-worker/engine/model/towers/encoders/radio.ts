import type { ConfigFields } from '../../fields.ts';
import { table } from '../../weight.ts';
import {
  COLOURS,
  convolution,
  FUSED_NAMES,
  heads,
  layers,
  pixels,
  stackLabel,
  stackWeights,
  width,
  type Encoder,
} from '../parts.ts';

interface Size {
  hiddenSize: number;
  numLayers: number;
  numHeads: number;
}

/** What the models that `args.model` names are built of (timm's vision_transformer.py). */
const SIZES: Readonly<Record<string, Size>> = {
  vit_base_patch16_224: { hiddenSize: 768, numLayers: 12, numHeads: 12 },
  vit_large_patch16_224: { hiddenSize: 1024, numLayers: 24, numHeads: 16 },
  vit_huge_patch16_224: { hiddenSize: 1280, numLayers: 32, numHeads: 16 },
};

/** C-RADIO-H, where a file does not name its model (RadioConfig of Transformers). */
const HUGE: Size = { hiddenSize: 1280, numLayers: 32, numHeads: 16 };

/** RadioConfig: positions up to 2048 pixels; three classes and seven registers. */
const LARGEST_PICTURE = 2048;
const CLASS_AND_REGISTER_TOKENS = 10;

/**
 * NVIDIA's C-RADIO as its checkpoints store it (RadioModel of vLLM's radio.py): a Vision Transformer over patches without a
 * bias, positions of the largest picture, classes and registers; a second matrix takes patches of several pictures of a film.
 */
export function radioEncoder(config: ConfigFields, module: string): Encoder {
  const named = config.optionalText(['args.model']) ?? '';
  const size = Object.hasOwn(SIZES, named) ? (SIZES[named] ?? HUGE) : HUGE;
  const hiddenSize = width(config, ['hidden_size'], size.hiddenSize);
  const numLayers = layers(config, ['num_hidden_layers'], size.numLayers);
  const patchSize = pixels(config, 'patch_size', 16);
  const largest =
    config.optionalCount(['args.cpe_max_size', 'max_img_size', 'max_resolution'], 65_536) ?? LARGEST_PICTURE;
  const perSide = Math.max(1, Math.round(largest / patchSize));
  const inTime = heads(config, ['video_temporal_patch_size'], 1);
  const elements = COLOURS * patchSize ** 2;
  const generator = `${module}.model.patch_generator`;
  return {
    label: stackLabel('C-RADIO', numLayers, hiddenSize),
    width: hiddenSize,
    weights: [
      ...convolution('vision', `${generator}.embedder`, hiddenSize, elements, { hasBias: false }),
      ...(inTime > 1
        ? convolution('vision', `${generator}.video_embedder`, hiddenSize, inTime * elements, { hasBias: false })
        : []),
      table('vision', `${generator}.pos_embed`, perSide ** 2, hiddenSize),
      table('vision', `${generator}.cls_token.token`, CLASS_AND_REGISTER_TOKENS, hiddenSize),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.model.blocks.*`,
        names: FUSED_NAMES,
        numLayers,
        hiddenSize,
        ffnWidth: 4 * hiddenSize,
        numHeads: heads(config, ['num_attention_heads'], size.numHeads),
      }),
    ],
  };
}
