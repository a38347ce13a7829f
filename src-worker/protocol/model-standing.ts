import type { ModelListEntry } from './documents.ts';

/** What can be done with a listed model: it is sized, only counted since it generates no text, or cannot be read. */
export type ModelStanding = 'sized' | 'counted' | 'unread';

export function modelStanding({ supported, total_parameters }: ModelListEntry): ModelStanding {
  if (supported) return 'sized';
  return total_parameters === null ? 'unread' : 'counted';
}
