import { GEMMA_FAMILIES } from './gemma.ts';
import { HUNYUAN_FAMILIES } from './hunyuan.ts';
import { LLAMA_VISION_FAMILIES } from './llama-vision.ts';
import { SEARCHED_FAMILIES } from './searched.ts';
import { TWO_SHAPE_FAMILIES } from './two-shapes.ts';
import type { DecoderFamily } from './types.ts';

/** Decoders with layers of several shapes: shared keys and values, per-layer embeddings, searched blocks, by `model_type`. */
export const MIXED_FAMILIES: Record<string, DecoderFamily> = {
  ...GEMMA_FAMILIES,
  ...HUNYUAN_FAMILIES,
  ...LLAMA_VISION_FAMILIES,
  ...SEARCHED_FAMILIES,
  ...TWO_SHAPE_FAMILIES,
};
