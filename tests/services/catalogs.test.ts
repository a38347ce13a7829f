import { describe, expect, test } from 'vitest';
import { openStore } from '../../src-main/store/open.ts';
import type { AppApi } from '../../src-worker/protocol/app-api.ts';
import { databaseFile } from '../../src-main/services/data-folder.ts';
import { OWN_GPU } from '../catalogs/own-gpu.ts';
import { errorOf, startService, temporaryFolder, valueOf } from './service.ts';

const gpuFile = (gpus: unknown[]) => ({
  fileName: 'x1.json',
  text: JSON.stringify({ schema_version: 1, gpus }, null, 2),
  format: null,
  provider: null,
});

describe('what the catalogs hold', () => {
  test('every entry with its facts, sources, dates and layer', async () => {
    const { api } = startService(temporaryFolder());
    const book = valueOf(await api.browseCatalog());
    expect(book.gpus.length).toBeGreaterThan(40);
    const l4 = book.gpus.find(({ id }) => id === 'nvidia-l4') ?? expect.fail('no L4');
    expect(l4).toMatchObject({ layer: 'bundled', vendor: 'nvidia' });
    expect(l4.providers).toEqual(expect.arrayContaining(['aws', 'gcp']));
    expect(l4.facts.find(({ key }) => key === 'memory_bandwidth_gb_per_s')).toMatchObject({
      value: 300,
      unit: 'GB/s',
      source: expect.stringContaining('L4') as string,
      asOf: '2026-11',
      canBeCorrected: true,
      correction: null,
    });
    const gcp = book.providers.find(({ id }) => id === 'gcp');
    expect(gcp).toMatchObject({ hasZones: true, newest: '2026-09-17' });
    expect(book.prices.find(({ id }) => id === 'gcp/g2-standard-4/us-central1')).toMatchObject({
      onDemandUsdPerHour: 0.706832,
      asOf: '2026-08-03',
      layer: 'bundled',
    });
    expect(book.workloads.map(({ name }) => name)).toEqual(['chat', 'code', 'rag']);
  });

  test('an imported GPU holds for every question from then on, and after the next start; removed and put back', async () => {
    const folder = temporaryFolder();
    const first = startService(folder);
    const before = valueOf(await first.api.info()).versions.catalog;
    const preview = valueOf(await first.api.previewCatalog(gpuFile([OWN_GPU])));
    expect(preview).toMatchObject({ format: 'configiq', read: 1, problemCount: 0, changeCount: 1 });
    expect(valueOf(await first.api.info()).versions.catalog).toBe(before);
    const entry = valueOf(await first.api.importCatalog(gpuFile([OWN_GPU]), false));
    expect(entry).toMatchObject({ id: 1, name: 'x1.json', counts: { gpus: 1 }, leftOut: 0, problem: null });
    const after = valueOf(await first.api.info()).versions.catalog;
    expect(after).not.toBe(before);
    const load = { model: 'meta-llama/Llama-2-7b-hf', gpu: 'x1', input_tokens: 512, output_tokens: 128, rate: 1 };
    expect(valueOf(await first.api.predict(load)).memory.fits).toBe(true);
    await first.close();

    const second = startService(folder);
    expect(valueOf(await second.api.info()).versions.catalog).toBe(after);
    expect(valueOf(await second.api.predict(load)).memory.fits).toBe(true);
    valueOf(await second.api.removeCatalogImport(1));
    expect(errorOf(await second.api.predict(load))).toMatchObject({ code: 'unknown_gpu' });
    expect(valueOf(await second.api.info()).versions.catalog).toBe(before);
    valueOf(await second.api.restoreCatalogImport(1));
    expect(valueOf(await second.api.browseCatalog()).imports).toMatchObject([{ id: 1, name: 'x1.json' }]);
    expect(errorOf(await second.api.removeCatalogImport(7))).toMatchObject({ code: 'unknown_import' });
  });
});

