import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { beneath, changesOf, instanceIn, offerIn, over, places, read } from './reading.ts';

const SAMPLES = join(import.meta.dirname, '../../../../shared/data/seed');
const hasSamples = existsSync(SAMPLES);

const one = (instance: object, metadata: object = { provider: 'AWS' }) => ({ metadata, vm_instances: [instance] });
const L4 = [{ type: 'nvidia-l4', count: 1 }];

describe("the shorter form of the seed's example", () => {
  test('a name and GPUs are enough: the price is unknown, what the hardware is comes from the catalog', () => {
    const found = read(one({ name: 'p4d.24xlarge', gpus: [{ type: 'nvidia-a100-40gb', count: 8 }] }));
    expect(found).toMatchObject({ format: 'seed', read: 1, problems: [] });
    const p4d = instanceIn(over(found), 'aws', 'p4d.24xlarge');
    expect(p4d.layer).toBe('file');
    expect(p4d.facts).toEqual(instanceIn(beneath, 'aws', 'p4d.24xlarge').facts);
    expect(p4d.offers.map(({ facts }) => facts)).toMatchObject([
      { region: 'any', on_demand_usd_per_hour: null, spot_usd_per_hour: null, zones: [] },
    ]);
  });

  test('a provider that is new keeps its name, and gets an id that can be typed', () => {
    const found = read(one({ name: 'big', gpus: L4, ondemand_price_usd: 2 }, { provider: 'My Cloud!' }));
    expect(found.content.providers).toEqual([{ id: 'my-cloud', name: 'My Cloud!', hasZones: false }]);
    expect(offerIn(over(found), 'my-cloud', 'big', 'any').facts).toMatchObject({
      on_demand_usd_per_hour: 2,
      as_of: null,
      source: 'catalog.json',
    });
  });

  test.each([
    ['us-central1-a', 'us-central1'],
    ['us-east-1a', 'us-east-1'],
    ['ru-9b', 'ru-9'],
    ['use1-az2', 'use1-az2'],
  ])('without metadata.zones the region of %s is %s', (zone, region) => {
    const own = { name: 'x', gpus: L4, ondemand_price_usd: 1, available_zones: [zone] };
    const found = read(one(own, { provider: 'mycloud' }));
    expect(offerIn(over(found), 'mycloud', 'x', region).facts.zones).toEqual([zone]);
  });

  test('GPUs of the same kind are added up; two kinds cannot be sized', () => {
    expect(read(one({ name: 'x', gpus: [...L4, ...L4] })).content.instances[0]?.facts.gpu_count).toBe(2);
    const mixed = read(one({ name: 'x', gpus: [...L4, { type: 'nvidia-t4', count: 1 }] }));
    expect(places(mixed)).toEqual(['14 vm_instances[0].gpus[1].type']);
  });

  test('several SXM GPUs of a machine that nobody knows are linked as such boards are, others meet over PCIe', () => {
    const link = (type: string) => {
      const found = read(one({ name: 'x', gpus: [{ type, count: 4 }] }));
      return instanceIn(over(found), 'aws', 'x').facts.interconnect;
    };
    expect([link('h100'), link('mi300x'), link('l40s')]).toEqual(['nvswitch', 'xgmi', 'pcie']);
  });
});

