import { firstTables } from './0001-first-tables.ts';
import { answersAndNotes } from './0002-answers-and-notes.ts';
import { safetensors } from './0003-safetensors.ts';
import { catalogs } from './0004-catalogs.ts';
import { importFingerprints } from './0005-import-fingerprints.ts';
import { calibrationProfiles } from './0006-calibration-profiles.ts';
import { earlierProfiles } from './0007-earlier-profiles.ts';
import { chunkPoints } from './0008-chunk-points.ts';

/**
 * All migrations, oldest first: entry n - 1 brings a database to version n. Forward only; one that was released is never
 * edited. A new one is a new file, a line here, and an old database file in tests/store that it is tried on.
 */
export const MIGRATIONS: readonly string[] = [
  firstTables,
  answersAndNotes,
  safetensors,
  catalogs,
  importFingerprints,
  calibrationProfiles,
  earlierProfiles,
  chunkPoints,
];
