import { usageError } from './errors.ts';

/** The number of a run as it was given. Throws wrong usage. */
export function runNumber(text = ''): number {
  if (/^\d{1,15}$/.test(text) && Number(text) > 0) return Number(text);
  throw usageError(`"${text.slice(0, 60)}" is not the number of a run: configiq runs list shows them.`);
}
