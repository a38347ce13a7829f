import type { CalibrationEntry } from './calibration-api.ts';
import type { CalibrationDocument } from './calibration.ts';
import { formatFixed, plural } from './numbers.ts';

type Moved = Pick<CalibrationDocument, 'base' | 'parameters' | 'informed' | 'moved'>;

/** How much of the profile the rows decide by themselves, so that errors that fall are no surprise beside it. */
export function informedSentence({ base, parameters, informed, moved }: Moved): string {
  if (moved.length === 0) return `Every parameter stays as ${base} has it.`;
  const touched = plural(parameters, 'parameter');
  if (informed === 0)
    return `These rows bear on ${touched} and narrow none of them down by themselves: each is held mainly by ${base}, and errors change by many small moves together.`;
  return `Of the ${touched} that these rows bear on, they narrow ${formatFixed(informed)} down; the others are held mainly by ${base} and move along.`;
}

/**
 * What a profile was fitted to: `5 measurements of yours, on a base of 1,920`. One that ships with the program has
 * no measurements of anybody's own and no base.
 */
export function fittedTo({ isOwn, measurements, ownMeasurements, baseMeasurements }: CalibrationEntry): string {
  if (measurements === null) return 'No measurement';
  if (!isOwn) return plural(measurements, 'measurement');
  const own = `${plural(ownMeasurements ?? 0, 'measurement')} of yours`;
  return baseMeasurements ? `${own}, on a base of ${formatFixed(baseMeasurements)}` : own;
}
