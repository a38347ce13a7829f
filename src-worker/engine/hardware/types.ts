/** What the engine knows of hardware and prices. `null` = unknown; an absent peak = the GPU lacks the format. */

export type Interconnect = 'none' | 'pcie' | 'nvlink' | 'nvlink-bridge' | 'nvswitch' | 'xgmi';

/** Dense peaks (no structured sparsity), FLOP/s (OP/s for integers). A format the GPU lacks is absent. */
export interface DensePeaks {
  fp16FlopPerS: number;
  fp8FlopPerS?: number;
  int8OpPerS?: number;
  fp4FlopPerS?: number;
}

export interface Gpu {
  id: string;
  name: string;
  /** Short forms that mean this GPU (`h100`), lower case; absent = none. */
  aliases?: string[];
  vendor: string;
  /** Ampere, Hopper, CDNA3, … as the vendor names it. */
  architecture: string;
  formFactor: string;
  /** GB on the data sheet; absent = not known. */
  marketedMemoryGb?: number;
  /** What the driver reports to CUDA: what vLLM budgets from. */
  usableMemoryBytes: number;
  /** HBM3, GDDR6, … decides the calibration family together with the architecture. */
  memoryType: string;
  memoryBandwidthBytesPerS: number;
  peaks: DensePeaks;
  supportsBf16: boolean;
  /** `9.0` for NVIDIA, `gfx942` for AMD; null where neither applies (TPU, Gaudi). */
  computeCapability: string | null;
  linkKind: string | null;
  linkBandwidthPerDirectionBytesPerS: number | null;
  pcieBandwidthPerDirectionBytesPerS: number | null;
  /** Over PCIe, messages to another GPU pass the memory of the host: no peer-to-peer in the driver. Absent = they do not. */
  isPcieStaged?: boolean;
  source: string;
  notes: string | null;
}

/** What a zone asks that is dearer than another of its region; null = not sold so there, or not known. */
export interface ZonePrice {
  zone: string;
  onDemandUsdPerHour: number | null;
  spotUsdPerHour: number | null;
}

/** What one region of one provider asks for an instance, and where it stands there. */
export interface RegionOffer {
  region: string;
  /** The lowest of its zones, as is that of spot. */
  onDemandUsdPerHour: number | null;
  spotUsdPerHour: number | null;
  /** ISO date, month or year of the price; null when there is no price. */
  priceAsOf: string | null;
  priceSource: string | null;
  /** Zones of this region that have the instance; empty = sold per region, zones unknown. */
  zones: string[];
  /** Zones whose prices are others than the region's; absent = none. */
  zonePrices?: ZonePrice[];
  /** Days on which the person gave prices of their own; absent = none. */
  correctedOn?: { onDemand?: string; spot?: string };
  /** Why a price wants a second look, as sentences; absent = nothing is known against it. */
  doubts?: { onDemand?: string; spot?: string };
}

export type CatalogLayer = 'bundled' | 'imported' | 'file';

export interface Instance {
  provider: string;
  name: string;
  family: string;
  gpuId: string;
  /** May be fractional (a vGPU slice): then it counts as one GPU with that share of memory, bandwidth and compute. */
  gpuCount: number;
  vcpus: number | null;
  hostMemoryBytes: number | null;
  interconnect: Interconnect;
  interconnectBandwidthPerDirectionBytesPerS: number | null;
  localSsdBytes: number | null;
  status: 'current' | 'legacy' | 'retired';
  notes: string | null;
  layer: CatalogLayer;
  offers: RegionOffer[];
  /** Present on hardware of one's own, which may have no price. */
  own?: OwnHardware;
}

/** What only hardware of one's own has. */
export interface OwnHardware {
  /** The GPU with other memory than the catalog's; null = as in the catalog. */
  gpu: Gpu | null;
  /** What was assumed of the machine, to be said beside its figures. */
  remarks: { code: string; sentence: string }[];
}

/** Who sells instances. */
export interface Provider {
  id: string;
  name: string;
  /** False = no zones are known of it: a zone filter must say so. */
  hasZones: boolean;
}
