import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { listCatalogFiles, readCatalogFile } from '../../src-main/catalogs/files.ts';
import { catalogListing } from '../../src-main/catalogs/listing.ts';
import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import {
  cloudFileSchema,
  gpusFileSchema,
  type GpuFileEntry,
  type InstanceFileEntry,
  type OfferFileEntry,
} from '../../src-worker/protocol/catalog-files.ts';

/**
 * The bundled files beside the tables they were made from, cell by cell and without the converter: what it drops, halves or
 * renames by mistake shows here.
 */
const hardware = join(import.meta.dirname, '../../../shared/data/hardware');
const hasData = existsSync(join(hardware, 'gpus.csv'));
const skipped = hasData ? '' : ' (skipped: no ../shared/data beside the repository)';

const folder = bundledCatalogsFolder();
const { gpus } = readCatalogFile(folder, 'gpus.json', gpusFileSchema).content;
const clouds = listCatalogFiles(folder, 'clouds').map((path) => readCatalogFile(folder, path, cloudFileSchema).content);
const cloudOf = new Map(clouds.map((file) => [file.provider, file]));

type Row = Record<string, string>;
const rowsOf = (name: string): Row[] =>
  parse(readFileSync(join(hardware, name)), { columns: true, skip_empty_lines: true, bom: true });

/** An empty cell is unknown. */
const numberIn = (row: Row, column: string): number | null => (row[column] ? Number(row[column]) : null);
const textIn = (row: Row, column: string): string | null => row[column] || null;
const half = (value: number | null): number | null => (value === null ? null : value / 2);

const instanceIn = (row: Row): InstanceFileEntry =>
  cloudOf.get(row['provider'] ?? '')?.instances.find(({ name }) => name === row['instance']) ??
  expect.fail(`${row['provider']}/${row['instance']} is lost`);

const offerIn = (row: Row): OfferFileEntry =>
  instanceIn(row).offers.find(({ region }) => region === row['region']) ??
  expect.fail(`${row['provider']}/${row['instance']}/${row['region']} is lost`);

/** Providers that publish GB where the column's name says GiB, by the README beside the tables. */
const GB_OF_MEMORY = ['coreweave', 'lambda', 'nebius', 'oci', 'runpod'];

