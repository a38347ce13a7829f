import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { readRow } from './rows.ts';
import type { Store } from './store.ts';

type NoteVerbs = Pick<Store, 'readNote' | 'writeNote'>;

const noteRow = z.strictObject({ text: z.string() });

/** Texts under names: drafts of a window and where it was left. One statement each, so a note is whole or absent. */
export function noteVerbs(db: Database): NoteVerbs {
  const one = db.prepare<[string], unknown>('SELECT text FROM note WHERE name = ?');
  const write = db.prepare<[string, string, string]>(
    `INSERT INTO note (name, text, updated_at) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET text = excluded.text, updated_at = excluded.updated_at`,
  );
  return {
    readNote(name) {
      const row = one.get(name);
      return row === undefined ? null : readRow(noteRow, row, `note "${name}"`).text;
    },
    writeNote(name, text, updatedAt) {
      write.run(name, text, updatedAt);
    },
  };
}
