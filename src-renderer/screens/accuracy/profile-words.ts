import type { CalibrationEntry } from '../../../src-worker/protocol/calibration-api.ts';
import { formatFixed, plural } from '../../../src-worker/protocol/numbers.ts';

/**
 * What a profile was fitted to: `5 measurements of yours, from a base fitted to 1,920`. One that ships with the program has
 * no measurements of anybody's own and no base.
 */
export function fittedTo({ isOwn, measurements, ownMeasurements, baseMeasurements }: CalibrationEntry): string {
  if (measurements === null) return 'No measurement';
  if (!isOwn) return plural(measurements, 'measurement');
  const own = `${plural(ownMeasurements ?? 0, 'measurement')} of yours`;
  return baseMeasurements ? `${own}, from a base fitted to ${formatFixed(baseMeasurements)}` : own;
}
