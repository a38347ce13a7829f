import { BF16_CAPABILITY } from '../../../src-worker/engine/hardware/capabilities.ts';
import { nvidiaCapability } from '../../../src-worker/engine/hardware/precision.ts';
import { wrong } from './entries.ts';
import type { CatalogRule } from './types.ts';

export const bf16Capability: CatalogRule = {
  name: 'bf16-capability',
  sentence: `An NVIDIA GPU supports bf16 exactly from compute capability ${BF16_CAPABILITY.toFixed(1)} on.`,
  check: ({ gpus }) =>
    gpus.flatMap((gpu) => {
      const capability = nvidiaCapability(gpu);
      const should = capability !== null && capability >= BF16_CAPABILITY;
      if (capability === null || gpu.supportsBf16 === should) return [];
      const text = `compute capability ${capability.toFixed(1)} ${should ? 'has' : 'has no'} bf16: make it ${should}.`;
      return [wrong(gpu.id, 'supports_bf16', gpu.supportsBf16, text)];
    }),
};
