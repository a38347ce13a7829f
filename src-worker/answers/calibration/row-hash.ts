import type { CalibrationProfile, FittedRows } from '../../engine/calibration/types.ts';
import type { Measurement } from '../../engine/validation/types.ts';

/** What a row is called, and by whom, is no part of what was measured. */
const NAMES: ReadonlySet<string> = new Set<keyof Measurement>(['pointId', 'sourceId']);

/** Two FNV-1a hashes of 32 bits with offsets of their own: among a million rows one pair in tens of millions meets. */
const FNV_PRIME = 0x01000193;
const OFFSETS = [0x811c9dc5, 0x050c5d1f] as const;
const RADIX = 36;

function fnv(text: string, offset: number): number {
  let hash = offset;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME) >>> 0;
  // The last characters of an FNV hash have hardly been mixed: the murmur finalizer spreads them.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Tells whether two rows are the same measurement, by what was run and what came out, whatever they are called. */
export function rowHash(row: Measurement): string {
  const { measured, ...rest } = row;
  const told = [...Object.entries(rest), ...Object.entries(measured)]
    .filter(([key, value]) => !NAMES.has(key) && value !== null)
    .map(([key, value]) => `${key}=${String(value).toLowerCase()}`)
    .sort()
    .join('\n');
  return OFFSETS.map((offset) => fnv(told, offset).toString(RADIX)).join('-');
}

/** Which measurements a profile was fitted to, as far as it says. */
export const fittedRowsOf = ({ fittedRows, coverage }: CalibrationProfile): FittedRows =>
  fittedRows ?? { isBundled: coverage !== undefined, own: [] };

/** With the rows of a further fit; null = a profile that was made anew. */
export function withFittedRows(
  before: FittedRows | null,
  rows: readonly Measurement[],
  isBundled: boolean,
): FittedRows {
  const own = isBundled ? [] : rows.map(rowHash);
  return {
    isBundled: isBundled || (before?.isBundled ?? false),
    own: [...new Set([...(before?.own ?? []), ...own])].sort(),
  };
}
