import type { Gpu, Instance } from '../../../src-worker/engine/hardware/types.ts';
import { instancesWithGpu, wrong } from './entries.ts';
import type { CatalogRule } from './types.ts';

export const interconnectKind: CatalogRule = {
  name: 'interconnect-kind',
  sentence: 'GPUs of an instance are joined by a link that they have; one GPU is joined to nothing.',
  check: (facts) =>
    instancesWithGpu(facts).flatMap(({ entry, instance, gpu }) => {
      const problem = problemOf(instance, gpu);
      return problem === null ? [] : [wrong(entry, 'interconnect', instance.interconnect, problem)];
    }),
};

function problemOf({ interconnect, gpuCount }: Instance, gpu: Gpu): string | null {
  if (gpuCount <= 1) return interconnect === 'none' ? null : 'a single GPU has nobody to talk to: make it "none".';
  const link = gpu.linkKind ?? 'none';
  const isBridged = link.endsWith('-bridge');
  const has = `${gpu.name} has ${gpu.linkKind ?? 'PCIe only'}`;
  switch (interconnect) {
    case 'none':
      return `${gpuCount} GPUs are joined by something: "pcie" at least.`;
    case 'pcie':
      return null;
    case 'nvlink':
    case 'nvswitch':
      return link.startsWith('nvlink') && !isBridged ? null : `${has}: make it "pcie" or correct the GPU's link_kind.`;
    case 'nvlink-bridge':
      return link.startsWith('nvlink') && isBridged ? null : `${has}: bridges join boards that are made for them.`;
    case 'xgmi':
      return link === 'xgmi' ? null : `${has}: xGMI joins AMD's GPUs.`;
  }
}
