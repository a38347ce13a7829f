import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { EXPORT_FORMATS } from '../../src-worker/protocol/export-formats.ts';
import { cell, NO_TEXT, plainBatch, pickedRows, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { hasSidecar, sidecarText } from '../../src-main/exports/pieces.ts';
import { exportHeader } from '../../src-main/exports/header.ts';
import { columnsOf, exported, run } from './sample.ts';

const COLUMNS = ['point_id', 'cost', 'name'];
const NASTY = [
  '=1+1',
  '+1',
  '-1',
  '@SUM(A1)',
  '\tx',
  '＝1',
  'a,b',
  'say "x"',
  'two\nlines',
  'a\rb',
  ' plain ',
  '模型',
  '',
];
const ROWS = NASTY.length + 1;

const batch: ColumnBatch = plainBatch(
  ROWS,
  COLUMNS,
  {
    point_id: Float64Array.from({ length: ROWS }, (_, row) => row),
    cost: Float64Array.from({ length: ROWS }, (_, row) => (row === 3 ? Number.NaN : -0.1 * row + 1e-12)),
  },
  { name: { codes: Uint32Array.from([...NASTY.keys(), NO_TEXT]), dictionary: NASTY } },
);
const text = (format: 'csv' | 'json' | 'ndjson', batches: readonly ColumnBatch[]) =>
  exported(format, columnsOf(batch), batches).toString();

describe('CSV', () => {
  const records = parse(text('csv', [batch, batch]), { columns: true }) as unknown as Record<string, string>[];

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
    const expected = NASTY.map((name, index) => (index < 6 ? `'${name}` : name));
    expect(names).toEqual(expected);
    expect(records[5]?.['cost']).toMatch(/^-0\.4/);
  });

  test('an empty text is quoted, which tells it from no value', () => {
    expect(text('csv', [pickedRows(batch, [ROWS - 2, ROWS - 1])])).toMatch(/,""\n.*,\n$/);
  });

  test('a run without rows is a header line', () => {
    expect(text('csv', [])).toBe('point_id,cost,name\n');
  });

  test('one row at a time, in another order, or from a batch of picked rows, a row reads the same', () => {
    const lines = NASTY.map((_, row) => text('csv', [pickedRows(batch, [row])]).slice('point_id,cost,name\n'.length));
    expect(text('csv', [pickedRows(batch, [...NASTY.keys()].toReversed())])).toBe(
      `point_id,cost,name\n${lines.toReversed().join('')}`,
    );
  });
});

describe('JSON', () => {
  test('read back, every cell is the stored one, and a missing one is null', () => {
    const document = JSON.parse(text('json', [batch, batch])) as Record<string, unknown>;
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
    const document = text('json', []);
    expect(JSON.parse(document)).toMatchObject({ rows: [] });
    expect(document).not.toContain('2026-01-05');
    expect(document).not.toMatch(/"id"/);
  });
});

test('NDJSON has one object a line and nothing else', () => {
  const lines = text('ndjson', [batch]).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
    (JSON.parse(text('json', [batch])) as { rows: unknown[] }).rows,
  );
});

test('what stands beside CSV and NDJSON is the header of the JSON document', () => {
  const columns = columnsOf(batch);
  const head = JSON.parse(text('json', [batch])) as Record<string, unknown>;
  delete head['rows'];
  expect(JSON.parse(sidecarText(exportHeader(run, columns), 0))).toEqual(head);
  expect(EXPORT_FORMATS.filter(hasSidecar)).toEqual(['csv', 'ndjson']);
});

test('what a damaged run has lost stands beside its rows, and in the JSON document behind them', () => {
  const columns = columnsOf(batch);
  const whole = JSON.parse(text('json', [batch])) as Record<string, unknown>;
  expect(whole).not.toHaveProperty('missing_rows');
  const damaged = exported('json', columns, [batch], 1234).toString();
  expect(JSON.parse(damaged)).toEqual({ ...whole, missing_rows: 1234 });
  expect(JSON.parse(sidecarText(exportHeader(run, columns), 1234))).toMatchObject({ missing_rows: 1234 });
  expect(exported('csv', columns, [batch], 1234)).toEqual(exported('csv', columns, [batch]));
});
