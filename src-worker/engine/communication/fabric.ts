import type { Gpu, Instance, Interconnect } from '../hardware/types.ts';

/** How the GPUs of one replica exchange activations. */
export interface Fabric {
  /** Key of `allReduceUs` in a calibration profile: `nvlink4`, `pcie`, `pcie_gf` (without peer-to-peer), `xgmi`, … */
  kind: string;
  /** One direction of one GPU's link. */
  bandwidthPerDirectionBytesPerS: number;
}

/** PCIe 4.0 x16, one direction, by the PCI-SIG's figure of 2 GB/s a lane: used where a catalog row names no rate. */
const PCIE_GEN4_X16_BYTES_PER_S = 32e9;

const pcie = (gpu: Gpu): Fabric => ({
  kind: gpu.isPcieStaged ? 'pcie_gf' : 'pcie',
  bandwidthPerDirectionBytesPerS: gpu.pcieBandwidthPerDirectionBytesPerS ?? PCIE_GEN4_X16_BYTES_PER_S,
});

/** GPUs that an NVLink bridge joins. */
export const GPUS_OF_A_BRIDGE = 2;

const hasBuiltInLink = (gpu: Gpu): boolean => gpu.linkKind !== null && !gpu.linkKind.endsWith('-bridge');

/**
 * The fabric a group of `gpus` talks over: those of a tensor-parallel group, or all of a replica where stages hand over.
 *
 * A bridge joins pairs only, so groups larger than two fall back to PCIe. Without an instance (a bare `predict`) the GPU's
 * own link counts where it has one built in; bridged cards are sold without their bridge and count as PCIe. Returns null for a single GPU: nothing is exchanged.
 */
export function fabricFor(
  gpu: Gpu,
  gpus: number,
  host: Pick<Instance, 'interconnect' | 'interconnectBandwidthPerDirectionBytesPerS'> | null,
): Fabric | null {
  if (gpus <= 1) return null;
  const interconnect: Interconnect = host?.interconnect ?? (hasBuiltInLink(gpu) ? 'nvswitch' : 'pcie');
  if (interconnect === 'none' || interconnect === 'pcie') return pcie(gpu);
  if (interconnect === 'nvlink-bridge' && gpus > GPUS_OF_A_BRIDGE) return pcie(gpu);
  const bandwidth = host?.interconnectBandwidthPerDirectionBytesPerS ?? gpu.linkBandwidthPerDirectionBytesPerS;
  if (!gpu.linkKind || !bandwidth) return pcie(gpu);
  return { kind: gpu.linkKind, bandwidthPerDirectionBytesPerS: bandwidth };
}
