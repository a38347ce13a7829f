import { statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import {
  cellsOf,
  isNumberColumn,
  pickedRows,
  type BatchTable,
  type ColumnBatch,
  type Keys,
} from '../../src-worker/protocol/columns.ts';
import { openStore } from '../../src-main/store/open.ts';
import type { StoredModel } from '../../src-main/store/store.ts';
import { llama, ownPrice, sizeRun, smallBatch, sweepRun } from './samples.ts';
import { starBatch } from './star-sample.ts';
import { newDatabase, openedStore } from './temporary.ts';

function fail(problem: string): never {
  throw new Error(problem);
}

/** Writes past the store, as a fault or another program would. */
function tamper(file: string, sql: string): void {
  const db = new Database(file);
  db.exec(sql);
  db.close();
}

test('what was stored is there after a restart', () => {
  const file = newDatabase();
  const first = openStore(file).store;
  first.saveModel(llama);
  const sweepId = first.createRun(sweepRun);
  first.appendChunk(sweepId, 0, smallBatch(1), { points: 1, passing: 1 });
  first.setAnswer(sweepId, { answer: '1 × p4d.24xlarge', usdPerHour: 3.673 });
  first.finishRun(sweepId, { status: 'cancelled', problems: ['Point 2: no price.'] });
  const sizeId = first.saveSizeRun(sizeRun);
  first.close();

  const store = openedStore(file);
  expect(store.readModel(llama.id)).toEqual(llama);
  expect(store.readRun(sweepId)).toEqual({
    id: sweepId,
    kind: 'sweep',
    name: sweepRun.name,
    model: llama.id,
    createdAt: sweepRun.createdAt,
    status: 'cancelled',
    input: sweepRun.input,
    versions: sweepRun.versions,
    points: 2,
    donePoints: 1,
    rows: 2,
    passing: 1,
    problems: ['Point 2: no price.'],
    answer: '1 × p4d.24xlarge',
    usdPerHour: 3.673,
  });
  expect([...store.readChunks(sweepId, fail)]).toEqual([smallBatch(1)]);
  expect(store.readDocument(sizeId)).toBe(sizeRun.document);
  expect(store.readDocument(sweepId)).toBeNull();
  expect(store.listRuns().rows.map(({ id }) => id)).toEqual([sizeId, sweepId]);
  expect(store.readRun(99)).toBeNull();
});

test('a pulled model keeps its commit and what its safetensors files say; a row that says nonsense is reported', () => {
  const file = newDatabase();
  const pulled: StoredModel = {
    ...llama,
    origin: 'hub',
    source: 'https://hub.example/a/b/blob/1/config.json',
    revision: '1'.repeat(40),
    safetensors: { elementsByDtype: { BF16: 6_738_415_616, F8_E4M3: 7 }, totalBytes: null },
  };
  const first = openStore(file).store;
  first.saveModel(pulled);
  first.close();
  expect(openedStore(file).readModel(llama.id)).toEqual(pulled);

  for (const [column, value] of [
    ['safetensors', '{"elementsByDtype":{"BF16":-1},"totalBytes":null}'],
    ['safetensors', '{'],
    ['origin', 'elsewhere'],
  ] as const) {
    tamper(file, `UPDATE model_config SET safetensors = NULL, origin = 'hub', ${column} = '${value}'`);
    const { rows, problems } = openedStore(file).listModels();
    expect(rows).toEqual([]);
    expect(problems).toEqual([expect.stringMatching(new RegExp(`unreadable.*${column}`))]);
  }
});

test('a model is found whatever the case of its letters, and saving it again replaces it', () => {
  const store = openedStore(newDatabase());
  store.saveModel(llama);
  store.saveModel({ ...llama, id: 'META-LLAMA/llama-2-7B-hf', config: { hidden_size: 1 } });
  expect(store.listModels().rows).toHaveLength(1);
  expect(store.readModel('meta-llama/LLAMA-2-7b-HF')).toMatchObject({
    id: 'META-LLAMA/llama-2-7B-hf',
    config: { hidden_size: 1 },
  });
  expect(store.removeModel(llama.id)).toBe(true);
  expect(store.removeModel(llama.id)).toBe(false);
  expect(store.readModel(llama.id)).toBeNull();
});

test('names with quotes and other alphabets are values, not SQL', () => {
  const store = openedStore(newDatabase());
  const id = `Robert'); DROP TABLE run;-- 模型 "x"`;
  store.saveModel({ ...llama, id });
  expect(store.listModels().rows.map((model) => model.id)).toEqual([id]);
});

test('a batch is read in the middle of another connection writing', () => {
  const file = newDatabase();
  const writer = openedStore(file);
  const reader = openedStore(file);
  const runId = writer.createRun(sweepRun);
  writer.appendChunk(runId, 1, smallBatch(1), { points: 1, passing: 1 });
  writer.appendChunk(runId, 2, smallBatch(2), { points: 1, passing: 1 });

  const seen: ColumnBatch[] = [];
  for (const batch of reader.readChunks(runId, fail)) {
    seen.push(batch);
    if (seen.length === 1) {
      writer.appendChunk(runId, 3, smallBatch(3), { points: 1, passing: 1 });
      reader.saveModel(llama);
    }
  }
  expect(seen).toEqual([smallBatch(1), smallBatch(2), smallBatch(3)]);
  expect(writer.readModel(llama.id)).toEqual(llama);
  expect(reader.readRun(runId)).toMatchObject({ rows: 6, donePoints: 3 });
});

test('a write that another program holds up for too long is a sentence, not a hang', () => {
  const file = newDatabase();
  const store = openedStore(file);
  const other = new Database(file);
  other.exec('BEGIN IMMEDIATE');
  // The product waits five seconds; a test need not.
  const impatient = openStore(file, undefined, { busyTimeoutMs: 50 }).store;
  try {
    expect(() => impatient.saveModel(llama)).toThrow(
      expect.objectContaining({ family: 'file', code: 'database_busy' }),
    );
    expect(store.listModels().rows).toEqual([]);
  } finally {
    other.exec('ROLLBACK');
    other.close();
    impatient.close();
  }
});

test('a batch and its counts are stored both or neither', () => {
  const file = newDatabase();
  const store = openedStore(file);
  const runId = store.createRun(sweepRun);
  tamper(file, "CREATE TRIGGER no BEFORE UPDATE ON run BEGIN SELECT RAISE(ABORT, 'counts refused'); END");
  expect(() => store.appendChunk(runId, 0, smallBatch(), { points: 1, passing: 1 })).toThrow('counts refused');
  expect([...store.readChunks(runId, fail)]).toEqual([]);
});

test('a batch for a run that does not exist is refused', () => {
  const store = openedStore(newDatabase());
  expect(() => store.appendChunk(7, 0, smallBatch(), { points: 1, passing: 1 })).toThrow(/FOREIGN KEY/);
});

test('rows whose JSON is not readable are reported, skipped and left alone', () => {
  const file = newDatabase();
  const store = openedStore(file);
  store.saveModel(llama);
  store.saveModel({ ...llama, id: 'other/model' });
  const broken = store.createRun(sweepRun);
  const sound = store.createRun(sweepRun);
  tamper(file, `UPDATE model_config SET config = '{"hidden_size": ' WHERE id = 'other/model'`);
  tamper(file, `UPDATE run SET input = '{"base": {"model": 7}, "axes": {}}' WHERE id = ${broken}`);

  const models = store.listModels();
  expect(models.rows).toEqual([llama]);
  expect(models.problems).toEqual([expect.stringMatching(/"other\/model".*config.*not JSON/)]);
  const runs = store.listRuns();
  expect(runs.rows.map(({ id }) => id)).toEqual([sound]);
  expect(runs.problems).toEqual([expect.stringMatching(/run 1.*base\.model/)]);
  expect(() => store.readModel('other/model')).toThrow(expect.objectContaining({ code: 'row_unreadable' }));
  expect(() => store.readRun(broken)).toThrow(expect.objectContaining({ family: 'file', code: 'row_unreadable' }));

  const db = new Database(file, { readonly: true });
  expect(db.prepare("SELECT config FROM model_config WHERE id = 'other/model'").pluck().get()).toBe('{"hidden_size": ');
  db.close();
});

test('a batch that is not readable is reported, and the batches around it are read', () => {
  const file = newDatabase();
  const store = openedStore(file);
  const runId = store.createRun(sweepRun);
  for (const point of [1, 2, 3, 4]) store.appendChunk(runId, point, smallBatch(point), { points: 1, passing: 1 });
  tamper(file, `UPDATE run_chunk SET data = x'00' WHERE run_id = ${runId} AND seq = 2`);
  tamper(file, `UPDATE run_chunk SET columns = '[]' WHERE run_id = ${runId} AND seq = 3`);

  const problems: string[] = [];
  const batches = [...store.readChunks(runId, (problem) => problems.push(problem))];
  expect(batches).toEqual([smallBatch(1), smallBatch(4)]);
  expect(problems).toEqual([expect.stringMatching(/run 1, batch 2/), expect.stringMatching(/run 1, batch 3/)]);
});

test('batches come back by their place, whatever the order they were stored in', () => {
  const store = openedStore(newDatabase());
  const runId = store.createRun(sweepRun);
  for (const seq of [7, 2, 1000, 0]) store.appendChunk(runId, seq, smallBatch(seq), { points: seq, passing: 1 });
  expect([...store.readChunks(runId, fail)]).toEqual([0, 2, 7, 1000].map((seq) => smallBatch(seq)));
  expect(store.listChunks(runId)).toEqual([0, 2, 7, 1000].map((seq) => ({ seq, rows: 2, points: seq, passing: 1 })));
  expect(store.readRun(runId)).toMatchObject({ donePoints: 1009, rows: 8, passing: 4 });
  expect(store.listChunks(99)).toEqual([]);
});

test('two batches at one place are refused, and the first stays with its counts', () => {
  const store = openedStore(newDatabase());
  const runId = store.createRun(sweepRun);
  store.appendChunk(runId, 3, smallBatch(1), { points: 1, passing: 1 });
  expect(() => store.appendChunk(runId, 3, smallBatch(2), { points: 1, passing: 1 })).toThrow(/UNIQUE/);
  expect([...store.readChunks(runId, fail)]).toEqual([smallBatch(1)]);
  expect(store.readRun(runId)).toMatchObject({ donePoints: 1, rows: 2, passing: 1 });
});

test('a batch that is taken out leaves no count behind; another may take its place', () => {
  const store = openedStore(newDatabase());
  const runId = store.createRun(sweepRun);
  const other = store.createRun(sweepRun);
  for (const id of [runId, other]) {
    for (const seq of [0, 1, 2]) store.appendChunk(id, seq, smallBatch(seq), { points: seq + 1, passing: 1 });
  }
  store.removeChunk(runId, 1);
  store.removeChunk(runId, 1);
  store.removeChunk(runId, 50);
  expect([...store.readChunks(runId, fail)]).toEqual([smallBatch(0), smallBatch(2)]);
  expect(store.readRun(runId)).toMatchObject({ donePoints: 4, rows: 4, passing: 2 });
  expect(store.readRun(other)).toMatchObject({ donePoints: 6, rows: 6, passing: 3 });
  store.appendChunk(runId, 1, smallBatch(9), { points: 5, passing: 1 });
  expect([...store.readChunks(runId, fail)]).toEqual([smallBatch(0), smallBatch(9), smallBatch(2)]);
  expect(store.readRun(runId)).toMatchObject({ donePoints: 9, rows: 6, passing: 3 });
});

test('chosen rows come out whole, in the order asked for, bit for bit those of the whole batch', () => {
  const store = openedStore(newDatabase());
  const runId = store.createRun(sweepRun);
  const batches = [sweepLikeBatch(1000, 1), starBatch(1000)];
  batches.forEach((batch, seq) => {
    store.appendChunk(runId, seq, batch, { points: 1, passing: 1 });
  });
  const rows = [999, 0, 501, 0];
  let seq = 0;
  for (const stored of store.readChunks(runId, fail)) {
    const chosen = pickedRows(stored, rows);
    const original = batches[seq] as ColumnBatch;
    expect(chosen.rows).toBe(4);
    expect(chosen.order).toEqual(original.order);
    for (const name of original.order) {
      const [cellAt, given] = [cellsOf(chosen, name), cellsOf(original, name)];
      rows.forEach((row, place) => {
        expect(cellAt(place), name).toBe(given(row));
      });
    }
    seq += 1;
  }
  expect(seq).toBe(2);
});

test('a batch that is cut short, or has not the rows it should have, is reported', () => {
  const file = newDatabase();
  const store = openedStore(file);
  const runId = store.createRun(sweepRun);
  for (const point of [1, 2, 3]) store.appendChunk(runId, point, smallBatch(point), { points: 1, passing: 1 });
  tamper(file, `UPDATE run_chunk SET data = substr(data, 1, 8) WHERE run_id = ${runId} AND seq = 1`);
  tamper(file, `UPDATE run_chunk SET rows = 3 WHERE run_id = ${runId} AND seq = 2`);
  const problems: string[] = [];
  const rows = [...store.readChunks(runId, (problem) => problems.push(problem))];
  expect(rows).toEqual([smallBatch(3)]);
  expect(problems).toEqual([
    expect.stringMatching(/run 1, batch 1.*cannot be inflated/),
    expect.stringMatching(/run 1, batch 2.*has 2 values for 3/),
  ]);
});

test('a note is replaced by the next under its name', () => {
  const file = newDatabase();
  const store = openedStore(file);
  expect(store.readNote('draft')).toBeNull();
  store.writeNote('draft', 'one', '2026-01-05T08:00:00.000Z');
  store.writeNote('draft/other', 'apart', '2026-01-05T08:00:00.000Z');
  store.writeNote('draft', 'two – “”\n', '2026-01-05T09:00:00.000Z');
  expect(store.readNote('draft')).toBe('two – “”\n');
  expect(store.readNote('draft/other')).toBe('apart');
  const db = new Database(file);
  expect(db.prepare("SELECT updated_at FROM note WHERE name = 'draft'").pluck().all()).toEqual([
    '2026-01-05T09:00:00.000Z',
  ]);
  db.close();
});

test('a stored answer that is no answer is refused', () => {
  const file = newDatabase();
  const store = openedStore(file);
  const id = store.saveSizeRun(sizeRun);
  tamper(file, `UPDATE run SET document = '{"schema_version": 1}' WHERE id = ${id}`);
  expect(() => store.readDocument(id)).toThrow(expect.objectContaining({ code: 'row_unreadable' }));
});

test('runs of programs that are gone become interrupted and keep their rows; those of living ones go on', () => {
  const store = openedStore(newDatabase());
  const dead = store.createRun({ ...sweepRun, owner: 'dead' });
  store.appendChunk(dead, 0, smallBatch(), { points: 1, passing: 1 });
  const alive = store.createRun({ ...sweepRun, owner: 'alive' });
  const done = store.createRun({ ...sweepRun, owner: 'dead' });
  store.finishRun(done, { status: 'done', problems: [] });

  expect(store.markInterruptedRuns((owner) => owner === 'alive')).toEqual([dead]);
  expect(store.readRun(dead)).toMatchObject({ status: 'interrupted', rows: 2 });
  expect([...store.readChunks(dead, fail)]).toEqual([smallBatch()]);
  expect(store.readRun(alive)).toMatchObject({ status: 'running' });
  expect(store.readRun(done)).toMatchObject({ status: 'done' });
});

test('imported catalogs come back as given, oldest first', () => {
  const store = openedStore(newDatabase());
  const first = {
    name: 'a',
    format: 'configiq',
    layer: 'imported',
    source: 'a.json',
    importedAt: '2026-02-01T00:00:00Z',
    leftOut: 2,
    skipped: 7,
    fingerprint: 'f1',
    content: '{ "odd"  : 1 }\r\n',
  };
  const ids = [store.importCatalog(first), store.importCatalog({ ...first, name: 'b' })];
  expect(store.listCatalogImports()).toEqual({
    rows: [
      { ...first, id: ids[0] },
      { ...first, id: ids[1], name: 'b' },
    ],
    problems: [],
  });
});

test('corrections: the newest value; restored one by one or all of an entry', () => {
  const store = openedStore(newDatabase());
  const spot = { ...ownPrice, key: 'spot_usd_per_hour', value: null };
  store.saveCorrection(ownPrice);
  store.saveCorrection(spot);
  store.saveCorrection({ ...ownPrice, value: 0.6, note: '' });
  expect(store.listCorrections()).toEqual({ rows: [{ ...ownPrice, value: 0.6, note: '' }, spot], problems: [] });
  expect(store.removeCorrections('price', ownPrice.id, spot.key)).toBe(1);
  expect(store.removeCorrections('gpu', ownPrice.id, null)).toBe(0);
  expect(store.removeCorrections('price', ownPrice.id, null)).toBe(1);
  expect(store.listCorrections().rows).toEqual([]);
});

test('100,000 rows of a sweep come back equal to the bit, in well under their size as plain columns', () => {
  const file = newDatabase();
  const store = openedStore(file);
  const runId = store.createRun(sweepRun);
  const batches = Array.from({ length: 10 }, (_, index) =>
    index % 2 === 0 ? sweepLikeBatch(10_000, index) : starBatch(10_000, index),
  );
  batches.forEach((batch, seq) => {
    store.appendChunk(runId, seq, batch, { points: 1, passing: 1 });
  });

  let index = 0;
  let rows = 0;
  let plainBytes = 0;
  for (const batch of store.readChunks(runId, fail)) {
    const original = batches[index] as ColumnBatch;
    expect(batch.order).toEqual(original.order);
    expect([batch.products, batch.joined]).toEqual([original.products, original.joined]);
    batch.tables.forEach((table, place) => {
      const given = original.tables[place];
      expect(bytesOf(table.keys)).toEqual(bytesOf(given?.keys));
      for (const [name, values] of Object.entries(table.numbers)) {
        expect(bytesOf(values).equals(bytesOf(given?.numbers[name])), name).toBe(true);
      }
      expect(table.texts).toEqual(given?.texts);
    });
    for (const name of batch.order) plainBytes += batch.rows * (isNumberColumn(batch, name) ? 8 : 4);
    rows += batch.rows;
    index += 1;
  }
  expect(rows).toBe(100_000);
  store.close();

  const onDisk = statSync(file).size;
  expect(onDisk / plainBytes, `${onDisk} bytes on disk for ${plainBytes} as columns`).toBeLessThan(0.6);
});

const bytesOf = (values: Float64Array | Keys | null | undefined) =>
  values ? Buffer.from(values.buffer, values.byteOffset, values.byteLength) : Buffer.alloc(0);

/**
 * Thirty number columns and two text columns, as a sweep has them: a third are of the row alone, the rest are shared by the rows
 * of a point or of the batch; some are empty.
 */
function sweepLikeBatch(rows: number, seed: number): ColumnBatch {
  const dictionary = Array.from({ length: 500 }, (_, entry) => `instance-${entry}`);
  const numbers = (from: number, to: number, entries: number, value: (entry: number, column: number) => number) =>
    Object.fromEntries(
      Array.from({ length: to - from }, (_, index): [string, Float64Array] => [
        `number_${from + index}`,
        Float64Array.from({ length: entries }, (__, entry) => value(entry, from + index)),
      ]),
    );
  const points = Math.ceil(rows / 200);
  const tables: BatchTable[] = [
    {
      entries: rows,
      keys: null,
      numbers: numbers(0, 10, rows, (row, column) => Math.sin(row * (column + 1) + seed)),
      texts: {},
    },
    {
      entries: points,
      keys: Uint16Array.from({ length: rows }, (_, row) => Math.floor(row / 200)),
      numbers: numbers(10, 20, points, (point, column) => point * 1.1 + column),
      texts: {},
    },
    {
      entries: 500,
      keys: Uint16Array.from({ length: rows }, (_, row) => row % 500),
      numbers: numbers(20, 30, 500, (_, column) => (column < 25 ? seed : Number.NaN)),
      texts: {
        instance: { codes: Uint32Array.from({ length: 500 }, (_, entry) => entry), dictionary },
        reason: {
          codes: Uint32Array.from({ length: 500 }, (_, entry) => entry % 2),
          dictionary: ['memory', '=tp_heads'],
        },
      },
    },
  ];
  const order = [...Array.from({ length: 30 }, (_, column) => `number_${column}`), 'instance', 'reason'];
  return { rows, order, tables, products: {}, joined: {} };
}
