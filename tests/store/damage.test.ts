import { copyFileSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openStore } from '../../src-main/store/open.ts';
import { llama, smallBatch, sweepRun } from './samples.ts';
import { newDatabase, openedStore, temporaryFolder } from './temporary.ts';

/** A sound database of a few hundred kilobytes. */
function filledDatabase(): string {
  const file = newDatabase();
  const { store } = openStore(file);
  store.saveModel({ ...llama, config: { padding: 'x'.repeat(300_000) } });
  store.close();
  return file;
}

const asideOf = (file: string, number: number) => join(dirname(file), `configiq.damaged-${number}.sqlite`);

const DAMAGES: readonly [name: string, damage: (file: string) => void][] = [
  [
    'text instead of a database',
    (file) => {
      writeFileSync(file, 'this is not a database, but it is long enough to be one'.repeat(20));
    },
  ],
  [
    'a few bytes',
    (file) => {
      writeFileSync(file, 'SQLite');
    },
  ],
  [
    'the second half missing',
    (file) => {
      truncateSync(file, 150_000);
    },
  ],
  [
    'zeros in the middle',
    (file) => {
      const bytes = readFileSync(file);
      bytes.fill(0, 4096, 40_960);
      writeFileSync(file, bytes);
    },
  ],
];

test.each(DAMAGES)('a damaged database is set aside with its bytes and a new one begun: %s', (_, damage) => {
  const file = filledDatabase();
  damage(file);
  const before = readFileSync(file);

  const { store, notice } = openStore(file);
  try {
    expect(notice).toContain(asideOf(file, 1));
    expect(notice).toMatch(/Imported models, past runs and calibration profiles are in the old file/);
    expect(readFileSync(asideOf(file, 1)).equals(before)).toBe(true);
    expect(store.listModels()).toEqual({ rows: [], problems: [] });
    store.saveModel(llama);
    expect(store.readModel(llama.id)).toEqual(llama);
  } finally {
    store.close();
  }
  expect(openStore(file).notice).toBeNull();
});

/** Behind the store's back. */
function change(file: string, sql: string): void {
  const db = new Database(file);
  db.exec(sql);
  db.close();
}

test.each([
  ['DROP TABLE calibration_profile', 'its table calibration_profile is missing'],
  ['DROP TABLE run_chunk', 'its table run_chunk is missing'],
  ['ALTER TABLE model_config RENAME COLUMN source TO origin_of_it', 'its table model_config has no column source'],
])('a database that lost a part of its tables is set aside and told: %s', (sql, reason) => {
  const file = filledDatabase();
  change(file, sql);
  const { store, notice } = openStore(file);
  try {
    expect(notice).toBe(
      `The database was damaged (${reason}) and has been set aside as ${asideOf(file, 1)}; a new, empty one is in use. ` +
        'Imported models, past runs and calibration profiles are in the old file; questions are answered with profile default.',
    );
    expect(store.listModels()).toEqual({ rows: [], problems: [] });
    expect(store.listCalibrations()).toEqual({ rows: [], problems: [] });
  } finally {
    store.close();
  }
  // What else was in it is still there.
  const old = new Database(asideOf(file, 1), { readonly: true });
  expect(old.prepare('SELECT count(*) AS models FROM model_config').get()).toEqual({ models: 1 });
  old.close();
});

test('a database that lost no more than the profiles an undo puts back is mended and kept', () => {
  const file = filledDatabase();
  const fitted = { name: 'own', document: '{}', leftOut: '[]', createdAt: '2026-01-02T03:04:05.000Z', isInUse: true };
  const before = openStore(file).store;
  before.saveCalibration(fitted);
  before.close();
  change(file, 'DROP TABLE earlier_calibration_profile');

  const { store, notice } = openStore(file);
  try {
    expect(notice).toBe(
      'The table earlier_calibration_profile of the database was missing and has been made anew, empty: calibration profiles that were removed or replaced before cannot be put back any more; everything else is kept.',
    );
    expect(existsSync(asideOf(file, 1))).toBe(false);
    expect(store.readModel(llama.id)?.id).toBe(llama.id);
    expect(store.listCalibrations()).toEqual({ rows: [fitted], problems: [] });
    expect(store.readEarlierCalibration('own')).toBeNull();
    expect(store.removeCalibration('own')).toBe(true);
    expect(store.readEarlierCalibration('own')).toEqual(fitted);
  } finally {
    store.close();
  }
  const again = openStore(file);
  again.store.close();
  expect(again.notice).toBeNull();
});

