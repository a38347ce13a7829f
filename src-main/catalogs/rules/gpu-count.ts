import { instancesWithGpu, wrong } from './entries.ts';
import type { CatalogRule } from './types.ts';

/** GPUs of the largest machine that is sold as one: a rack of GB200 NVL72 (NVIDIA GB200 NVL72 page). */
const MOST_GPUS = 72;

/** Smallest slice that vGPU profiles cut a GPU into (NVIDIA vGPU user guide: 32 on the largest boards). */
const MOST_SLICES = 32;

/** Providers round slices to four digits (0.1667, 0.3333). */
const SLICE_TOLERANCE = 0.01;

export const gpuCount: CatalogRule = {
  name: 'gpu-count',
  sentence: 'An instance has whole GPUs, or one slice of 1/2 to 1/32 of a GPU.',
  check: (facts) =>
    instancesWithGpu(facts).flatMap(({ entry, instance: { gpuCount: count } }) => {
      const field = 'gpu_count';
      if (count > MOST_GPUS) {
        return [wrong(entry, field, count, `no machine has more than ${MOST_GPUS} GPUs: give those of one instance.`)];
      }
      if (count >= 1) {
        return Number.isInteger(count)
          ? []
          : [wrong(entry, field, count, 'only a slice of a single GPU is a fraction: give whole GPUs or less than 1.')];
      }
      const slices = 1 / count;
      const isSlice = Math.abs(slices - Math.round(slices)) <= SLICE_TOLERANCE * slices && slices <= MOST_SLICES;
      return isSlice
        ? []
        : [wrong(entry, field, count, 'is no slice of a GPU: vGPU shares are 1/2, 1/3, 1/4, … 1/32.')];
    }),
};
