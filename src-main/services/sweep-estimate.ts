import { surveySearches } from '../../src-worker/answers/sweep/survey.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
import type { KeptPace } from './sweep-pace.ts';
import { MS_PER_PLACED_ROW, type Pace, type SearchSample } from '../../src-worker/pool/pool.ts';

/** What a sweep will have to do. */
export interface SweepWork {
  /** Capacity searches that no thread remembers, over all inputs. */
  searches: number;
  /** Inputs that are searched: each as a whole, by one thread at a time. */
  inputs: number;
  /** Rows of all points. */
  rows: number;
  /** Instances times loads, each sized once; the other rows are the same in other places or at other prices. */
  sizings: number;
}

/**
 * How long a sweep will take on so many threads, from how fast they were lately, else from `kept`, how fast they were in the last
 * sweep of this machine; null where neither tells. The searches of one input are one piece of work, so that more threads than inputs
 * do not shorten them: the others do the same search for themselves.
 */
export function estimateSweepMs(
  work: SweepWork,
  pace: Pace,
  threads: number,
  facts: Facts,
  kept: KeptPace | null,
): number | null {
  const { msPerSearch, msPerSizing } = paceOf(pace, facts) ?? kept ?? {};
  // Nothing is guessed: what one tells of the other is off by a factor of ten.
  if (msPerSearch === undefined || msPerSizing === undefined) return null;
  const searchMs = (work.searches * msPerSearch) / Math.max(1, Math.min(threads, work.inputs));
  const rowMs = work.sizings * msPerSizing + (work.rows - work.sizings) * MS_PER_PLACED_ROW;
  return Math.round(searchMs + rowMs / threads);
}

/** What the threads were timed at; null before both were. */
export function paceOf(pace: Pace, facts: Facts): KeptPace | null {
  const msPerSearch = searchPace(pace, facts);
  return msPerSearch === null || pace.msPerSizing === null ? null : { msPerSearch, msPerSizing: pace.msPerSizing };
}

/**
 * ms of one thread for one capacity search, by the latest ones: the lower quartile, because a thread gets faster for a
 * while and whatever disturbs it only makes it slower. Cold ones count where there are no others.
 */
function searchPace({ searches, msPerSizing }: Pace, facts: Facts): number | null {
  const warm = searches.filter(({ isCold }) => !isCold);
  const paces = (warm.length > 0 ? warm : searches)
    .map((sample) => samplePace(sample, msPerSizing ?? 0, facts))
    .filter((ms) => ms !== null)
    .sort((one, other) => one - other);
  return paces[Math.floor(paces.length / 4)] ?? null;
}

function samplePace({ input, model, ms, rows, share }: SearchSample, msPerSizing: number, facts: Facts): number | null {
  const anywhere = [{ pricing: input.pricing, zone: null, region: null }];
  const searches = surveySearches([input], anywhere, new Map([[input.model, model]]), facts).searches * share;
  // Rows of a call never take all of its time, whatever their pace was elsewhere.
  return searches > 0 ? Math.max(ms - rows * msPerSizing, ms / 10) / searches : null;
}
