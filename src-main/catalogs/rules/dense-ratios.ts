import type { Gpu } from '../../../src-worker/engine/hardware/types.ts';
import { tflopsFromFlopPerS } from '../../../src-worker/engine/units.ts';
import { asWritten, hasHbm, wrong } from './entries.ts';
import type { CatalogRule, Finding } from './types.ts';

/** Data sheets round each figure by itself (733 for 2 x 362.05). */
const ROUNDING = 0.025;

type Band = [lowest: number, highest: number];

/**
 * How many times the dense 16-bit rate a format reaches. Half the bits are twice the rate; what differs is said where it
 * does. A sparse figure beside a dense one is twice as much again.
 */
const FP8: Band = [2, 2];
/** Gaudi multiplies FP8 up to twice as fast; Gaudi 3 at the 16-bit rate (Intel Gaudi 3 whitepaper). */
const FP8_GAUDI: Band = [1, 2];
const FP4: Band = [4, 4];
/** Blackwell Ultra: 13.5 to 15 PFLOPS FP4 beside 2.25 to 2.5 at 16 bit (NVIDIA HGX B300, GB300 NVL72 pages). */
const FP4_BLACKWELL_ULTRA: Band = [6, 6.25];
/** GeForce halves the 16-bit and FP8 rates with FP32 accumulation, FP4 not (NVIDIA RTX Blackwell whitepaper). */
const FP4_GEFORCE: Band = [4, 8];
/** INT8 may be slow: DP4A on Volta, all but gone on Blackwell Ultra. */
const INT8: Band = [0, 2];
/** As above (NVIDIA GA102, Ada and RTX Blackwell whitepapers). */
const INT8_GEFORCE: Band = [0, 4];

export const denseRatios: CatalogRule = {
  name: 'dense-ratios',
  sentence: 'Peaks of one GPU are all dense: FP8 and INT8 twice, FP4 four times the 16-bit rate.',
  check: ({ gpus }) =>
    gpus.flatMap((gpu) => [
      ...ratioFinding(gpu, 'fp8_dense_tflops', gpu.peaks.fp8FlopPerS, gpu.vendor === 'intel' ? FP8_GAUDI : FP8),
      ...ratioFinding(gpu, 'fp4_dense_tflops', gpu.peaks.fp4FlopPerS, fp4Band(gpu)),
      // Pascal has no 16-bit tensor units: its INT8 stands beside nothing.
      ...(gpu.architecture === 'Pascal'
        ? []
        : ratioFinding(gpu, 'int8_dense_tops', gpu.peaks.int8OpPerS, isGeForce(gpu) ? INT8_GEFORCE : INT8)),
    ]),
};

function fp4Band(gpu: Gpu): Band {
  if (gpu.architecture === 'Blackwell Ultra') return FP4_BLACKWELL_ULTRA;
  return isGeForce(gpu) ? FP4_GEFORCE : FP4;
}

const isGeForce = ({ name, memoryType }: Gpu): boolean => name.includes('GeForce') && !hasHbm(memoryType);

function ratioFinding(gpu: Gpu, field: string, peak: number | undefined, [lowest, highest]: Band): Finding[] {
  if (peak === undefined) return [];
  const ratio = peak / gpu.peaks.fp16FlopPerS;
  if (ratio >= lowest * (1 - ROUNDING) && ratio <= highest * (1 + ROUNDING)) return [];
  const expected = lowest === highest ? `${lowest}` : `${lowest} to ${highest}`;
  const cure =
    ratio > highest ? 'headlines with sparsity are twice the dense rate, halve them' : 'check fp16_dense_tflops';
  const text = `is ${ratio.toFixed(2)} times the 16-bit rate, not ${expected}: ${cure}.`;
  return [wrong(gpu.id, field, asWritten(tflopsFromFlopPerS(peak)), text)];
}
