import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { PredictDocument } from '../../src-worker/protocol/documents.ts';
import { serveResult } from '../measurements/formats/serve-result.ts';
import { askConfigiq } from './command.ts';

// The way of the README: result files, a measurement file, a profile of one's own, answers with it, and back.

const home = mkdtempSync(join(tmpdir(), 'configiq-loop-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

async function answered(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await askConfigiq(args, home, {}, '', home);
  expect([code, stderr]).toEqual([0, code === 0 ? stderr : '']);
  return stdout;
}
const MODEL = ['--model', 'meta-llama/Llama-3.1-8B-Instruct', '--gpu', 'h100', '--tp', '1', '--quantization', 'bf16'];
const LOAD = ['--input-tokens', '1024', '--output-tokens', '128', '--concurrency', '16', '--json'];

async function predicted(): Promise<{ profile: string; tpot: number }> {
  const { versions, tpot_ms: tpot } = JSON.parse(
    await answered('predict', ...MODEL, ...LOAD, '--engine', 'vllm@0.11.0'),
  ) as PredictDocument;
  return { profile: versions.calibration, tpot: tpot.mean ?? 0 };
}

interface Listed {
  calibrations: { name: string; is_own: boolean; is_in_use: boolean }[];
}

async function profiles(): Promise<Listed['calibrations']> {
  return (JSON.parse(await answered('calibration', 'list', '--json')) as Listed).calibrations;
}

it('result files lead to a profile that answers are given with, and back', async () => {
  const files = [8, 16].map((concurrency) => {
    const name = `at-${concurrency}.json`;
    const rates = { output_throughput: concurrency * 32, total_token_throughput: concurrency * 32 * 9 };
    const rest = { request_throughput: concurrency / 4, duration: 800 / concurrency };
    writeFileSync(join(home, name), JSON.stringify(serveResult({ max_concurrency: concurrency, ...rates, ...rest })));
    return name;
  });
  const setup = ['--gpu', 'h100', '--tp', '1', '-q', 'bf16', '--engine', 'vllm@0.11.0'];
  await answered('import-benchmark', ...files, ...setup, '--output', 'rows.csv');
  const before = await predicted();
  expect(before.profile).toBe('default');

  const report = await answered('calibrate', '--measurements', 'rows.csv', '--name', 'our-h100', '--use');
  expect(report).toContain('Profile our-h100 from default');
  expect(report).toMatch(/after, on the same rows/);
  const after = await predicted();
  // The servers of these files take 30 ms a token.
  expect(after.profile).toBe('our-h100');
  expect(Math.abs(after.tpot - 30)).toBeLessThan(Math.abs(before.tpot - 30));
  expect((await profiles()).find(({ is_in_use: isInUse }) => isInUse)).toMatchObject({
    name: 'our-h100',
    is_own: true,
  });

  await answered('calibration', 'use', 'default');
  expect(await predicted()).toEqual(before);
  await answered('calibration', 'use', 'our-h100');
  const listed = await answered('calibration', 'list');
  expect(listed).toMatch(/our-h100: Profile default, moved to/);
  expect(Math.max(...listed.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  await answered('size', ...MODEL.slice(0, 2), '--users', '5', '--save');
  const removal = (await answered('calibration', 'remove', 'our-h100')).replaceAll('\n', ' ');
  expect(removal).toMatch(/forgotten\. Questions that name no profile are answered with default from now on\./);
  expect(removal).toMatch(/cannot be explained without a profile of that name/);
  expect(removal).toMatch(/configiq calibration restore our-h100 puts it back\./);
  const explained = await askConfigiq(['explain', '1', '1'], home, {}, '', home);
  expect(explained.code).toBe(2);
  expect(explained.stderr).toMatch(
    /Run 1 was answered with calibration profile "our-h100", which is not here any more: make it again under that name/,
  );
  expect(await predicted()).toEqual(before);
  expect((await profiles()).map(({ name }) => name)).not.toContain('our-h100');
  const restored = (await answered('calibration', 'restore', 'our-h100')).replaceAll('\n', ' ');
  expect(restored).toMatch(
    /^Profile our-h100, made \d{4}-\d\d-\d\d, is back\. Questions that name no profile are answered with our-h100\./,
  );
  expect(await predicted()).toEqual(after);

  const again = ['calibrate', 'rows.csv', '--name', 'our-h100', '--base', 'default'];
  const taken = await askConfigiq(again, home, {}, '', home);
  expect(taken.code).toBe(2);
  expect(taken.stderr).toMatch(
    /There is a calibration profile "our-h100" already, made \S+ and in use: choose another name \(--name\), or replace it \(--replace\)/,
  );
  await answered(...again, '--replace');
  expect((await answered('calibration', 'restore', 'our-h100')).replaceAll('\n', ' ')).toMatch(
    /is back\. The one it takes the place of can be put back in the same way\./,
  );
  const toFile = await askConfigiq([...again, '--replace', '--output', 'x.json'], home, {}, '', home);
  expect([toFile.code, toFile.stderr]).toEqual([
    2,
    'configiq: --replace is for a kept profile, and with --output none is kept: leave one of them out.\n',
  ]);
}, 120_000);

it('a profile that goes to a file is not put in use, and both together are refused', async () => {
  const args = ['calibrate', '--name', 'x', '--from-priors', '--use', '--output', 'x.json'];
  const { code, stderr } = await askConfigiq(args, home, {}, '', home);
  expect(code).toBe(2);
  expect(stderr).toContain('--use puts a kept profile in use, and with --output none is kept');
}, 60_000);

it('rows of which none can be used say why, with counts', async () => {
  writeFileSync(join(home, 'odd.json'), JSON.stringify(serveResult()));
  await answered('import-benchmark', 'odd.json', '--output', 'odd.csv');
  const { code, stderr } = await askConfigiq(
    ['calibrate', '--measurements', 'odd.csv', '--name', 'x'],
    home,
    {},
    '',
    home,
  );
  // A sound question without an answer, as `validate` ends where nothing can be judged.
  expect(code).toBe(3);
  expect(stderr).toMatch(/No measurement of these can be used: .+ \(1\)\./);
}, 60_000);

const ROW_COLUMNS =
  'point_id,model,gpu,tp,engine,engine_version,workload_kind,isl,osl,batch_or_concurrency,tpot_ms_mean,tpot_ms_p99,ttft_s_mean';
const row = (id: string, isl: string, mean: string, p99: string): string =>
  `${id},meta-llama/Llama-3.1-8B-Instruct,nvidia-h100-80gb,1,vllm,0.11.0,closed_loop,${isl},128,16,${mean},${p99},1`;
const rowsFile = (name: string, rows: readonly string[]): string => {
  writeFileSync(join(home, name), `${[ROW_COLUMNS, ...rows].join('\n')}\n`);
  return name;
};
const inHome = (...args: string[]) => askConfigiq(args, home, {}, '', home);

it('rows with percentiles alone can be judged and not be fitted: why, with a count', async () => {
  const file = rowsFile('p99.csv', [row('a', '1024', '', '15'), row('b', '1024', '', '16')]);
  expect((await inHome('validate', file)).code).toBe(0);
  const { code, stderr } = await inHome('calibrate', file, '--name', 'x');
  expect(code).toBe(3);
  expect(stderr).toMatch(/No mean, median or rate that can be judged is given, and a fit needs one \(2\)/);
}, 60_000);

it('the report names the first rows it skipped, with value and cure, and columns that were passed over', async () => {
  const file = rowsFile('some.csv', [
    row('a', '1024', '9', '15'),
    row('b', '2 x isl', '9', '15'),
    row('c', '', '9', ''),
  ]);
  const { code, stdout, stderr } = await inHome('validate', file);
  const report = stdout.replaceAll(/\s+/g, ' ');
  expect(code).toBe(0);
  expect(report).toContain('2 rows skipped:');
  expect(report).toContain('b: isl is "2 x isl", not a number: write the number alone, in the unit of the column');
  expect(report).toContain('c: no lengths: isl or osl is empty.');
  expect(stderr).toMatch(
    /some\.csv: The column "ttft_s_mean" is not known and was passed over: did you mean ttft_ms_mean\?/,
  );
}, 60_000);

it('thousands of rows show how far it is, and more than can be compared are refused', async () => {
  const many = Array.from({ length: 4500 }, (_, index) =>
    row(`p${index}`, String(500 + (index % 900)), (9 + Math.floor(index / 900) / 10).toFixed(1), ''),
  );
  const { code, stderr } = await inHome('validate', rowsFile('many.csv', many));
  expect(code).toBe(0);
  expect(stderr).toMatch(/Computing: (?:[1-4],)?[05]00 of 4,500 measurements/);
  const far = Array.from({ length: 500_001 }, (_, index) => row(`p${index}`, '500', '9', ''));
  const refused = await inHome('validate', rowsFile('far.csv', far));
  expect([refused.code, refused.stderr]).toEqual([
    4,
    'configiq: far.csv has 500,001 measurements, and at most 500,000 are compared at once: split it, or draw some of its rows.\n',
  ]);
  const half = rowsFile('half.csv', far.slice(0, 250_001));
  expect((await inHome('validate', half, half)).stderr).toContain(
    'What was given (2 files) has 500,002 measurements, and',
  );
}, 120_000);

it('a place that takes no file is refused before anything is computed', async () => {
  const file = rowsFile('one.csv', [row('a', '1024', '9', '15')]);
  for (const args of [
    ['validate', file, '-o'],
    ['calibrate', file, '--name', 'x', '-o'],
    ['calibrate', file, '--name', 'x', '--left-out'],
  ]) {
    const { code, stdout, stderr } = await inHome(...args, join(home, 'none', 'x.json'));
    expect([code, stdout]).toEqual([4, '']);
    expect(stderr).toMatch(/^configiq: Cannot write .*x\.json: there is no folder .*none\. Make it first\.\n$/);
    if (!existsSync('/proc')) continue;
    const virtual = await inHome(...args, '/proc/x');
    expect([virtual.code, virtual.stdout, virtual.stderr]).toEqual([
      4,
      '',
      'configiq: Cannot write /proc/x: the folder /proc takes no new file. Choose another place.\n',
    ]);
  }
}, 60_000);