describe('GPUs of the file', () => {
  const gpu = { type: 'nvidia-l4', count: 1, vram_gb: 24, fp16_tflops: 242, memory_bw_gbps: 300, fp8_tflops: 485 };

  test('a known type has our facts; a difference is told', () => {
    const found = read(one({ name: 'x', gpus: [gpu] }));
    expect(found.problems).toEqual([]);
    expect(found.content.gpus).toEqual([]);
    expect(found.notes).toEqual(['nvidia-l4: fp16_tflops 242 (ours 121), fp8_tflops 485 (ours 242): our facts count.']);
  });

  test('an unknown type that is described becomes a GPU of yours, on the careful side', () => {
    const own = { type: 'nvidia-z9', count: 2, vram_gb: 100, memory_bw_gbps: 2000, fp16_tflops: 500, fp8_tflops: 1000 };
    const found = read(one({ name: 'x', gpus: [own] }));
    expect(found.problems).toEqual([]);
    // 100 GB are 93.13 GiB, of which 99 % can be used.
    expect(over(found).gpus.find(({ facts }) => facts.id === 'nvidia-z9')).toMatchObject({
      layer: 'file',
      facts: {
        memory_driver_gib: 93.13,
        memory_usable_gib: 92.2,
        fp16_dense_tflops: 500,
        supports_bf16: false,
        compute_capability: '7.0',
        link_kind: null,
      },
    });
    expect(found.content.gpus[0]?.facts).not.toHaveProperty('fp8_dense_tflops');
    expect(found.notes.join()).toMatch(/compute capability 7\.0 \(the lowest vLLM runs on\)/);
  });

  test('its compute capability says what it can do', () => {
    const own = {
      type: 'nvidia-z9',
      count: 1,
      vram_gb: 100,
      memory_bw_gbps: 2000,
      fp8_tflops: 1000,
      compute_capability: '9.0',
    };
    expect(read(one({ name: 'x', gpus: [own] })).content.gpus[0]?.facts).toMatchObject({
      fp16_dense_tflops: 500,
      fp8_dense_tflops: 1000,
      supports_bf16: true,
    });
  });

  test('an unknown type without figures is refused with near names and what it takes', () => {
    const found = read(one({ name: 'x', gpus: [{ type: 'nvidia-l5', count: 1 }] }));
    expect(found.problems).toMatchObject([{ line: 10, field: 'vm_instances[0].gpus[0].type' }]);
    expect(found.problems[0]?.sentence).toMatch(/nvidia-l5.*nvidia-l4.*vram_gb, memory_bw_gbps and fp16_tflops/);
  });

  test('memory that fits only in the other unit is refused', () => {
    // 80 GiB of the driver are 85.9 GB.
    const found = read(one({ name: 'x', gpus: [{ type: 'nvidia-a100-80gb', count: 1, vram_gb: 85.9 }] }));
    expect(found.problems).toMatchObject([{ field: 'vm_instances[0].gpus[0].vram_gb' }]);
    expect(found.problems[0]?.sentence).toMatch(/85\.9 GiB, which is our 85\.899 GB \(80 GiB\)/);
  });
});

describe('what cannot be taken is named by line and field, and the rest stays usable', () => {
  const text = `{
  "metadata": { "provider": "gcp" },
  "vm_instances": [
    { "name": "good", "gpus": [{ "type": "l4", "count": 1 }], "ondemand_price_usd": 1 },
    { "name": "good", "gpus": [{ "type": "l4", "count": 1 }] },
    { "name": "cheap", "gpus": [{ "type": "l4", "count": 1 }], "ondemand_price_usd": -1 },
    { "name": "free", "gpus": [{ "type": "l4", "count": 1 }], "ondemand_price_usd": 0 },
    { "name": "=HYPERLINK(1)", "gpus": [{ "type": "l4", "count": 1 }] },
    { "name": "odd", "gpus": [{ "type": "l4", "count": 1 }], "ondemand_price_usd": 1, "spot_price_usd": 2 },
    { "gpus": [{ "type": "l4", "count": 1 }] },
    { "name": "none" },
    { "name": "text", "gpus": [{ "type": "l4", "count": "8" }] },
    { "name": "zones", "gpus": [{ "type": "l4", "count": 1 }], "available_zones": ["+a"] }
  ]
}`;

  test('each by its place', () => {
    const found = read(text);
    expect(places(found)).toEqual([
      '5 vm_instances[1].name',
      '6 vm_instances[2].ondemand_price_usd',
      '7 vm_instances[3].ondemand_price_usd',
      '8 vm_instances[4].name',
      '9 vm_instances[5].spot_price_usd',
      '10 vm_instances[6].name',
      '11 vm_instances[7].gpus',
      '12 vm_instances[8].gpus[0].count',
      '13 vm_instances[9].available_zones[0]',
    ]);
    expect(found.problems[1]?.sentence).toMatch(/ondemand_price_usd must be above 0, got -1/);
    expect(found.problems[3]?.sentence).toMatch(/formula of a spreadsheet/);
    expect(found.content.instances.map(({ facts }) => facts.name)).toEqual(['good']);
    expect(found.read).toBe(10);
  });

  test('no provider, another currency', () => {
    expect(places(read(one({ name: 'x', gpus: L4 }, {})))).toEqual(['2 metadata.provider']);
    expect(read(one({ name: 'x', gpus: L4 }, {}), { provider: 'gcp' }).problems).toEqual([]);
    const euros = read(
      one({ name: 'x', gpus: L4, ondemand_price_usd: 1 }, { provider: 'gcp', pricing_unit: 'EUR/hour' }),
    );
    expect(places(euros)).toEqual(['4 metadata.pricing_unit']);
    expect(offerIn(over(euros), 'gcp', 'x', 'any').facts.on_demand_usd_per_hour).toBeNull();
  });
});

