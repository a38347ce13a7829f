/** Adept's Fuyu: no encoder; one matrix takes the pixels of a patch into the decoder's width. */

import { COLOURS, pixels, chain, width } from '../parts.ts';
import type { MultimodalFamily } from '../types.ts';

/** FuyuConfig. */
const DEFAULTS = {
  vocab_size: 262_144,
  hidden_size: 4096,
  intermediate_size: 16_384,
  num_hidden_layers: 36,
  num_attention_heads: 64,
  max_position_embeddings: 16_384,
};

const fuyu: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'persimmon',
  textFields: (text) => text.withDefaults(DEFAULTS),
  towers: [
    (fields, { hiddenSize }) => {
      const elements = width(fields, ['num_channels'], COLOURS) * pixels(fields, 'patch_size', 30) ** 2;
      const weights = chain('vision', ['vision_embed_tokens'], [elements, hiddenSize]);
      return [{ modality: 'vision', label: `one matrix over ${elements} elements of a patch`, weights }];
    },
  ],
};

export const FUYU_FAMILIES: Record<string, MultimodalFamily> = { fuyu };
