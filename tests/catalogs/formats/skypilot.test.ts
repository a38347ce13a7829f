import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { errorOf } from '../folder.ts';
import { beneath, changesOf, instanceIn, offerIn, over, places, read, readAlone } from './reading.ts';

const SAMPLES = join(import.meta.dirname, '../../../../shared/data/imports/skypilot');
const hasSamples = existsSync(SAMPLES);

const HEADER =
  'InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,AvailabilityZone';
const sheet = (...rows: string[]): string => [HEADER, ...rows, ''].join('\n');
const readSheet = (provider: string, ...rows: string[]) =>
  read(sheet(...rows), { fileName: `catalogs/v8/${provider}/vms.csv` });

describe('whose instances they are', () => {
  const row = 'g6.xlarge,L4,1.0,4.0,16.0,,0.9,0.3,us-east-1,use1-az1';

  test.each([
    ['/data/aws/vms.csv', 'aws'],
    ['aws-v8/vms.csv', 'aws'],
    ['C:\\catalogs\\v8\\gcp\\vms.csv', 'gcp'],
    ['vast/vms.csv', 'vast'],
  ])('%s is of %s', (fileName, provider) => {
    expect(read(sheet(row), { fileName }).content.providers).toMatchObject([{ id: provider }]);
  });

  test('a folder that is no provider is not taken for one; what is given wins', () => {
    expect(errorOf(() => read(sheet(row), { fileName: 'Downloads/vms.csv' }))).toMatchObject({
      family: 'invalid_input',
      code: 'catalog_provider_missing',
      message: expect.stringMatching(/vms\.csv does not say.*--provider/) as string,
    });
    const given = read(sheet(row), { fileName: 'Downloads/vms.csv', provider: 'Amazon Web Services' });
    expect(given.content.providers).toEqual([{ id: 'aws', name: null, hasZones: true }]);
  });
});