const LLAMA = 'meta-llama/Llama-2-7b-hf';
const awsFile = (instances: unknown[]) => ({
  fileName: 'aws_catalog.json',
  text: JSON.stringify({ metadata: { provider: 'AWS' }, vm_instances: instances }, null, 2),
  format: null,
  provider: null,
});
const A100S = [{ type: 'nvidia-a100-40gb', count: 8 }];

describe("a provider's file in the form of the seed", () => {
  test('without a price its instance is excluded as price_unknown, marked, until the import is removed', async () => {
    const { api } = startService(temporaryFolder());
    const question = { model: LLAMA, users: 10, provider: ['aws'], gpu: ['nvidia-a100-40gb'] };
    const reasons = async () =>
      valueOf(await api.size(question)).excluded.map(({ instance, reason }) => [instance, reason]);
    expect(await reasons()).toEqual([]);
    valueOf(await api.importCatalog(awsFile([{ name: 'p4d.24xlarge', gpus: A100S }]), false));
    expect(await reasons()).toEqual([['p4d.24xlarge', 'price_unknown']]);
    expect(
      valueOf(await api.listCatalog()).instances.find(({ instance }) => instance === 'p4d.24xlarge'),
    ).toMatchObject({
      layer: 'imported',
    });
    valueOf(await api.removeCatalogImport(1));
    expect(await reasons()).toEqual([]);
  });

  test('a recommendation says whose price it is', async () => {
    const file = awsFile([{ name: 'mine', gpus: A100S, ondemand_price_usd: 4 }]);
    const { api } = startService(temporaryFolder(), { catalogFiles: [{ ...file, fileName: '/tmp/mine.json' }] });
    const { recommendations } = valueOf(
      await api.size({ model: LLAMA, users: 10, provider: ['aws'], gpu: ['nvidia-a100-40gb'] }),
    );
    expect(recommendations[0]).toMatchObject({ instance: 'mine', catalog: 'file', cost: { usd_per_hour: 4 } });
    expect(valueOf(await api.browseCatalog()).imports).toEqual([]);
  });
});

describe('a file with something wrong', () => {
  const file = awsFile([
    { name: 'good', gpus: A100S, ondemand_price_usd: 3 },
    { name: 'bad', gpus: A100S, ondemand_price_usd: -3 },
  ]);

  test('is refused with line and field, nothing is changed; its good part is taken when that is said', async () => {
    const folder = temporaryFolder();
    const { api } = startService(folder);
    const before = valueOf(await api.browseCatalog());
    const preview = valueOf(await api.previewCatalog(file));
    expect(preview).toMatchObject({ problemCount: 1, usable: { instances: 1 }, read: 2 });
    expect(errorOf(await api.importCatalog(file, false))).toMatchObject({
      family: 'file',
      code: 'catalog_invalid',
      details: { line: 24, field: 'vm_instances[1].ondemand_price_usd' },
    });
    expect(valueOf(await api.browseCatalog())).toEqual(before);
    expect(valueOf(await api.importCatalog(file, true))).toMatchObject({ leftOut: 1, counts: { instances: 1 } });
    const names = valueOf(await api.browseCatalog()).instances.map(({ id }) => id);
    expect(names).toContain('aws/good');
    expect(names).not.toContain('aws/bad');
  });

  test('of which nothing is good is refused whatever is said', async () => {
    const { api } = startService(temporaryFolder());
    const hopeless = awsFile([{ name: 'bad', gpus: A100S, ondemand_price_usd: -3 }]);
    expect(errorOf(await api.importCatalog(hopeless, true))).toMatchObject({ code: 'catalog_empty' });
    expect(errorOf(await api.previewCatalog({ ...hopeless, text: '' }))).toMatchObject({ code: 'catalog_empty' });
    expect(errorOf(await api.previewCatalog({ ...hopeless, format: 'xml' as never }))).toMatchObject({
      family: 'invalid_input',
    });
  });

  test('given for one start, it stops the start', () => {
    expect(() => startService(temporaryFolder(), { catalogFiles: [file] })).toThrow(/line 24: .*got -3/);
  });
});

