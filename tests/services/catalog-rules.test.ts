import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bundledCatalogsFolder } from '../../src-main/catalogs/load.ts';
import type { CatalogFileDraft } from '../../src-worker/protocol/catalog-api.ts';
import type { CloudFile, GpusFile } from '../../src-worker/protocol/catalog-files.ts';
import { errorOf, startService, temporaryFolder, valueOf } from './service.ts';

const bundledFile = (path: string): unknown => JSON.parse(readFileSync(join(bundledCatalogsFolder(), path), 'utf8'));
const draftOf = (fileName: string, content: object): CatalogFileDraft => ({
  fileName,
  text: JSON.stringify(content, null, 2),
  format: null,
  provider: null,
});

/** The bundled file of Lambda as somebody may hand it in, with one price changed. */
function lambdaWith(usdPerHour: number): CatalogFileDraft {
  const file = bundledFile('clouds/lambda.json') as CloudFile;
  const [offer] = file.instances.find(({ name }) => name === 'gpu_1x_gh200')?.offers ?? [];
  (offer ?? expect.fail('no GH200 at Lambda')).on_demand_usd_per_hour = usdPerHour;
  return draftOf('lambda.json', file);
}
/** A month's price. */
const MONTHLY = 1671.7;
const GH200 = 'lambda/gpu_1x_gh200/global';

describe('a file that a rule calls wrong', () => {
  test('has a problem with line and field; what is only doubtful is none; what the bundled catalogs have is neither', async () => {
    const { api } = startService(temporaryFolder());
    const found = async (price: number) => valueOf(await api.previewCatalog(lambdaWith(price)));
    expect(await found(2.4)).toMatchObject({ problemCount: 0, doubtCount: 0, notes: [] });
    const doubtful = await found(0.9);
    expect(doubtful).toMatchObject({ problemCount: 0, doubtCount: 1, notes: [] });
    const field = /^instances\[\d+\]\.offers\[0\]\.on_demand_usd_per_hour$/;
    expect(doubtful.doubts[0]?.field).toMatch(field);
    const wrong = await found(MONTHLY);
    expect(wrong).toMatchObject({ problemCount: 1, doubtCount: 0, notes: [], problems: [{ rule: 'price-band' }] });
    const [problem] = wrong.problems;
    expect(problem?.field).toMatch(field);
    expect(lambdaWith(MONTHLY).text.split('\n')[(problem?.line ?? 0) - 1]).toContain(
      `"on_demand_usd_per_hour": ${MONTHLY}`,
    );
    expect(problem?.sentence).toMatch(
      /of lambda\/gpu_1x_gh200\/global: 1671\.7: .*GPU-hour.*per month.*\(rule price-band\)/,
    );
  });

  test('is refused, nothing is changed; the good part is everything else', async () => {
    const { api } = startService(temporaryFolder());
    const before = valueOf(await api.browseCatalog());
    expect(errorOf(await api.importCatalog(lambdaWith(MONTHLY), false))).toMatchObject({
      family: 'file',
      code: 'catalog_invalid',
      details: { rule: 'price-band' },
    });
    expect(valueOf(await api.browseCatalog())).toEqual(before);
    expect(valueOf(await api.importCatalog(lambdaWith(MONTHLY), true))).toMatchObject({ leftOut: 1 });
    const { prices } = valueOf(await api.browseCatalog());
    expect(prices.find(({ id }) => id === GH200)?.onDemandUsdPerHour).not.toBe(MONTHLY);
    expect(prices.find(({ id }) => id === 'lambda/gpu_1x_a10/global')).toMatchObject({ layer: 'imported' });
  });

  test('given for one start, stops it, or is taken without what is wrong, which is said', async () => {
    const folder = temporaryFolder();
    const file = lambdaWith(MONTHLY);
    expect(() => startService(folder, { catalogFiles: [file] })).toThrow(/lambda\.json: line \d+: .*rule price-band/);
    const service = startService(folder, { catalogFiles: [{ ...file, useGoodPart: true }] });
    expect(valueOf(await service.api.info()).notices.join('\n')).toMatch(
      /^lambda\.json: left out: line \d+: .*price-band/m,
    );
    expect(service.checkCatalogLayers()).toEqual([]);
  });

  test('takes what rests on the wrong entry with it', async () => {
    const gpu =
      (bundledFile('gpus.json') as GpusFile).gpus.find(({ id }) => id === 'nvidia-l4') ?? expect.fail('no L4');
    const cloud = bundledFile('clouds/lambda.json') as CloudFile;
    const [instance] = cloud.instances.filter(({ name }) => name === 'gpu_1x_a10');
    const own = { ...gpu, id: 'nvidia-l4x', name: 'L4X', aliases: [], memory_usable_gib: 24.5 };
    const file = draftOf('l4x.json', {
      schema_version: 1,
      gpus: [own],
      clouds: [{ ...cloud, instances: [{ ...instance, name: 'x', gpu: 'nvidia-l4x' }] }],
    });
    const { api } = startService(temporaryFolder());
    const { problems, usable } = valueOf(await api.previewCatalog(file));
    expect(problems.map(({ field, rule }) => `${field} ${rule}`)).toEqual([
      'gpus[0].memory_usable_gib memory-order',
      'clouds[0].instances[0].gpu references',
    ]);
    expect(usable).toMatchObject({ gpus: 0, instances: 0 });
  });

  test('is told where it makes an entry wrong that it does not bring', async () => {
    // One L4 for more than our four L4 of the same family and region.
    const text = 'InstanceType,AcceleratorName,AcceleratorCount,Price,Region\ng6.2xlarge,L4,1,5,us-east-1\n';
    const { api } = startService(temporaryFolder());
    const file = { fileName: 'aws/vms.csv', text, format: null, provider: null };
    const preview = valueOf(await api.previewCatalog(file));
    expect(preview.problems).toMatchObject([{ line: 2, field: 'Price', rule: 'price-grows-with-gpus' }]);
    expect(preview.problems[0]?.sentence).toMatch(/of aws\/g6\.12xlarge\/us-east-1: .* of g6\.2xlarge \(5\)/);
    expect(preview.usable).toMatchObject({ instances: 0 });
  });
});