describe('rows as they come', () => {
  test('prices of an instance that is known lie over ours; its hardware and its other regions stay', () => {
    const found = readSheet('aws', 'p5.48xlarge,H100,8.0,192.0,2048.0,,50.5,20.25,us-east-1,use1-az1');
    const after = over(found);
    const [before, now] = [instanceIn(beneath, 'aws', 'p5.48xlarge'), instanceIn(after, 'aws', 'p5.48xlarge')];
    expect(now.facts).toEqual(before.facts);
    expect(now.layer).toBe('file');
    expect(now.offers).toHaveLength(before.offers.length);
    expect(offerIn(after, 'aws', 'p5.48xlarge', 'us-east-1')).toMatchObject({
      layer: 'file',
      facts: { on_demand_usd_per_hour: 50.5, spot_usd_per_hour: 20.25, zones: ['use1-az1'], as_of: null },
    });
    const other = before.offers.find(({ facts }) => facts.region !== 'us-east-1')?.facts.region ?? '';
    expect(offerIn(after, 'aws', 'p5.48xlarge', other).layer).toBe('bundled');
  });

  test('an instance that is new has the figures of the sheet', () => {
    const found = readSheet('aws', 'x9.big,H100-SXM,4.0,96.0,1024.0,,25,,us-east-1,');
    expect(instanceIn(over(found), 'aws', 'x9.big').facts).toMatchObject({
      gpu: 'nvidia-h100-80gb',
      gpu_count: 4,
      vcpus: 96,
      host_memory_gib: 1024,
      interconnect: 'nvswitch',
      family: 'x9',
    });
  });

  test.each([
    ['A100', 'nvidia-a100-40gb'],
    ['A100-80GB', 'nvidia-a100-80gb'],
    ['H100', 'nvidia-h100-80gb'],
    ['H100-SXM', 'nvidia-h100-80gb'],
    ['H100-MEGA', 'nvidia-h100-80gb'],
    ['V100', 'nvidia-v100-16gb'],
    ['V100-32GB', 'nvidia-v100-32gb'],
    ['RTX4090', 'nvidia-rtx-4090'],
    ['A10G', 'nvidia-a10g'],
  ])('%s is %s', (name, id) => {
    expect(readSheet('vast', `x,${name},1,8,64,,1,,eu,`).content.instances[0]?.facts.gpu).toBe(id);
  });

  test.each([
    ['runpod', '1x_H100_SECURE,H100,1,16,188,,2.39,,US,', 'nvidia-h100-pcie'],
    ['runpod', '1x_H100-SXM_SECURE,H100-SXM,1,20,125,,2.99,,US,', 'nvidia-h100-80gb'],
    ['runpod', '1x_A100-80GB_SECURE,A100-80GB,1,8,117,,1.64,,US,', 'nvidia-a100-80gb-pcie'],
    ['runpod', '1x_A100-80GB-SXM_SECURE,A100-80GB-SXM,1,8,117,,1.89,,US,', 'nvidia-a100-80gb'],
    ['azure', 'Standard_NC24ads_A100_v4_Promo,A100-80GB,1,24,220,,2.2,,eastus,', 'nvidia-a100-80gb-pcie'],
    ['azure', 'Standard_ND96amsr_A100_v4_Promo,A100-80GB,8,96,1900,,20,,eastus,', 'nvidia-a100-80gb'],
  ])('boards by what a provider sells under a name: %s %s', (provider, row, id) => {
    expect(readSheet(provider, row).content.instances[0]?.facts.gpu).toBe(id);
  });

  test('a row without a price is counted, and its instance named by the first line', () => {
    const found = readSheet(
      'aws',
      'g6.xlarge,L4,1.0,4.0,16.0,,0.8048,,us-east-1,',
      'g6.xlarge,L4,1.0,4.0,16.0,,,,af-south-1,',
      'g6.xlarge,L4,1.0,4.0,16.0,,,,me-south-1,',
    );
    expect(found.skipped).toEqual([{ reason: 'no price: not offered there', count: 2 }]);
    expect(found.unpriced).toMatchObject([{ line: 3, field: 'Price', rule: null }]);
    expect(found.unpriced[0]?.sentence).toMatch(/aws\/g6\.xlarge in af-south-1 and 1 place more/);
  });

  test('what a rule calls wrong is named by the line of its price, in the region and in its zones', () => {
    const found = readSheet(
      'aws',
      'g6.xlarge,L4,1.0,4.0,16.0,,0.8048,,us-east-1,use1-az1',
      'g6.2xlarge,L4,1.0,8.0,32.0,,900,,us-east-1,use1-az1',
      'g6.2xlarge,L4,1.0,8.0,32.0,,713,,us-east-1,use1-az2',
    );
    expect(found.problems).toMatchObject([
      { line: 3, field: 'Price', rule: 'price-band' },
      { line: 4, field: 'Price', rule: 'price-band' },
    ]);
    expect(found.content.instances.map(({ facts }) => facts.name)).toEqual(['g6.xlarge']);
  });

  test('what is left out is counted by reason, and is no problem', () => {
    const found = readSheet(
      'aws',
      'c5.large,,,2.0,4.0,,0.085,,us-east-1,',
      'c5.large,,0,2.0,4.0,,0.085,,us-west-2,',
      'p2.xlarge,K80,1.0,4.0,61.0,,0.9,,us-east-1,',
      'g6.xlarge,L4,1.0,4.0,16.0,,,,af-south-1,',
      'g6.xlarge,L4,1.0,4.0,16.0,,700.0,,mars-1,',
      'tpu-host,tpu-v6e-8,1,4.0,16.0,,21.6,,us-east-1,',
      'g6.xlarge,L4,1.0,4.0,16.0,,0.8048,,us-east-1,',
    );
    expect(found.problems).toEqual([]);
    expect(found.read).toBe(7);
    expect(Object.fromEntries(found.skipped.map(({ reason, count }) => [reason, count]))).toEqual({
      'no price: not offered there': 1,
      'a price of 700, which stands for unknown': 1,
      'no GPU named, and none known of ours': 2,
      'a GPU without facts of ours: K80': 1,
      'TPUs, which are no GPUs': 1,
    });
    expect(found.content.instances).toHaveLength(1);
  });

  test('a spot price that repeats the on-demand price or is 700 is none; a higher one is named by its line', () => {
    const spots = ['6.98', '700.0', '7.5', ''].map(
      (spot, index) => `Standard_NC40ads_H100_v5,H100,1,40.0,320,,6.98,${spot},region${index},`,
    );
    const found = readSheet('azure', ...spots, 'Standard_NC40ads_H100_v5,H100,1,40.0,320,,6.98,2.5,region4,');
    const offers = found.content.instances[0]?.offers ?? [];
    expect(offers.map((offer) => offer.spot_usd_per_hour)).toEqual([null, null, null, 2.5]);
    expect(places(found)).toEqual(['4 SpotPrice']);
    expect(found.problems[0]).toMatchObject({
      rule: 'spot-below-on-demand',
      sentence: 'SpotPrice 7.5 is not below on-demand (6.98): have they changed places?',
    });
    expect(found.notes.filter((note) => note.includes('spot price'))).toHaveLength(2);
  });

  test('counts and GPUs that differ from ours are told, and ours count', () => {
    const found = readSheet('azure', 'Standard_ND96isr_H100_v5,H100,12,96.0,1900,H100,98.32,98.32,eastus,');
    expect(found.content.instances[0]?.facts).toMatchObject({ gpu: 'nvidia-h100-80gb', gpu_count: 8 });
    expect(found.notes).toContain('Standard_ND96isr_H100_v5: the file says 12 GPUs, ours are 8: ours count.');
    const nvl = readSheet('azure', 'Standard_NC40ads_H100_v5,H100,1,40.0,320,H100,6.98,,eastus,');
    expect(nvl.content.instances[0]?.facts.gpu).toBe('nvidia-h100-nvl');
  });

  test('zones keep the prices they ask; the region has the lowest of each', () => {
    const found = readSheet(
      'aws',
      'g6.xlarge,L4,1.0,4.0,16.0,,0.8048,0.33,us-east-1,use1-az1',
      'g6.xlarge,L4,1.0,4.0,16.0,,0.9,0.29,us-east-1,use1-az2',
      'g6.xlarge,L4,1.0,4.0,16.0,,0.8048,,us-east-1,use1-az4',
      'g6.xlarge,L4,1.0,4.0,16.0,,0.7,0.2,us-west-2,usw2-az1',
      'g6.xlarge,L4,1.0,4.0,16.0,,0.7,0.2,us-west-2,usw2-az2',
    );
    const [east, west] = found.content.instances[0]?.offers ?? [];
    expect(east).toMatchObject({
      region: 'us-east-1',
      on_demand_usd_per_hour: 0.8048,
      spot_usd_per_hour: 0.29,
      zones: ['use1-az1', 'use1-az2', 'use1-az4'],
      zone_prices: [
        { zone: 'use1-az1', on_demand_usd_per_hour: 0.8048, spot_usd_per_hour: 0.33 },
        { zone: 'use1-az2', on_demand_usd_per_hour: 0.9, spot_usd_per_hour: 0.29 },
        { zone: 'use1-az4', on_demand_usd_per_hour: 0.8048, spot_usd_per_hour: null },
      ],
    });
    // Zones that ask the same need no prices of their own.
    expect(west).toMatchObject({ region: 'us-west-2', on_demand_usd_per_hour: 0.7, zones: ['usw2-az1', 'usw2-az2'] });
    expect(west).not.toHaveProperty('zone_prices');
    expect(found.notes).toContain('Zones of a region ask different prices: each keeps its own.');
    expect(changesOf(found)).toContainEqual({
      kind: 'price',
      change: 'changed',
      name: 'aws/g6.xlarge/us-east-1',
      field: 'zone_prices',
      before: null,
      after: 'use1-az1 0.8048 0.33, use1-az2 0.9 0.29, use1-az4 0.8048 –',
    });
  });

  test('of two rows of one place the lowest counts; a price without a zone gives way to those of zones', () => {
    const found = readSheet(
      'aws',
      'g6.xlarge,L4,1.0,4.0,16.0,,0.9,0.4,us-east-1,use1-az1',
      'g6.xlarge,L4,1.0,4.0,16.0,,0.8,0.5,us-east-1,use1-az1',
      'g6.xlarge,L4,1.0,4.0,16.0,,0.1,0.05,us-east-1,',
    );
    expect(found.content.instances[0]?.offers).toMatchObject([
      { on_demand_usd_per_hour: 0.8, spot_usd_per_hour: 0.4, zones: ['use1-az1'] },
    ]);
    const place = 'aws/g6.xlarge in use1-az1 of us-east-1';
    expect(found.doubts).toMatchObject([
      { line: 3, field: 'Price', sentence: `Price 0.8 of ${place} contradicts 0.9 in line 2: the lowest counts.` },
      {
        line: 3,
        field: 'SpotPrice',
        sentence: `SpotPrice 0.5 of ${place} contradicts 0.4 in line 2: the lowest counts.`,
      },
    ]);
    expect(found.doubtCount).toBe(2);
    expect(found.notes.join(' ')).toContain('A price without a zone where zones of the region have theirs');
  });

  test('a row that repeats another in everything is told with how many there are, and doubts nothing', () => {
    const row = 'g6.xlarge,L4,1.0,4.0,16.0,,0.9,0.4,us-east-1,use1-az1';
    const found = readSheet('aws', row, row, row);
    expect(found.doubts).toEqual([]);
    expect(found.notes).toContain('Rows that repeat another of their place: each counts once (2 rows)');
  });

  test('GPUs that we do not know are named by their first line, with near names, and stop nothing', () => {
    const found = readSheet(
      'aws',
      'g6.xlarge,L4,1.0,4.0,16.0,,0.9,0.4,us-east-1,',
      'a.big,ZZ9,1.0,4.0,16.0,,1,,us-east-1,',
      'b.big,L40SX,1.0,4.0,16.0,,1,,us-east-1,',
      'c.big,ZZ9,2.0,4.0,16.0,,2,,us-east-1,',
    );
    expect(found.problems).toEqual([]);
    expect(found.content.instances).toHaveLength(1);
    expect(found.doubts).toMatchObject([
      {
        line: 3,
        field: 'AcceleratorName',
        sentence: expect.stringMatching(/"ZZ9", .*list names.*\. 2 rows/) as string,
      },
      { line: 4, field: 'AcceleratorName', sentence: expect.stringMatching(/"L40SX", .*l40s.*\? 1 row/) as string },
    ]);
    const hosts = readSheet('gcp', 'n1-standard-8,,,8.0,30.0,,0.38,0.08,us-central1,a', ',ZZ9,1,,,,1,,us-central1,a');
    expect(hosts.doubts).toMatchObject([{ line: 3, field: 'AcceleratorName' }]);
  });

  test('memory that contradicts what we know of an instance by far is doubted by its first line', () => {
    const row = (memory: string, region: string) => `g6.xlarge,L4,1.0,4.0,${memory},,0.8,,${region},`;
    const found = readSheet('aws', row('18', 'us-east-1'), row('16384', 'us-east-2'), row('16384', 'us-west-2'));
    expect(found.doubts).toMatchObject([
      {
        line: 3,
        field: 'MemoryGiB',
        sentence: 'MemoryGiB 16384 of aws/g6.xlarge contradicts the 16 GiB that we know (2 rows): ours count.',
      },
    ]);
  });

  test('line ends of Windows, quoted Python literals and columns in another order', () => {
    const text = [
      'Region,Price,InstanceType,GpuInfo,AcceleratorName,AcceleratorCount',
      `us-east-1,0.8,g6.xlarge,"{'Gpus': [{'Name': 'L4', 'Count': 1}]}",L4,1`,
      '',
    ].join('\r\n');
    const found = read(text, { fileName: 'aws/vms.csv' });
    expect(found.problems).toEqual([]);
    expect(found.content.instances[0]?.offers[0]?.on_demand_usd_per_hour).toBe(0.8);
  });
});

