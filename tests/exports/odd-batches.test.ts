import { DuckDBInstance } from '@duckdb/node-api';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { entryColumns } from '../../src-main/exports/entry-columns.ts';
import { cellsOf, NO_TEXT, pickedRows, plainBatch, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { starBatch } from '../store/star-sample.ts';
import { columnsOf, exported } from './sample.ts';

type Row = Record<string, number | string | null>;

function storedRows(batches: readonly ColumnBatch[], names: readonly string[]): Row[] {
  return batches.flatMap((batch) => {
    const read = names.map((name) => [name, cellsOf(batch, name)] as const);
    return Array.from({ length: batch.rows }, (_, row) =>
      Object.fromEntries(read.map(([name, at]) => [name, at(row)])),
    );
  });
}

const parquetRows = (bytes: Buffer): Promise<Row[]> =>
  parquetReadObjects({ file: new Uint8Array(bytes).buffer }) as Promise<Row[]>;

/** Long texts, each of one row, with some missing: plain values of several pages. */
const longTexts = (rows: number): ColumnBatch =>
  plainBatch(
    rows,
    ['id', 'usd_per_hour'],
    { usd_per_hour: new Float64Array(rows).fill(Number.NaN) },
    {
      id: {
        codes: Uint32Array.from({ length: rows }, (_, row) => (row % 5 === 0 ? NO_TEXT : row)),
        dictionary: Array.from({ length: rows }, (_, row) => `模型 ${row} `.repeat(40)),
      },
    },
  );

/** Tables so large that their pairs are looked up, each pair of three rows. */
function largeTables(rows: number): ColumnBatch {
  const entries = rows / 3;
  const table = (column: string) => ({
    entries,
    keys: Uint32Array.from({ length: rows }, (_, row) => (column === 'price' ? row % entries : (row * 5) % entries)),
    numbers: { [column]: Float64Array.from({ length: entries }, (_, entry) => Math.sqrt(entry)) },
    texts: {},
  });
  return {
    rows,
    order: ['usd_per_hour'],
    tables: [table('price'), table('instances')],
    products: { usd_per_hour: ['price', 'instances'] },
    joined: {},
  };
}

const CASES: [string, ColumnBatch[]][] = [
  ['no batch', []],
  ['an empty batch and one row', [starBatch(0), starBatch(1)]],
  ['pairs that most rows have to themselves', [starBatch(500)]],
  ['a batch of which few rows were picked', [pickedRows(starBatch(90_000), [89_999, 17, 17, 3])]],
  ['pairs of tables of many entries', [largeTables(9000)]],
  ['several batches a group, pages of plain numbers', [starBatch(59_999), starBatch(75_000, 2)]],
  ['long texts, and no number at all', [longTexts(6000)]],
  ['a batch that lacks columns of the first', [starBatch(300), longTexts(300)]],
];

test.each(CASES)('Parquet, %s: every cell is the stored one', async (_, batches) => {
  const columns = columnsOf(batches[0] ?? starBatch(1));
  const names = columns.map(({ name }) => name);
  const rows = await parquetRows(exported('parquet', columns, batches));
  const stored = storedRows(batches, names);
  expect(rows.length).toBe(stored.length);
  const different = rows.findIndex((row, place) => names.some((name) => row[name] !== stored[place]?.[name]));
  expect([different, rows[different]]).toEqual([-1, undefined]);
});

// Written a batch at a time: what several together are is no case of theirs.
test.each(CASES.filter(([, batches]) => batches.every(({ rows }) => rows < 10_000)))(
  'NDJSON, %s: every cell is the stored one',
  (_, batches) => {
    const columns = columnsOf(batches[0] ?? starBatch(1));
    const stored = storedRows(
      batches,
      columns.map(({ name }) => name),
    );
    const lines = exported('ndjson', columns, batches).toString().split('\n').slice(0, -1);
    const different = lines.findIndex((line, place) => line !== JSON.stringify(stored[place]));
    expect([lines.length, different]).toEqual([stored.length, -1]);
  },
);

test('row groups have at least 60,000 rows, and bounds that hold what they have', async () => {
  const batches = [starBatch(59_999), starBatch(75_000, 2), starBatch(70_000, 3), starBatch(5, 4)];
  const bytes = exported('parquet', columnsOf(starBatch(1)), batches);
  const { row_groups: groups } = parquetMetadata(new Uint8Array(bytes).buffer);
  expect(groups.map(({ num_rows: rows }) => Number(rows))).toEqual([134_999, 70_000, 5]);
  const rows = await parquetRows(bytes);
  let from = 0;
  for (const { columns, num_rows: count } of groups) {
    const own = rows.slice(from, from + Number(count));
    from += Number(count);
    for (const { meta_data: data } of columns) {
      const [name = ''] = data?.path_in_schema ?? [];
      const values = own.map((row) => row[name]).filter((value) => value !== null && value !== undefined);
      const { null_count: nulls, min_value: least, max_value: most } = data?.statistics ?? {};
      expect(Number(nulls)).toBe(own.length - values.length);
      if (typeof values[0] !== 'number') continue;
      expect(least).toBe(values.reduce((one, other) => (one < other ? one : other)));
      expect(most).toBe(values.reduce((one, other) => (one > other ? one : other)));
    }
  }
});

test('DuckDB reads plain pages, dictionaries and bounds of texts', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'configiq-parquet-'));
  const path = join(folder, 'rows.parquet');
  const batches = [starBatch(59_999), starBatch(75_000, 2), longTexts(20_000)];
  const columns = columnsOf(starBatch(1));
  writeFileSync(path, exported('parquet', columns, batches));
  const stored = storedRows(
    batches,
    columns.map(({ name }) => name),
  );
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const ask = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjects()[0] ?? {};
    const last = stored.findLast(({ id }) => id !== null)?.['id'];
    expect(
      await ask(
        `SELECT count(*)::INTEGER AS n, count(id)::INTEGER AS ids, sum(latency) AS latency, sum(usd_per_hour) AS usd, ` +
          `count(*) FILTER (id = '${String(last)}')::INTEGER AS lasts FROM '${path}'`,
      ),
    ).toEqual({
      n: stored.length,
      ids: stored.filter(({ id }) => id !== null).length,
      latency: expect.closeTo(sum(stored, 'latency'), 6) as number,
      usd: expect.closeTo(sum(stored, 'usd_per_hour'), 1) as number,
      lasts: 1,
    });
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(folder, { recursive: true });
  }
});

const sum = (rows: readonly Row[], name: string): number =>
  rows.reduce((total, row) => total + Number(row[name] ?? 0), 0);

test('columns of the same tables share their pairs, and rows have few of them', () => {
  const batch = {
    ...starBatch(90_000),
    products: { usd_per_hour: ['price', 'instances'], twice: ['price', 'instances'] },
  };
  const columnOf = entryColumns(batch as unknown as ColumnBatch);
  const [one, other, id] = [columnOf('usd_per_hour'), columnOf('twice'), columnOf('id')];
  expect(one?.table).toBe(other?.table);
  expect(one?.table).toBe(id?.table);
  // Keys go on by seven, so that they reach 100 of the 700 deployments and meet the 200 offers in 200 pairs.
  expect(one?.table.entries).toBe(200);
  expect(columnOf('nothing')).toBeNull();
});
