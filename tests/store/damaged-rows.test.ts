import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { openStore } from '../../src-main/store/open.ts';
import { plainBatch, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { sweepRun } from './samples.ts';
import { newDatabase, openedStore } from './temporary.ts';

const ROWS = 5000;
const BATCHES = 4;

/** Irregular, so that it takes 40 kB, ten pages, when it is packed. */
const batchOf = (run: number, seq: number): ColumnBatch => {
  const bytes = randomBytes(8 * ROWS);
  return plainBatch(
    ROWS,
    ['point_id', 'noise'],
    {
      point_id: new Float64Array(ROWS).fill(run * 100 + seq),
      noise: Float64Array.from({ length: ROWS }, (_, row) => bytes.readUInt32LE(8 * row)),
    },
    {},
  );
};

/** Three sweeps of four batches, as this version makes databases and as those before `auto_vacuum` are. */
function threeRuns(isOlder = false): string {
  const file = newDatabase();
  if (isOlder) {
    const db = new Database(file);
    db.pragma('journal_mode = WAL');
    db.exec('CREATE TABLE other (a); DROP TABLE other');
    db.close();
  }
  const { store } = openStore(file);
  for (const run of [1, 2, 3]) {
    const id = store.createRun({ ...sweepRun, points: BATCHES });
    for (let seq = 0; seq < BATCHES; seq += 1)
      store.appendChunk(id, seq, batchOf(run, seq), { points: 1, passing: ROWS });
    store.finishRun(id, { status: 'done', problems: [] });
  }
  store.close();
  const db = new Database(file, { readonly: true });
  expect(db.pragma('auto_vacuum', { simple: true })).toBe(isOlder ? 0 : 2);
  db.close();
  return file;
}

interface Page {
  pageno: number;
  pagetype: 'internal' | 'leaf' | 'overflow';
}

/** Pages of the rows of runs, in the order of the tree: each leaf holds one batch here, its overflow pages after it. */
function pagesOf(file: string, name = 'run_chunk'): Page[] {
  const db = new Database(file, { readonly: true });
  const pages = db
    .prepare<[string], Page>('SELECT pageno, pagetype FROM dbstat WHERE name = ? ORDER BY path')
    .all(name);
  db.close();
  return pages;
}

const PAGE_BYTES = 4096;

function overwrite(file: string, pages: readonly Page[], bytes: () => Buffer): void {
  const whole = readFileSync(file);
  for (const { pageno } of pages) bytes().copy(whole, (pageno - 1) * PAGE_BYTES);
  writeFileSync(file, whole);
}

/** The leaf of the `nth` batch, or its overflow pages. */
function pagesOfBatch(file: string, nth: number, pagetype: 'leaf' | 'overflow'): Page[] {
  const pages = pagesOf(file).filter((page) => page.pagetype !== 'internal');
  const leaves = pages.flatMap((page, index) => (page.pagetype === 'leaf' ? [index] : []));
  expect(leaves).toHaveLength(3 * BATCHES);
  return pages.slice(leaves[nth], leaves[nth + 1]).filter((page) => page.pagetype === pagetype);
}

const zeros = (): Buffer => Buffer.alloc(PAGE_BYTES);
const noise = (): Buffer => randomBytes(PAGE_BYTES);

const CASES = [false, true].flatMap((isOlder) =>
  (['leaf', 'overflow'] as const).flatMap((pagetype) =>
    ([zeros, noise] as const).map((bytes) => ({ isOlder, pagetype, bytes, name: bytes.name })),
  ),
);

describe.each(CASES)('$pagetype pages of a batch of run 2 overwritten with $name, older: $isOlder', (given) => {
  const damaged = (): string => {
    const file = threeRuns(given.isOlder);
    overwrite(file, pagesOfBatch(file, BATCHES + 1, given.pagetype), given.bytes);
    return file;
  };

  test('the database is kept, other runs are read whole, and of this one the batch is named', () => {
    const file = damaged();
    const { store, notice } = openStore(file);
    try {
      expect(notice).toBeNull();
      expect(store.listRuns()).toMatchObject({ rows: [{}, {}, {}], problems: [] });
      for (const id of [1, 3]) {
        const batches = [...store.readChunks(id, (problem) => expect.fail(problem))];
        expect(batches.map(({ rows }) => rows)).toEqual([ROWS, ROWS, ROWS, ROWS]);
      }
      const problems: string[] = [];
      expect([...store.readChunks(2, (problem) => problems.push(problem))]).toHaveLength(BATCHES - 1);
      expect(problems).toEqual([expect.stringMatching(/^The database holds something unreadable, .*run 2, batch 1: /)]);
      expect(store.listChunks(2).map(({ seq }) => seq)).toEqual([0, 1, 2, 3]);
      expect(store.readChunk(2, 2, (problem) => expect.fail(problem))?.rows).toBe(ROWS);
    } finally {
      store.close();
    }
  });

  test('the run can be removed, and others stored and removed after it', () => {
    const file = damaged();
    const store = openedStore(file);
    expect(store.deleteRun(2)).toBe(true);
    store.compact();
    expect(store.readRun(2)).toBeNull();
    expect([...store.readChunks(3, (problem) => expect.fail(problem))]).toHaveLength(BATCHES);
    const id = store.createRun(sweepRun);
    expect(id).toBe(4);
    store.appendChunk(id, 0, batchOf(4, 0), { points: 1, passing: 1 });
    store.finishRun(id, { status: 'done', problems: [] });
    expect([...store.readChunks(id, (problem) => expect.fail(problem))]).toHaveLength(1);
    expect(store.deleteRun(id)).toBe(true);
    store.close();
    expect(openStore(file).notice).toBeNull();
  });

  test('its batch makes room for one that is computed again, or says what helps', () => {
    const store = openedStore(damaged());
    let refused: unknown = null;
    try {
      store.removeChunk(2, 1);
    } catch (thrown) {
      refused = thrown;
    }
    if (refused === null) {
      store.appendChunk(2, 1, batchOf(2, 1), { points: 1, passing: ROWS });
      expect([...store.readChunks(2, (problem) => expect.fail(problem))]).toHaveLength(BATCHES);
    } else {
      expect(refused).toMatchObject({
        family: 'file',
        code: 'run_damaged',
        message:
          'Run 2 is damaged: its batch 1 lies on a page of the database that cannot be read. "configiq runs rerun 2" asks it anew, ' +
          '"configiq runs delete 2" removes it; other runs are not touched.',
      });
      expect([...store.readChunks(2, () => undefined)]).toHaveLength(BATCHES - 1);
    }
  });
});

test.each(['run_chunk', 'sqlite_autoindex_run_chunk_1'])(
  'a database that takes no more rows (%s) is set aside',
  (name) => {
    const file = threeRuns();
    const root = pagesOf(file, name)[0];
    overwrite(file, root ? [root] : [], noise);
    const { store, notice } = openStore(file);
    try {
      expect(notice).toMatch(/^The database was damaged \(.*malformed.*\) and has been set aside as /);
      expect(existsSync(join(dirname(file), 'configiq.damaged-1.sqlite'))).toBe(true);
      expect(store.createRun(sweepRun)).toBe(1);
    } finally {
      store.close();
    }
  },
);

test('opening reads next to nothing of the rows of runs', () => {
  const file = threeRuns();
  // All pages but those at the ends: a check of them would say so.
  const pages = pagesOf(file).filter(({ pagetype }) => pagetype === 'overflow');
  overwrite(file, pages, noise);
  const { store, notice } = openStore(file);
  try {
    expect(notice).toBeNull();
    const problems: string[] = [];
    expect([...store.readChunks(1, (problem) => problems.push(problem))]).toEqual([]);
    expect(problems).toHaveLength(BATCHES);
  } finally {
    store.close();
  }
});
