import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkHardware } from '../../src-main/catalogs/check.ts';
import { checkedCatalog } from '../../src-main/catalogs/judge.ts';
import { stack } from '../../src-main/catalogs/layers.ts';
import { bundledCatalogsFolder, loadBundled } from '../../src-main/catalogs/load.ts';
import { checkFacts } from '../../src-main/catalogs/rules/check.ts';
import { RULES } from '../../src-main/catalogs/rules/registry.ts';
import type { CatalogIssue } from '../../src-main/catalogs/rules/types.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
import type {
  CloudFile,
  GpuFileEntry,
  GpusFile,
  InstanceFileEntry,
  OfferFileEntry,
} from '../../src-worker/protocol/catalog-files.ts';
import { copyOfCatalogs } from './folder.ts';

/** What is odd about the bundled facts and still true, each with the reason to leave it. */
const KNOWN_WARNINGS: Record<string, string> = {
  'dense-siblings nvidia-l40s fp16_dense_tflops':
    'the L40 is the same chip with its tensor rate halved: 181.05 and 362.05 are both dense in their data sheets',
  'retired-instances lambda/gpu_8x_v100 status': 'Lambda still lists it beside its newest',
  'spot-plausible gcp/a3-highgpu-1g/europe-north1 spot_usd_per_hour': 'as listed; its source says "unverified"',
  'spot-plausible gcp/a3-highgpu-2g/europe-north1 spot_usd_per_hour': 'as listed; its source says "unverified"',
  'spot-plausible gcp/a3-highgpu-4g/europe-north1 spot_usd_per_hour': 'as listed; its source says "unverified"',
  'spot-plausible gcp/a3-highgpu-8g/europe-north1 spot_usd_per_hour': 'as listed; its source says "unverified"',
};

const keyOf = ({ rule, entry, field }: CatalogIssue): string => `${rule} ${entry} ${field}`;
const layers = loadBundled(bundledCatalogsFolder());
const checked = checkedCatalog(layers, stack(layers.layers));
const { facts: bundled, gpus } = checked;

describe('the bundled catalogs', () => {
  const { issues, facts } = checkHardware(bundledCatalogsFolder());

  test('break no rule, and what is odd about them is known', () => {
    expect(facts).toEqual(bundled);
    expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(issues.map(keyOf).sort()).toEqual(Object.keys(KNOWN_WARNINGS).sort());
  });

  test('every rule has a name of its own and says what holds', () => {
    expect(new Set(RULES.map(({ name }) => name)).size).toBe(RULES.length);
    for (const { name, sentence, check, checkGpus, checkSheets } of RULES) {
      expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(sentence, name).toMatch(/^[A-Z].{15,120}\.$/);
      expect(check ?? checkGpus ?? checkSheets, name).toBeDefined();
    }
  });

  test('2,400 offers are checked within 50 ms, so that every start can afford it', () => {
    checkFacts(checked);
    const times = [1, 2, 3].map(() => {
      const start = performance.now();
      checkFacts(checked);
      return performance.now() - start;
    });
    expect(Math.min(...times)).toBeLessThan(50);
  });
});

/** One place of the bundled files that a person got wrong. */
interface Break {
  rule: string;
  what: string;
  /** What the issue must name. */
  entry: string;
  field: string;
  severity?: CatalogIssue['severity'];
  says: RegExp;
  change: (files: Files) => void;
}

/** The files of a copy, read and written as JSON. */
class Files {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  #edit<Content>(path: string, change: (content: Content) => void): void {
    const file = join(this.#folder, path);
    const content = JSON.parse(readFileSync(file, 'utf8')) as Content;
    change(content);
    writeFileSync(file, JSON.stringify(content));
  }

