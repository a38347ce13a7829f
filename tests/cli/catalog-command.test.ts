import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { PredictDocument, SizeDocument } from '../../src-worker/protocol/documents.ts';
import { askConfigiq, type Ended } from './command.ts';

// One data folder for all: what one command keeps, the next one sees.
const home = mkdtempSync(join(tmpdir(), 'configiq-catalog-'));
const inHome = (name: string): string => join(home, name);
const configiq = (...args: string[]): Promise<Ended> => askConfigiq(args, home);
const LLAMA = 'meta-llama/Llama-2-7b-hf';

afterAll(() => rmSync(home, { recursive: true, force: true }));

/** The seed's example of a new provider, as a file. */
const AWS = {
  metadata: { provider: 'AWS' },
  vm_instances: [{ name: 'p4d.24xlarge', gpus: [{ type: 'nvidia-a100-40gb', count: 8 }] }],
};
function file(name: string, content: unknown): string {
  writeFileSync(inHome(name), typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  return inHome(name);
}
const json = <Document>(ended: Ended): Document => JSON.parse(ended.stdout) as Document;

/** At most three lines and 600 characters, and no stack. */
function expectShort({ stderr }: Ended): void {
  expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(3);
  expect(stderr.length).toBeLessThanOrEqual(600);
  expect(stderr).not.toMatch(/\n\s+at /);
}

describe('a catalog that is kept', () => {
  it("is the seed's example and one command, until it is removed", async () => {
    const path = file('aws_catalog.json', AWS);
    const asked = ['size', '-m', LLAMA, '-u', '10', '--provider', 'aws', '--gpu', 'nvidia-a100-40gb', '--json'];
    const before = await configiq(...asked);
    expect(before.code).toBe(0);

    const dry = await configiq('catalog', 'import', path, '--dry-run');
    expect(dry).toMatchObject({ code: 0, stderr: '' });
    expect(dry.stdout).toMatch(/1 row read \(seed\)[\s\S]*1 instance[\s\S]*Nothing was changed/);
    expect((await configiq(...asked)).stdout).toBe(before.stdout);

    const imported = await configiq('catalog', 'import', path, '--json');
    expect(json(imported)).toMatchObject({
      schema_version: 1,
      imported: { id: 1, name: 'aws_catalog.json', left_out: 0, counts: { instances: 1, prices: 0 } },
      problem_count: 0,
    });
    const after = await configiq(...asked);
    expect(after.code).toBe(3);
    expect(json<SizeDocument>(after).excluded).toMatchObject([{ instance: 'p4d.24xlarge', reason: 'price_unknown' }]);
    expect(json<SizeDocument>(after).versions.catalog).not.toBe(json<SizeDocument>(before).versions.catalog);
    expect((await configiq('catalog', 'imports')).stdout).toMatch(/1 {2}aws_catalog\.json {2}seed/);

    expect((await configiq('catalog', 'remove', '1')).code).toBe(0);
    expect((await configiq(...asked)).stdout).toBe(before.stdout);
    const again = await configiq('catalog', 'remove', '1');
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/no imported catalog 1/);
  });

  it('with something wrong is refused by line and field, exit 4; --good-part takes the rest', async () => {
    const text = JSON.stringify({ ...AWS, vm_instances: [...AWS.vm_instances, { name: '=cmd()', gpus: [] }] }, null, 1);
    const path = file('odd.json', text);
    const refused = await configiq('catalog', 'import', path);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toMatch(/odd\.json: line 16: vm_instances\[1\]\.name .*formula.*\(and 1 more\)/);
    expect(refused.stderr).toMatch(/Nothing was changed/);
    expectShort(refused);
    expect(json(await configiq('catalog', 'imports', '--json'))).toMatchObject({ imports: [] });

    const check = await configiq('catalog', 'check', path);
    expect(check.code).toBe(4);
    expectShort(check);
    const taken = await configiq('catalog', 'import', path, '--good-part');
    expect(taken).toMatchObject({ code: 0, stderr: '' });
    expect(taken.stdout).toMatch(/Kept as import 2/);
    await configiq('catalog', 'remove', '2');
  });

  it('that a rule calls wrong is refused everywhere, exit 4; --good-part takes the rest', async () => {
    const l4 = { gpus: [{ type: 'nvidia-l4', count: 1 }], ondemand_price_usd: 0.9 };
    const path = file('wrong.json', {
      ...AWS,
      vm_instances: [
        { name: 'good', ...l4 },
        { name: 'spot', ...l4, spot_price_usd: 0.9 },
      ],
    });
    for (const args of [
      ['catalog', 'import', path],
      ['catalog', 'check', path],
      ['catalog', 'list', '--catalog', path],
    ]) {
      const refused = await configiq(...args);
      expect(refused.code, args.join(' ')).toBe(4);
      expect(refused.stderr).toMatch(/line \d+: vm_instances\[1\]\.spot_price_usd .*rule spot-below-on-demand/);
      expectShort(refused);
    }
    const listed = await configiq('catalog', 'list', '--provider', 'aws', '--catalog', path, '--good-part', '--json');
    expect(listed.code).toBe(0);
    expect(listed.stderr).toMatch(/wrong\.json: left out: line \d+/);
    const names = json<{ instances: { instance: string }[] }>(listed).instances.map(({ instance }) => instance);
    expect(names).toContain('good');
    expect(names).not.toContain('spot');
    const corrected = await configiq('catalog', 'correct', 'nvidia-l4', 'memory_usable_gib', '24');
    expect(corrected.code).toBe(2);
    expect(corrected.stderr).toMatch(/memory_usable_gib cannot be 24 \(rule memory-order\): .*22\.5 GiB/);
  });

  it('of which nothing can be used says what it read all the same', async () => {
    const sheet = 'InstanceType,AcceleratorName,AcceleratorCount,Price,Region\nc5.large,,,0.085,us-east-1\n';
    const path = file('none.csv', sheet);
    const plain = await configiq('catalog', 'import', path, '--provider', 'aws');
    expect(plain.code).toBe(4);
    expect(plain.stdout).toMatch(/1 row read[\s\S]*1 × no GPU named/);
    expect(plain.stderr).toMatch(/holds nothing that can be used/);
    const document = await configiq('catalog', 'import', path, '--provider', 'aws', '--json');
    expect(document.code).toBe(4);
    expect(json(document)).toMatchObject({ imported: null, read: 1, usable: { instances: 0 } });
  });

  it('of 1 GB is refused before it is read, one that is missing is said, a vms.csv asks whose it is', async () => {
    const handle = openSync(inHome('huge.json'), 'w');
    ftruncateSync(handle, 1e9);
    closeSync(handle);
    const huge = await configiq('catalog', 'import', inHome('huge.json'));
    expect(huge.code).toBe(4);
    expect(huge.stderr).toMatch(/1000000000 bytes/);
    expect((await configiq('catalog', 'import', inHome('none.json'))).code).toBe(4);
    mkdirSync(inHome('nebius'));
    const sheet =
      'InstanceType,AcceleratorName,AcceleratorCount,Price,SpotPrice,Region\ngpu-h100-sxm_1gpu-16vcpu-200gb,H100,1,2.95,1.25,eu-north1\n';
    const unnamed = await configiq('catalog', 'import', file('vms.csv', sheet));
    expect(unnamed.code).toBe(2);
    expect(unnamed.stderr).toMatch(/--provider/);
    const diff = await configiq('catalog', 'diff', file('nebius/vms.csv', sheet));
    expect(diff.stdout).toMatch(
      /~ price nebius\/gpu-h100-sxm_1gpu-16vcpu-200gb\/eu-north1 on_demand_usd_per_hour: 4\.5 -> 2\.95/,
    );
  });
});

