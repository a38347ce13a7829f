import { CLASSIC_FAMILIES } from './classic.ts';
import { DENSE_FAMILIES } from './dense.ts';
import { LATENT_FAMILIES } from './latent.ts';
import { MIXED_FAMILIES } from './mixed.ts';
import { FURTHER_MOE_FAMILIES } from './moe-more.ts';
import { MOE_FAMILIES } from './moe.ts';
import { RECURRENT_FAMILIES } from './recurrent.ts';
import { SEEING_FAMILIES } from './seeing.ts';
import { SELECTIVE_FAMILIES } from './selective.ts';
import { STEP_FAMILIES } from './step.ts';
import type { DecoderFamily } from './types.ts';

const FAMILIES: ReadonlyMap<string, DecoderFamily> = new Map([
  ...Object.entries(CLASSIC_FAMILIES),
  ...Object.entries(DENSE_FAMILIES),
  ...Object.entries(MOE_FAMILIES),
  ...Object.entries(FURTHER_MOE_FAMILIES),
  ...Object.entries(LATENT_FAMILIES),
  ...Object.entries(RECURRENT_FAMILIES),
  ...Object.entries(SEEING_FAMILIES),
  ...Object.entries(SELECTIVE_FAMILIES),
  ...Object.entries(STEP_FAMILIES),
  ...Object.entries(MIXED_FAMILIES),
]);

/** The family a `model_type` names, or null when it is not known. */
export const familyOf = (modelType: string): DecoderFamily | null => FAMILIES.get(modelType) ?? null;

const OF_SEVERAL_KINDS: ReadonlySet<DecoderFamily> = new Set(
  [LATENT_FAMILIES, RECURRENT_FAMILIES, SELECTIVE_FAMILIES, STEP_FAMILIES, MIXED_FAMILIES].flatMap((families) =>
    Object.values(families),
  ),
);

/** False for families that read more than grouped-query attention of one shape. */
export const isPlainFamily = (family: DecoderFamily): boolean => !OF_SEVERAL_KINDS.has(family);

/** Every model_type that is counted exactly, in alphabetical order. */
export const knownModelTypes = (): string[] => [...FAMILIES.keys()].sort();
