import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { readRow, readRows, jsonText } from './rows.ts';
import type { Store, StoredModel } from './store.ts';

type ModelVerbs = Pick<Store, 'saveModel' | 'readModel' | 'listModels' | 'removeModel'>;

/** The summary as it is kept: its names are our own. */
const safetensorsSummary = z.strictObject({
  elementsByDtype: z.record(z.string(), z.number().nonnegative()),
  totalBytes: z.number().nonnegative().nullable(),
});

const modelRow = z
  .strictObject({
    id: z.string().min(1),
    config: jsonText(z.record(z.string(), z.unknown())),
    origin: z.enum(['imported', 'hub']),
    source: z.string(),
    revision: z.string().nullable(),
    safetensors: jsonText(safetensorsSummary).nullable(),
    added_at: z.string(),
  })
  .transform(({ added_at, ...rest }): StoredModel => ({ ...rest, addedAt: added_at }));

const nameOf = (row: unknown): string =>
  `model ${typeof row === 'object' && row !== null && 'id' in row ? JSON.stringify(row.id) : 'without an id'}`;

/** The config store: one `config.json` per id. */
export function modelVerbs(db: Database): ModelVerbs {
  const columns = 'id, config, origin, source, revision, safetensors, added_at';
  const save = db.prepare<[string, string, string, string, string | null, string | null, string]>(
    `INSERT INTO model_config (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET id = excluded.id, config = excluded.config, origin = excluded.origin,
       source = excluded.source, revision = excluded.revision, safetensors = excluded.safetensors,
       added_at = excluded.added_at`,
  );
  const one = db.prepare<[string], unknown>(`SELECT ${columns} FROM model_config WHERE id = ?`);
  const all = db.prepare<[], unknown>(`SELECT ${columns} FROM model_config ORDER BY id`);
  const remove = db.prepare<[string]>('DELETE FROM model_config WHERE id = ?');

  return {
    saveModel({ id, config, origin, source, revision, safetensors, addedAt }) {
      const summary = safetensors === null ? null : JSON.stringify(safetensors);
      save.run(id, JSON.stringify(config), origin, source, revision, summary, addedAt);
    },
    readModel(id) {
      const row = one.get(id);
      return row === undefined ? null : readRow(modelRow, row, nameOf(row));
    },
    listModels: () => readRows(modelRow, all.all(), nameOf),
    removeModel: (id) => remove.run(id).changes > 0,
  };
}
