import { DENSE_FAMILIES } from './dense.ts';
import { MOE_FAMILIES } from './moe.ts';
import type { DecoderFamily } from './types.ts';

const FAMILIES: ReadonlyMap<string, DecoderFamily> = new Map([
  ...Object.entries(DENSE_FAMILIES),
  ...Object.entries(MOE_FAMILIES),
]);

/** The family a `model_type` names, or null when it is not known. */
export const familyOf = (modelType: string): DecoderFamily | null => FAMILIES.get(modelType) ?? null;

/** Every model_type that is counted exactly, in alphabetical order. */
export const knownModelTypes = (): string[] => [...FAMILIES.keys()].sort();
