import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureBuilt, runConfigiq } from './command.ts';

// Sweeps that cannot be: the real program says in a sentence what is wrong and what to do, and computes nothing.

const MODEL = 'meta-llama/Llama-2-7b-hf';
let home: string;
beforeAll(() => {
  ensureBuilt();
  home = mkdtempSync(join(tmpdir(), 'configiq-bad-sweeps-'));
}, 120_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

async function expectRefused(args: string[], code: number, sentence: string): Promise<void> {
  const ended = await runConfigiq(args, home);
  expect([ended.code, ended.stdout]).toEqual([code, '']);
  expect(ended.stderr).toContain(`configiq: ${sentence}`);
  expect(ended.stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(3);
}

test.each<[string, string[], string]>([
  ['NaN', ['-u', 'NaN'], '--users: "NaN" is not a number or a range'],
  ['no value', ['-u', ''], '--users needs a value, got an empty text.'],
  ['a range without an end', ['-u', '1..'], '--users: "1.."'],
  [
    'an empty part',
    ['-u', '10', '-q', 'fp16,,fp8'],
    'quantization: "fp16,,fp8" has an empty part: write names with commas between them.',
  ],
  [
    '10^12 points',
    ['-u', '1..10000:1', '--headroom', '0..99.99:0.01', '--price-factor', '0.01..100:0.01'],
    'The sweep has 1,000,000,000,000 points (10,000 users x 10,000 headroom x 10,000 price_factor) and may have 10,000,000: narrow users',
  ],
])('%s in an option', (_, args, sentence) => expectRefused(['sweep', '-m', MODEL, ...args], 2, sentence), 60_000);

test.each<[string, string, string]>([
  ['NaN', '[NaN]', ' is not valid JSON: line 1, column 63: expected a value or "]", found "NaN" (field "users")'],
  ['what no double holds', '[1e999]', ': axes.users: must be a list of numbers or a range {from, to, step|factor}'],
  ['an axis without values', '[]', ': axes.users: must not be empty, got [].'],
  ['a place without values', '[1], "zone": []', ': axes.zone: must not be empty, got [].'],
])(
  '%s in a spec file',
  async (name, users, sentence) => {
    const file = join(home, `${name.replaceAll(' ', '-')}.json`);
    writeFileSync(file, `{"base":{"model":"${MODEL}"},"axes":{"users":${users}}}`);
    await expectRefused(['sweep', '--spec', file], 4, file + sentence);
  },
  60_000,
);

test('a shard of another spec is named, with the file it does not belong to, and nothing is stored', async () => {
  const shard = async (index: number, users: string): Promise<string> => {
    const file = join(home, `shard-${index}.cqshard`);
    const axes = ['--provider', 'gcp', '--gpu', 'l4', '-q', 'fp16', '-u', users];
    const args = ['sweep', '-m', MODEL, ...axes, '--shard', `${index}/2`, '--export', file, '--quiet'];
    expect(await runConfigiq(args, home)).toMatchObject({ code: 0, stderr: '' });
    return file;
  };
  const files = [await shard(1, '1..8:1'), await shard(2, '1..9:1')];
  const before = await runConfigiq(['runs', 'list'], home);
  await expectRefused(['sweep', 'merge', ...files], 2, `${files[1]} is of another sweep than ${files[0]}`);
  expect((await runConfigiq(['runs', 'list'], home)).stdout).toBe(before.stdout);
}, 60_000);
