import { DuckDBInstance } from '@duckdb/node-api';
import Database from 'better-sqlite3';
import { parse } from 'csv-parse/sync';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportHeader } from '../../src-main/exports/header.ts';
import { cellsOf } from '../../src-worker/protocol/columns.ts';
import { unneutralized } from '../../src-worker/protocol/csv-text.ts';
import { EXPORT_FORMATS } from '../../src-worker/protocol/export-formats.ts';
import { columnsOf, exported, realBatches, run } from './sample.ts';

type Row = Record<string, number | string | null>;

const batches = realBatches();
const [first] = batches;
if (!first) throw new Error('no rows');
const columns = columnsOf(first);
const numbers = columns.filter(({ type }) => type === 'number').map(({ name }) => name);

/** Read cell by cell, as everything else reads batches. */
const stored: Row[] = batches.flatMap((batch) => {
  const read = columns.map(({ name }) => [name, cellsOf(batch, name)] as const);
  return Array.from({ length: batch.rows }, (_, row) => Object.fromEntries(read.map(([name, at]) => [name, at(row)])));
});

const folder = mkdtempSync(join(tmpdir(), 'configiq-exports-'));
const fileOf = (format: string) => join(folder, `rows.${format}`);
const quoted = (path: string) => `'${path.replaceAll("'", "''")}'`;

beforeAll(() => {
  for (const format of EXPORT_FORMATS) writeFileSync(fileOf(format), exported(format, columns, batches));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** In the order of the rows, as the databases add. */
function sumsOf(rows: readonly Row[]): Record<string, number> {
  return Object.fromEntries(numbers.map((name) => [name, rows.reduce((sum, row) => sum + Number(row[name] ?? 0), 0)]));
}

function expectSameSums(given: Record<string, unknown>): void {
  for (const [name, sum] of Object.entries(sumsOf(stored))) {
    // Databases add in several accumulators: another order of a sum, nothing else.
    expect(Math.abs(Number(given[name] ?? 0) - sum), name).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(sum)));
  }
}

function csvRows(): Row[] {
  // A quoted empty cell is an empty text, a bare one no value.
  const cast = (text: string, { quoting }: { quoting: boolean }) => (text === '' && !quoting ? null : text);
  const csv = exported('csv', columns, batches);
  const records = parse(csv, { columns: true, cast }) as unknown as Record<string, string | null>[];
  return records.map((record) =>
    Object.fromEntries(
      columns.map(({ name, type }) => {
        const text = record[name] ?? null;
        if (text === null) return [name, null];
        return [name, type === 'number' ? Number(text) : unneutralized(text)];
      }),
    ),
  );
}

test('the rows have what makes reading hard: several units, products, joined texts, refusals, texts with commas', () => {
  expect(batches.length).toBeGreaterThan(1);
  expect(stored.length).toBeGreaterThan(1000);
  expect(stored.some((row) => row['cost_usd_per_hour'] !== null && row['id'] !== null)).toBe(true);
  expect(stored.some((row) => row['reason'] !== null && String(row['detail']).includes(','))).toBe(true);
});

test('the four formats agree with the batches cell for cell', async () => {
  expect(csvRows()).toEqual(stored);
  expect((JSON.parse(exported('json', columns, batches).toString()) as { rows: Row[] }).rows).toEqual(stored);
  const lines = exported('ndjson', columns, batches).toString().trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as Row)).toEqual(stored);
  const file = await asyncBufferFromFile(fileOf('parquet'));
  expect(await parquetReadObjects({ file })).toEqual(stored);
});

test('the metadata of Parquet is the header, key by key, with units and without a clock', async () => {
  const metadata = await parquetMetadataAsync(await asyncBufferFromFile(fileOf('parquet')));
  const given = Object.fromEntries(
    (metadata.key_value_metadata ?? []).map(({ key, value }) => [key, JSON.parse(value ?? '') as unknown]),
  );
  const header = exportHeader(run, columns);
  expect(given).toEqual(Object.fromEntries(Object.entries(header).map(([key, value]) => [`configiq.${key}`, value])));
  expect(header.units).toMatchObject({
    cost_usd_per_hour: 'USD/h',
    ttft_ms_p95: 'ms',
    sla_ttft_p95_ms: 'ms',
  });
  expect(Number(metadata.num_rows)).toBe(stored.length);
  expect(JSON.stringify(given)).not.toContain(run.createdAt);
});

test('in SQLite the CSV has the same sums', () => {
  const db = new Database(':memory:');
  try {
    db.exec(
      `CREATE TABLE rows (${columns.map(({ name, type }) => `"${name}" ${type === 'number' ? 'REAL' : 'TEXT'}`).join(', ')})`,
    );
    const insert = db.prepare(`INSERT INTO rows VALUES (${columns.map(() => '?').join(', ')})`);
    const records = parse(exported('csv', columns, batches), { from: 2 });
    db.transaction(() => {
      for (const record of records) insert.run(record.map((text) => (text === '' ? null : text)));
    })();
    const sums = db
      .prepare(`SELECT ${numbers.map((name) => `sum("${name}") AS "${name}"`).join(', ')} FROM rows`)
      .get();
    expectSameSums(sums as Record<string, unknown>);
  } finally {
    db.close();
  }
});

test('DuckDB reads all four by itself, with the same sums, counts and texts', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const sources = {
      csv: `read_csv(${quoted(fileOf('csv'))}, sample_size = -1)`,
      json: `(SELECT unnest(rows, recursive := true) FROM read_json(${quoted(fileOf('json'))}, maximum_object_size = 1000000000))`,
      ndjson: `read_json(${quoted(fileOf('ndjson'))}, format = 'newline_delimited', sample_size = -1)`,
      parquet: `read_parquet(${quoted(fileOf('parquet'))})`,
    };
    for (const [format, source] of Object.entries(sources)) {
      const sums = numbers.map((name) => `sum(TRY_CAST("${name}" AS DOUBLE)) AS "${name}"`).join(', ');
      const reader = await connection.runAndReadAll(
        `SELECT ${sums}, count(*)::INTEGER AS all_rows, count(DISTINCT "id")::INTEGER AS ids, count("detail")::INTEGER AS details FROM ${source}`,
      );
      const [row = {}] = reader.getRowObjects();
      expectSameSums(row);
      expect({ format, rows: row['all_rows'], ids: row['ids'], details: row['details'] }).toEqual({
        format,
        rows: stored.length,
        ids: new Set(stored.map(({ id }) => id).filter((id) => id !== null)).size,
        details: stored.filter(({ detail }) => detail !== null).length,
      });
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
});