describe('what the database keeps', () => {
  test('an import that cannot be read is said and left out; the others hold; it can be removed', async () => {
    const folder = temporaryFolder();
    const first = startService(folder);
    valueOf(await first.api.importCatalog(gpuFile([OWN_GPU]), false));
    await first.close();
    const { store } = openStore(databaseFile(folder));
    const row = {
      format: 'configiq',
      layer: 'imported',
      source: 'x',
      importedAt: '2026-01-05',
      leftOut: 0,
      skipped: 0,
      fingerprint: '',
    };
    store.importCatalog({ ...row, name: 'torn', content: '{"version":1,' });
    store.importCatalog({ ...row, name: 'old', content: '{"schema_version":1}' });
    store.close();

    const { api } = startService(folder);
    const { imports, gpus } = valueOf(await api.browseCatalog());
    expect(imports.map(({ id, problem }) => [id, problem === null])).toEqual([
      [1, true],
      [2, false],
      [3, false],
    ]);
    expect(imports[1]?.problem).toMatch(/imported catalog 2, torn, cannot be read/);
    expect(gpus.some(({ id }) => id === 'nvidia-x1')).toBe(true);
    expect(valueOf(await api.info()).notices).toHaveLength(2);
    valueOf(await api.removeCatalogImport(2));
    valueOf(await api.restoreCatalogImport(2));
    expect(valueOf(await api.browseCatalog()).imports).toHaveLength(3);
  });

  test('a correction holds for answers and after the next start, shows what was there, and can be taken back', async () => {
    const folder = temporaryFolder();
    const first = startService(folder);
    const price = { subject: 'price', id: 'aws/p4d.24xlarge/us-east-1', key: 'on_demand_usd_per_hour' } as const;
    const before = valueOf(await first.api.browseCatalog()).prices.find(({ id }) => id === price.id);
    valueOf(await first.api.correctFact({ ...price, value: 11, note: 'our contract' }));
    valueOf(await first.api.correctFact({ ...price, value: 12, note: 'a new one' }));
    await first.close();

    const { api } = startService(folder);
    const question = { model: LLAMA, users: 10, provider: ['aws'], gpu: ['nvidia-a100-40gb'] };
    expect(valueOf(await api.size(question)).recommendations[0]?.cost.usd_per_hour).toBe(12);
    const now = valueOf(await api.browseCatalog()).prices.find(({ id }) => id === price.id);
    expect(now).toMatchObject({
      onDemandUsdPerHour: 12,
      asOf: '2026-01-05',
      corrections: { on_demand_usd_per_hour: { before: before?.onDemandUsdPerHour, note: 'a new one' } },
    });
    valueOf(await api.restoreFact('price', price.id, null));
    expect(valueOf(await api.browseCatalog()).prices.find(({ id }) => id === price.id)).toEqual(before);
    expect(errorOf(await api.restoreFact('price', price.id, null))).toMatchObject({ code: 'unknown_correction' });
  });

  test.each(['ondemand', 'spot'] as const)('of one price is of its day, the other keeps its own: %s', async (own) => {
    const { api } = startService(temporaryFolder());
    const id = 'gcp/a3-highgpu-8g/us-central1';
    const key = own === 'spot' ? 'spot_usd_per_hour' : 'on_demand_usd_per_hour';
    const value = own === 'spot' ? 20 : 70;
    const dateOf = async (pricing: 'ondemand' | 'spot') => {
      const question = { model: LLAMA, users: 10, provider: ['gcp'], region: 'us-central1', gpu: ['h100'], pricing };
      const { recommendations } = valueOf(await api.size({ ...question, top: 50 }));
      return recommendations.find(({ instance }) => instance === 'a3-highgpu-8g')?.cost.price_as_of;
    };
    const before = { ondemand: await dateOf('ondemand'), spot: await dateOf('spot') };
    valueOf(await api.correctFact({ subject: 'price', id, key, value, note: '' }));
    const other = own === 'spot' ? 'ondemand' : 'spot';
    expect(await dateOf(own)).toBe('2026-01-05');
    expect(await dateOf(other)).toBe(before[other]);
  });

  test.each([
    [
      { subject: 'gpu', id: 'nvidia-l5', key: 'tdp_watts', value: 1 },
      'unknown_entry',
      /There is no GPU .*did you mean "nvidia-l4"/,
    ],
    [{ subject: 'gpu', id: 'nvidia-l4', key: 'tdp', value: 1 }, 'unknown_fact', /did you mean .*tdp_watts/],
    [{ subject: 'gpu', id: 'nvidia-l4', key: 'vendor', value: 'amd' }, 'unknown_fact', /says what the entry is/],
    [{ subject: 'gpu', id: 'nvidia-l4', key: 'tdp_watts', value: '72' }, 'correction_invalid', /must be a number/],
    [{ subject: 'gpu', id: 'nvidia-l4', key: 'fp16_dense_tflops', value: null }, 'correction_invalid', /fp16/],
  ] as const)('a correction that cannot be: %j', async (draft, code, message) => {
    const { api } = startService(temporaryFolder());
    expect(errorOf(await api.correctFact({ ...draft, note: '' }))).toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });
});

