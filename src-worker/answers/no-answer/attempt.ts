import type { Family, Option } from './option.ts';
import type { Asked, Change, Probe } from './probe.ts';
import { passes } from './option.ts';

/** A change that was computed and brings nothing. */
export interface Futile {
  family: Family;
  change: string;
  probe: Probe;
}

export interface Attempts {
  options: Option[];
  futile: Futile[];
}

export interface ChangeText {
  family: Family;
  change: string;
  from: string;
  to: string;
  note?: string | null;
}

/** Sizes the question with one change; what is no valid question counts as not tried. */
export function attempt(asked: Asked, set: Change, { note = null, ...text }: ChangeText): Attempts {
  const probe = asked.ask(set);
  if (!probe) return { options: [], futile: [] };
  if (passes(probe)) return { options: [{ ...text, note, set, probe }], futile: [] };
  return { options: [], futile: [{ family: text.family, change: text.change, probe }] };
}

export const joined = (attempts: readonly Attempts[]): Attempts => ({
  options: attempts.flatMap(({ options }) => options),
  futile: attempts.flatMap(({ futile }) => futile),
});
