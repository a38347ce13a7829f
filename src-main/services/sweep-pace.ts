import { z } from 'zod';
import type { Store } from '../store/store.ts';
import { readableNote } from './notes.ts';

/** How fast a thread of this machine was in the last sweep, in ms: for programs that have not computed anything yet. */
export type KeptPace = z.output<typeof paceSchema>;

const paceSchema = z.strictObject({ msPerSearch: z.number().positive(), msPerSizing: z.number().positive() });

const PACE_NOTE = 'sweep-pace';

/** null before the first sweep, or where what was kept cannot be read: then nothing is known. */
export function readPace(store: Store, report: (problem: string) => void): KeptPace | null {
  const text = readableNote(store, PACE_NOTE, report);
  if (text === null) return null;
  try {
    return paceSchema.parse(JSON.parse(text));
  } catch {
    // An older or a newer program kept it otherwise; the next sweep replaces it.
    return null;
  }
}

export const keepPace = (store: Store, pace: KeptPace, at: Date): void =>
  store.writeNote(PACE_NOTE, JSON.stringify(pace), at.toISOString());
