import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { MIGRATIONS } from '../../src-main/store/migrations/index.ts';
import { openStore } from '../../src-main/store/open.ts';
import { llama, ownPrice, ownProfile, sizeRun, smallBatch, sweepRun } from './samples.ts';
import { newDatabase, openedStore, temporaryFolder } from './temporary.ts';

const versions = MIGRATIONS.map((_, index) => index + 1);
const oldDatabase = (version: number) => join(import.meta.dirname, 'old-databases', `version-${version}.sqlite`);

/** Asks SQLite itself, past the store. */
function inspect<Value>(file: string, ask: (db: Database.Database) => Value): Value {
  const db = new Database(file);
  try {
    return ask(db);
  } finally {
    db.close();
  }
}
const versionOf = (file: string) => inspect(file, (db) => db.pragma('user_version', { simple: true }));

describe.each(versions)('a database that version %i of the tables wrote', (version) => {
  test('opens with everything it held', () => {
    const file = join(temporaryFolder(), 'configiq.sqlite');
    copyFileSync(oldDatabase(version), file);
    const store = openedStore(file);

    expect(store.listModels()).toEqual({ rows: [llama], problems: [] });
    const runs = store.listRuns();
    expect(runs.problems).toEqual([]);
    expect(
      runs.rows.map(({ name, status, points, rows, passing }) => ({ name, status, points, rows, passing })),
    ).toEqual([
      { name: sizeRun.name, status: 'done', points: 1, rows: 0, passing: 0 },
      { name: sweepRun.name, status: 'done', points: 2, rows: 4, passing: 2 },
    ]);
    expect(store.readDocument(2)).toBe(sizeRun.document);
    expect([...store.readChunks(1, fail)]).toEqual([smallBatch(1), smallBatch(2)]);
    expect(store.listCatalogImports().rows.map(({ name, content }) => ({ name, content }))).toEqual([
      { name: 'Our racks', content: '{"schema_version":1}' },
    ]);
    expect(store.listCorrections()).toEqual({ rows: version < 4 ? [] : [ownPrice], problems: [] });
    expect(store.listCalibrations()).toEqual({ rows: version < 6 ? [] : [ownProfile], problems: [] });
    expect(versionOf(file)).toBe(MIGRATIONS.length);
  });
});

test('numbers of imports that an old database gave are not given again', () => {
  const file = join(temporaryFolder(), 'configiq.sqlite');
  copyFileSync(oldDatabase(3), file);
  const store = openedStore(file);
  const [kept] = store.listCatalogImports().rows;
  if (!kept) expect.fail('no import');
  const row = store.removeCatalogImport(kept.id);
  expect(store.importCatalog(kept)).toBe(kept.id + 1);
  if (row) store.restoreCatalogImport(row);
  expect(store.listCatalogImports().rows.map(({ id }) => id)).toEqual([kept.id, kept.id + 1]);
});

test('a saved answer of the first version gets what the list says of it; one that is damaged stays without', () => {
  const file = join(temporaryFolder(), 'configiq.sqlite');
  copyFileSync(oldDatabase(1), file);
  const cheapest = { instances: 1200, instance: 'g6e.xlarge', cost: { usd_per_hour: 1.861 } };
  const document = JSON.stringify({ schema_version: 1, recommendations: [cheapest] });
  const damaged = JSON.stringify({
    recommendations: [{ instances: 1, instance: 'x', cost: { usd_per_hour: 'much' } }],
  });
  inspect(file, (db) => {
    db.prepare('UPDATE run SET document = ?, passing = 1 WHERE id = 2').run(document);
    const copy = db.prepare(
      `INSERT INTO run (kind, name, model, created_at, status, input, versions, points, passing, document)
       SELECT kind, ?, model, created_at, status, input, versions, points, 1, ? FROM run WHERE id = 2`,
    );
    copy.run('cut', '{"recommendations": [');
    copy.run('odd', damaged);
  });
  const answers = openedStore(file)
    .listRuns()
    .rows.map(({ name, answer, usdPerHour }) => [name, answer, usdPerHour]);
  expect(new Map(answers.map(([name, ...rest]) => [name, rest]))).toEqual(
    new Map([
      [sizeRun.name, ['1,200 × g6e.xlarge', 1.861]],
      ['cut', [null, null]],
      ['odd', ['1 × x', null]],
      [sweepRun.name, [null, null]],
    ]),
  );
});

test('a later migration keeps what earlier versions stored', () => {
  const file = newDatabase();
  const { store } = openStore(file);
  store.saveModel(llama);
  store.close();

  const later = [...MIGRATIONS, 'ALTER TABLE model_config ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0'];
  const migrated = openStore(file, later);
  expect(migrated.notice).toBeNull();
  expect(migrated.store.readModel(llama.id)).toEqual(llama);
  migrated.store.close();
  expect(versionOf(file)).toBe(MIGRATIONS.length + 1);
});

test('a migration that fails half way leaves the database as it was', () => {
  const file = newDatabase();
  const { store } = openStore(file);
  store.saveModel(llama);
  store.close();

  const broken = [
    ...MIGRATIONS,
    'CREATE TABLE half (id INTEGER); DELETE FROM model_config; CREATE TABLE half (id INTEGER)',
  ];
  expect(() => openStore(file, broken)).toThrow(/half/);
  expect(versionOf(file)).toBe(MIGRATIONS.length);
  expect(inspect(file, (db) => db.prepare("SELECT name FROM sqlite_schema WHERE name = 'half'").all())).toEqual([]);
  expect(openedStore(file).readModel(llama.id)).toEqual(llama);
});

test('a database of a newer ConfigIQ is refused with a sentence and not touched', () => {
  const file = newDatabase();
  openStore(file, [...MIGRATIONS, 'CREATE TABLE from_the_future (id INTEGER)']).store.close();
  const before = readFileSync(file);

  expect(() => openStore(file)).toThrow(
    expect.objectContaining({
      family: 'file',
      code: 'database_newer',
      message: expect.stringMatching(
        new RegExp(`newer ConfigIQ.*version ${MIGRATIONS.length + 1}.*knows ${MIGRATIONS.length}.*update ConfigIQ`),
      ) as string,
    }),
  );
  expect(readFileSync(file).equals(before)).toBe(true);
});

test('a database of another program is refused and not touched', () => {
  const file = newDatabase();
  inspect(file, (db) => db.exec('CREATE TABLE recipe (name TEXT)'));
  const before = readFileSync(file);

  expect(() => openStore(file)).toThrow(expect.objectContaining({ code: 'database_foreign' }));
  expect(readFileSync(file).equals(before)).toBe(true);
});

test('a file of no bytes is a database not yet begun', () => {
  const file = newDatabase();
  writeFileSync(file, '');
  const { store, notice } = openStore(file);
  store.close();
  expect(notice).toBeNull();
  expect(versionOf(file)).toBe(MIGRATIONS.length);
});

function fail(problem: string): never {
  throw new Error(problem);
}
