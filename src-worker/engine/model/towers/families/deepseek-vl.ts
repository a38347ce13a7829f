/** DeepSeek's vision-language models. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import { vector, type Weight } from '../../weight.ts';
import { siglipEncoder } from '../encoders/siglip.ts';
import { chain, heads, layers, pixels, width, type Encoder } from '../parts.ts';
import type { MultimodalFamily, TextFrame } from '../types.ts';
import { visionTower } from '../vision.ts';

/** DeepSeek-VL2 names the sizes of its SigLIP (so400m, with the pooling head) as timm does. */
function timmSiglip(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['width'], 1152);
  const ratio = config.optionalPositive(['mlp_ratio'], 1000) ?? 3.7362;
  const renamed = {
    hidden_size: hiddenSize,
    // 3.7362 · 1152 = 4304.1: the fraction is cut, as timm does.
    intermediate_size: Math.floor(hiddenSize * ratio),
    num_hidden_layers: layers(config, ['layers'], 27),
    num_attention_heads: heads(config, ['heads'], 16),
    image_size: pixels(config, 'image_size', 384),
    patch_size: pixels(config, 'patch_size', 14),
  };
  return siglipEncoder(config.withDefaults(renamed), module);
}

/** Patches two by two, two linear layers; learned ends of rows and between local and global views. */
function projector(encoder: Encoder, fields: ConfigFields, { hiddenSize }: TextFrame): Weight[] {
  const config = fields.inner('projector_config', {});
  const side = heads(config, ['downsample_ratio'], 2);
  const inner = Math.floor(hiddenSize * (config.optionalPositive(['mlp_ratio'], 1000) ?? 1));
  const depth = config.optionalCount(['depth'], LIMITS.layers) ?? 2;
  const between = Array.from({ length: depth - 1 }, () => inner);
  const sizes = [encoder.width * side ** 2, ...between, hiddenSize];
  const names = sizes.slice(1).map((_, index) => `projector.layers.${2 * index}`);
  return [
    ...chain('vision', names, sizes),
    vector('vision', 'image_newline', hiddenSize),
    vector('vision', 'view_seperator', hiddenSize),
  ];
}

const deepseekVl2: MultimodalFamily = {
  text: ['language_config', 'text_config'],
  textModelType: 'deepseek_v2',
  towers: [visionTower({ encoder: timmSiglip, module: 'vision', projector })],
};

export const DEEPSEEK_VL_FAMILIES: Record<string, MultimodalFamily> = { deepseek_vl_v2: deepseekVl2 };