test('the headroom table of a file changes answers, and the assumptions say so', async () => {
  const text = JSON.stringify({
    headroom_factors: {
      0: { utilization_target: 0.9, burst_multiplier: 1 },
      100: { utilization_target: 0.3, burst_multiplier: 3 },
    },
  });
  const file = { fileName: '/tmp/tight.json', text, format: null, provider: null };
  const { api } = startService(temporaryFolder(), { catalogFiles: [file] });
  const { assumptions } = valueOf(await api.size({ model: LLAMA, users: 10, headroom: 50, provider: ['lambda'] }));
  // Half way between the two points of the file.
  expect(assumptions).toMatchObject({ utilization_target: 0.6, burst_factor: 2 });
  expect(assumptions.notes.join(' ')).toMatch(/Headroom 50 % plans with 60 % .* as the table of tight\.json says/);
});

test('a workload of a file answers under its own name', async () => {
  const workload = {
    token_distribution: { input_tokens: { mean: 700 }, output_tokens: { mean: 90 } },
    sla_targets: { ttft_p50_ms: 300, tpot_p50_ms: 50 },
  };
  const text = JSON.stringify({ workloads: { my_workload: workload } });
  const { api } = startService(temporaryFolder());
  valueOf(await api.importCatalog({ fileName: 'mine.json', text, format: null, provider: null }, false));
  const answer = valueOf(await api.size({ model: LLAMA, users: 10, workload: 'my_workload', provider: ['lambda'] }));
  expect(answer.assumptions).toMatchObject({ workload: 'my_workload', prompt_tokens: { mean: 700, std: 420 } });
  // Without a maximum the model's context is the limit: Llama 2 has 4,096 tokens.
  expect(answer.assumptions.prompt_tokens).toMatchObject({ min: 1, max: 4096, max_is_context: true });
  const half = { model: LLAMA, users: 10, workload: 'my_workload', provider: ['lambda'], input_tokens: 350 };
  const { prompt_tokens: halved, output_tokens: output } = valueOf(await api.size(half)).assumptions;
  expect([halved, output]).toMatchObject([
    { mean: 350, max: 4096, max_is_context: true },
    { mean: 90, max: 4096, max_is_context: true },
  ]);
  const { workloads } = valueOf(await api.browseCatalog());
  const sheet = workloads.find(({ name }) => name === 'my_workload');
  expect(sheet?.facts.find(({ key }) => key === 'input_tokens.max')?.value).toBe('context of the model');
  expect(answer.num_passing).toBeGreaterThan(0);
});

