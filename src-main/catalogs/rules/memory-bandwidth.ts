import { gbPerSFromBytesPerS } from '../../../src-worker/engine/units.ts';
import { asWritten, doubtful, wrong } from './entries.ts';
import type { CatalogRule } from './types.ts';

/** Gbit/s of a pin as boards run it, and the narrowest and widest bus in bits: a stack of HBM has 1,024. */
interface MemoryType {
  pinGbit: [slowest: number, fastest: number];
  busBits: [narrowest: number, widest: number];
}

/** JEDEC: GDDR5 JESD212, GDDR5X JESD232, GDDR6 JESD250, GDDR7 JESD239, HBM2(e) JESD235, HBM3(e) JESD238; GDDR6X by Micron. */
const TYPES: Record<string, MemoryType> = {
  GDDR5: { pinGbit: [5, 9], busBits: [128, 512] },
  GDDR5X: { pinGbit: [9, 12], busBits: [192, 384] },
  GDDR6: { pinGbit: [10, 20], busBits: [128, 384] },
  GDDR6X: { pinGbit: [18, 23], busBits: [192, 384] },
  GDDR7: { pinGbit: [25, 32], busBits: [128, 512] },
  HBM2: { pinGbit: [1.4, 2.4], busBits: [2048, 8192] },
  HBM2e: { pinGbit: [2.4, 3.65], busBits: [2048, 8192] },
  HBM3: { pinGbit: [4, 6.5], busBits: [4096, 8192] },
  HBM3e: { pinGbit: [5.8, 9.8], busBits: [4096, 8192] },
};

const BITS_PER_BYTE = 8;

export const memoryBandwidth: CatalogRule = {
  name: 'memory-bandwidth',
  sentence: 'Memory bandwidth is what pins of its kind reach over buses that are built.',
  check: ({ gpus }) =>
    gpus.flatMap(({ id, memoryType, memoryBandwidthBytesPerS }) => {
      const type = TYPES[memoryType];
      const own = asWritten(gbPerSFromBytesPerS(memoryBandwidthBytesPerS));
      const field = 'memory_bandwidth_gb_per_s';
      if (!type) {
        if (memoryType === 'HBM') return [];
        const known = Object.keys(TYPES).join(', ');
        return [doubtful(id, 'memory_type', memoryType, `is none of ${known}: its bandwidth is not checked.`)];
      }
      const lowest = Math.floor((type.pinGbit[0] * type.busBits[0]) / BITS_PER_BYTE);
      const highest = Math.ceil((type.pinGbit[1] * type.busBits[1]) / BITS_PER_BYTE);
      if (own >= lowest && own <= highest) return [];
      return [wrong(id, field, own, `${memoryType} gives ${lowest} to ${highest} GB/s: check the unit and the type.`)];
    }),
};
