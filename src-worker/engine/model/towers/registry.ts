import { LLAVA_FAMILIES } from './families/llava.ts';
import { QWEN_VL_FAMILIES } from './families/qwen-vl.ts';
import type { MultimodalFamily } from './types.ts';

const FAMILIES: ReadonlyMap<string, MultimodalFamily> = new Map([
  ...Object.entries(LLAVA_FAMILIES),
  ...Object.entries(QWEN_VL_FAMILIES),
]);

/** How a model of this outer `model_type` holds its text decoder, or null when it is none around one. */
export const multimodalOf = (modelType: string): MultimodalFamily | null => FAMILIES.get(modelType) ?? null;

/** Every outer model_type that is read, in alphabetical order. */
export const multimodalTypes = (): string[] => [...FAMILIES.keys()].sort();