describe('a sheet of SkyPilot', () => {
  const HEADER = 'InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,Price,SpotPrice,Region\n';
  const sheet = (...rows: string[]) => ({
    fileName: 'aws/vms.csv',
    text: `${HEADER}${rows.join('\n')}\n`,
    format: null,
    provider: null,
  });
  const P5 = 'p5.48xlarge,H100,8,192,2048,50,,us-east-1';
  const priceOf = async (api: AppApi) =>
    valueOf(await api.browseCatalog()).prices.find(({ id }) => id === 'aws/p5.48xlarge/us-east-1');

  test('without a date says how many dated prices it would cover, and takes the day it is told', async () => {
    const { api } = startService(temporaryFolder());
    const undated = valueOf(await api.previewCatalog(sheet(P5)));
    expect(undated.notes).toEqual([
      expect.stringMatching(/^1 price without a date: 1 would take .* 2026-07-20\. .*--as-of\.$/),
    ]);
    // Not once more for every row.
    expect(undated.doubtCount).toBe(0);
    const dated = { ...sheet(P5), asOf: '2026-11-20' };
    expect(valueOf(await api.previewCatalog(dated))).toMatchObject({ notes: [], doubtCount: 0 });
    const older = valueOf(await api.previewCatalog({ ...dated, asOf: '2026-01-02' }));
    expect(older.notes).toEqual([expect.stringMatching(/^1 price would take the place of newer ones/)]);
    valueOf(await api.importCatalog(dated, false));
    expect(await priceOf(api)).toMatchObject({ onDemandUsdPerHour: 50, asOf: '2026-11-20', layer: 'imported' });
    expect(errorOf(await api.previewCatalog({ ...dated, asOf: 'yesterday' }))).toMatchObject({
      family: 'invalid_input',
      message: expect.stringMatching(/asOf.*YYYY-MM-DD/) as string,
    });
    expect(valueOf(await api.previewCatalog({ ...dated, asOf: '2026-02-30' })).problems).toMatchObject([
      { rule: 'price-dates', line: 2 },
    ]);
  });

  test('facts that are ours stay ours, and what was passed over is counted', async () => {
    const { api } = startService(temporaryFolder());
    const entry = valueOf(await api.importCatalog(sheet(P5, 'c5.large,,,2,4,0.085,,us-east-1'), false));
    expect(entry).toMatchObject({ leftOut: 0, skipped: 1 });
    const book = valueOf(await api.browseCatalog());
    expect(book.imports).toMatchObject([{ skipped: 1 }]);
    const p5 = book.instances.find(({ id }) => id === 'aws/p5.48xlarge');
    expect(p5?.layer).toBe('imported');
    expect(new Set(p5?.facts.map(({ source, layer }) => `${source} ${layer}`))).toEqual(
      new Set(['catalogs/clouds/aws.json bundled']),
    );
    const own = awsFile([{ name: 'p5.48xlarge', gpus: [{ type: 'nvidia-h100-80gb', count: 8 }], vcpus: 190 }]);
    valueOf(await api.importCatalog(own, false));
    const mixed = valueOf(await api.browseCatalog()).instances.find(({ id }) => id === 'aws/p5.48xlarge');
    const sourceOf = (key: string) => mixed?.facts.find((fact) => fact.key === key)?.source;
    expect([sourceOf('vcpus'), sourceOf('local_ssd_gb')]).toEqual(['aws_catalog.json', 'catalogs/clouds/aws.json']);
  });
});

test('a file that is there already is said so, until it is removed', async () => {
  const { api } = startService(temporaryFolder());
  const file = awsFile([{ name: 'own', gpus: [{ type: 'nvidia-l4', count: 1 }], vcpus: 8, ondemand_price_usd: 0.9 }]);
  valueOf(await api.importCatalog(file, false));
  const again = { ...file, fileName: 'copy.json', text: file.text.replaceAll('\n', '\r\n') };
  expect(valueOf(await api.previewCatalog(again)).notes[0]).toMatch(/already, as import 1 \(aws_catalog\.json/);
  expect(errorOf(await api.importCatalog(again, false))).toMatchObject({ code: 'catalog_kept_already' });
  expect(valueOf(await api.browseCatalog()).imports).toHaveLength(1);
  valueOf(await api.removeCatalogImport(1));
  expect(valueOf(await api.importCatalog(again, false))).toMatchObject({ id: 2 });
});
