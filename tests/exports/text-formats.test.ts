import { parse } from 'csv-parse/sync';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { cell, NO_TEXT, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { csvPieces, exportFileName, jsonPieces } from '../../src-main/services/run-export.ts';
import { exportedRun } from '../../src-main/services/run-view.ts';
import { thisProcess } from '../../src-main/services/owner.ts';
import { openStore } from '../../src-main/store/open.ts';
import type { StoredRun } from '../../src-main/store/store.ts';
import { temporaryFolder } from './service.ts';

const COLUMNS = ['point_id', 'cost', 'name'];
const NASTY = ['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '＝1', 'a,b', 'say "x"', 'two\nlines', ' plain ', '模型'];

const batch: ColumnBatch = {
  rows: NASTY.length + 1,
  order: COLUMNS,
  numbers: {
    point_id: Float64Array.from({ length: NASTY.length + 1 }, (_, row) => row),
    cost: Float64Array.from({ length: NASTY.length + 1 }, (_, row) => (row === 3 ? Number.NaN : -0.1 * row + 1e-12)),
  },
  texts: {
    name: { codes: Uint32Array.from([...NASTY.keys(), NO_TEXT]), dictionary: NASTY },
  },
};

const run: StoredRun = {
  id: 12,
  kind: 'sweep',
  name: 'x',
  model: 'meta-llama/Llama-3.1-8B',
  createdAt: '2026-01-05T09:00:00.000Z',
  status: 'cancelled',
  input: { base: { model: 'meta-llama/Llama-3.1-8B' }, axes: {} },
  versions: { configiq: '0.1.0' },
  points: 20,
  donePoints: 12,
  rows: batch.rows,
  passing: 1,
  problems: ['one point failed'],
  answer: null,
  usdPerHour: null,
};

describe('CSV', () => {
  const text = [...csvPieces(COLUMNS, [batch, batch])].join('');
  const records = parse(text, { columns: true }) as unknown as Record<string, string>[];

  test('read back, the numbers are the stored ones to the bit and missing cells are empty', () => {
    expect(records).toHaveLength(batch.rows * 2);
    records.forEach((record, index) => {
      const stored = cell(batch, 'cost', index % batch.rows);
      expect(record['cost']).toBe(stored === null ? '' : String(stored));
      if (stored !== null) expect(Number(record['cost'])).toBe(stored);
    });
    expect(records[3]?.['cost']).toBe('');
    expect(records[NASTY.length]?.['name']).toBe('');
  });

  test('texts that a spreadsheet would run are made texts, other texts and negative numbers are untouched', () => {
    const names = records.slice(0, NASTY.length).map((record) => record['name']);
    expect(names).toEqual([
      "'=1+1",
      "'+1",
      "'-1",
      "'@SUM(A1)",
      "'\tx",
      "'＝1",
      'a,b',
      'say "x"',
      'two\nlines',
      ' plain ',
      '模型',
    ]);
    expect(records[5]?.['cost']).toMatch(/^-0\.4/);
  });

  test('a run without rows is a header line', () => {
    expect([...csvPieces(COLUMNS, [])].join('')).toBe('point_id,cost,name\n');
  });
});

describe('JSON', () => {
  test('read back, every cell is the stored one, and a missing one is null', () => {
    const document = JSON.parse([...jsonPieces(run, COLUMNS, [batch, batch])].join('')) as Record<string, unknown>;
    expect(document).toMatchObject({
      schema_version: 1,
      kind: 'sweep',
      status: 'cancelled',
      input: run.input,
      versions: run.versions,
      points: 20,
      done_points: 12,
      columns: COLUMNS,
    });
    const rows = document['rows'] as Record<string, unknown>[];
    expect(rows).toHaveLength(batch.rows * 2);
    rows.forEach((row, index) => {
      for (const column of COLUMNS) expect(row[column]).toBe(cell(batch, column, index % batch.rows));
    });
  });

  test('it holds neither a date nor the number of the run', () => {
    const text = [...jsonPieces(run, COLUMNS, [])].join('');
    expect(JSON.parse(text)).toMatchObject({ rows: [] });
    expect(text).not.toContain('2026-01-05');
    expect(text).not.toMatch(/"id"/);
  });
});

test.each([
  ['meta-llama/Llama-3.1-8B', 'run-12-llama-3.1-8b-sweep.csv'],
  ['my model: v2/..', 'run-12-sweep.csv'],
  ['a/../../etc/passwd', 'run-12-passwd-sweep.csv'],
  ['模型', 'run-12-sweep.csv'],
])('the file name of a run of %s is %s', (model, name) => {
  expect(exportFileName({ ...run, model }, 'csv')).toBe(name);
});

test('a run too large for JSON is exported as CSV, and the refusal says so; one too large for both loses nothing', async () => {
  const { store } = openStore(join(temporaryFolder(), 'configiq.sqlite'));
  onTestFinished(() => {
    store.close();
  });
  const { name, model, createdAt, input, versions, points } = run;
  const owner = thisProcess;
  const id = store.createRun({ name, model, createdAt, owner, input, versions, points });
  store.appendChunk(id, batch, { donePoints: 1, passing: 0 });
  const exported = async (format: 'csv' | 'json', limit: number) =>
    (await exportedRun(store, id, format, (problem) => expect.fail(problem), limit)).text;

  const csv = await exported('csv', 1e6);
  expect((await exported('json', 1e6)).length).toBeGreaterThan(csv.length);
  expect(await exported('csv', csv.length)).toBe(csv);
  await expect(exported('json', csv.length)).rejects.toThrow(
    expect.objectContaining({
      family: 'file',
      code: 'export_too_large',
      message: expect.stringMatching(/as JSON has more than \d+ characters.*export it as CSV/) as string,
    }),
  );
  await expect(exported('csv', csv.length - 1)).rejects.toThrow(/as CSV has more than .*its rows are kept/);
});