describe('the collected tables', () => {
  test.skipIf(!hasData)(`every cell of the GPUs${skipped}`, () => {
    const rows = rowsOf('gpus.csv');
    expect(rows).toHaveLength(47);
    for (const row of rows) {
      const gpu = gpus.find(({ id }) => id === row['id']) ?? expect.fail(`${row['id']} is lost`);
      const bridge = gpu.link_kind === 'nvlink3-bridge' && row['link_type'] === 'nvlink3' ? '-bridge' : '';
      const written: Partial<GpuFileEntry> = {
        name: row['name'] ?? '',
        vendor: row['vendor'] as GpuFileEntry['vendor'],
        architecture: row['architecture'] ?? '',
        form_factor: row['form_factor'] ?? '',
        memory_marketed_gb: Number(row['memory_gb']),
        memory_driver_gib: Number(row['memory_gib']),
        memory_usable_gib: Number(row['memory_gib_usable']),
        memory_usable_basis: row['memory_gib_usable_basis'] ?? '',
        memory_type: row['memory_type'] ?? '',
        memory_bandwidth_gb_per_s: Number(row['memory_bandwidth_gbps']),
        fp16_dense_tflops: Number(row['fp16_dense_tflops']),
        supports_bf16: row['bf16_supported'] === 'yes',
        compute_capability: textIn(row, 'compute_capability'),
        link_kind: row['link_type'] ? `${row['link_type']}${bridge}` : null,
        link_gb_per_s_per_direction: half(numberIn(row, 'link_bidirectional_gbps')),
        pcie_gb_per_s_per_direction: numberIn(row, 'pcie_gbps_per_direction'),
        tdp_watts: numberIn(row, 'tdp_w'),
        source: row['source'] ?? '',
        notes: textIn(row, 'notes'),
      };
      expect(gpu, gpu.id).toMatchObject(written);
      for (const format of ['fp8_dense_tflops', 'int8_dense_tops', 'fp4_dense_tflops'] as const) {
        expect(gpu[format] ?? null, `${gpu.id} ${format}`).toBe(numberIn(row, format));
      }
    }
  });

  test.skipIf(!hasData)(`every cell of the instances, in the provider's unit${skipped}`, () => {
    const rows = rowsOf('instances.csv');
    expect(rows).toHaveLength(258);
    for (const row of rows) {
      const provider = row['provider'] ?? '';
      const own = instanceIn(row);
      const [memory, disk] = [numberIn(row, 'ram_gib'), numberIn(row, 'local_ssd_gb')];
      const written: Partial<InstanceFileEntry> = {
        family: row['family'] ?? '',
        gpu: row['gpu_id'] ?? '',
        gpu_count: Number(row['gpu_count']),
        vcpus: numberIn(row, 'vcpu'),
        ...(GB_OF_MEMORY.includes(provider) ? { host_memory_gb: memory } : { host_memory_gib: memory }),
        ...(provider === 'gcp' ? { local_ssd_gib: disk } : { local_ssd_gb: disk }),
        interconnect: row['gpu_interconnect'] as InstanceFileEntry['interconnect'],
        link_gb_per_s_per_direction: half(numberIn(row, 'gpu_interconnect_gbps_per_gpu')),
        network_gbit_per_s: numberIn(row, 'network_gbps'),
        status: row['status'] as InstanceFileEntry['status'],
        notes: textIn(row, 'notes'),
      };
      expect(own, own.name).toMatchObject(written);
      // The one column that is not kept follows from two others, but for the digits of a slice.
      const gpu = gpus.find(({ id }) => id === own.gpu);
      const total = own.gpu_count * (gpu?.memory_driver_gib ?? 0);
      expect(Math.abs(total / Number(row['gpu_memory_gib_total']) - 1), own.name).toBeLessThan(0.015);
    }
  });

  test.skipIf(!hasData)(`every price with its source and date${skipped}`, () => {
    const rows = rowsOf('prices.csv');
    expect(rows).toHaveLength(2356);
    for (const row of rows) {
      const offer = offerIn(row);
      const where = `${row['provider']}/${row['instance']}/${row['region']}`;
      expect(offer.on_demand_usd_per_hour, where).toBe(numberIn(row, 'on_demand_usd_per_hour'));
      expect(offer.spot_usd_per_hour, where).toBe(numberIn(row, 'spot_usd_per_hour'));
      expect(offer.as_of, where).toBe(row['as_of']);
      const title = cloudOf.get(row['provider'] ?? '')?.sources[offer.source ?? '']?.title ?? '';
      // What the README calls unverified says so behind its source.
      expect(title.replace(/; spot unverified: .*/, ''), where).toBe(row['source']);
    }
    const collected = new Set(rows.map((row) => `${row['provider']}/${row['instance']}`));
    const priced = clouds.flatMap(({ provider, instances }) =>
      instances
        .filter(({ name }) => collected.has(`${provider}/${name}`))
        .flatMap(({ offers }) => offers.filter(({ as_of: asOf }) => asOf !== null)),
    );
    expect(priced).toHaveLength(rows.length);
  });

  test.skipIf(!hasData)(`every zone with its source and date, and regions without zones${skipped}`, () => {
    const rows = rowsOf('zones.csv');
    expect(rows).toHaveLength(2828);
    for (const row of rows) {
      const offer = offerIn(row);
      const where = `${row['provider']}/${row['instance']}/${row['region']} ${row['zone']}`;
      expect(instanceIn(row).gpu, where).toBe(row['gpu_id']);
      if (row['zone']) {
        expect(offer.zones, where).toContain(row['zone']);
        expect(cloudOf.get(row['provider'] ?? '')?.sources[offer.zones_source ?? ''], where).toEqual({
          title: row['source'],
          as_of: row['as_of'],
        });
      } else {
        // "price listed in this region": the price is the source, and its date the date.
        expect(offer, where).toMatchObject({ zones: [], zones_source: null, as_of: row['as_of'] });
        expect(offer.source, where).not.toBeNull();
      }
    }
    const named = new Set(rows.filter(({ zone }) => zone).map((row) => `${row['provider']}/${row['zone']}`));
    const listed = catalogListing(loadFacts(folder)).zones.map(({ provider, zone }) => `${provider}/${zone}`);
    expect(listed).toEqual(expect.arrayContaining([...named]));
    expect(named.size).toBe(85);
  });

  test.skipIf(!hasData)(`the README's own table of real prices${skipped}`, () => {
    const readme = readFileSync(join(hardware, 'README.md'), 'utf8');
    const rows = [...readme.matchAll(/^\| ([a-z][\w-]+) \| ([\d.]+) \| ([\d.]+) \|/gm)].map(([, name, , real]) => ({
      name: name ?? '',
      real: Number(real),
    }));
    expect(rows).toHaveLength(5);
    for (const { name, real } of rows) expect(onDemand('gcp', name, 'us-central1'), name).toBeCloseTo(real, 4);
  });
});

