import type { SizeInput } from './requests.ts';

export type Precision = SizeInput['quantization'][number];

/** How precisions read in sentences and on screen; exports and flags keep the identifiers. */
export const PRECISION_LABELS: Readonly<Record<Precision, string>> = {
  fp16: 'FP16',
  bf16: 'BF16',
  fp8: 'FP8',
  int8: 'INT8',
  w8a16: 'W8A16',
  int4: 'INT4',
  nvfp4: 'NVFP4',
  mxfp4: 'MXFP4',
  checkpoint: 'As stored',
};

export const isPrecision = (name: string): name is Precision => Object.hasOwn(PRECISION_LABELS, name);

/** The identifier itself where it is none of ours; empty for null. */
export const precisionLabel = (name: string | null): string =>
  name === null ? '' : isPrecision(name) ? PRECISION_LABELS[name] : name;
