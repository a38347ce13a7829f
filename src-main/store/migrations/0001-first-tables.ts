/** Config store, imported catalogs, and runs with their results in columnar chunks. */
export const firstTables = `
CREATE TABLE model_config (
  id TEXT NOT NULL COLLATE NOCASE PRIMARY KEY,
  config TEXT NOT NULL,
  origin TEXT NOT NULL,
  source TEXT NOT NULL,
  revision TEXT,
  added_at TEXT NOT NULL
) STRICT;

CREATE TABLE catalog_import (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  format TEXT NOT NULL,
  layer TEXT NOT NULL,
  source TEXT NOT NULL,
  imported_at TEXT NOT NULL,
  content TEXT NOT NULL
) STRICT;

-- AUTOINCREMENT: the number of a removed run is never given to another one.
CREATE TABLE run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('size', 'sweep')),
  name TEXT NOT NULL,
  model TEXT NOT NULL,
  created_at TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('running', 'done', 'cancelled', 'failed', 'interrupted')),
  owner TEXT,
  input TEXT NOT NULL,
  versions TEXT NOT NULL,
  points INTEGER NOT NULL,
  done_points INTEGER NOT NULL DEFAULT 0,
  rows INTEGER NOT NULL DEFAULT 0,
  passing INTEGER NOT NULL DEFAULT 0,
  problems TEXT NOT NULL DEFAULT '[]',
  document TEXT
) STRICT;

CREATE INDEX run_by_date ON run (created_at, id);
CREATE INDEX run_running ON run (status) WHERE status = 'running';

CREATE TABLE run_chunk (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  columns TEXT NOT NULL,
  data BLOB NOT NULL,
  UNIQUE (run_id, seq)
) STRICT;
`;
