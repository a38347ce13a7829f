import { describe, expect, test } from 'vitest';
import { catalogText } from '../../../src-main/catalogs/export.ts';
import { errorOf } from '../folder.ts';
import { OWN_GPU as GPU } from '../own-gpu.ts';
import { beneath, changesOf, instanceIn, offerIn, over, places, read } from './reading.ts';

const INSTANCE = {
  name: 'x1-standard-8',
  family: 'x1',
  gpu: 'nvidia-l4',
  gpu_count: 1,
  vcpus: 8,
  host_memory_gib: 32,
  interconnect: 'none',
  link_gb_per_s_per_direction: null,
  network_gbit_per_s: 16,
  local_ssd_gib: null,
  status: 'current',
  notes: null,
  offers: [offer('r1', 0.9)],
};
function offer(region: string, onDemand: unknown, changes: object = {}) {
  return {
    region,
    on_demand_usd_per_hour: onDemand,
    spot_usd_per_hour: null,
    as_of: '2026-11-09',
    source: 'p1',
    zones: [],
    zones_source: null,
    ...changes,
  };
}
const cloud = (instances: unknown[], changes: object = {}) => ({
  schema_version: 1,
  provider: 'mycloud',
  name: 'My Cloud',
  has_zones: false,
  currency: 'USD',
  terms: 'USD per hour.',
  sources: { p1: { title: 'price page', as_of: null } },
  instances,
  ...changes,
});
const gpus = (...entries: object[]) => ({ schema_version: 1, gpus: entries });

describe('files of our own', () => {
  test('a GPU, a provider and a workload, each in a file of its own', () => {
    expect(read(gpus(GPU))).toMatchObject({ format: 'configiq', read: 1, problems: [] });
    const found = read(cloud([INSTANCE]));
    expect(found.problems).toEqual([]);
    expect(instanceIn(over(found), 'mycloud', 'x1-standard-8')).toMatchObject({
      layer: 'file',
      offers: [{ facts: { source: 'price page', on_demand_usd_per_hour: 0.9 } }],
    });
  });

  test('an instance may name a GPU that comes in the same file', () => {
    const bundle = { schema_version: 1, gpus: [GPU], clouds: [cloud([{ ...INSTANCE, gpu: 'nvidia-x1' }])] };
    const found = read(bundle);
    expect(found.problems).toEqual([]);
    expect(over(found).instances.at(-1)?.facts.gpu).toBe('nvidia-x1');
  });

  test('what is exported comes back as it was, all of it or one provider', () => {
    const whole = read(catalogText(beneath, 'configiq', []));
    expect(whole.problems).toEqual([]);
    expect(changesOf(whole)).toEqual([]);
    expect(whole.content.workloads).toHaveLength(3);
    const lambda = read(catalogText(beneath, 'configiq', ['lambda']));
    expect(changesOf(lambda)).toEqual([]);
    expect(new Set(lambda.content.instances.map(({ provider }) => provider))).toEqual(new Set(['lambda']));
    expect(lambda.content.workloads).toEqual([]);
  });

  test('the table of prices has a line for every price and neutralizes formulas', () => {
    const odd = over(read(cloud([{ ...INSTANCE, name: 'ok' }])));
    odd.instances.at(-1)!.facts = { ...odd.instances.at(-1)!.facts, name: '=1+1' };
    const lines = catalogText(odd, 'csv', ['mycloud']).trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(
      /^mycloud\/=1\+1\/r1,mycloud,'=1\+1,nvidia-l4,1,8,32,,none,current,r1,,0\.9,,2026-11-09,price page,,file$/,
    );
  });
});

