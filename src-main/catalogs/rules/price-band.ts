import { gbPerSFromBytesPerS, gibFromBytes } from '../../../src-worker/engine/units.ts';
import type { Gpu, Instance } from '../../../src-worker/engine/hardware/types.ts';
import { offerId } from '../entry-ids.ts';
import { doubtful, hasHbm, instancesWithGpu, pricesByPlace, pricesOf, wrong } from './entries.ts';
import { LOWEST_SPOT_SHARE } from './spot-plausible.ts';
import type { CatalogRule, Finding } from './types.ts';

/**
 * USD per hour for each TB/s of memory bandwidth: what a rented hour buys for decoding, and what prices of all generations
 * follow. On-demand prices collected in 2026-11 begin at 0.57 (GH200 at Lambda) and 0.81 (H100 NVL at RunPod) for HBM, at
 * 0.63 (A40 at RunPod) for the rest, and end, without their hosts, at 6.4 (GB200 at Azure in Brazil) and 7.7 (T4 in
 * Amazon's largest host). Below `cheap` and above `dear` a price wants a second look; a factor of four beyond either it is
 * of another unit (per GPU, month, cent).
 */
const USD_PER_TB_PER_S_HOUR = {
  hbm: { absurdlyCheap: 0.12, cheap: 0.5, dear: 8, absurdlyDear: 32 },
  other: { absurdlyCheap: 0.1, cheap: 0.4, dear: 8, absurdlyDear: 32 },
};

/**
 * What a host may cost beside its GPUs, USD per hour: Google's N1 list price in southamerica-east1, the dearest of its
 * regions; small GPUs in large hosts would look dear otherwise.
 */
const HOST_USD_PER_VCPU_HOUR = 0.0502;
const HOST_USD_PER_GIB_HOUR = 0.0068;

export const priceBand: CatalogRule = {
  name: 'price-band',
  sentence: 'A GPU-hour costs what GPUs of its bandwidth and kind of memory cost.',
  check: (facts) =>
    instancesWithGpu(facts).flatMap(({ instance, gpu }) =>
      instance.offers.flatMap((offer) =>
        pricesByPlace(offerId(instance.provider, instance.name, offer.region), offer).flatMap(({ place, prices }) =>
          pricesOf(prices).flatMap(([field, price]) =>
            price === null ? [] : bandFindings(place, field, price, instance, gpu),
          ),
        ),
      ),
    ),
};

function bandFindings(entry: string, field: string, price: number, instance: Instance, gpu: Gpu): Finding[] {
  const band = USD_PER_TB_PER_S_HOUR[hasHbm(gpu.memoryType) ? 'hbm' : 'other'];
  const tbPerS = (gbPerSFromBytesPerS(gpu.memoryBandwidthBytesPerS) / 1000) * instance.gpuCount;
  const floorShare = field === 'spot_usd_per_hour' ? LOWEST_SPOT_SHARE : 1;
  const host = hostUsdPerHour(instance);
  const limit = (rate: number): string => `${(rate / instance.gpuCount).toFixed(2)} USD`;
  // Of one GPU it is the price itself, which stands before.
  const perGpu = instance.gpuCount === 1 ? '' : `${limit(price)} per GPU-hour; `;
  const cheapest = band.cheap * tbPerS * floorShare;
  const dearest = band.dear * tbPerS + host;
  const units = 'is it per GPU, per month or in another currency?';
  if (price < cheapest) {
    const say = price < band.absurdlyCheap * tbPerS * floorShare ? wrong : doubtful;
    return [say(entry, field, price, `${perGpu}${gpu.name} begins near ${limit(cheapest)} per GPU-hour: ${units}`)];
  }
  if (price > dearest) {
    const say = price > band.absurdlyDear * tbPerS + host ? wrong : doubtful;
    return [say(entry, field, price, `${perGpu}${gpu.name} ends near ${limit(dearest)} per GPU-hour: ${units}`)];
  }
  return [];
}

const hostUsdPerHour = ({ vcpus, hostMemoryBytes }: Instance): number =>
  (vcpus ?? 0) * HOST_USD_PER_VCPU_HOUR + gibFromBytes(hostMemoryBytes ?? 0) * HOST_USD_PER_GIB_HOUR;
