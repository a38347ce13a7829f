import { statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { pickedRows, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { openStore } from '../../src-main/store/open.ts';
import type { StoredModel } from '../../src-main/store/store.ts';
import { llama, ownPrice, sizeRun, smallBatch, sweepRun } from './samples.ts';
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
  first.appendChunk(sweepId, smallBatch(1), { donePoints: 1, passing: 1 });
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
  writer.appendChunk(runId, smallBatch(1), { donePoints: 1, passing: 1 });
  writer.appendChunk(runId, smallBatch(2), { donePoints: 1, passing: 1 });

  const seen: ColumnBatch[] = [];
  for (const batch of reader.readChunks(runId, fail)) {
    seen.push(batch);
    if (seen.length === 1) {
      writer.appendChunk(runId, smallBatch(3), { donePoints: 1, passing: 1 });
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
  expect(() => store.appendChunk(runId, smallBatch(), { donePoints: 1, passing: 1 })).toThrow('counts refused');
  expect([...store.readChunks(runId, fail)]).toEqual([]);
});

test('a batch for a run that does not exist is refused', () => {
  const store = openedStore(newDatabase());
  expect(() => store.appendChunk(7, smallBatch(), { donePoints: 1, passing: 1 })).toThrow(/FOREIGN KEY/);
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
  for (const point of [1, 2, 3, 4]) store.appendChunk(runId, smallBatch(point), { donePoints: 1, passing: 1 });
  tamper(file, `UPDATE run_chunk SET data = x'00' WHERE run_id = ${runId} AND seq = 1`);
  tamper(file, `UPDATE run_chunk SET columns = '[]' WHERE run_id = ${runId} AND seq = 2`);

  const problems: string[] = [];
  const batches = [...store.readChunks(runId, (problem) => problems.push(problem))];
  expect(batches).toEqual([smallBatch(1), smallBatch(4)]);
  expect(problems).toEqual([expect.stringMatching(/run 1, batch 1/), expect.stringMatching(/run 1, batch 2/)]);
});

test('chosen rows come out whole, in the order asked for, bit for bit those of the whole batch', () => {
  const store = openedStore(newDatabase());
  const runId = store.createRun(sweepRun);
  const batch = sweepLikeBatch(1000, 1);
  store.appendChunk(runId, batch, { donePoints: 1, passing: 1 });
  store.appendChunk(runId, smallBatch(), { donePoints: 1, passing: 1 });
  const seen: string[][] = [];
  const chosen = [
    ...store.readChosen(runId, fail, ['number_3', 'point_id'], (narrow) => {
      seen.push([...Object.keys(narrow.numbers), ...Object.keys(narrow.texts)]);
      return narrow.rows === 2 ? [1, 0] : [999, 0, 501];
    }),
  ];
  expect(seen).toEqual([['number_3'], ['point_id']]);
  expect(chosen).toEqual([pickedRows(batch, [999, 0, 501]), pickedRows(smallBatch(), [1, 0])]);
});

test('a batch whose description and bytes do not belong together is reported when rows of it are chosen', () => {
  const file = newDatabase();
  const store = openedStore(file);
  const runId = store.createRun(sweepRun);
  for (const point of [1, 2]) store.appendChunk(runId, smallBatch(point), { donePoints: 1, passing: 1 });
  tamper(file, `UPDATE run_chunk SET data = substr(data, 1, 8) WHERE run_id = ${runId} AND seq = 0`);
  const problems: string[] = [];
  const rows = [
    ...store.readChosen(
      runId,
      (problem) => problems.push(problem),
      [],
      () => [0],
    ),
  ];
  expect(rows).toEqual([pickedRows(smallBatch(2), [0])]);
  expect(problems).toEqual([expect.stringMatching(/run 1, batch 0.*needs \d+ bytes/)]);
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
  store.appendChunk(dead, smallBatch(), { donePoints: 1, passing: 1 });
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

test('100,000 rows of a sweep come back equal to the bit, in well under their size in memory', () => {
  const file = newDatabase();
  const store = openedStore(file);
  const runId = store.createRun(sweepRun);
  const batches = Array.from({ length: 10 }, (_, index) => sweepLikeBatch(10_000, index));
  for (const batch of batches) store.appendChunk(runId, batch, { donePoints: 1, passing: 1 });

  let index = 0;
  let rows = 0;
  for (const batch of store.readChunks(runId, fail)) {
    const original = batches[index] as ColumnBatch;
    for (const name of batch.order) {
      const [back, given] = [batch.numbers[name], original.numbers[name]];
      if (back && given) expect(Buffer.from(back.buffer).equals(Buffer.from(given.buffer)), name).toBe(true);
    }
    expect(batch.texts).toEqual(original.texts);
    rows += batch.rows;
    index += 1;
  }
  expect(rows).toBe(100_000);
  store.close();

  const inMemory = 100_000 * (30 * 8 + 2 * 4);
  const onDisk = statSync(file).size;
  expect(onDisk / inMemory, `${onDisk} bytes on disk for ${inMemory} in memory`).toBeLessThan(0.6);
});

/** Thirty number columns and two text columns, as a sweep has them: many repeat, some are all their own, some are empty. */
function sweepLikeBatch(rows: number, seed: number): ColumnBatch {
  const numbers: ColumnBatch['numbers'] = {};
  for (let column = 0; column < 30; column += 1) {
    numbers[`number_${column}`] = Float64Array.from({ length: rows }, (_, row) => {
      if (column < 10) return Math.sin(row * (column + 1) + seed);
      if (column < 20) return Math.floor(row / 200) * 1.1 + column;
      return column < 25 ? seed : Number.NaN;
    });
  }
  const dictionary = Array.from({ length: 500 }, (_, entry) => `instance-${entry}`);
  const codes = Uint32Array.from({ length: rows }, (_, row) => row % 500);
  return {
    rows,
    order: [...Object.keys(numbers), 'instance', 'reason'],
    numbers,
    texts: {
      instance: { codes, dictionary },
      reason: { codes: codes.map((code) => code % 2), dictionary: ['memory', '=tp_heads'] },
    },
  };
}