describe('workloads of a file', () => {
  const workload = {
    token_distribution: { input_tokens: { mean: 700 }, output_tokens: { mean: 90, std: 9, max: 400 } },
    sla_targets: { ttft_p50_ms: 100, tpot_p50_ms: 20, e2e_latency_per_512_tokens_ms: 900 },
  };

  test('any name, with the usual spread where none is given', () => {
    const { content, problems } = read({ workloads: { my_workload: workload } });
    expect(problems).toEqual([]);
    expect(content.workloads).toMatchObject([
      {
        name: 'my_workload',
        input_tokens: { mean: 700, std: 420, min: 1 },
        output_tokens: { mean: 90, std: 9, min: 1, max: 400 },
        context_tokens: null,
        arrival: { process: 'poisson', burstiness: 1 },
        targets_ms: { ttft_p50: 100, tpot_p50: 20 },
        e2e_target: { p50_ms: 900, output_tokens: 512 },
        prefix_cache: null,
      },
    ]);
  });

  test('a prefix cache that is off is none; one without figures has the usual ones, said', () => {
    const off = read({ workloads: { w: { ...workload, prefix_cache: { enabled: false, cache_hit_rate: 0.9 } } } });
    expect(off.content.workloads[0]?.prefix_cache).toBeNull();
    const bare = read({ workloads: { w: { ...workload, prefix_cache: { enabled: true } } } });
    expect(bare.content.workloads[0]?.prefix_cache).toMatchObject({ hit_rate: 0.7, cacheable_ratio: 0.75 });
    expect(bare.notes.join()).toMatch(/takes the seed's/);
  });

  test('what is missing or contradicts itself', () => {
    const found = read({
      workloads: {
        short: { sla_targets: { ttft_p50_ms: 100 } },
        blind: { ...workload, sla_targets: {} },
        upside: { ...workload, sla_targets: { ttft_p50_ms: 100, ttft_p95_ms: 50 } },
        hit: { ...workload, prefix_cache: { cache_hit_rate: 70 } },
        fine: workload,
      },
    });
    expect(found.problems.map(({ field }) => field)).toEqual([
      'workloads.short.token_distribution.input_tokens.mean',
      'workloads.short.token_distribution.output_tokens.mean',
      'workloads.blind.sla_targets',
      'workloads.upside.sla_targets.ttft_p95_ms',
      'workloads.hit.prefix_cache.cache_hit_rate',
    ]);
    expect(found.content.workloads.map(({ name }) => name)).toEqual(['fine']);
  });

  test('the headroom table is taken over, in the order of its percents', () => {
    const rule = (utilization: number, burst: number) => ({ utilization_target: utilization, burst_multiplier: burst });
    const { content } = read({ headroom_factors: { 50: rule(0.4, 2.5), 0: rule(0.9, 1) } });
    expect(content.headroom).toEqual([
      { percent: 0, utilizationTarget: 0.9, burstFactor: 1 },
      { percent: 50, utilizationTarget: 0.4, burstFactor: 2.5 },
    ]);
    const wrong = read({ headroom_factors: { 150: rule(0.4, 1), 10: rule(1.5, 0.5) } });
    // An object's numbers come first in JSON as JavaScript writes it.
    expect(places(wrong)).toEqual([
      '4 headroom_factors.10.utilization_target',
      '5 headroom_factors.10.burst_multiplier',
      '7 headroom_factors.150',
    ]);
  });
});

const sample = (name: string): string => readFileSync(join(SAMPLES, name), 'utf8');
describe.skipIf(!hasSamples)(`the files of the original${hasSamples ? '' : ' (skipped: no ../shared/data)'}`, () => {
  test('its catalog lies over ours: 16 instances, one price for all regions, our GPU facts', () => {
    const found = read(sample('gcp_catalog.json'));
    expect(found).toMatchObject({ format: 'seed', read: 16, problems: [] });
    expect(found.content.gpus).toEqual([]);
    const after = over(found);
    const a100 = instanceIn(after, 'gcp', 'a2-highgpu-1g');
    expect(a100.facts).toMatchObject({ host_memory_gib: 85, network_gbit_per_s: 32, interconnect: 'none' });
    expect(
      a100.offers.map(({ facts }) => [facts.region, facts.on_demand_usd_per_hour, facts.as_of, facts.zones]),
    ).toEqual([
      ['us-central1', 3.67, '2025-02-01', ['us-central1-a', 'us-central1-c']],
      ['us-west1', 3.67, '2025-02-01', ['us-west1-a', 'us-west1-b']],
      // By zone_instance_availability alone, which metadata.zones does not list.
      ['europe-west4', 3.67, '2025-02-01', []],
    ]);
    expect(instanceIn(after, 'gcp', 'n1-standard-16-nvidia-t4-2').facts).toMatchObject({
      gpu_count: 2,
      interconnect: 'pcie',
    });
    expect(found.notes.join()).toMatch(/a2-highgpu is sold in europe-west4 .*metadata\.zones does not list/);
    expect(after.providers.find(({ id }) => id === 'gcp')?.name).toBe('Google Cloud');
  });

  test('its workloads are those that are bundled; what is calibration here is said once', () => {
    const found = read(sample('workload_defaults.json'));
    expect(found.problems).toEqual([]);
    expect(changesOf(found)).toEqual([]);
    expect(found.content.headroom).toHaveLength(4);
    expect(found.notes).toEqual([expect.stringMatching(/^interconnect and vllm_overhead_factors are not taken/)]);
  });
});

describe('units of memory', () => {
  const file = (...instances: object[]) => ({ metadata: { provider: 'AWS' }, vm_instances: instances });
  const p5 = { name: 'p5.48xlarge', gpus: [{ type: 'nvidia-h100-80gb', count: 8 }] };

  test('memory_gb that is GiB for a known instance is said with its line, and another unit is a problem', () => {
    const gib = read(file({ ...p5, memory_gb: 2048 }));
    expect(gib.problems).toEqual([]);
    expect(gib.notes).toContainEqual(
      expect.stringMatching(/read as GiB.*: line 14, vm_instances\[0\]\.memory_gb, is the first/),
    );
    expect(instanceIn(over(gib), 'aws', 'p5.48xlarge').facts.host_memory_gib).toBe(2048);
    const mixed = read(
      file({ ...p5, memory_gb: 2048 }, { ...p5, name: 'x' }, { name: 'g6.xlarge', gpus: L4, memory_gb: 17.18 }),
    );
    expect(places(mixed)).toEqual(['14 vm_instances[0].memory_gb']);
    const mib = read(file({ name: 'g6.xlarge', gpus: L4, memory_gb: 16_384 }));
    expect(mib.problems[0]?.sentence).toMatch(/memory_gb is 16384 GB, which is our 16384 MiB \(17\.18 GB\)/);
  });

  test('MiB for GB of an instance that nobody knows, with or without vCPUs', () => {
    for (const vcpus of [{ vcpus: 8 }, {}]) {
      const found = read(file({ name: 'm1', gpus: L4, memory_gb: 16_384, ondemand_price_usd: 0.9, ...vcpus }));
      expect(found.problems).toMatchObject([{ field: 'vm_instances[0].memory_gb', rule: 'host-size' }]);
      expect(found.problems[0]?.sentence).toMatch(/of aws\/m1: 16384, which is read as 15258\.8: GiB .*(MiB|unit)/);
      expect(found.content.instances).toEqual([]);
    }
  });

  test('MiB for GB of a GPU that is known', () => {
    const found = read(file({ name: 'm1', gpus: [{ type: 'nvidia-a100-80gb', count: 1, vram_gb: 81_920 }] }));
    expect(places(found)).toEqual([expect.stringMatching(/vm_instances\[0\]\.gpus\[0\]\.vram_gb$/)]);
  });
});

test('an instance without a price is named by its line', () => {
  const found = read(one({ name: 'm1', gpus: L4 }));
  expect(found.problems).toEqual([]);
  expect(found.unpriced).toMatchObject([{ line: 6, field: 'vm_instances[0].ondemand_price_usd' }]);
  expect(found.unpriced[0]?.sentence).toMatch(/has no price of aws\/m1: it is excluded as price_unknown/);
});
