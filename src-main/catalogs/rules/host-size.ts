import { gbFromBytes, gibFromBytes } from '../../../src-worker/engine/units.ts';
import { asWritten, doubtful, instancesWithGpu, wrong } from './entries.ts';
import type { CatalogRule, Finding } from './types.ts';

/** GiB of memory per vCPU; the collected instances lie between 1.8 (Azure NC…lds) and 24.4 (Azure NV36adms). */
const GIB_PER_VCPU = { lowest: 0.5, highest: 64 };

/**
 * Weights pass through the host's memory on their way to the GPUs. The leanest collected instance has 0.67 of its GPUs'
 * memory (g7e.2xlarge).
 */
const LOWEST_HOST_TO_GPU_MEMORY = 0.5;

/**
 * GiB of memory for each GPU, where the vCPUs say nothing; the collected instances have up to 880 (Azure NV36adms), Google
 * attaches single GPUs to hosts of 624. MiB given for GiB are 1,024 times too many.
 */
const MOST_GIB_PER_GPU = 4096;

/** GB of local disk; the collected instances have between 100 (g6f.large) and 61,440 (BM.GPU.H100.8). */
const LOCAL_DISK_GB = { lowest: 10, highest: 200_000 };

export const hostSize: CatalogRule = {
  name: 'host-size',
  sentence: 'Host memory fits the vCPUs and the GPUs, and the local disk is one: no MB or TB read as GB.',
  check: (facts) =>
    instancesWithGpu(facts).flatMap(({ entry, instance, gpu }): Finding[] => {
      const { hostMemoryBytes, localSsdBytes, vcpus, gpuCount } = instance;
      const findings: Finding[] = [];
      if (hostMemoryBytes !== null) {
        const gib = asWritten(gibFromBytes(hostMemoryBytes));
        const perVcpu = vcpus === null ? null : gib / vcpus;
        const gpuGib = gibFromBytes(gpu.usableMemoryBytes) * gpuCount;
        if (perVcpu !== null && (perVcpu < GIB_PER_VCPU.lowest || perVcpu > GIB_PER_VCPU.highest)) {
          const band = `${GIB_PER_VCPU.lowest} to ${GIB_PER_VCPU.highest}`;
          const text = `GiB for ${vcpus} vCPUs is not ${band} GiB each: check the unit, or vcpus.`;
          findings.push(wrong(entry, 'host_memory_gib', gib, text));
        } else if (gib > MOST_GIB_PER_GPU * Math.max(1, gpuCount)) {
          const text = `GiB is more than ${MOST_GIB_PER_GPU} for each GPU: is it MiB given for GiB?`;
          findings.push(wrong(entry, 'host_memory_gib', gib, text));
        } else if (gib < LOWEST_HOST_TO_GPU_MEMORY * gpuGib) {
          const text = `GiB is less than half of the GPUs' ${Math.round(gpuGib)} GiB: check the unit.`;
          findings.push(doubtful(entry, 'host_memory_gib', gib, text));
        }
      }
      const diskGb = localSsdBytes === null ? null : asWritten(gbFromBytes(localSsdBytes));
      if (diskGb !== null && (diskGb < LOCAL_DISK_GB.lowest || diskGb > LOCAL_DISK_GB.highest)) {
        const band = `${LOCAL_DISK_GB.lowest} and ${LOCAL_DISK_GB.highest}`;
        findings.push(wrong(entry, 'local_ssd_gb', diskGb, `GB is not between ${band}: check the unit.`));
      }
      return findings;
    }),
};
