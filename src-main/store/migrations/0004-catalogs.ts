/**
 * Numbers of removed imports are never given to another one, so that a removed one can be put back; how much of a file was
 * left out when it was imported; and corrections of single facts, which lie over all catalogs.
 */
export const catalogs = `
CREATE TABLE catalog_import_kept (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  format TEXT NOT NULL,
  layer TEXT NOT NULL,
  source TEXT NOT NULL,
  imported_at TEXT NOT NULL,
  left_out INTEGER NOT NULL DEFAULT 0,
  content TEXT NOT NULL
) STRICT;

INSERT INTO catalog_import_kept (id, name, format, layer, source, imported_at, content)
SELECT id, name, format, layer, source, imported_at, content FROM catalog_import;

DROP TABLE catalog_import;
ALTER TABLE catalog_import_kept RENAME TO catalog_import;

CREATE TABLE catalog_correction (
  subject TEXT NOT NULL CHECK (subject IN ('gpu', 'instance', 'price')),
  id TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  note TEXT NOT NULL,
  corrected_at TEXT NOT NULL,
  PRIMARY KEY (subject, id, key)
) STRICT;
`;