describe('files of one command', () => {
  it('--catalog and --workloads lie over all others and are kept nowhere', async () => {
    const catalog = file('mine.json', {
      ...AWS,
      vm_instances: [{ name: 'own', gpus: [{ type: 'l40s', count: 1 }], ondemand_price_usd: 0.9 }],
    });
    const workloads = file('workloads.json', {
      workloads: {
        my_workload: {
          token_distribution: { input_tokens: { mean: 300 }, output_tokens: { mean: 100 } },
          sla_targets: { ttft_p50_ms: 400, tpot_p50_ms: 60 },
        },
      },
      headroom_factors: { 25: { utilization_target: 0.6, burst_multiplier: 1.5 } },
    });
    const args = [
      '-m',
      LLAMA,
      '-u',
      '5',
      '--gpu',
      'l40s',
      '--provider',
      'aws',
      '--catalog',
      catalog,
      '--workloads',
      workloads,
      '-w',
      'my_workload',
    ];
    const answer = json<SizeDocument>(await configiq('size', ...args, '--json'));
    expect(answer.recommendations[0]).toMatchObject({ instance: 'own', catalog: 'file', region: 'any' });
    expect(answer.assumptions).toMatchObject({ workload: 'my_workload', utilization_target: 0.6, burst_factor: 1.5 });
    const report = await configiq('size', ...args);
    expect(report.stdout).toMatch(/own \(aws, yours\)/);
    expect(report.stdout).toMatch(/table of workloads\.json/);
    expect((await configiq('size', '-m', LLAMA, '-u', '5', '-w', 'my_workload')).code).toBe(2);
    const zone = await configiq('size', ...args, '--zone', 'us-central1-a', '--provider', 'aws', '--json');
    expect(json<SizeDocument>(zone).excluded.find(({ instance }) => instance === 'own')?.reason).toBe('zone_unknown');
  });

  it('a GPU of a file answers predict', async () => {
    const own = {
      type: 'nvidia-z9',
      count: 1,
      vram_gb: 100,
      memory_bw_gbps: 2000,
      fp16_tflops: 500,
      compute_capability: '9.0',
    };
    const path = file('z9.json', { ...AWS, vm_instances: [{ name: 'z', gpus: [own] }] });
    const load = ['--input-tokens', '500', '--output-tokens', '100', '--rate', '1', '--json'];
    const answer = await configiq('predict', '-m', LLAMA, '--gpu', 'z9', '--catalog', path, ...load);
    expect(json<PredictDocument>(answer).memory.fits).toBe(true);
    expect(answer.stderr).toMatch(/nvidia-z9 is in no catalog and becomes a GPU of yours/);
    expect((await configiq('predict', '-m', LLAMA, '--gpu', 'z9', ...load)).code).toBe(2);
  });
});