describe('corrections', () => {
  test.each([
    [
      { subject: 'price', id: GH200, key: 'on_demand_usd_per_hour', value: MONTHLY },
      'price-band',
      /1671\.7 .*per month/,
    ],
    [
      { subject: 'gpu', id: 'nvidia-l4', key: 'memory_usable_gib', value: 24 },
      'memory-order',
      /cannot be 24 \(rule memory-order\): is more than the driver's/,
    ],
    [
      { subject: 'gpu', id: 'nvidia-l4', key: 'memory_bandwidth_gb_per_s', value: 30 },
      'memory-bandwidth',
      /cannot be 30/,
    ],
    [
      { subject: 'instance', id: 'aws/p5.48xlarge', key: 'link_gb_per_s_per_direction', value: 900 },
      'interconnect-bandwidth',
      /halve them/,
    ],
    [
      { subject: 'gpu', id: 'nvidia-h100-80gb', key: 'link_gb_per_s_per_direction', value: 100 },
      'interconnect-bandwidth|links-per-direction',
      /nvidia-h100-80gb: link_gb_per_s_per_direction cannot be 100/,
    ],
  ] as const)('that make a rule fail are refused by its name: %j', async (draft, rule, message) => {
    const service = startService(temporaryFolder());
    const error = errorOf(await service.api.correctFact({ ...draft, note: '' }));
    expect(error).toMatchObject({ family: 'invalid_input', code: 'correction_breaks_rule' });
    expect(error.details['rule']).toMatch(new RegExp(`^(${rule})$`));
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/[.?]$/);
    expect(service.checkCatalogLayers()).toEqual([]);
  });

  test('spot must stay below on-demand', async () => {
    const { api } = startService(temporaryFolder());
    const price = { subject: 'price', id: 'aws/p5.48xlarge/us-east-1', key: 'spot_usd_per_hour', note: '' } as const;
    const { prices } = valueOf(await api.browseCatalog());
    const onDemand = prices.find(({ id }) => id === price.id)?.onDemandUsdPerHour ?? expect.fail('no price');
    expect(errorOf(await api.correctFact({ ...price, value: onDemand }))).toMatchObject({
      details: { rule: 'spot-below-on-demand' },
    });
    valueOf(await api.correctFact({ ...price, value: onDemand / 2 }));
  });

  test('that never were cannot be taken back, which is said; a fact that there is not has near names', async () => {
    const { api } = startService(temporaryFolder());
    const restored = async (key: string | null) => errorOf(await api.restoreFact('gpu', 'nvidia-l4', key)).message;
    expect(await restored('tdp_watts')).toBe(
      'tdp_watts of nvidia-l4 was not corrected: it is the value of the catalog already.',
    );
    expect(await restored(null)).toBe('Nothing of nvidia-l4 was corrected: there is nothing to restore.');
    expect(errorOf(await api.restoreFact('gpu', 'nvidia-l4', 'tdp_wats'))).toMatchObject({
      code: 'unknown_fact',
      message: expect.stringMatching(/^nvidia-l4 has no fact tdp_wats: did you mean "tdp_watts"\?/) as string,
    });
    expect(errorOf(await api.restoreFact('gpu', 'nvidia-l5', 'tdp_watts'))).toMatchObject({ code: 'unknown_entry' });
  });

  test('of what names an entry are refused with a cure', async () => {
    const { api } = startService(temporaryFolder());
    const draft = { subject: 'instance', id: 'aws/p4d.24xlarge', key: 'gpu', value: 'nvidia-l4', note: '' } as const;
    expect(errorOf(await api.correctFact(draft)).message).toBe(
      'aws/p4d.24xlarge: gpu says what the entry is and cannot be corrected: import a file with an entry of that gpu (configiq catalog import FILE).',
    );
  });

  test('of a region whose zones have prices say once what they are about, and what to correct first', async () => {
    const { api } = startService(temporaryFolder());
    const text = [
      'InstanceType,AcceleratorName,AcceleratorCount,Price,SpotPrice,Region,AvailabilityZone',
      'g6.xlarge,L4,1,0.8,0.3,us-east-1,use1-az1',
      'g6.xlarge,L4,1,0.9,0.6,us-east-1,use1-az2',
    ].join('\n');
    valueOf(await api.importCatalog({ fileName: 'aws/vms.csv', text, format: null, provider: null }, false));
    const id = 'aws/g6.xlarge/us-east-1';
    const draft = { subject: 'price', id, key: 'on_demand_usd_per_hour', value: 0.5, note: '' } as const;
    expect(errorOf(await api.correctFact(draft)).message).toBe(
      `${id}: on_demand_usd_per_hour cannot be 0.5 (rule zone-prices): zone_prices use1-az2: asks 0.6 for spot, which is not below on-demand (0.5): have they changed places? If both prices changed, correct spot_usd_per_hour first.`,
    );
  });

  test('that a file makes wrong are named as such', async () => {
    const { api } = startService(temporaryFolder());
    const id = 'aws/p5.48xlarge/us-east-1';
    valueOf(await api.correctFact({ subject: 'price', id, key: 'spot_usd_per_hour', value: 40, note: '' }));
    const text = 'InstanceType,AcceleratorName,AcceleratorCount,Price,Region\np5.48xlarge,H100,8,38,us-east-1\n';
    const file = { fileName: 'aws/vms.csv', text, format: null, provider: null };
    const { problems } = valueOf(await api.previewCatalog(file));
    expect(problems).toMatchObject([{ line: 2, field: 'SpotPrice', rule: 'spot-below-on-demand' }]);
    expect(problems[0]?.sentence).toContain(
      `that is your correction: configiq catalog restore ${id} spot_usd_per_hour`,
    );
    valueOf(await api.restoreFact('price', id, null));
    expect(valueOf(await api.previewCatalog(file)).problemCount).toBe(0);
  });

  test('an export of them is a file that can be imported, and changes nothing', async () => {
    const first = startService(temporaryFolder());
    const corrections = [
      { subject: 'price', id: GH200, key: 'on_demand_usd_per_hour', value: 2 },
      { subject: 'gpu', id: 'nvidia-l4', key: 'memory_usable_gib', value: 22 },
      { subject: 'instance', id: 'gcp/a2-highgpu-8g', key: 'host_memory_gib', value: 700 },
    ] as const;
    for (const one of corrections) valueOf(await first.api.correctFact({ ...one, note: '' }));
    const refused = await first.api.correctFact({ ...corrections[0], value: MONTHLY, note: '' });
    expect(refused.ok).toBe(false);
    const file = { fileName: 'all.json', text: first.exportCatalog('configiq', []), format: null, provider: null };

    const second = startService(temporaryFolder());
    const preview = valueOf(await second.api.previewCatalog(file));
    expect(preview).toMatchObject({ problemCount: 0 });
    expect(preview.changes.map(({ name, after }) => `${name} ${after}`).sort()).toEqual([
      'gcp/a2-highgpu-8g 700',
      `${GH200} 2`,
      `${GH200} 2026-01-05`,
      'nvidia-l4 22',
    ]);
    valueOf(await second.api.importCatalog(file, false));
    expect(valueOf(await second.api.previewCatalog({ ...file, fileName: 'again.json' })).changeCount).toBe(0);
  });
});
