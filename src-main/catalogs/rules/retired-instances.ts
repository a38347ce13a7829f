import { nvidiaCapability } from '../../../src-worker/engine/hardware/precision.ts';
import { doubtful, instancesWithGpu, wrong } from './entries.ts';
import type { CatalogRule, Finding } from './types.ts';

const RETIRED = /\b(retired|withdrawn|discontinued|end of (life|sale))\b/i;

/** NVIDIA ended CUDA support for GPUs below Turing with CUDA 13 (CUDA 13.0 release notes, "Deprecated and dropped features"). */
const CURRENT_CAPABILITY = 7.5;

export const retiredInstances: CatalogRule = {
  name: 'retired-instances',
  sentence: 'What is withdrawn is marked as retired, and old generations are not sold as current.',
  check: (facts) =>
    instancesWithGpu(facts).flatMap(({ entry, instance: { status, notes }, gpu }): Finding[] => {
      if (status !== 'retired' && notes !== null && RETIRED.test(notes)) {
        return [wrong(entry, 'status', status, `and its notes say "${notes}": make it "retired".`)];
      }
      if (status === 'retired' && (notes === null || !RETIRED.test(notes))) {
        return [doubtful(entry, 'status', status, 'and its notes do not say since when: add it.')];
      }
      const capability = nvidiaCapability(gpu);
      if (status === 'current' && capability !== null && capability < CURRENT_CAPABILITY) {
        const text = `${gpu.name} (compute capability ${capability.toFixed(1)}) is of an old generation: "legacy"?`;
        return [doubtful(entry, 'status', status, text)];
      }
      return [];
    }),
};
