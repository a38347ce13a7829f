import type { Facts } from '../../../src-worker/engine/facts.ts';
import type { Gpu, Instance, RegionOffer } from '../../../src-worker/engine/hardware/types.ts';
import type { FactValue } from '../../../src-worker/protocol/catalog-api.ts';
import { instanceId, offerId } from '../entry-ids.ts';
import type { Finding } from './types.ts';

export interface OfferEntry {
  /** `provider/instance/region`. */
  entry: string;
  instance: Instance;
  offer: RegionOffer;
}

export const offerEntries = (instances: readonly Instance[]): OfferEntry[] =>
  instances.flatMap((instance) =>
    instance.offers.map((offer) => ({
      entry: offerId(instance.provider, instance.name, offer.region),
      instance,
      offer,
    })),
  );

/** Every instance whose GPU is known, with it. */
export function instancesWithGpu({ gpus, instances }: Facts): { entry: string; instance: Instance; gpu: Gpu }[] {
  const byId = new Map(gpus.map((gpu) => [gpu.id, gpu]));
  return instances.flatMap((instance) => {
    const gpu = byId.get(instance.gpuId);
    return gpu ? [{ entry: instanceId(instance.provider, instance.name), instance, gpu }] : [];
  });
}

/** What is asked in the region and in those of its zones that ask otherwise, each with the prices it asks. */
export const pricesByPlace = (
  entry: string,
  offer: RegionOffer,
): { place: string; prices: Pick<RegionOffer, 'onDemandUsdPerHour' | 'spotUsdPerHour'> }[] => [
  { place: entry, prices: offer },
  ...(offer.zonePrices ?? []).map((price) => ({ place: `${entry}/${price.zone}`, prices: price })),
];

/** The two prices of an offer under their keys in a file. */
export const pricesOf = (
  offer: Pick<RegionOffer, 'onDemandUsdPerHour' | 'spotUsdPerHour'>,
): [field: string, usdPerHour: number | null][] => [
  ['on_demand_usd_per_hour', offer.onDemandUsdPerHour],
  ['spot_usd_per_hour', offer.spotUsdPerHour],
];

/** HBM stands on the chip's own package and is what data centers buy; everything else is soldered beside it. */
export const hasHbm = (memoryType: string): boolean => memoryType.startsWith('HBM');

const finding =
  (severity: Finding['severity']) =>
  (entry: string, field: string, value: FactValue, problem: string): Finding => ({
    severity,
    entry,
    field,
    value,
    problem,
    sentence: `${entry}: ${field} is ${value === null ? 'missing' : String(value)}: ${problem}`,
  });

export const wrong = finding('error');
export const doubtful = finding('warning');

/** As a file would have it: the way to bytes and back leaves digits behind. */
export const asWritten = (value: number): number => Number(value.toPrecision(6));

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? (upper + (sorted[middle - 1] ?? Number.NaN)) / 2 : upper;
}
