import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExplainDocument, SizeDocument } from '../../src-worker/protocol/documents.ts';
import { askConfigiq } from './command.ts';

// A sheet of prices by zone, from its import to the answers, the catalog commands and the way out and in again.
const home = mkdtempSync(join(tmpdir(), 'configiq-zones-'));
const configiq = (...args: string[]) => askConfigiq(args, home);

/** One instance of a provider that only this file knows: two zones, the first dear on demand, the second as spot. */
const SHEET = [
  'InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,AvailabilityZone',
  'x1.large,L40S,1.0,16.0,128.0,,6.0,1.5,us-x1,us-x1-a',
  'x1.large,L40S,1.0,16.0,128.0,,5.0,2.0,us-x1,us-x1-b',
  'x1.large,L40S,1.0,16.0,128.0,,5.5,,us-x1,us-x1-c',
  '',
].join('\n');

const QUESTION = ['-m', 'meta-llama/Llama-3.1-8B-Instruct', '-u', '5', '--provider', 'vast'];

beforeAll(async () => {
  mkdirSync(join(home, 'vast'));
  writeFileSync(join(home, 'vast', 'vms.csv'), SHEET);
  const { code, stderr } = await configiq('catalog', 'import', join(home, 'vast', 'vms.csv'));
  expect([code, stderr]).toEqual([0, '']);
}, 120_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

async function answered(...args: string[]): Promise<SizeDocument> {
  const { stdout } = await configiq('size', ...QUESTION, '--json', ...args);
  return JSON.parse(stdout) as SizeDocument;
}

describe('prices by zone', () => {
  it.each([
    ['us-x1-a', 'ondemand', 6],
    ['us-x1-b', 'ondemand', 5],
    ['us-x1-c', 'ondemand', 5.5],
    ['us-x1-a', 'spot', 1.5],
    ['us-x1-b', 'spot', 2],
  ])('in %s %s costs %d an hour', async (zone, pricing, usdPerHour) => {
    const { recommendations } = await answered('--zone', zone, '--pricing', pricing);
    expect(recommendations).toMatchObject([
      { zone, region: 'us-x1', cost: { usd_per_hour_instance: usdPerHour, price_zones: null } },
    ]);
  });

  it('a zone without a spot price says so, though others of its region have one', async () => {
    const { excluded, recommendations } = await answered('--zone', 'us-x1-c', '--pricing', 'spot');
    expect(recommendations).toEqual([]);
    expect(excluded).toMatchObject([
      { reason: 'spot_unknown', detail: 'No spot price of vast x1.large is known for us-x1-c.' },
    ]);
  });

  it.each([
    ['ondemand', 5, 'us-x1-b'],
    ['spot', 1.5, 'us-x1-a'],
  ])('without a zone %s is the lowest of the region, and its zone is named', async (pricing, usdPerHour, zone) => {
    const { recommendations } = await answered('--pricing', pricing);
    expect(recommendations).toMatchObject([
      { zone: null, cost: { usd_per_hour_instance: usdPerHour, price_zones: [zone] } },
    ]);
    const report = await configiq('size', ...QUESTION, '--pricing', pricing);
    expect(report.stdout).toContain(`us-x1, in ${zone} at this price`);
    const explained = await configiq('explain', 'usd_per_hour', ...QUESTION, '--pricing', pricing, '--json');
    const { explanations } = JSON.parse(explained.stdout) as ExplainDocument;
    const sources = explanations.flatMap(({ inputs, parts }) => [...inputs, ...parts].map(({ source }) => source));
    expect(sources.join()).toContain(`${zone} of us-x1`);
  });

  it('a sweep over zones has the price of each', async () => {
    const file = join(home, 'rows.csv');
    const swept = await configiq('sweep', ...QUESTION, '--zone', 'us-x1-a,us-x1-b', '--export', file);
    expect(swept.code).toBe(0);
    const [header = '', ...lines] = readFileSync(file, 'utf8').trim().split('\n');
    const names = header.split(',');
    const cell = (line: string, name: string): string => line.split(',')[names.indexOf(name)] ?? '';
    expect(lines.map((line) => [cell(line, 'zone'), Number(cell(line, 'cost_usd_per_hour_instance'))])).toEqual([
      ['us-x1-a', 6],
      ['us-x1-b', 5],
    ]);
  });

  it('catalog show and catalog zones tell them apart', async () => {
    const shown = await configiq('catalog', 'show', 'vast/x1.large');
    expect(shown.stdout).toMatch(/us-x1 +\$5\.0000 +\$1\.5000/);
    expect(shown.stdout).toMatch(/only us-x1-a +\$6\.0000 +\$1\.5000/);
    expect(shown.stdout).toMatch(/only us-x1-b +\$5\.0000 +\$2\.0000/);
    const zones = await configiq('catalog', 'zones', 'vast');
    expect(zones.stdout).toMatch(
      /us-x1-a: x1\.large\n +prices of its own: x1\.large \$6\.00\/h on demand, \$1\.50\/h spot/,
    );
  });

  it('a correction of the region is the price of every zone, until it is taken back', async () => {
    const corrected = await configiq('catalog', 'correct', 'vast/x1.large/us-x1', 'on_demand_usd_per_hour', '4.5');
    expect(corrected.code).toBe(0);
    for (const zone of ['us-x1-a', 'us-x1-b']) {
      const { recommendations } = await answered('--zone', zone);
      expect(recommendations[0]?.cost.usd_per_hour_instance).toBe(4.5);
      const spot = await answered('--zone', zone, '--pricing', 'spot');
      expect(spot.recommendations[0]?.cost.usd_per_hour_instance).toBe(zone === 'us-x1-a' ? 1.5 : 2);
    }
    expect((await configiq('catalog', 'restore', 'vast/x1.large/us-x1')).code).toBe(0);
    expect((await answered('--zone', 'us-x1-a')).recommendations[0]?.cost.usd_per_hour_instance).toBe(6);
  });

  it('an export brings them back as they were', async () => {
    const file = join(home, 'out.json');
    expect((await configiq('catalog', 'export', '--provider', 'vast', '--output', file)).code).toBe(0);
    const before = await answered('--zone', 'us-x1-a');
    expect((await configiq('catalog', 'remove', '1')).code).toBe(0);
    expect((await configiq('catalog', 'import', file)).code).toBe(0);
    const after = await answered('--zone', 'us-x1-a');
    expect(after.recommendations[0]?.cost.usd_per_hour).toBe(before.recommendations[0]?.cost.usd_per_hour);
    const table = await configiq('catalog', 'export', '--provider', 'vast', '--format', 'csv');
    expect(table.stdout).toContain('us-x1-a 6 1.5; us-x1-b 5 2; us-x1-c 5.5 -');
  });
});
