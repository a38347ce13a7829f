import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askConfigiq, ensureBuilt, type Ended } from './command.ts';

const SWEEP = 'sweep -m meta-llama/Llama-2-7b-hf --provider gcp --gpu l4 -q fp16'.split(' ');

let home: string;
beforeAll(() => {
  ensureBuilt();
  home = mkdtempSync(join(tmpdir(), 'configiq-kept-'));
}, 120_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

const configiq = (...args: string[]): Promise<Ended> => askConfigiq(args, home);
const sweep = (...args: string[]): Promise<Ended> => configiq(...SWEEP, ...args);

describe.runIf(existsSync('/dev/full'))('a file that cannot be written after a sweep', () => {
  test.each(['csv', 'cqshard'])('leaves the run, and says how its file is written: %s', async (ending) => {
    const path = join(home, `full.${ending}`);
    symlinkSync('/dev/full', path);
    const { code, stderr } = await sweep('-u', '1,2,3', '--export', path);
    expect(code).toBe(4);
    const run = /Run (\d+) is kept/.exec(stderr)?.[1];
    const goesOn = ending === 'csv' ? `configiq runs export ${run} FILE` : `configiq sweep resume ${run} --export FILE`;
    expect(stderr).toMatch(/the disk is full\. Free some space\.\nRun \d+ is kept: /);
    expect(stderr).toContain(`Run ${run} is kept: ${goesOn} writes it.`);
    const again = ending === 'csv' ? ['runs', 'export', `${run}`] : ['sweep', 'resume', `${run}`, '--export'];
    expect(await configiq(...again, join(home, `room.${ending}`))).toMatchObject({ code: 0 });
  });
});

test('a damaged run is exported as far as it goes with exit 4, resumed and exported whole', async () => {
  expect(await sweep('-u', '1..20:1', '--name', 'damaged')).toMatchObject({ code: 0 });
  const database = join(home, 'configiq.sqlite');
  const db = new Database(database);
  const id = String(db.prepare("SELECT id FROM run WHERE name = 'damaged'").pluck().get());
  db.prepare('DELETE FROM run_chunk WHERE run_id = ? AND seq = 1').run(id);
  db.close();
  const path = join(home, 'damaged.csv');
  const part = await configiq('runs', 'export', id, path);
  expect(part.code).toBe(4);
  expect(part.stderr).toMatch(
    new RegExp(`Run ${id} has lost \\d+ of its \\d+ rows; .*"configiq sweep resume ${id}" computes them again\\.`),
  );
  expect(await configiq('runs', 'show', id, '--csv')).toMatchObject({ code: 4 });
  expect(await configiq('sweep', 'resume', id)).toMatchObject({ code: 0 });
  const whole = await configiq('runs', 'export', id, path);
  expect(whole).toMatchObject({ code: 0, stderr: expect.not.stringContaining('lost') as string });
  expect(await configiq('runs', 'show', id, '--csv')).toMatchObject({ code: 0 });
});

test('a run whose question cannot be read is deleted by its number', async () => {
  expect(await sweep('-u', '1', '--name', 'unreadable')).toMatchObject({ code: 0 });
  const db = new Database(join(home, 'configiq.sqlite'));
  const id = String(db.prepare("SELECT id FROM run WHERE name = 'unreadable'").pluck().get());
  db.prepare("UPDATE run SET input = 'x' WHERE id = ?").run(id);
  db.close();
  expect((await configiq('runs', 'list')).stderr).toContain(`"configiq runs delete ${id}" removes it.`);
  const deleted = await configiq('runs', 'delete', id);
  expect(deleted).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`Deleted run ${id}, which could not be read`) as string,
  });
  expect((await configiq('runs', 'list')).stderr).toBe('');
});

test('a shard that nothing falls to says so, before and after', async () => {
  const words = /Shard \d of 4 has no points: a sweep is shared in pieces/;
  for (const more of [['--dry-run'], []]) {
    const all = await Promise.all([1, 2, 3, 4].map((index) => sweep('-u', '5', '--shard', `${index}/4`, ...more)));
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(all.filter(({ stderr }) => words.test(stderr))).toHaveLength(3);
  }
});

describe('refused on the command line', () => {
  test.each([
    [
      ['--sla', 'ttft-p95=200,300', '--sla', 'TTFT_P95=100'],
      /--sla ttft-p95 is given twice: give all its values at once, ttft-p95=200,300,100\./,
    ],
    [['--max-gpus', '1.5'], /--max-gpus takes a whole number, got 1\.5/],
    [['--max-gpus', '1.5,2'], /--max-gpus: 1\.5 is not possible: use whole numbers from 1 to 1000000000\./],
    [['--headroom', '10,150'], /--headroom: 150 is not possible: use numbers from 0 to 100\./],
    [['--headroom', '150'], /--headroom must be at most 100, got 150/],
    [['--pp', '0,2'], /--pp: 0 is not possible: use whole numbers from 1 to 1024\./],
    [['--sla', 'ttft-p95=0,100'], /--sla ttft-p95: 0 is not possible: use numbers from 0\.000001 to 1000000000\./],
    [['--prefix-hit-rate', '0.5,2'], /--prefix-hit-rate: 2 is not possible: use numbers from 0 to 1\./],
  ])('%j', async (options, sentence) => {
    const { code, stderr } = await sweep('-u', '10', ...options, '--dry-run');
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/Infinity/);
    expect(code).toBe(2);
  });

  test('a load that no one can be', async () => {
    const { code, stderr } = await sweep('-u', '1.5', '--dry-run');
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/--users: 1\.5 is not possible: use whole numbers from 1 to /),
    ]);
  });
});
