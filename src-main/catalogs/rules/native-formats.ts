import {
  AMD_FP4_UNITS,
  AMD_FP8_UNITS,
  FP4_CAPABILITY,
  FP8_CAPABILITY,
} from '../../../src-worker/engine/hardware/capabilities.ts';
import { nvidiaCapability } from '../../../src-worker/engine/hardware/precision.ts';
import type { Gpu } from '../../../src-worker/engine/hardware/types.ts';
import { tflopsFromFlopPerS } from '../../../src-worker/engine/units.ts';
import { asWritten, doubtful, wrong } from './entries.ts';
import type { CatalogRule, Finding } from './types.ts';

/** Formats with tensor units of their own, and where these begin. */
const UNITS = [
  {
    field: 'fp8_dense_tflops',
    peak: 'fp8FlopPerS',
    name: 'FP8',
    nvidia: FP8_CAPABILITY,
    amd: AMD_FP8_UNITS,
    amdFrom: 'gfx940',
  },
  {
    field: 'fp4_dense_tflops',
    peak: 'fp4FlopPerS',
    name: 'FP4',
    nvidia: FP4_CAPABILITY,
    amd: AMD_FP4_UNITS,
    amdFrom: 'gfx950',
  },
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