describe('what cannot be right is named by line and field', () => {
  const problemOf = (content: object): string => {
    const found = read(content);
    expect(found.problems).toHaveLength(1);
    return `${found.problems[0]?.field}: ${found.problems[0]?.sentence}`;
  };

  test.each([
    ['a negative price', offer('r1', -1), /on_demand_usd_per_hour: .*must be above 0, got -1/],
    ['a price of 0', offer('r1', 0), /on_demand_usd_per_hour: .*must be above 0, got 0/],
    [
      'a missing price',
      (({ on_demand_usd_per_hour: _, ...rest }) => rest)(offer('r1', 1)),
      /on_demand_usd_per_hour: .*is missing/,
    ],
    ['a price as text', offer('r1', '0.9'), /on_demand_usd_per_hour: .*must be a number/],
    [
      'spot above on-demand',
      offer('r1', 1, { spot_usd_per_hour: 2 }),
      /spot_usd_per_hour: .*is not below on-demand \(1\).*rule spot-below-on-demand/,
    ],
    [
      'a source that is not there',
      offer('r1', 1, { source: 'p9' }),
      /source: .*"p9" is not in the file's "sources" \(p1\)/,
    ],
    ['a formula as a region', offer('=r1', 1), /region: .*formula of a spreadsheet/],
    ['a formula as a zone', offer('r1', 1, { zones: ['@z'] }), /zones: .*formula of a spreadsheet/],
  ])('%s', (_, bad, sentence) => {
    const file = cloud([{ ...INSTANCE, offers: [offer('r0', 1), bad] }]);
    expect(problemOf(file)).toMatch(sentence);
    expect(read(file).content.instances[0]?.offers.map(({ region }) => region)).toEqual(['r0']);
  });

  test.each([
    ['an unknown GPU', { gpu: 'nvidia-l5' }, /gpu: .*"nvidia-l5".*did you mean nvidia-l4/],
    ['a formula as a name', { name: '+cmd' }, /name: .*formula of a spreadsheet/],
    ['both units of memory', { host_memory_gb: 34 }, /host_memory_gib: .*exactly one/],
    ['a misspelt key', { vcpu: 8 }, /"vcpu" is not a key/],
    ['no count', { gpu_count: 0 }, /gpu_count: .*must be above 0/],
  ])('%s', (_, changes, sentence) => {
    const file = cloud([
      { ...INSTANCE, ...changes },
      { ...INSTANCE, name: 'good' },
    ]);
    expect(problemOf(file)).toMatch(sentence);
    expect(read(file).content.instances.map(({ facts }) => facts.name)).toEqual(['good']);
  });

  test('the same instance or region twice', () => {
    expect(places(read(cloud([INSTANCE, INSTANCE])))).toEqual([expect.stringMatching(/^\d+ instances\[1\]\.name$/)]);
    const twice = cloud([{ ...INSTANCE, offers: [offer('r1', 1), offer('r1', 2)] }]);
    expect(problemOf(twice)).toMatch(/offers\[1\]\.region: .*"r1" is there twice/);
  });

  test('the same provider twice: its instances may not be told in two sections', () => {
    const dearer = cloud([{ ...INSTANCE, offers: [offer('r1', 7)] }]);
    const found = read({ schema_version: 1, clouds: [cloud([INSTANCE]), dearer] });
    expect(places(found)).toEqual([expect.stringMatching(/^\d+ clouds\[1\]\.provider$/)]);
    expect(found.problems[0]?.line).toBeGreaterThan(40);
    expect(found.problems[0]?.sentence).toMatch(/"mycloud" is there twice: put all its instances into one section\.$/);
    expect(found.read).toBe(2);
    expect(offerIn(over(found), 'mycloud', 'x1-standard-8', 'r1').facts.on_demand_usd_per_hour).toBe(0.9);
  });

  test('one provider for a file of several: none of them is taken', () => {
    const both = { schema_version: 1, gpus: [GPU], clouds: [cloud([INSTANCE]), cloud([INSTANCE], { provider: 'b' })] };
    const found = read(both, { provider: 'mine' });
    expect(places(found)).toEqual([expect.stringMatching(/^\d+ clouds$/)]);
    expect(found.problems[0]?.sentence).toMatch(/^clouds has 2 providers, and "mine" was given for all of them/);
    expect(found.content.instances).toEqual([]);
    const one = read({ ...both, clouds: both.clouds.slice(0, 1) }, { provider: 'mine' });
    expect(one.problems).toEqual([]);
    expect(instanceIn(over(one), 'mine', 'x1-standard-8').facts.gpu).toBe('nvidia-l4');
  });

  test('GB for GiB, against what is known of the instance', () => {
    // p5.48xlarge has 2,048 GiB, which are 2,199 GB.
    const p5 = {
      ...{ ...INSTANCE, name: 'p5.48xlarge', gpu: 'nvidia-h100-80gb', gpu_count: 8, vcpus: 192, offers: [] },
      ...{ interconnect: 'nvswitch', link_gb_per_s_per_direction: 450 },
    };
    const gib = cloud([{ ...p5, host_memory_gib: 2199 }], { provider: 'aws' });
    expect(problemOf(gib)).toMatch(/host_memory_gib: .*2199 GiB, which is our 2199 GB \(2048 GiB\)/);
    const rest = Object.fromEntries(Object.entries(p5).filter(([key]) => key !== 'host_memory_gib'));
    const gb = cloud([{ ...rest, host_memory_gb: 2048 }], { provider: 'aws' });
    expect(problemOf(gb)).toMatch(/host_memory_gb: .*2048 GB, which is our 2048 GiB/);
    expect(read(cloud([{ ...rest, host_memory_gb: 2199 }], { provider: 'aws' })).problems).toEqual([]);
  });

  test.each([
    [
      'a format as null',
      { fp8_dense_tflops: null },
      /fp8_dense_tflops must be the dense peak, or left out where the GPU lacks the format, got null/,
    ],
    [
      'more usable memory than the driver has',
      { memory_usable_gib: 84 },
      /memory_usable_gib: .*more than the driver's 79\.6 GiB.*rule memory-order/,
    ],
    ['more than it is sold with', { memory_driver_gib: 85.5 }, /memory_driver_gib: .*more than the 80 GB/],
    [
      'FP8 without the units',
      { compute_capability: '8.0', fp8_dense_tflops: 100 },
      /fp8_dense_tflops: .*no FP8 units.*rule native-formats/,
    ],
    ['BF16 before Ampere', { compute_capability: '7.5' }, /supports_bf16: .*no bf16.*rule bf16-capability/],
    ['an alias of another GPU', { aliases: ['h100'] }, /aliases: .*"h100" already means nvidia-h100-80gb/],
  ])('a GPU with %s', (_, changes, sentence) => {
    const { problems, content } = read(gpus({ ...GPU, ...changes }));
    expect(problems.map((problem) => `${problem.field}: ${problem.sentence}`).join('\n')).toMatch(sentence);
    expect(content.gpus).toEqual([]);
  });

  test('another version of the schema, an unknown list', () => {
    expect(places(read({ schema_version: 2, gpus: [GPU] }))).toEqual(['2 schema_version']);
    expect(places(read({ schema_version: 1, gpus: [GPU], gpu: [] }))).toEqual([expect.stringMatching(/^\d+ gpu$/)]);
  });
});

describe('files that are no catalog', () => {
  test.each([
    ['empty', '  \n', 'catalog_empty'],
    ['binary', 'PK\u0003\u0004\u0000\u0000', 'catalog_binary'],
    ['in another encoding', 'M\uFFFDnchen', 'catalog_binary'],
    ['cut off', '{ "gpus": [', 'json_invalid'],
    ['another JSON', '{ "hello": 1 }', 'catalog_format_unknown'],
    ['another table', 'a,b\n1,2\n', 'catalog_format_unknown'],
    ['nested too deep', '['.repeat(1000) + ']'.repeat(1000), 'json_invalid'],
    ['too large', `[${'1,'.repeat(13_000_000)}1]`, 'file_too_large'],
  ])('%s', (_, text, code) => {
    expect(errorOf(() => read(text))).toMatchObject({ family: 'file', code });
  });

  test('a format that is asked for is not guessed', () => {
    const error = errorOf(() => read({ schema_version: 1, gpus: [GPU] }, { format: 'skypilot' }));
    expect(error.message).toMatch(/is not in the format skypilot/);
  });
});