describe('what is known and what is corrected', () => {
  it('every fact with source and date; a correction with what stood there; restored', async () => {
    const shown = await configiq('catalog', 'show', 'L4');
    expect(shown.stdout).toMatch(
      /NVIDIA L4[\s\S]*Memory bandwidth +300 +GB\/s +memory_bandwidth_gb_per_s[\s\S]*Source: .*2026-11/,
    );
    const price = 'aws/p5.48xlarge/us-east-1';
    const corrected = await configiq(
      'catalog',
      'correct',
      price,
      'on-demand-usd-per-hour',
      '31.5',
      '--note',
      'contract',
    );
    expect(corrected.code).toBe(0);
    const now = json<{ prices: Record<string, unknown>[] }>(await configiq('catalog', 'show', price, '--json'));
    expect(now.prices).toMatchObject([
      { on_demand_usd_per_hour: 31.5, corrections: { on_demand_usd_per_hour: { before: 55.04, note: 'contract' } } },
    ]);
    const csv = await configiq('catalog', 'export', '--provider', 'aws', '--format', 'csv');
    expect(csv.stdout).toMatch(/aws\/p5\.48xlarge\/us-east-1,.*,31\.5,.*your correction/);
    expect((await configiq('catalog', 'restore', price)).code).toBe(0);
    expect((await configiq('catalog', 'restore', price)).code).toBe(2);
    for (const wrong of [
      ['correct', price, 'on_demand_usd_per_hour', 'much'],
      ['correct', 'nvidia-l4', 'tdp_watts', '-1'],
      ['correct', 'l5', 'tdp_watts', '70'],
      ['show', 'p5.49xlarge'],
      ['export', '--format', 'xml'],
      ['remove', 'x'],
    ]) {
      const refused = await configiq('catalog', ...wrong);
      expect(refused.code, wrong.join(' ')).toBe(2);
      expectShort(refused);
    }
  });

  it('a correction of a GPU that is gone is taken back by its id', async () => {
    const own = { type: 'nvidia-z9', count: 1, vram_gb: 100, memory_bw_gbps: 2000, fp16_tflops: 500 };
    const path = file('gone.json', { ...AWS, vm_instances: [{ name: 'z', gpus: [own] }] });
    const imported = json<{ imported: { id: number } }>(await configiq('catalog', 'import', path, '--json'));
    expect((await configiq('catalog', 'correct', 'nvidia-z9', 'tdp_watts', '300')).code).toBe(0);
    expect((await configiq('catalog', 'remove', String(imported.imported.id))).code).toBe(0);
    const checked = await configiq('catalog', 'check');
    expect(checked.stderr).toContain('configiq catalog restore nvidia-z9 tdp_watts');
    expect((await configiq('catalog', 'restore', 'nvidia-z9', 'tdp-watts')).code).toBe(0);
    expect((await configiq('catalog', 'check')).stderr).not.toContain('nvidia-z9');
    expect((await configiq('catalog', 'restore', 'nvidia-z9')).stderr).toMatch(/Unknown GPU/);
  });

  it('the export is a file that an import takes and that changes nothing', async () => {
    const path = inHome('all.json');
    expect((await configiq('catalog', 'export', '--output', path)).code).toBe(0);
    expect(readFileSync(path, 'utf8')).toMatch(/"schema_version": 1/);
    expect(json(await configiq('catalog', 'diff', path, '--json'))).toMatchObject({
      change_count: 0,
      problem_count: 0,
    });
  });
});
