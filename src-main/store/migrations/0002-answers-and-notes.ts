/**
 * What the list of runs says of each without opening it, and a place for what a window puts away. Saved answers of the
 * first version get theirs from their document; sweeps when they are next opened.
 */
export const answersAndNotes = `
ALTER TABLE run ADD COLUMN answer TEXT;
ALTER TABLE run ADD COLUMN usd_per_hour REAL;

UPDATE run
SET
  answer = printf('%,d', json_extract(document, '$.recommendations[0].instances')) || ' × ' ||
    json_extract(document, '$.recommendations[0].instance'),
  usd_per_hour = CASE
    WHEN json_type(document, '$.recommendations[0].cost.usd_per_hour') IN ('integer', 'real')
    THEN json_extract(document, '$.recommendations[0].cost.usd_per_hour')
  END
WHERE kind = 'size' AND passing > 0 AND json_valid(document);

CREATE TABLE note (
  name TEXT NOT NULL PRIMARY KEY,
  text TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;
`;
