import type { Gpu, Instance } from '../../../src-worker/engine/hardware/types.ts';

const instance = (
  provider: string,
  name: string,
  gpuId: string,
  zones: string[],
  status: Instance['status'] = 'current',
): Instance => ({
  provider,
  name,
  family: name,
  gpuId,
  gpuCount: 1,
  vcpus: null,
  hostMemoryBytes: null,
  interconnect: 'none',
  interconnectBandwidthPerDirectionBytesPerS: null,
  localSsdBytes: null,
  status,
  notes: null,
  layer: 'bundled',
  offers: [
    { region: 'r', onDemandUsdPerHour: 1, spotUsdPerHour: null, priceAsOf: '2026-01-01', priceSource: null, zones },
  ],
});

const gpu = (id: string): Gpu => ({
  id,
  name: id,
  vendor: 'nvidia',
  architecture: 'any',
  formFactor: 'any',
  usableMemoryBytes: 80 * 2 ** 30,
  memoryType: 'HBM',
  memoryBandwidthBytesPerS: 2e12,
  peaks: { fp16FlopPerS: 3e14 },
  supportsBf16: true,
  computeCapability: '8.0',
  linkKind: null,
  linkBandwidthPerDirectionBytesPerS: null,
  pcieBandwidthPerDirectionBytesPerS: null,
  source: 'test',
  notes: null,
});

/** Five instances of three providers, one no longer sold, one that no zone is known of. */
export const facts = {
  gpus: ['nvidia-a100-40gb', 'nvidia-h100-80gb', 'nvidia-k80'].map(gpu),
  instances: [
    instance('gcp', 'a2-highgpu-1g', 'nvidia-a100-40gb', ['us-central1-b', 'us-central1-a']),
    instance('gcp', 'a3-highgpu-1g', 'nvidia-h100-80gb', ['us-central1-c']),
    instance('aws', 'p4d.24xlarge', 'nvidia-a100-40gb', ['us-east-1a']),
    instance('aws', 'p2.xlarge', 'nvidia-k80', ['us-east-1f'], 'retired'),
    instance('lambda', 'gpu_1x_h100', 'nvidia-h100-80gb', []),
  ],
};