const onDemand = (provider: string, name: string, region: string): number | null =>
  offerIn({ provider, instance: name, region }).on_demand_usd_per_hour;

describe('values that other lists have wrong', () => {
  test.each([
    // Instance, what the seed's document says, what Google lists in us-central1.
    ['g2-standard-4', 1.05, 0.7068],
    ['a2-highgpu-1g', 3.67, 3.6734],
    ['a2-highgpu-8g', 29.36, 29.3871],
    ['a2-ultragpu-8g', 40.24, 40.5504],
    ['a3-highgpu-8g', 80, 88.49],
  ])('%s: the seed’s %d is %d', (name, seeds, real) => {
    expect(onDemand('gcp', name, 'us-central1')).toBeCloseTo(real, 4);
    expect(onDemand('gcp', name, 'us-central1')).not.toBe(seeds);
  });

  test.each([
    // A Windows rate elsewhere: 9.554 and 17.64.
    ['azure', 'Standard_NC48ads_A100_v4', 'eastus', 7.346],
    ['azure', 'Standard_NC80adis_H100_v5', 'eastus', 13.96],
    ['azure', 'Standard_ND96isr_H200_v5', 'eastus2', 84.8],
    // 12.27 elsewhere: CPU and memory only.
    ['gcp', 'a3-ultragpu-8g', 'us-central1', 84.81],
    ['gcp', 'a3-ultragpu-8g', 'us-east4', 86.76],
    ['gcp', 'a3-megagpu-8g', 'us-west1', 92.21],
    ['gcp', 'a3-megagpu-8g', 'us-central1', 93.4],
  ])('%s/%s in %s costs %d', (provider, name, region, price) => {
    expect(onDemand(provider, name, region)).toBeCloseTo(price, 2);
  });

  test('an A10 costs 2.00 per GPU-hour at Oracle, whatever the shape', () => {
    const shapes = cloudOf.get('oci')?.instances.filter(({ gpu }) => gpu === 'nvidia-a10') ?? [];
    expect(shapes.length).toBeGreaterThan(1);
    for (const { name, gpu_count: count, offers } of shapes) {
      expect(Number(offers[0]?.on_demand_usd_per_hour) / count, name).toBeCloseTo(2, 3);
    }
  });

  test('Flex-start rates do not pass for on-demand, and a price list’s error for a price', () => {
    const offersOf = (provider: string, name: string): OfferFileEntry[] =>
      cloudOf.get(provider)?.instances.find((entry) => entry.name === name)?.offers ?? expect.fail(`${name} is lost`);
    // Eight H200 at 36.60 are Flex-start; on demand they begin at 84.81.
    const ultra = offersOf('gcp', 'a3-ultragpu-8g').flatMap(({ on_demand_usd_per_hour: price }) => price ?? []);
    expect(ultra.length).toBeGreaterThanOrEqual(3);
    for (const price of ultra) expect(price).toBeGreaterThan(80);
    for (const { on_demand_usd_per_hour: price } of offersOf('aws', 'p5e.48xlarge')) expect(price).not.toBe(1.843);
  });

  test('regions that sell a family, as price lists have them: L4 18, A100 40 GB 10, A3 High 16 or more', () => {
    const regions = (family: (name: string) => boolean): number =>
      new Set(
        cloudOf
          .get('gcp')
          ?.instances.filter(({ name }) => family(name))
          .flatMap(({ offers }) =>
            offers.filter((offer) => offer.on_demand_usd_per_hour !== null).map(({ region }) => region),
          ),
      ).size;
    expect(regions((name) => name.startsWith('g2-'))).toBeGreaterThanOrEqual(18);
    expect(regions((name) => name === 'a2-highgpu-1g')).toBeGreaterThanOrEqual(10);
    expect(regions((name) => name.startsWith('a3-highgpu-'))).toBeGreaterThanOrEqual(16);
  });

  test.each([
    ['nvidia-t4', 'pcie_gb_per_s_per_direction', 16],
    ['nvidia-l4', 'pcie_gb_per_s_per_direction', 32],
    // 1,466 with sparsity.
    ['nvidia-l40s', 'fp8_dense_tflops', 733],
    // 1,792 is the workstation card.
    ['nvidia-rtx-pro-6000-blackwell', 'memory_bandwidth_gb_per_s', 1597],
    ['nvidia-a10', 'fp16_dense_tflops', 125],
    ['nvidia-a10g', 'fp16_dense_tflops', 70],
    ['nvidia-b300', 'fp4_dense_tflops', 14_000],
  ] as const)('%s: %s is %d', (id, key, value) => {
    expect(gpus.find((gpu) => gpu.id === id)?.[key]).toBe(value);
  });
});
