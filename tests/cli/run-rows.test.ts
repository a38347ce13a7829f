import { parse } from 'csv-parse/sync';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { databaseFile } from '../../src-main/services/data-folder.ts';
import { openStore } from '../../src-main/store/open.ts';
import { NO_TEXT, plainBatch } from '../../src-worker/protocol/columns.ts';
import { sweepSpecSchema } from '../../src-worker/protocol/requests.ts';
import { askConfigiq, ensureBuilt, runConfigiq } from './command.ts';

// Rows of our own making, so that what is printed hangs on neither catalogs nor calibration.

const COLUMNS = [
  'point_id',
  'users',
  'rank',
  'id',
  'gpu',
  'instances',
  'meets_sla',
  'ttft_ms_p95',
  'cost_usd_per_hour',
  'vllm_command',
  'reason',
  'detail',
];
const POINTS = 300;
const GPUS = ['nvidia-l4', 'nvidia-h100-80gb', 'amd-mi300x'];
const ROWS = POINTS * GPUS.length;

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'configiq-run-rows-'));
  const { store } = openStore(databaseFile(home));
  const input = sweepSpecSchema.parse({ base: { model: 'm' }, axes: { users: { from: 1, to: POINTS, step: 1 } } });
  const createdAt = '2026-01-05T09:00:00.000Z';
  const runId = store.createRun({ name: 'x', model: 'm', createdAt, owner: '', input, versions: {}, points: POINTS });
  store.appendChunk(runId, 0, rows(), { points: POINTS, passing: POINTS * 2 });
  store.finishRun(runId, { status: 'done', problems: [] });
  store.close();
});
afterAll(() => rmSync(home, { recursive: true }));

/** Three machines a point: the first two pass, the third is refused, with a text that a table and CSV must take care of. */
function rows() {
  const all = Array.from({ length: ROWS }, (_, row) => row);
  const users = (row: number) => 1 + Math.floor(row / GPUS.length);
  const place = (row: number) => row % GPUS.length;
  const ofPassing = (value: (row: number) => number) =>
    Float64Array.from(all, (row) => (place(row) < 2 ? value(row) : Number.NaN));
  return plainBatch(
    ROWS,
    COLUMNS,
    {
      point_id: Float64Array.from(all, (row) => users(row) - 1),
      users: Float64Array.from(all, users),
      rank: ofPassing((row) => 1 + place(row)),
      instances: ofPassing((row) => Math.ceil(users(row) / (place(row) === 0 ? 8 : 50))),
      meets_sla: Float64Array.from(all, (row) => Number(place(row) < 2)),
      ttft_ms_p95: ofPassing((row) => 40.25 + users(row) * (place(row) + 1)),
      cost_usd_per_hour: ofPassing((row) => (place(row) === 0 ? 0.7068 : 11.06) * Math.ceil(users(row) / 8)),
    },
    {
      id: { codes: Uint32Array.from(all, place), dictionary: ['g2/tp1', 'a3/tp1', 'mi/tp1'] },
      gpu: { codes: Uint32Array.from(all, place), dictionary: GPUS },
      vllm_command: { codes: new Uint32Array(ROWS), dictionary: ['vllm serve m'] },
      reason: { codes: Uint32Array.from(all, (row) => (place(row) < 2 ? NO_TEXT : 0)), dictionary: ['no_kernel'] },
      detail: { codes: Uint32Array.from(all, (row) => (place(row) < 2 ? NO_TEXT : 0)), dictionary: ['none, "yet"'] },
    },
  );
}

const asked = (...args: string[]) => askConfigiq(['runs', 'rows', '1', ...args], home);

async function jsonOf(...args: string[]) {
  const { code, stdout, stderr } = await asked(...args, '--json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as {
    total: number;
    offset: number;
    columns: string[];
    rows: Record<string, number | string | null>[];
  };
}

/**
 * `UPDATE_GOLDEN=1 npx vitest run --project node tests/cli/run-rows.test.ts` writes the golden file anew; its diff is read like
 * code.
 */
