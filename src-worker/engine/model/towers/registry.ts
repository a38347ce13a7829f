import { GEMMA_FAMILIES } from './families/gemma.ts';
import { IDEFICS_FAMILIES } from './families/idefics.ts';
import { INTERNVL_FAMILIES } from './families/internvl.ts';
import { LLAMA_FAMILIES } from './families/llama.ts';
import { LLAVA_FAMILIES } from './families/llava.ts';
import { QWEN_VL_FAMILIES } from './families/qwen-vl.ts';
import type { MultimodalFamily } from './types.ts';

const FAMILIES: ReadonlyMap<string, MultimodalFamily> = new Map([
  ...Object.entries(GEMMA_FAMILIES),
  ...Object.entries(IDEFICS_FAMILIES),
  ...Object.entries(INTERNVL_FAMILIES),
  ...Object.entries(LLAMA_FAMILIES),
  ...Object.entries(LLAVA_FAMILIES),
  ...Object.entries(QWEN_VL_FAMILIES),
]);

/** How a model of this outer `model_type` holds its text decoder, or null when it is none around one. */
export const multimodalOf = (modelType: string): MultimodalFamily | null => FAMILIES.get(modelType) ?? null;

/** Every outer model_type that is read, in alphabetical order. */
export const multimodalTypes = (): string[] => [...FAMILIES.keys()].sort();
