import type { Gpu } from '../../../src-worker/engine/hardware/types.ts';
import { tflopsFromFlopPerS } from '../../../src-worker/engine/units.ts';
import { asWritten, doubtful, hasHbm, wrong } from './entries.ts';
import type { CatalogRule, Finding } from './types.ts';

/** Dense 16-bit TFLOPS of the largest product of an architecture, from its data sheet. */
const CEILINGS: Record<string, { product: string; tflops: number }> = {
  Pascal: { product: 'Tesla P100 SXM2', tflops: 21.2 },
  Volta: { product: 'V100S', tflops: 130 },
  Turing: { product: 'Quadro RTX 8000', tflops: 130.5 },
  Ampere: { product: 'A100', tflops: 312 },
  'Ada Lovelace': { product: 'RTX 6000 Ada', tflops: 364.2 },
  Hopper: { product: 'H100 SXM5', tflops: 989.4 },
  Blackwell: { product: 'GB200', tflops: 2500 },
  'Blackwell Ultra': { product: 'GB300', tflops: 2500 },
  'CDNA 2': { product: 'MI250X', tflops: 383 },
  'CDNA 3': { product: 'MI325X', tflops: 1307.4 },
  'CDNA 4': { product: 'MI355X', tflops: 2516.6 },
  'Gaudi 2': { product: 'Gaudi 2', tflops: 432 },
  'Gaudi 3': { product: 'Gaudi 3', tflops: 1835 },
};

/** Boards of one chip clock differently; no board is this much above the largest. */
const CLOCK_TOLERANCE = 0.05;

/** A figure with sparsity is twice the other to the digit. */
const TWICE_TOLERANCE = 0.01;

export const denseSiblings: CatalogRule = {
  name: 'dense-siblings',
  sentence: 'No 16-bit peak is above its architecture’s largest chip or just twice that of a GPU like it.',
  check: ({ gpus }) => gpus.flatMap((gpu) => aboveCeiling(gpu) ?? twiceASibling(gpu, gpus) ?? []),
};

const FIELD = 'fp16_dense_tflops';

function aboveCeiling(gpu: Gpu): Finding | null {
  const ceiling = CEILINGS[gpu.architecture];
  const own = tflopsFromFlopPerS(gpu.peaks.fp16FlopPerS);
  if (!ceiling || own <= ceiling.tflops * (1 + CLOCK_TOLERANCE)) return null;
  const text = `${gpu.architecture} reaches ${ceiling.tflops} (${ceiling.product}): halve a figure with sparsity.`;
  return wrong(gpu.id, FIELD, asWritten(own), text);
}

function twiceASibling(gpu: Gpu, gpus: readonly Gpu[]): Finding | null {
  const own = gpu.peaks.fp16FlopPerS;
  const sibling = gpus.find(
    (other) => isAlike(gpu, other) && Math.abs(own / (2 * other.peaks.fp16FlopPerS) - 1) <= TWICE_TOLERANCE,
  );
  if (!sibling) return null;
  const text = `is twice that of ${sibling.name}, which is like it: right only if neither counts sparsity.`;
  return doubtful(gpu.id, FIELD, asWritten(tflopsFromFlopPerS(own)), text);
}

/** Same architecture, same memory at the same rate: boards that people mistake for each other. */
const isAlike = (one: Gpu, other: Gpu): boolean =>
  one.architecture === other.architecture &&
  hasHbm(one.memoryType) === hasHbm(other.memoryType) &&
  one.memoryBandwidthBytesPerS === other.memoryBandwidthBytesPerS;
