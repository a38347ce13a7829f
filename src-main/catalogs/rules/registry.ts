import { bf16Capability } from './bf16-capability.ts';
import { capabilityOfArchitecture } from './capability-of-architecture.ts';
import { currency } from './currency.ts';
import { denseRatios } from './dense-ratios.ts';
import { denseSiblings } from './dense-siblings.ts';
import { factSources } from './fact-sources.ts';
import { gpuCount } from './gpu-count.ts';
import { hasZonesFlag } from './has-zones.ts';
import { hostSize } from './host-size.ts';
import { interconnectBandwidth } from './interconnect-bandwidth.ts';
import { interconnectKind } from './interconnect-kind.ts';
import { linksPerDirection } from './links-per-direction.ts';
import { memoryBandwidth } from './memory-bandwidth.ts';
import { memoryOrder } from './memory-order.ts';
import { nativeFormats } from './native-formats.ts';
import { priceBand } from './price-band.ts';
import { priceDates } from './price-dates.ts';
import { priceGrowsWithGpus } from './price-grows-with-gpus.ts';
import { priceSources } from './price-sources.ts';
import { references } from './references.ts';
import { retiredInstances } from './retired-instances.ts';
import { spotBelowOnDemand } from './spot-below-on-demand.ts';
import { spotPlausible } from './spot-plausible.ts';
import type { CatalogRule } from './types.ts';
import { uniqueEntries } from './unique-entries.ts';
import { zonePrices } from './zone-prices.ts';
import { zonesInRegion } from './zones-in-region.ts';

/** What holds for every catalog, in the order a check reports it: names, GPUs, instances, prices. */
export const RULES: readonly CatalogRule[] = [
  references,
  uniqueEntries,
  zonesInRegion,
  hasZonesFlag,
  factSources,
  capabilityOfArchitecture,
  bf16Capability,
  nativeFormats,
  denseRatios,
  denseSiblings,
  memoryOrder,
  memoryBandwidth,
  linksPerDirection,
  gpuCount,
  hostSize,
  interconnectKind,
  interconnectBandwidth,
  retiredInstances,
  currency,
  priceSources,
  priceDates,
  zonePrices,
  priceBand,
  priceGrowsWithGpus,
  spotBelowOnDemand,
  spotPlausible,
];
