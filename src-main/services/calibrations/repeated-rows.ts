import type { CalibrationProfile } from '../../../src-worker/engine/calibration/types.ts';
import { invalidInput } from '../../../src-worker/engine/errors.ts';
import type { Measurement } from '../../../src-worker/engine/validation/types.ts';
import { fittedRowsOf, rowHash } from '../../../src-worker/answers/calibration/row-hash.ts';
import type { SkippedPoint } from '../../../src-worker/protocol/accuracy.ts';
import { readRows } from './measured-rows.ts';

/** What of some rows is new to a profile, and what is left out with the reason. */
export interface NewRows {
  rows: Measurement[];
  repeated: SkippedPoint[];
}

const GIVEN_TWICE = 'the same measurement is there twice.';

/** The rows without those that are there twice. */
export function distinctRows(rows: readonly Measurement[]): NewRows {
  const taken = new Set<string>();
  const found: NewRows = { rows: [], repeated: [] };
  for (const row of rows) {
    const hash = rowHash(row);
    if (taken.has(hash)) found.repeated.push({ point_id: row.pointId, reason: GIVEN_TWICE });
    else {
      taken.add(hash);
      found.rows.push(row);
    }
  }
  return found;
}

/** Tells whether a profile or its base was fitted to a row; null where the profile does not say. */
export async function fittedTo(
  profile: CalibrationProfile,
  catalogsFolder: string,
): Promise<((row: Measurement) => boolean) | null> {
  if (profile.coverage && !profile.fittedRows) return null;
  const known = await knownTo(profile, catalogsFolder);
  return (row) => known.has(rowHash(row));
}

/** Hashes of the measurements that a profile was fitted to. */
async function knownTo(profile: CalibrationProfile, catalogsFolder: string): Promise<Set<string>> {
  const { isBundled, own } = fittedRowsOf(profile);
  if (!isBundled) return new Set(own);
  const { rows, doubtful } = await readRows(catalogsFolder, null);
  const sound = rows.filter(({ pointId }) => doubtful[pointId] === undefined);
  return new Set([...own, ...sound.map(rowHash)]);
}

/**
 * The rows that a profile has not been fitted to yet, each once: a fit holds near the profile it starts from, and what it has
 * learned from a row would pull a second time. Throws invalid input where none is left.
 */
export async function newRows(
  rows: readonly Measurement[],
  profile: CalibrationProfile,
  catalogsFolder: string,
): Promise<NewRows> {
  const known = await knownTo(profile, catalogsFolder);
  const taken = new Set<string>();
  const found: NewRows = { rows: [], repeated: [] };
  for (const row of rows) {
    const hash = rowHash(row);
    const reason = known.has(hash) ? `already in profile "${profile.name}".` : taken.has(hash) ? GIVEN_TWICE : null;
    if (reason !== null) found.repeated.push({ point_id: row.pointId, reason });
    else {
      taken.add(hash);
      found.rows.push(row);
    }
  }
  if (found.rows.length === 0) throw nothingNew(profile.name, rows.length);
  return found;
}

const nothingNew = (profile: string, rows: number): Error =>
  invalidInput(
    'measurements_repeated',
    `${rows === 1 ? 'The measurement is' : `All ${rows.toLocaleString('en-US')} measurements are`} already in profile "${profile}", which it would be moved from: give others, choose another base, or make it anew (configiq calibrate --from-priors).`,
    { rows, profile },
  );