test('a database that lost that table and another is set aside for the other', () => {
  const file = filledDatabase();
  change(file, 'DROP TABLE earlier_calibration_profile; DROP TABLE run_chunk');
  const { store, notice } = openStore(file);
  store.close();
  expect(notice).toContain('(its table run_chunk is missing)');
});

test('an old database that lost a table is set aside before a migration stumbles over it', () => {
  const file = newDatabase();
  copyFileSync(join(import.meta.dirname, 'old-databases/version-5.sqlite'), file);
  change(file, 'DROP TABLE catalog_import');
  const { store, notice } = openStore(file);
  store.close();
  expect(notice).toContain('its table catalog_import is missing');
});

test('a table that goes while the program runs is a sentence', () => {
  const file = newDatabase();
  const store = openedStore(file);
  change(file, 'DROP TABLE calibration_profile');
  expect(() => store.listCalibrations()).toThrow(
    expect.objectContaining({
      family: 'file',
      code: 'database_damaged',
      message: `The database ${file} is damaged (no such table: calibration_profile): start ConfigIQ again, and it is set aside and a new one begun.`,
    }),
  );
});

test('a second damaged database does not replace the first one set aside', () => {
  const file = newDatabase();
  writeFileSync(file, 'first damage');
  openStore(file).store.close();
  writeFileSync(file, 'second damage');
  const { store, notice } = openStore(file);
  store.close();

  expect(notice).toContain('damaged-2');
  expect(readFileSync(asideOf(file, 1), 'utf8')).toBe('first damage');
  expect(readFileSync(asideOf(file, 2), 'utf8')).toBe('second damage');
});

test('the log of a damaged database goes with it', () => {
  const file = newDatabase();
  writeFileSync(file, 'damage');
  writeFileSync(`${file}-wal`, 'its log');
  openStore(file).store.close();

  expect(readFileSync(`${asideOf(file, 1)}-wal`, 'utf8')).toBe('its log');
  expect(existsSync(`${file}-wal`)).toBe(false);
});

test('a folder where the database should be is refused with a sentence', () => {
  const file = join(temporaryFolder(), 'configiq.sqlite');
  mkdirSync(file);
  expect(() => openStore(file)).toThrow(expect.objectContaining({ family: 'file', code: 'database_not_writable' }));
});

test('a folder that does not exist is refused with a sentence', () => {
  const file = join(temporaryFolder(), 'nowhere', 'configiq.sqlite');
  expect(() => openStore(file)).toThrow(
    expect.objectContaining({ family: 'file', message: expect.stringContaining('CONFIGIQ_HOME') as string }),
  );
});

test('damage that shows only later is a sentence too', () => {
  const file = newDatabase();
  const store = openedStore(file);
  const runId = store.createRun(sweepRun);
  for (let point = 1; point <= 50; point += 1)
    store.appendChunk(runId, point, smallBatch(point), { points: 1, passing: 1 });
  store.close();
  const { store: again } = openStore(file);
  try {
    // Behind SQLite's back, while it is open; nothing of it is in its cache yet.
    const bytes = readFileSync(file);
    bytes.fill(0xff, 4096);
    writeFileSync(file, bytes);
    expect(() => again.listRuns()).toThrow(expect.objectContaining({ family: 'file', code: 'database_damaged' }));
  } finally {
    again.close();
  }
});
