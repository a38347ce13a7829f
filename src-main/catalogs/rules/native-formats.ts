import { nvidiaCapability } from '../../../src-worker/engine/hardware/precision.ts';
import type { Gpu } from '../../../src-worker/engine/hardware/types.ts';
import { tflopsFromFlopPerS } from '../../../src-worker/engine/units.ts';
import { asWritten, doubtful, wrong } from './entries.ts';
import type { CatalogRule, Finding } from './types.ts';

/**
 * Where tensor units for a format begin: Ada (8.9) and Blackwell (10.0) at NVIDIA (CUDA C++ Programming Guide, "Compute
 * Capabilities"), CDNA 3 (gfx94x) and CDNA 4 (gfx95x) at AMD (CDNA 3 and CDNA 4 instruction set architectures).
 */
const UNITS = [
  {
    field: 'fp8_dense_tflops',
    peak: 'fp8FlopPerS',
    name: 'FP8',
    nvidia: 8.9,
    amd: /^gfx(9[4-9]|12)/,
    amdFrom: 'gfx940',
  },
  { field: 'fp4_dense_tflops', peak: 'fp4FlopPerS', name: 'FP4', nvidia: 10, amd: /^gfx9[5-9]/, amdFrom: 'gfx950' },
] as const;

export const nativeFormats: CatalogRule = {
  name: 'native-formats',
  sentence: 'A GPU has an FP8 or FP4 rate exactly where it has the units.',
  check: ({ gpus }) =>
    gpus.flatMap((gpu) =>
      UNITS.flatMap(({ field, peak, name, nvidia, amd, amdFrom }): Finding[] => {
        const own = gpu.peaks[peak];
        const hasUnits = unitsOf(gpu, nvidia, amd);
        if (hasUnits === null) return [];
        if (own !== undefined && !hasUnits) {
          const from = gpu.vendor === 'amd' ? amdFrom : `compute capability ${nvidia.toFixed(1)}`;
          const text = `${gpu.computeCapability} has no ${name} units (from ${from} on): leave the key out.`;
          return [wrong(gpu.id, field, asWritten(tflopsFromFlopPerS(own)), text)];
        }
        if (own === undefined && hasUnits) {
          const text = `${gpu.computeCapability} has ${name} units: without a rate it is computed at 16 bit.`;
          return [doubtful(gpu.id, field, null, text)];
        }
        return [];
      }),
    ),
};

/** null = the chip's name does not say. */
function unitsOf(gpu: Gpu, nvidia: number, amd: RegExp): boolean | null {
  const capability = nvidiaCapability(gpu);
  if (capability !== null) return capability >= nvidia;
  return gpu.vendor === 'amd' && gpu.computeCapability !== null ? amd.test(gpu.computeCapability) : null;
}
