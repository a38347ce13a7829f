import type { OfferFileEntry } from '../../../src-worker/protocol/catalog-files.ts';
import { type Break, type Files } from './breaks.ts';

/** The offer that most prices are broken in. */
const A2 = 'gcp/a2-highgpu-8g/us-central1';

/** An instance with two prices in two zones. */
const zoned = (change: Partial<OfferFileEntry>) => (files: Files) =>
  files.offer('gcp', 'a2-highgpu-8g', 'us-central1', {
    on_demand_usd_per_hour: 29,
    spot_usd_per_hour: 12,
    zones: ['us-central1-a', 'us-central1-b'],
    ...change,
  });
const zonePrice = (zone: string, onDemand: number, spot: number | null) => ({
  zone,
  on_demand_usd_per_hour: onDemand,
  spot_usd_per_hour: spot,
});

/** What things cost, and since when. */
export const PRICES: Break[] = [
  {
    rule: 'zone-prices',
    what: 'a price of a zone that does not sell it',
    entry: A2,
    field: 'zone_prices',
    says: /us-central1-z: is not among the zones that sell it/,
    change: zoned({ zone_prices: [zonePrice('us-central1-z', 31, 13)] }),
  },
  {
    rule: 'zone-prices',
    what: 'a zone that is cheaper than the lowest price of its region',
    entry: A2,
    field: 'zone_prices',
    says: /us-central1-b: asks 11 \(spot\), below the 12 of the region/,
    change: zoned({ zone_prices: [zonePrice('us-central1-b', 29, 11)] }),
  },
  {
    rule: 'zone-prices',
    what: 'a price of the region that no zone asks',
    entry: A2,
    field: 'zone_prices',
    says: /no zone asks the 29 \(on-demand\) of the region/,
    change: zoned({ zone_prices: [zonePrice('us-central1-a', 30, 12), zonePrice('us-central1-b', 31, 13)] }),
  },
  {
    rule: 'zone-prices',
    what: 'spot above on-demand in one zone',
    entry: A2,
    field: 'zone_prices',
    says: /us-central1-b: asks 31 for spot, which is not below on-demand \(30\)/,
    change: zoned({ zone_prices: [zonePrice('us-central1-b', 30, 31)] }),
  },
  {
    rule: 'currency',
    what: 'terms in euros',
    entry: 'nebius',
    field: 'terms',
    says: /the terms say "EUR": convert/,
    change: (files) => files.cloud('nebius', (file) => (file.terms = 'EUR or USD per hour, whole instance.')),
  },
  {
    rule: 'price-sources',
    what: 'a price without a date',
    entry: A2,
    field: 'as_of',
    says: /missing: the price 29\.3\d* needs a date/,
    change: (files) => files.offer('gcp', 'a2-highgpu-8g', 'us-central1', { as_of: null }),
  },
  {
    rule: 'price-sources',
    what: 'a price without a source',
    entry: A2,
    field: 'source',
    says: /missing: the price 29\.3\d* needs one/,
    change: (files) => files.offer('gcp', 'a2-highgpu-8g', 'us-central1', { source: null }),
  },
  {
    rule: 'price-dates',
    what: 'a price of the future',
    entry: A2,
    field: 'as_of',
    says: /2062-08-03: lies more than a year ahead of the other prices/,
    change: (files) => files.offer('gcp', 'a2-highgpu-8g', 'us-central1', { as_of: '2062-08-03' }),
  },
  {
    rule: 'price-dates',
    what: 'a day that no year has',
    entry: A2,
    field: 'as_of',
    says: /2026-02-30: is no day/,
    change: (files) => files.offer('gcp', 'a2-highgpu-8g', 'us-central1', { as_of: '2026-02-30' }),
  },
  {
    rule: 'price-band',
    what: 'the price of CPU and memory without the GPUs',
    entry: 'gcp/a3-ultragpu-8g/us-central1',
    field: 'on_demand_usd_per_hour',
    severity: 'warning',
    // The figure that circulates; the list says 84.81.
    says: /12\.27: 1\.53 USD per GPU-hour; NVIDIA H200 SXM 141GB begins near 2\.40 USD/,
    change: (files) =>
      files.offer('gcp', 'a3-ultragpu-8g', 'us-central1', { on_demand_usd_per_hour: 12.27, spot_usd_per_hour: null }),
  },
  {
    rule: 'price-band',
    what: 'the price that a price list has wrong by a factor of 34',
    entry: 'aws/p5en.48xlarge/us-east-1',
    field: 'on_demand_usd_per_hour',
    says: /1\.843: 0\.23 USD per GPU-hour/,
    change: (files) => files.offer('aws', 'p5en.48xlarge', 'us-east-1', { on_demand_usd_per_hour: 1.843 }),
  },
  {
    rule: 'price-band',
    what: 'a month for an hour',
    entry: 'lambda/gpu_1x_gh200/global',
    field: 'on_demand_usd_per_hour',
    says: /is 1671\.7: NVIDIA GH200 Grace Hopper 96GB ends near \d+\.\d\d USD per GPU-hour/,
    change: (files) => files.offer('lambda', 'gpu_1x_gh200', 'global', { on_demand_usd_per_hour: 1671.7 }),
  },
  {
    rule: 'price-grows-with-gpus',
    what: 'the price of one GPU for eight',
    entry: 'gcp/a2-highgpu-4g/us-central1',
    field: 'on_demand_usd_per_hour',
    says: /3\.6734: 4 GPUs cost no more than the [12] of a2-highgpu-[12]g .*per GPU\?/,
    change: (files) =>
      files.offer('gcp', 'a2-highgpu-4g', 'us-central1', { on_demand_usd_per_hour: 3.6734, spot_usd_per_hour: null }),
  },
  {
    rule: 'spot-below-on-demand',
    what: 'spot and on-demand in each other’s place',
    entry: 'coreweave/h100-8x/north-america',
    field: 'spot_usd_per_hour',
    says: /49\.24: is not below on-demand \(19\.71\)/,
    change: (files) =>
      files.offer('coreweave', 'h100-8x', 'north-america', { on_demand_usd_per_hour: 19.71, spot_usd_per_hour: 49.24 }),
  },
  {
    rule: 'spot-plausible',
    what: 'spot below what any provider promises',
    entry: 'coreweave/h100-8x/north-america',
    field: 'spot_usd_per_hour',
    severity: 'warning',
    says: /is 8 % of on-demand, and providers promise 9 % at best/,
    change: (files) => files.offer('coreweave', 'h100-8x', 'north-america', { spot_usd_per_hour: 3.94 }),
  },
  {
    rule: 'spot-plausible',
    what: 'a spot price apart from all others',
    entry: 'gcp/a2-highgpu-8g/us-central1',
    field: 'spot_usd_per_hour',
    severity: 'warning',
    says: /is 15 % of on-demand, and 5\d % is usual for nvidia-a100-40gb at gcp/,
    change: (files) => files.offer('gcp', 'a2-highgpu-8g', 'us-central1', { spot_usd_per_hour: 4.4 }),
  },
];