describe("Google's sheet prices hosts and GPUs apart", () => {
  const rows = [
    'a3-highgpu-8g,,,208.0,1872.0,,9.46,2.89,us-central1,us-central1-a',
    'a3-highgpu-8g,,,208.0,1872.0,,9.46,2.89,us-west1,us-west1-a',
    'a3-megagpu-8g,,,208.0,1872.0,,9.5,2.9,us-central1,us-central1-a',
    'n1-standard-8,,,8.0,30.0,,0.38,0.08,us-central1,us-central1-a',
    ',H100,8,,,,79.03,24.5,us-central1,us-central1-a',
    ',H100-MEGA,8,,,,83.9,25.5,us-central1,us-central1-a',
    ',T4,1,,,,0.35,0.1,us-central1,us-central1-a',
    ',T4,1,,,,0.36,0.2,us-central1,us-central1-a',
    ',tpu-v6e-8,1,,,,21.6,4.3,us-central1,us-central1-a',
    't2d-standard-48,,,48.0,192.0,,2.03,0.39,us-central1,us-central1-a',
  ];
  const found = readSheet('gcp', ...rows);
  const after = over(found);

  test('an instance costs both, where both are priced in the zone', () => {
    expect(offerIn(after, 'gcp', 'a3-highgpu-8g', 'us-central1').facts).toMatchObject({
      on_demand_usd_per_hour: 88.49,
      spot_usd_per_hour: 27.39,
      zones: ['us-central1-a'],
    });
    // The host alone is never taken for the instance: us-west1 keeps what was known.
    expect(offerIn(after, 'gcp', 'a3-highgpu-8g', 'us-west1').layer).toBe('bundled');
    expect(found.skipped).toContainEqual({ reason: 'hosts whose GPUs have no price in their zone', count: 1 });
  });

  test('H100-MEGA is for A3 Mega, H100 for the others', () => {
    expect(offerIn(after, 'gcp', 'a3-megagpu-8g', 'us-central1').facts.on_demand_usd_per_hour).toBe(93.4);
  });

  test('GPUs are attached to the N1 machines we know with them; a repeated row counts once', () => {
    expect(offerIn(after, 'gcp', 'n1-standard-8+1xt4', 'us-central1').facts.on_demand_usd_per_hour).toBe(0.73);
    expect(found.skipped).toContainEqual({ reason: 'a row that repeats another of its place', count: 1 });
    const sentences = found.doubts.map(({ line, field, sentence }) => `${line} ${field}: ${sentence}`);
    expect(sentences).toEqual([
      '9 Price: Price 0.36 of T4 in us-central1-a contradicts 0.35 in line 8: the first counts.',
      '9 SpotPrice: SpotPrice 0.2 of T4 in us-central1-a contradicts 0.1 in line 8: the first counts.',
    ]);
  });

  test('without GPU rows nothing is priced', () => {
    const hosts = readSheet('gcp', rows[0] ?? '');
    expect(hosts.content.instances).toEqual([]);
  });
});

