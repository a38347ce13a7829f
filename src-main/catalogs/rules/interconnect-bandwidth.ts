import { gbPerSFromBytesPerS } from '../../../src-worker/engine/units.ts';
import { asWritten, doubtful, instancesWithGpu, wrong } from './entries.ts';
import type { CatalogRule, Finding } from './types.ts';

/** Data sheets round. */
const TOLERANCE = 0.02;

export const interconnectBandwidth: CatalogRule = {
  name: 'interconnect-bandwidth',
  sentence: "GPUs of an instance talk at their own link's rate, one direction.",
  check: (facts) =>
    instancesWithGpu(facts).flatMap(({ entry, instance, gpu }): Finding[] => {
      const { interconnect, interconnectBandwidthPerDirectionBytesPerS: own } = instance;
      const field = 'link_gb_per_s_per_direction';
      if (interconnect === 'none') {
        return own === null ? [] : [wrong(entry, field, inFile(own), 'and the interconnect is "none": remove one.')];
      }
      const rate =
        interconnect === 'pcie' ? gpu.pcieBandwidthPerDirectionBytesPerS : gpu.linkBandwidthPerDirectionBytesPerS;
      if (rate === null) return [];
      const expected = `${gpu.name} has ${inFile(rate)} GB/s over ${interconnect}`;
      if (own === null) return [doubtful(entry, field, null, `${expected}: give it.`)];
      if (own > rate * (1 + TOLERANCE)) {
        return [wrong(entry, field, inFile(own), `${expected}: headlines count both directions, halve them.`)];
      }
      if (own < rate * (1 - TOLERANCE)) {
        return [doubtful(entry, field, inFile(own), `${expected}: right only where the machine has fewer links.`)];
      }
      return [];
    }),
};

const inFile = (bytesPerS: number): number => asWritten(gbPerSFromBytesPerS(bytesPerS));