  gpu(id: string, change: Partial<GpuFileEntry>): void {
    this.#edit<GpusFile>('gpus.json', ({ gpus }) =>
      Object.assign(
        found(gpus, ({ id: own }) => own === id),
        change,
      ),
    );
  }

  cloud(provider: string, change: (file: CloudFile) => void): void {
    this.#edit(`clouds/${provider}.json`, change);
  }

  instance(provider: string, name: string, change: Partial<InstanceFileEntry>): void {
    this.cloud(provider, (file) => Object.assign(instanceOf(file, name), change));
  }

  offer(provider: string, name: string, region: string, change: Partial<OfferFileEntry>): void {
    this.cloud(provider, (file) =>
      Object.assign(
        found(instanceOf(file, name).offers, (offer) => offer.region === region),
        change,
      ),
    );
  }
}

function found<Entry>(entries: readonly Entry[], isIt: (entry: Entry) => boolean): Entry {
  return entries.find(isIt) ?? expect.fail('the entry that the test breaks is gone');
}

const instanceOf = (file: CloudFile, name: string): InstanceFileEntry =>
  found(file.instances, (entry) => entry.name === name);

const A2 = 'gcp/a2-highgpu-8g/us-central1';

const BREAKS: Break[] = [
  {
    rule: 'references',
    what: 'an instance with a GPU that is not there',
    entry: 'gcp/a2-highgpu-8g',
    field: 'gpu',
    says: /nvidia-a100-40g: is no GPU of gpus\.json; did you mean "nvidia-a100-40gb"/,
    change: (files) => files.instance('gcp', 'a2-highgpu-8g', { gpu: 'nvidia-a100-40g' }),
  },
  {
    rule: 'references',
    what: 'a zone from a source that is not there',
    entry: A2,
    field: 'zones_source',
    says: /z99: is not in the file's "sources"/,
    change: (files) => files.offer('gcp', 'a2-highgpu-8g', 'us-central1', { zones_source: 'z99' }),
  },
  {
    rule: 'unique-entries',
    what: 'an alias of two GPUs',
    entry: 'nvidia-h100-pcie',
    field: 'aliases',
    says: /h100: already means nvidia-h100-80gb/,
    change: (files) => files.gpu('nvidia-h100-pcie', { aliases: ['h100-pcie', 'h100'] }),
  },
  {
    rule: 'unique-entries',
    what: 'the same instance twice',
    entry: 'lambda/gpu_1x_gh200',
    field: 'name',
    says: /is there twice/,
    change: (files) => files.cloud('lambda', (file) => file.instances.push(instanceOf(file, 'gpu_1x_gh200'))),
  },
  {
    rule: 'unique-entries',
    what: 'the same zone twice',
    entry: A2,
    field: 'zones',
    says: /us-central1-a: is there twice/,
    change: (files) =>
      files.offer('gcp', 'a2-highgpu-8g', 'us-central1', { zones: ['us-central1-a', 'us-central1-a'] }),
  },
  {
    rule: 'zones-in-region',
    what: 'a zone of another region',
    entry: A2,
    field: 'zones',
    says: /europe-west4-a: is named after europe-west4, not us-central1/,
    change: (files) =>
      files.offer('gcp', 'a2-highgpu-8g', 'us-central1', { zones: ['us-central1-a', 'europe-west4-a'] }),
  },
  {
    rule: 'has-zones',
    what: 'a provider that hides its zones',
    entry: 'gcp',
    field: 'has_zones',
    says: /false: and zones are listed/,
    change: (files) => files.cloud('gcp', (file) => (file.has_zones = false)),
  },
  {
    rule: 'has-zones',
    what: 'a provider that promises zones',
    entry: 'lambda',
    field: 'has_zones',
    says: /true: and no zone is listed/,
    change: (files) => files.cloud('lambda', (file) => (file.has_zones = true)),
  },
  {
    rule: 'fact-sources',
    what: 'a GPU whose facts come from nowhere',
    entry: 'nvidia-l4',
    field: 'source',
    says: /names no document/,
    change: (files) => files.gpu('nvidia-l4', { source: 'n/a' }),
  },
  {
    rule: 'capability-of-architecture',
    what: 'a Hopper GPU with the capability of Ada',
    entry: 'nvidia-h200',
    field: 'compute_capability',
    says: /8\.9: Hopper has 9\.0/,
    change: (files) => files.gpu('nvidia-h200', { compute_capability: '8.9' }),
  },
  {
    rule: 'bf16-capability',
    what: 'bf16 on a T4',
    entry: 'nvidia-t4',
    field: 'supports_bf16',
    says: /compute capability 7\.5 has no bf16/,
    change: (files) => files.gpu('nvidia-t4', { supports_bf16: true }),
  },
  {
    rule: 'native-formats',
    what: 'an FP8 rate on an A100',
    entry: 'nvidia-a100-80gb',
    field: 'fp8_dense_tflops',
    says: /624: 8\.0 has no FP8 units \(from compute capability 8\.9 on\)/,
    change: (files) => files.gpu('nvidia-a100-80gb', { fp8_dense_tflops: 624 }),
  },
  {
    rule: 'native-formats',
    what: 'an FP8 rate on CDNA 2',
    entry: 'amd-mi250x',
    field: 'fp8_dense_tflops',
    says: /766: gfx90a has no FP8 units \(from gfx940 on\)/,
    change: (files) => files.gpu('amd-mi250x', { fp8_dense_tflops: 766 }),
  },
  {
    rule: 'native-formats',
    what: 'an FP4 rate on Hopper',
    entry: 'nvidia-h100-80gb',
    field: 'fp4_dense_tflops',
    says: /9\.0 has no FP4 units/,
    change: (files) => files.gpu('nvidia-h100-80gb', { fp4_dense_tflops: 3957.6 }),
  },
  {
    rule: 'dense-ratios',
    what: 'the sparse FP8 rate of an H100',
    entry: 'nvidia-h100-80gb',
    field: 'fp8_dense_tflops',
    says: /3957\.8: is 4\.00 times the 16-bit rate, not 2: headlines with sparsity/,
    change: (files) => files.gpu('nvidia-h100-80gb', { fp8_dense_tflops: 3957.8 }),
  },
  {
    rule: 'dense-ratios',
    what: 'the sparse INT8 rate of an A100',
    entry: 'nvidia-a100-40gb',
    field: 'int8_dense_tops',
    says: /1248: is 4\.00 times/,
    change: (files) => files.gpu('nvidia-a100-40gb', { int8_dense_tops: 1248 }),
  },
  {
    rule: 'dense-ratios',
    what: 'the sparse FP4 rate of a B200',
    entry: 'nvidia-b200',
    field: 'fp4_dense_tflops',
    says: /18000: is 8\.00 times/,
    change: (files) => files.gpu('nvidia-b200', { fp4_dense_tflops: 18_000 }),
  },
  {
    rule: 'dense-siblings',
    what: 'every rate of an H100 with sparsity',
    entry: 'nvidia-h100-80gb',
    field: 'fp16_dense_tflops',
    says: /1978\.9: Hopper reaches 989\.4 \(H100 SXM5\): halve/,
    change: (files) =>
      files.gpu('nvidia-h100-80gb', { fp16_dense_tflops: 1978.9, fp8_dense_tflops: 3957.8, int8_dense_tops: 3957.8 }),
  },
  {
    rule: 'dense-siblings',
    what: 'every rate of an RTX 4090 D with sparsity, within its architecture',
    entry: 'nvidia-rtx-4090d',
    field: 'fp16_dense_tflops',
    severity: 'warning',
    says: /330\.4: is twice that of NVIDIA GeForce RTX 4090,/,
    change: (files) =>
      files.gpu('nvidia-rtx-4090d', { fp16_dense_tflops: 330.4, fp8_dense_tflops: 660.8, int8_dense_tops: 1321.6 }),
  },
  {
    rule: 'memory-order',
    what: 'usable memory above what the driver reports',
    entry: 'nvidia-l4',
    field: 'memory_usable_gib',
    says: /24: is more than the driver's 22\.5 GiB/,
    change: (files) => files.gpu('nvidia-l4', { memory_usable_gib: 24 }),
  },
  {
    rule: 'memory-order',
    what: 'the driver’s memory above what is marketed',
    entry: 'nvidia-b200',
    field: 'memory_driver_gib',
    says: /183\.4: is more than the 180 GB/,
    change: (files) => files.gpu('nvidia-b200', { memory_driver_gib: 183.4 }),
  },
  {
    rule: 'memory-order',
    what: 'GB written for GiB',
    entry: 'nvidia-h200',
    field: 'memory_usable_gib',
    severity: 'warning',
    says: /130\.2: is far below the driver's 140\.4 GiB/,
    change: (files) => files.gpu('nvidia-h200', { memory_usable_gib: 130.2 }),
  },
  {
    rule: 'memory-bandwidth',
    what: 'Gbit/s for GB/s',
    entry: 'nvidia-rtx-4000-ada',
    field: 'memory_bandwidth_gb_per_s',
    says: /2880: GDDR6 gives 160 to 960 GB\/s/,
    change: (files) => files.gpu('nvidia-rtx-4000-ada', { memory_bandwidth_gb_per_s: 2880 }),
  },
  {
    rule: 'memory-bandwidth',
    what: 'the rack’s figure for two GPUs',
    entry: 'nvidia-gb200',
    field: 'memory_bandwidth_gb_per_s',
    says: /13400: HBM3e gives/,
    change: (files) => files.gpu('nvidia-gb200', { memory_bandwidth_gb_per_s: 13_400 }),
  },
  {
    rule: 'links-per-direction',
    what: 'NVLink in both directions',
    entry: 'nvidia-h20-96gb',
    field: 'link_gb_per_s_per_direction',
    says: /900: nvlink4 reaches 450 GB\/s in one direction: halve/,
    change: (files) => files.gpu('nvidia-h20-96gb', { link_gb_per_s_per_direction: 900 }),
  },
  {
    rule: 'links-per-direction',
    what: 'PCI Express in both directions',
    entry: 'nvidia-l40',
    field: 'pcie_gb_per_s_per_direction',
    says: /64: 16 lanes of Ada Lovelace carry 32 GB\/s/,
    change: (files) => {
      files.gpu('nvidia-l40', { pcie_gb_per_s_per_direction: 64 });
      // The same mistake in its one machine: the two agree with each other.
      files.instance('coreweave', 'l40-8x', { link_gb_per_s_per_direction: 64 });
    },
  },
  {
    rule: 'links-per-direction',
    what: 'a rate without a link',
    entry: 'nvidia-rtx-3090',
    field: 'link_gb_per_s_per_direction',
    says: /56\.25: and link_kind is null/,
    change: (files) => files.gpu('nvidia-rtx-3090', { link_kind: null }),
  },
  {
    rule: 'links-per-direction',
    what: 'the NVLink of another generation',
    entry: 'nvidia-a30',
    field: 'link_kind',
    says: /Ampere has nvlink3/,
    change: (files) => files.gpu('nvidia-a30', { link_kind: 'nvlink4-bridge' }),
  },
  {
    rule: 'gpu-count',
    what: 'one and a half GPUs',
    entry: 'aws/g6.2xlarge',
    field: 'gpu_count',
    says: /1\.5: only a slice of a single GPU is a fraction/,
    change: (files) => files.instance('aws', 'g6.2xlarge', { gpu_count: 1.5, ...joined('pcie', 32) }),
  },
  {
    rule: 'gpu-count',
    what: 'a slice that nobody cuts',
    entry: 'azure/Standard_NV12ads_A10_v5',
    field: 'gpu_count',
    says: /0\.3: is no slice/,
    change: (files) => files.instance('azure', 'Standard_NV12ads_A10_v5', { gpu_count: 0.3 }),
  },
  {
    rule: 'host-size',
    what: 'MiB for GiB',
    entry: 'gcp/g2-standard-4',
    field: 'host_memory_gib',
    says: /16384: GiB for 4 vCPUs/,
    change: (files) => files.instance('gcp', 'g2-standard-4', { host_memory_gib: 16_384 }),
  },
  {
    rule: 'host-size',
    what: 'a host smaller than its GPUs',
    entry: 'gcp/a3-ultragpu-8g',
    field: 'host_memory_gib',
    severity: 'warning',
    says: /295\.2: GiB is less than half of the GPUs' 1118 GiB/,
    change: (files) => files.instance('gcp', 'a3-ultragpu-8g', { host_memory_gib: 295.2 }),
  },
  {
    rule: 'host-size',
    what: 'a local disk in TB',
    entry: 'aws/p5.48xlarge',
    field: 'local_ssd_gb',
    says: /3\.84: GB is not between/,
    change: (files) => files.instance('aws', 'p5.48xlarge', { local_ssd_gb: 3.84 }),
  },
  {
    rule: 'interconnect-kind',
    what: 'NVSwitch between L4s',
    entry: 'gcp/g2-standard-96',
    field: 'interconnect',
    says: /nvswitch: NVIDIA L4 has PCIe only/,
    change: (files) => files.instance('gcp', 'g2-standard-96', { interconnect: 'nvswitch' }),
  },
  {
    rule: 'interconnect-kind',
    what: 'eight GPUs joined by nothing',
    entry: 'gcp/a2-highgpu-8g',
    field: 'interconnect',
    says: /none: 8 GPUs are joined by something/,
    change: (files) => files.instance('gcp', 'a2-highgpu-8g', joined('none', null)),
  },
  {
    rule: 'interconnect-bandwidth',
    what: 'both directions of NVLink',
    entry: 'gcp/a2-highgpu-8g',
    field: 'link_gb_per_s_per_direction',
    says: /600: NVIDIA A100 SXM4 40GB has 300 GB\/s over nvswitch: .*halve/,
    change: (files) => files.instance('gcp', 'a2-highgpu-8g', { link_gb_per_s_per_direction: 600 }),
  },
  {
    rule: 'retired-instances',
    what: 'a withdrawn series sold as current',
    entry: 'azure/Standard_NC12s_v3',
    field: 'status',
    says: /legacy: and its notes say "series retired 2025-09-30/,
    change: (files) => files.instance('azure', 'Standard_NC12s_v3', { status: 'legacy' }),
  },
  {
    rule: 'retired-instances',
    what: 'a P100 sold as current',
    entry: 'gcp/n1-standard-8+1xp100',
    field: 'status',
    severity: 'warning',
    says: /compute capability 6\.0\) is of an old generation/,
    change: (files) => files.instance('gcp', 'n1-standard-8+1xp100', { status: 'current' }),
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
    says: /nothing: the price 29\.3\d* needs a date/,
    change: (files) => files.offer('gcp', 'a2-highgpu-8g', 'us-central1', { as_of: null }),
  },
  {
    rule: 'price-sources',
    what: 'a price without a source',
    entry: A2,
    field: 'source',
    says: /nothing: the price 29\.3\d* needs one/,
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
    says: /1671\.7: 1671\.70 USD per GPU-hour/,
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

function joined(
  interconnect: InstanceFileEntry['interconnect'],
  link: number | null,
): Pick<InstanceFileEntry, 'interconnect' | 'link_gb_per_s_per_direction'> {
  return { interconnect, link_gb_per_s_per_direction: link };
}

/** What the rules say about a broken copy beyond what is known of the bundled files. */
function newIssues(change: (files: Files) => void): CatalogIssue[] {
  const folder = copyOfCatalogs();
  change(new Files(folder));
  return checkHardware(folder).issues.filter((issue) => !(keyOf(issue) in KNOWN_WARNINGS));
}

describe('one place of the bundled files broken by hand', () => {
  test('every rule is broken by one of the cases at least', () => {
    expect(new Set(BREAKS.map(({ rule }) => rule))).toEqual(new Set(RULES.map(({ name }) => name)));
  });

  test.each(BREAKS)('$rule: $what', ({ rule, entry, field, severity = 'error', says, change }) => {
    const issues = newIssues(change);
    expect(issues).toMatchObject([{ rule, severity, entry, field, sentence: expect.stringMatching(says) as string }]);
    expect(issues[0]?.sentence).toContain(`${entry}: ${field}: `);
    expect(issues[0]?.sentence).toMatch(/[.?]$/);
    expect(issues[0]?.sentence.length).toBeLessThan(300);
  });
});

describe('rules over facts, whatever layers they came from', () => {
  const changed = (change: (facts: Facts) => void): CatalogIssue[] => {
    const facts = structuredClone(bundled);
    change(facts);
    return checkFacts({ facts, gpus }).filter((issue) => !(keyOf(issue) in KNOWN_WARNINGS));
  };
  const offerOf = (facts: Facts, instance: string) =>
    found(facts.instances, ({ name }) => name === instance).offers[0] ?? expect.fail('no offer');

  test('nothing known of anything is no issue', () => {
    expect(checkFacts({ facts: { ...bundled, gpus: [], instances: [], providers: [] }, gpus: [] })).toEqual([]);
  });

  test('an instance of an unknown provider', () => {
    const issues = changed(
      ({ instances }) => (found(instances, ({ name }) => name === 'gpu_1x_gh200').provider = 'lamda'),
    );
    expect(issues).toMatchObject([{ rule: 'references', entry: 'lamda', field: 'provider' }]);
    expect(issues[0]?.sentence).toContain('did you mean "lambda"');
  });

  test('a zone that another region has, where names say nothing', () => {
    const zones = ['room-1'];
    const issues = changed((facts) => {
      const provider = found(facts.providers ?? [], ({ id }) => id === 'lambda');
      provider.hasZones = true;
      offerOf(facts, 'gpu_1x_gh200').zones = zones;
      Object.assign(offerOf(facts, 'gpu_1x_a10'), { region: 'elsewhere', zones });
    });
    expect(issues).toMatchObject([{ rule: 'zones-in-region', field: 'zones', value: 'room-1' }]);
    expect(issues[0]?.sentence).toMatch(/is a zone of (global|elsewhere) elsewhere/);
  });

  test('ids of zones say no region: as newer lists of Amazon have them', () => {
    const issues = changed((facts) => {
      found(facts.providers ?? [], ({ id }) => id === 'aws').hasZones = true;
      offerOf(facts, 'p5.48xlarge').zones = ['use1-az2', 'use1-az4'];
    });
    expect(issues).toEqual([]);
  });

  test('a price that a person brought along needs no date: a warning', () => {
    const issues = changed((facts) => {
      found(facts.instances, ({ name }) => name === 'gpu_1x_gh200').layer = 'file';
      Object.assign(offerOf(facts, 'gpu_1x_gh200'), { priceAsOf: null, priceSource: 'my quote' });
    });
    expect(issues).toMatchObject([
      { rule: 'price-sources', severity: 'warning', entry: 'lambda/gpu_1x_gh200/global', field: 'as_of', value: null },
    ]);
  });
});

describe('a catalog with several things wrong', () => {
  test('all of them are named, though the files cannot be loaded', () => {
    const folder = copyOfCatalogs();
    const files = new Files(folder);
    files.instance('gcp', 'a2-highgpu-8g', { gpu: 'nvidia-a100-40g' });
    files.instance('gcp', 'a2-highgpu-4g', { gpu: 'nvidia-a100-40g' });
    files.gpu('nvidia-l4', { memory_usable_gib: 24 });
    const problems: string[] = [];
    const { issues, facts } = checkHardware(folder, problems);
    expect(facts).toBeNull();
    expect(problems).toEqual([]);
    expect(issues.map(({ rule, entry }) => `${rule} ${entry}`)).toEqual([
      'references gcp/a2-highgpu-4g',
      'references gcp/a2-highgpu-8g',
      'memory-order nvidia-l4',
    ]);
  });

  test('a file that cannot be read is a problem, not a list of unknown names', () => {
    const folder = copyOfCatalogs();
    writeFileSync(join(folder, 'gpus.json'), '{ "gpus": ');
    const problems: string[] = [];
    expect(checkHardware(folder, problems).issues).toEqual([]);
    expect(problems.join('\n')).toContain('gpus.json is not valid JSON');
  });
});
