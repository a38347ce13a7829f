import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, describe, expect, it } from 'vitest';
import type { ExplainDocument, SizeDocument, SweepPlanDocument } from '../../src-worker/protocol/documents.ts';
import { askConfigiq, type Ended } from './command.ts';

const home = mkdtempSync(join(tmpdir(), 'configiq-own-'));
const configiq = (...args: string[]): Promise<Ended> => askConfigiq(args, home);
const QUESTION = ['-m', 'meta-llama/Llama-3.1-8B-Instruct', '-u', '50'];

function file(name: string, content: unknown): string {
  const path = join(home, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('configiq size on own hardware', () => {
  it('sizes one machine by options, without a price and with one', async () => {
    const machine = [
      '--gpu-type',
      'l4',
      '--gpu-count',
      '2',
      '--vcpus',
      '24',
      '--memory-gb',
      '96',
      '--config-name',
      'desk',
    ];
    const [report, json, priced] = await Promise.all([
      configiq('size', ...QUESTION, ...machine),
      configiq('size', ...QUESTION, ...machine, '--json'),
      configiq('size', ...QUESTION, ...machine, '--price-per-hour', '1.25', '--json'),
    ]);
    expect([report.code, report.stderr, json.code, priced.code]).toEqual([0, '', 0, 0]);
    expect(report.stdout).toContain('Hardware: own: desk (2 × l4, no price)');
    expect(report.stdout).toMatch(/PASSING: 1 of 1 configuration, fewest GPUs first/);
    expect(report.stdout).toMatch(/1 × desk \(own\) +no price/);
    expect(report.stdout).toContain('Provider: own hardware');
    expect(report.stdout).toContain('No cost: own hardware, no price.');
    expect(report.stdout).not.toMatch(/NaN|undefined|\$/);
    const [row] = (JSON.parse(json.stdout) as SizeDocument).recommendations;
    expect(row).toMatchObject({
      id: expect.stringMatching(/^own\/desk\/own\/tp/) as string,
      cost_reason: 'own_hardware',
    });
    const [paid] = (JSON.parse(priced.stdout) as SizeDocument).recommendations;
    expect([paid?.cost.usd_per_hour_instance, paid?.cost_reason]).toEqual([1.25, null]);
    expect(paid?.capacity_requests_per_s).toBe(row?.capacity_requests_per_s);
  });

  it('says no without prices on demand, and names the one machine once', async () => {
    const asked = ['size', '-m', 'meta-llama/Llama-3.1-70B-Instruct', '-u', '5', '--gpu-type', 'l4'];
    const { code, stdout } = await configiq(...asked);
    expect(code).toBe(3);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'NO ANSWER: the one configuration does not serve 5 users with meta-llama/Llama-3.1-70B-Instruct within the targets.',
    );
    expect(stdout).not.toContain('Nearest misses');
  });

  it('reads machines from a file, in either spelling, and prints them as CSV', async () => {
    const configs = file('configs.json', {
      configs: [
        {
          name: 'rack',
          gpu_type: 'nvidia-h100-80gb',
          gpu_count: 8,
          vcpus: 192,
          memory_gb: 2048,
          interconnect: 'nvswitch',
        },
        { config_name: 'desk', gpu: 'l4', gpu_count: 2, gpu_vram_gb: 24, price_per_hour: 0.5 },
        { gpu_type: 'nvidia-h100-80gb', gpu_count: 0.5 },
      ],
    });
    const { code, stdout, stderr } = await configiq(
      'size',
      ...QUESTION,
      '--configs-file',
      configs,
      '--csv',
      '--top',
      '9',
    );
    expect([code, stderr]).toEqual([0, '']);
    const rows = parse<Record<string, string>>(stdout, { columns: true, bom: true });
    expect(rows.map(({ instance }) => instance)).toEqual(['desk', 'nvidia-h100-80gb-0.5x', 'rack']);
    expect(rows.map(({ cost_usd_per_hour: cost, cost_reason: reason }) => [cost, reason])).toEqual([
      ['0.5', ''],
      ['', 'own_hardware'],
      ['', 'own_hardware'],
    ]);
  });

  it.each([
    [['--gpu-type', 'h10'], 2, /Unknown GPU "h10": did you mean "nvidia-h100-80gb"/],
    [['--gpu-count', '2'], 2, /--gpu-count belongs to own hardware: say which GPU it has with --gpu-type/],
    [['--gpu-type', 'l4', '--gpu-count', '1.5'], 2, /a share below 1/],
    [['--gpu-type', 'l4', '--gpu-count', 'two'], 2, /--gpu-count takes a number/],
    [['--gpu-type', 'l4', '--gpu-vram-gb', '24576'], 2, /24576 GB .* 24 GiB: give GB of one GPU/],
    [['--gpu-type', 'l4', '--interconnect', 'nvlink'], 2, /NVIDIA L4 does not have the link "nvlink"/],
    [['--gpu-type', 'l4', '--interconnect', 'rope'], 2, /--interconnect does not know "rope"/],
    [['--gpu-type', 'l4', '--price-per-hour', '0'], 2, /--price-per-hour must be above 0/],
    [['--gpu-type', 'l4', '--config-name', 'a/b'], 2, /--config-name.*slashes/],
    [['--gpu-type', 'l4', '--pricing', 'spot'], 2, /Own hardware is not rented, and pricing spot says nothing of it/],
    [['--gpu-type', 'l4', '--zone', 'us-central1-a'], 2, /zone "us-central1-a"/],
    [['--gpu-type', 'l4', '--configs-file', 'x.json'], 2, /leave --gpu-type out, or the file/],
    [['--gpu-type', 'nvidia-t4'], 3, /^$/],
  ] as const)('%j', async (args, code, sentence) => {
    const ended = await configiq('size', ...QUESTION, ...args);
    expect(ended.code).toBe(code);
    expect(ended.stderr.trim()).toMatch(sentence);
  });

  it.each([
    ['{"configs": [', /JSON/],
    [{ machines: [] }, /there is no list "configs"/],
    [{ configs: [] }, /the list "configs" is empty/],
    [{ configs: ['box'] }, /configs\[0\]: must be an object/],
    [{ configs: [{ name: 'a', gpu_count: 2 }] }, /configs\[0\] \("a"\), gpu_type: is missing/],
    [
      { configs: [{ gpu_type: 'l4' }, { name: 'b', gpu_type: 'l4', gpus: 2 }] },
      /configs\[1\] \("b"\), gpus: is no field/,
    ],
    [
      { configs: [{ name: 'b', gpu_type: 'l4', gpu_count: '2' }] },
      /configs\[0\] \("b"\), gpu_count: must be a number, got "2"/,
    ],
    [{ configs: [{ name: 'b', gpu_type: 'l4', gpu: 'l4' }] }, /gpu: says the same as "gpu_type"/],
    [
      {
        configs: [
          { gpu_type: 'l4', name: 'a' },
          { gpu_type: 'h10', name: 'b' },
        ],
      },
      /configs\[1\] \("b"\), gpu_type: unknown GPU "h10"/,
    ],
    [
      {
        configs: [
          { gpu_type: 'l4', name: 'a' },
          { gpu_type: 'l4', config_name: 'A' },
        ],
      },
      /configs\[1\] \("A"\), config_name: "A" names two machines/,
    ],
    [{ configs: [{ gpu_type: 'l4', name: 'a', gpu_vram_gb: 24576 }] }, /configs\[0\] \("a"\), gpu_vram_gb: 24576 GB/],
  ])('a bad file names the entry and the field: %j', async (content, sentence) => {
    const path = file('bad.json', content);
    const ended = await configiq('size', ...QUESTION, '--configs-file', path);
    expect(ended.code).toBe(4);
    expect(ended.stderr).toContain(path);
    expect(ended.stderr).toMatch(sentence);
  });

  it('a file that is not there is a file error too', async () => {
    expect(await configiq('size', ...QUESTION, '--configs-file', join(home, 'nowhere.json'))).toMatchObject({
      code: 4,
    });
  });
});

describe('own hardware elsewhere', () => {
  const machine = ['--gpu-type', 'nvidia-a100-80gb', '--gpu-count', '4', '--interconnect', 'nvswitch'];

  it('explain says that no price was given; a saved answer explains itself without the options', async () => {
    const saved = await configiq('size', ...QUESTION, ...machine, '--save', 'mine');
    expect(saved.code).toBe(0);
    const [run = ''] = /(?<=run )\d+/.exec(saved.stderr) ?? [];
    const [here, stored] = await Promise.all([
      configiq('explain', ...QUESTION, ...machine, '--json'),
      configiq('explain', run, '1', '--json'),
    ]);
    expect([here.code, stored.code]).toEqual([0, 0]);
    const explanations = (text: string) => (JSON.parse(text) as ExplainDocument).explanations;
    expect(explanations(stored.stdout)).toEqual(explanations(here.stdout));
    const cost = explanations(here.stdout).find(({ metric }) => metric === 'usd_per_hour');
    expect([cost?.value, cost?.assumptions]).toEqual([null, ['No price was given.']]);
  });

  it('sweeps over users and GPUs; a zone axis is refused', async () => {
    const configs = file('two.json', {
      configs: [
        { name: 'a', gpu_type: 'nvidia-l4', gpu_count: 2 },
        { name: 'b', gpu_type: 'nvidia-a100-80gb', gpu_count: 1 },
      ],
    });
    const rows = join(home, 'rows.csv');
    const sweep = ['sweep', '-m', 'meta-llama/Llama-3.1-8B-Instruct', '-u', '10,100', '--configs-file', configs];
    const [plan, run, zones] = await Promise.all([
      configiq(...sweep, '--dry-run', '--json'),
      configiq(...sweep, '--gpu', 'all', '--export', rows),
      configiq(...sweep, '--zone', 'all'),
    ]);
    expect((JSON.parse(plan.stdout) as SweepPlanDocument).instances).toBe(2);
    expect([run.code, zones.code]).toEqual([0, 2]);
    expect(run.stdout).not.toMatch(/NaN|undefined|\$0/);
    expect(zones.stderr).toMatch(/no zone/);
  });
});