test('a table prints what its golden file holds, from the real program', async () => {
  ensureBuilt();
  const lines = [
    ['--best', '--sort', 'cost_usd_per_hour:desc', '--limit', '3'],
    ['--filter', 'users = 8..9', '--filter', 'gpu ~ nvidia'],
    ['--filter', 'gpu = amd-mi300x', '--limit', '2', '--offset', '298'],
    ['--columns', 'users,vllm_command', '--limit', '1'],
    ['--filter', 'users > 300'],
  ];
  let text = '';
  for (const line of lines) {
    const { code, stdout, stderr } = await runConfigiq(['runs', 'rows', '1', ...line], home);
    expect(stderr).toBe('');
    text += `$ configiq runs rows 1 ${line.map((part) => (part.includes(' ') ? `"${part}"` : part)).join(' ')}\n`;
    text += `${stdout}exit ${code}\n\n`;
  }
  const file = join(import.meta.dirname, 'golden/run-rows.txt');
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
}, 120_000);

test('JSON has every column but the long command, null where there is no value, and the count of what passes', async () => {
  const {
    total,
    offset,
    columns,
    rows: found,
  } = await jsonOf('--filter', 'users <= 2', '--offset', '1', '--limit', '2');
  expect([total, offset]).toEqual([6, 1]);
  expect(columns).toEqual(COLUMNS.filter((column) => column !== 'vllm_command'));
  expect(found.map(({ point_id, gpu, rank, reason }) => ({ point_id, gpu, rank, reason }))).toEqual([
    { point_id: 0, gpu: GPUS[1], rank: 2, reason: null },
    { point_id: 0, gpu: GPUS[2], rank: null, reason: 'no_kernel' },
  ]);
});

test('more rows than a page has come page by page, each once and in order', async () => {
  const { rows: found, total } = await jsonOf('--limit', '800', '--offset', '50', '--sort', 'users:desc');
  expect([found.length, total]).toEqual([800, ROWS]);
  const places = found.map(({ users, gpu }) => (POINTS - Number(users)) * GPUS.length + GPUS.indexOf(String(gpu)));
  expect(places).toEqual(Array.from({ length: 800 }, (_, row) => 50 + row));
});

test('CSV reads back as the JSON', async () => {
  const args = ['--limit', '5', '--columns', 'gpu,detail,cost_usd_per_hour'];
  const { code, stdout } = await asked(...args, '--csv');
  const records = parse(stdout, { columns: true }) as unknown as Record<string, string>[];
  const { rows: found } = await jsonOf(...args);
  expect(code).toBe(0);
  expect(records).toEqual(
    found.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, String(value ?? '')]))),
  );
});

test.each<[string, string[], string]>([
  [
    'an unknown column to sort by',
    ['--sort', 'cost'],
    'The run has no column "cost": did you mean "cost_usd_per_hour"?',
  ],
  ['an unknown column to filter', ['--filter', 'user > 3'], 'The run has no column "user": did you mean "users"?'],
  ['an unknown column to show', ['--columns', 'gpus'], 'The run has no column "gpus": did you mean "gpu"?'],
  [
    'a word for an operator',
    ['--filter', 'users above 3'],
    '--filter "users above 3": "above" is no operator, there are =, !=, <, <=, >, >=, ~ (~ = the words occur).',
  ],
  ['no such operator', ['--filter', 'users >> 3'], '--filter "users >> 3": ">>" is no operator'],
  ['no operator', ['--filter', 'users'], '--filter "users": has no operator'],
  ['no value', ['--filter', 'users >='], '--filter "users >=": a value is missing after >=.'],
  ['no column', ['--filter', '>= 3'], '--filter takes "COLUMN OPERATOR VALUE", such as "users >= 100", got ">= 3".'],
  ['a word where a number is compared', ['--filter', 'users >= many'], 'users: ">= many" is no condition. Try >=40'],
  ['numbers compared with texts', ['--filter', 'gpu > 3'], 'gpu: ">" compares numbers, and these are texts.'],
  ['a direction that there is not', ['--sort', 'users:down'], '--sort takes COLUMN, COLUMN:asc or COLUMN:desc'],
  [
    'no row',
    ['--limit', '0'],
    '--limit takes a whole number from 1 to 10,000 (runs export writes all of them), got 0.',
  ],
  ['half a row', ['--offset', '0.5'], '--offset takes a whole number from 0 on, got 0.5.'],
  ['two forms', ['--json', '--csv'], '--json and --csv exclude each other: keep one.'],
])('%s is refused in a sentence, as wrong usage', async (_, args, sentence) => {
  const { code, stdout, stderr } = await asked(...args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(`configiq: ${sentence}`);
  expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(3);
});

test('no run of that number is wrong usage, with where to look', async () => {
  const { code, stderr } = await askConfigiq(['runs', 'rows', '7'], home);
  expect([code, stderr]).toEqual([2, expect.stringContaining('There is no run 7')]);
});
