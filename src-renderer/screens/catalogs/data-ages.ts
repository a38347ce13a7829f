import type { CatalogBook } from '../../../src-worker/protocol/catalog-api.ts';
import { formatDate } from '../../../src-worker/protocol/numbers.ts';
import { ageText, isVeryOld } from '../../format/age.ts';

export interface DataAge {
  label: string;
  /** `20 Jul 2026 to 17 Sep 2026`. */
  dates: string;
  /** `4 months`, or the date where it does not tell an age. */
  age: string;
  isOld: boolean;
}

/** Age of the prices of every cloud that has dated ones, and of the facts of GPUs. */
export function dataAges({ providers, gpus }: CatalogBook, now: Date, labelOf: (id: string) => string): DataAge[] {
  const ages = providers.flatMap(({ id, oldest, newest }) => ageOf(`${labelOf(id)} prices`, oldest, newest, now) ?? []);
  const dates = gpus.flatMap(({ facts }) => facts.flatMap(({ asOf }) => asOf ?? [])).sort();
  const ofGpus = ageOf('GPU facts', dates[0] ?? null, dates.at(-1) ?? null, now);
  return ofGpus ? [...ages, ofGpus] : ages;
}

function ageOf(label: string, oldest: string | null, newest: string | null, now: Date): DataAge | null {
  if (oldest === null) return null;
  const [from, to] = [formatDate(oldest), formatDate(newest)];
  const dates = newest === null || from === to ? from : `${from} to ${to}`;
  return { label, dates, age: ageText(oldest, now) || from, isOld: isVeryOld(oldest, now) };
}
