import Database from 'better-sqlite3';
import { fileError, type ConfigIqError } from '../../src-worker/engine/errors.ts';

/** SQLite's reasons in words a person can act on, by the start of its code. */
const SENTENCES: readonly [prefix: string, code: string, sentence: (file: string) => string][] = [
  [
    'SQLITE_FULL',
    'disk_full',
    (file) => `The disk is full: cannot write to the database ${file}. Free some space and try again.`,
  ],
  [
    'SQLITE_READONLY',
    'database_not_writable',
    (file) =>
      `The database ${file} cannot be written: check its permissions, or set CONFIGIQ_HOME to a folder that can be written.`,
  ],
  [
    'SQLITE_CANTOPEN',
    'database_not_writable',
    (file) =>
      `The database ${file} cannot be opened: check the folder and its permissions, or set CONFIGIQ_HOME to another folder.`,
  ],
  [
    'SQLITE_BUSY',
    'database_busy',
    (file) => `The database ${file} is in use by another program: close it and try again.`,
  ],
  [
    'SQLITE_CORRUPT',
    'database_damaged',
    (file) => `The database ${file} is damaged: start ConfigIQ again, and it is set aside and a new one begun.`,
  ],
  [
    'SQLITE_NOTADB',
    'database_damaged',
    (file) => `The database ${file} is not a database any more: start ConfigIQ again.`,
  ],
  [
    'SQLITE_IOERR',
    'database_io',
    (file) => `The disk failed while the database ${file} was read or written: check the disk.`,
  ],
  [
    'SQLITE_TOOBIG',
    'value_too_large',
    (file) => `A value is too large for the database ${file}: split the work into smaller parts.`,
  ],
];

/** How SQLite says that a table or a column has gone since the database was opened: its code is that of any other error. */
const IS_GONE = /^(?:no such (?:table|column)|table \S+ has no column)/;

const sqliteCode = (thrown: unknown): string | null => (thrown instanceof Database.SqliteError ? thrown.code : null);

/** True when the file itself is broken, as against busy, full or forbidden. */
export function isDamage(thrown: unknown): boolean {
  const code = sqliteCode(thrown) ?? '';
  return code.startsWith('SQLITE_CORRUPT') || code.startsWith('SQLITE_NOTADB');
}

/** True when another connection holds a lock. */
export const isBusy = (thrown: unknown): boolean => sqliteCode(thrown)?.startsWith('SQLITE_BUSY') ?? false;

/** The error to hand on for something SQLite threw; null when it is none of the known kinds, thus a bug of ours. */
function databaseError(thrown: unknown, file: string): ConfigIqError | null {
  const code = sqliteCode(thrown);
  if (code === 'SQLITE_ERROR' && thrown instanceof Error && IS_GONE.test(thrown.message)) {
    const sentence = `The database ${file} is damaged (${thrown.message}): start ConfigIQ again, and it is set aside and a new one begun.`;
    return fileError('database_damaged', sentence, { file, sqlite_code: code }, thrown);
  }
  const known = SENTENCES.find(([prefix]) => code?.startsWith(prefix));
  if (!known) return null;
  const [, stableCode, sentence] = known;
  return fileError(stableCode, sentence(file), { file, sqlite_code: code }, thrown);
}

/** Runs `work` and turns SQLite's own errors into sentences. */
export function withSentences<Value>(file: string, work: () => Value): Value {
  try {
    return work();
  } catch (thrown) {
    throw databaseError(thrown, file) ?? thrown;
  }
}