/** Processor time of this thread: what else a machine does is not what is measured. */
function timed<Value>(work: () => Value): { found: Value; tookMs: number } {
  const before = process.threadCpuUsage();
  const found = work();
  const { user, system } = process.threadCpuUsage(before);
  return { found, tookMs: (user + system) / 1000 };
}

describe('rows that cannot be right', () => {
  test('line and field of each; the others stay usable', () => {
    const found = readSheet(
      'aws',
      'g6.xlarge,L4,1.0,4.0,16.0,,0.8048,,us-east-1,',
      'g6.xlarge,L4,1.0,4.0,16.0,,-3,,us-east-2,',
      'g6.xlarge,L4,1.0,4.0,16.0,,=1+1,,us-east-2,',
      '=cmd|calc,L4,1.0,4.0,16.0,,1,,us-east-2,',
      'g6.xlarge,L4,1.0,4.0,16.0,,1,,@region,',
      'g6.xlarge,L4,many,4.0,16.0,,1,,us-east-2,',
      'g6.xlarge,L4,1.0,4.0,16.0,,0,,us-east-2,',
      'g6.xlarge,L4,1.0,4.0,16.0,,1,,,',
      ',,,,,,1,,us-east-2,',
      'fresh,L4,,4.0,16.0,,1,,us-east-2,',
    );
    expect(places(found)).toEqual([
      '3 Price',
      '4 Price',
      '5 InstanceType',
      '6 Region',
      '7 AcceleratorCount',
      '8 Price',
      '9 Region',
      '10 InstanceType',
      '11 AcceleratorCount',
    ]);
    expect(found.problems[0]?.sentence).toMatch(/^Price must be a number above 0 .* got "-3"/);
    expect(found.content.instances).toHaveLength(1);
    expect(found.content.instances[0]?.offers).toHaveLength(1);
  });

  test('100,000 rows are read within two seconds', () => {
    const rows = Array.from({ length: 100_000 }, (_, index) => {
      const [instance, region] = [index % 500, Math.floor(index / 500)];
      return `made-${instance},H100,8.0,96.0,1024.0,"{'Gpus': [{'Name': 'H100', 'Count': 8}]}",${20 + instance / 100},9.5,region-${region},region-${region}a`;
    });
    const text = sheet(...rows);
    const { found, tookMs } = timed(() => readAlone(text, { fileName: 'vast/vms.csv' }));
    expect(found).toMatchObject({ read: 100_000, problems: [] });
    expect(found.content.instances).toHaveLength(500);
    expect(found.content.instances.every(({ offers }) => offers.length === 200)).toBe(true);
    expect(tookMs).toBeLessThan(2000);
    const judging = timed(() => read(text, { fileName: 'vast/vms.csv' }));
    expect(judging.found).toMatchObject({ problems: [], doubtCount: 0 });
    expect(judging.tookMs).toBeLessThan(4000);
  });
});

const sample = (folder: string) => {
  const fileName = join(SAMPLES, folder, 'vms.csv');
  return read(readFileSync(fileName, 'utf8'), { fileName });
};
describe.skipIf(!hasSamples)(`sheets as published${hasSamples ? '' : ' (skipped: no ../shared/data)'}`, () => {
  test('every one is read without a problem', () => {
    const counts = Object.fromEntries(
      ['aws-v3', 'aws-v8', 'azure', 'gcp', 'nebius'].map((folder) => {
        const found = sample(folder);
        const prices = found.content.instances.reduce((sum, { offers }) => sum + offers.length, 0);
        const skipped = found.skipped.reduce((sum, { count }) => sum + count, 0);
        expect(found.problems).toEqual([]);
        return [folder, [found.read, found.content.instances.length, prices, skipped]];
      }),
    );
    expect(counts).toEqual({
      'aws-v3': [12, 5, 6, 4],
      'aws-v8': [4, 0, 0, 4],
      azure: [28, 9, 20, 8],
      gcp: [19, 0, 0, 19],
      nebius: [61, 17, 21, 40],
    });
  });

  test('H100 hosts are not sold at the price of the host, and no spot price repeats the on-demand one', () => {
    expect(sample('gcp').content.instances).toEqual([]);
    const azure = sample('azure').content.instances.flatMap(({ offers }) => offers);
    for (const offer of azure) expect(offer.spot_usd_per_hour).not.toBe(offer.on_demand_usd_per_hour);
    expect(changesOf(sample('aws-v8'))).toEqual([]);
  });
});
