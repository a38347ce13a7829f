import { z } from 'zod';
import type { AccuracyDocument, AccuracyPoint } from '../../../src-worker/protocol/accuracy.ts';
import type { Choice } from '../../format/counted-choices.ts';
import { sortedColumns } from '../../format/measured-columns.ts';
import { generationLabel, gpuLabel } from '../../format/names.ts';
import { formatFixed } from '../../../src-worker/protocol/numbers.ts';
import { errorPercent, isInRange } from './error-summary.ts';

/** Which points are looked at, and in which column. */

const KIND_LABELS: Readonly<Record<string, string>> = {
  static_batch: 'One batch at once',
  offline_max: 'Many queued',
  closed_loop: 'Fixed concurrency',
  open_loop: 'Arrivals at a rate',
};

interface Filter {
  label: string;
  /** What choosing nothing is called. */
  everything: string;
  of: (point: AccuracyPoint) => string;
  words: (id: string, document: AccuracyDocument) => string;
}

/** `meta-llama/Llama-3.1-8B` as Llama-3.1-8B. */
export const shortModel = (id: string): string => id.slice(id.indexOf('/') + 1);

const sourceTitle = (id: string, { points }: AccuracyDocument): string =>
  points.find(({ source_id: source }) => source === id)?.source_title ?? id;

export const FILTERS = {
  gpu: { label: 'GPU', everything: 'All GPUs', of: ({ gpu }) => gpu, words: gpuLabel },
  engine: {
    label: 'Engine',
    everything: 'All engines',
    of: ({ generation }) => generation,
    words: generationLabel,
  },
  model: { label: 'Model', everything: 'All models', of: ({ model }) => model, words: shortModel },
  source: {
    label: 'Source',
    everything: 'All sources',
    of: ({ source_id: source }) => source,
    words: sourceTitle,
  },
  kind: {
    label: 'Load',
    everything: 'All loads',
    of: ({ workload_kind: kind }) => kind,
    words: (id) => KIND_LABELS[id] ?? id,
  },
} satisfies Record<string, Filter>;

export type FilterId = keyof typeof FILTERS;
export const FILTER_IDS = Object.keys(FILTERS) as FilterId[];

const EVERYTHING = 'all';

const shownSchema = z.object({
  /** null = the one with the most to say. */
  column: z.string().nullable(),
  gpu: z.string(),
  engine: z.string(),
  model: z.string(),
  source: z.string(),
  kind: z.string(),
});

/** Plain data that outlives the screen. */
export type ShownPoints = z.infer<typeof shownSchema>;

export const NO_FILTERS: Omit<ShownPoints, 'column'> = {
  gpu: EVERYTHING,
  engine: EVERYTHING,
  model: EVERYTHING,
  source: EVERYTHING,
  kind: EVERYTHING,
};

/** What was looked at before; everything where `kept` is none. */
export const readShownPoints = (kept: unknown): ShownPoints =>
  shownSchema.safeParse(kept).data ?? { column: null, ...NO_FILTERS };

export const isNarrowed = (shown: ShownPoints): boolean => FILTER_IDS.some((id) => shown[id] !== EVERYTHING);

/** Points that pass every filter, or every one but `but`. */
export function filteredPoints({ points }: AccuracyDocument, shown: ShownPoints, but?: FilterId): AccuracyPoint[] {
  const active = FILTER_IDS.filter((id) => id !== but && shown[id] !== EVERYTHING);
  if (active.length === 0) return points;
  return points.filter((point) => active.every((id) => FILTERS[id].of(point) === shown[id]));
}

/**
 * What a filter can be set to, each with the points it would leave in the column that is shown. What the other filters leave
 * nothing of at all cannot be chosen; what is judged on other columns alone says so. A choice that is gone from the document
 * stays, so that the filter says what it does.
 */
export function filterChoices(
  document: AccuracyDocument,
  shown: ShownPoints,
  id: FilterId,
  column: string | null,
): Choice<string>[] {
  const { of, words, everything } = FILTERS[id];
  const counts = new Map(document.points.map((point) => [of(point), { any: 0, shown: 0 }]));
  if (shown[id] !== EVERYTHING && !counts.has(shown[id])) counts.set(shown[id], { any: 0, shown: 0 });
  for (const point of filteredPoints(document, shown, id)) {
    const count = counts.get(of(point));
    if (!count) continue;
    count.any += 1;
    if (column === null || point.columns[column]) count.shown += 1;
  }
  const choices = [...counts].map(([value, count]): Choice<string> => {
    const label = words(value, document);
    if (count.any === 0 && value !== shown[id]) return { value, label, reason: 'none' };
    return { value, label, note: count.any > 0 && count.shown === 0 ? 'other metrics' : formatFixed(count.shown) };
  });
  choices.sort((a, b) => a.label.localeCompare(b.label, 'en', { numeric: true }));
  return [{ value: EVERYTHING, label: everything }, ...choices];
}

/** The column that most of the points are judged on; null without points. */
export function fullestColumn(points: readonly AccuracyPoint[]): { id: string; count: number } | null {
  const counts = new Map<string, number>();
  for (const { columns } of points) for (const id of Object.keys(columns)) counts.set(id, (counts.get(id) ?? 0) + 1);
  return sortedColumns(counts.keys()).reduce<{ id: string; count: number } | null>((best, id) => {
    const count = counts.get(id) ?? 0;
    return best === null || count > best.count ? { id, count } : best;
  }, null);
}

/** Columns that some point is judged on, in the order of the screen. */
export const judgedColumns = ({ metrics }: AccuracyDocument): string[] =>
  sortedColumns(Object.keys(metrics).filter((id) => (metrics[id]?.count ?? 0) > 0));

/** Targets are of these: how far their predictions are off is asked as often as of means. */
const isTail = (id: string): boolean => /_ms_p9[59]$/.test(id);

/**
 * Of each kind of figure the statistic that was measured most, and the tail that was: what the table of errors begins with.
 */
export function leadingColumns(document: AccuracyDocument): string[] {
  const countOf = (id: string): number => document.metrics[id]?.count ?? 0;
  const most = (ids: string[]): string[] => ids.toSorted((a, b) => countOf(b) - countOf(a)).slice(0, 1);
  const kinds = Map.groupBy(judgedColumns(document), (id) => /^[a-z0-9]+(?=_ms_)/.exec(id)?.[0] ?? 'rate');
  const leading = [...kinds.values()].flatMap((ids) => [...most(ids), ...most(ids.filter(isTail))]);
  return sortedColumns(new Set(leading));
}

/** Time per token says most of a step; where it was not measured, what was measured most. */
export function mainColumn({ metrics }: AccuracyDocument): string | null {
  const most = (ids: string[]): string | null =>
    ids.reduce<string | null>(
      (best, id) => (best === null || (metrics[id]?.count ?? 0) > (metrics[best]?.count ?? 0) ? id : best),
      null,
    );
  const ids = Object.keys(metrics);
  const judged = sortedColumns(ids.filter((id) => (metrics[id]?.count ?? 0) > 0));
  return most(judged.filter((id) => id.startsWith('tpot_'))) ?? most(judged);
}

/** A point in the column that is shown. */
export interface AccuracyRow {
  id: string;
  point: AccuracyPoint;
  measured: number;
  predicted: number;
  lo: number | null;
  hi: number | null;
  /** Absent where it is no miss. */
  why?: string;
  errorPercent: number;
  isInRange: boolean | null;
}

const gpusOf = (count: number, label: string): string => `${count > 1 ? `${formatFixed(count)} × ` : ''}${label}`;

/** `DeepSeek-R1, 8 × H200`. */
export const caseName = ({ model, gpu, gpu_count: count }: AccuracyPoint): string =>
  `${shortModel(model)}, ${gpusOf(count, gpuLabel(gpu))}`;

/** Without what goes without saying: Llama-3-70B of Meta-Llama-3-70B-Instruct. */
const plainModel = (model: string): string =>
  shortModel(model)
    .replace(/^Meta-/, '')
    .replace(/-(Instruct|hf)(?=-|$)/g, '');

/** `Llama-3-70B, 4 × H100` of Meta-Llama-3-70B-Instruct on the part with 80 GB. */
export const shortCaseName = ({ model, gpu, gpu_count: count }: AccuracyPoint): string =>
  `${plainModel(model)}, ${gpusOf(count, gpuLabel(gpu).replace(/ \d+GB/, ''))}`;

/** `Llama-3-70B, 4 × H100 80GB`: with the part in full, since a table has several of them. */
export const listedCaseName = ({ model, gpu, gpu_count: count }: AccuracyPoint): string =>
  `${plainModel(model)}, ${gpusOf(count, gpuLabel(gpu))}`;

/** How many times too much or too little: half of the measured value is as far off as twice as much. */
const missSize = ({ measured, predicted }: AccuracyRow): number => Math.abs(Math.log(predicted / measured));

/** The points that are judged on the column, the furthest off by factor first. */
export function rowsOf(points: readonly AccuracyPoint[], column: string): AccuracyRow[] {
  const rows = points.flatMap((point): AccuracyRow[] => {
    const values = point.columns[column];
    if (!values) return [];
    return [{ id: point.point_id, point, ...values, errorPercent: errorPercent(values), isInRange: isInRange(values) }];
  });
  const sizes = new Map(rows.map((row) => [row.id, missSize(row)]));
  const sizeOf = ({ id }: AccuracyRow): number => sizes.get(id) ?? 0;
  return rows.sort((a, b) => sizeOf(b) - sizeOf(a) || (a.id < b.id ? -1 : 1));
}

/** Why a prediction is off, where it is: empty of one that is near enough. */
export const whyOfMiss = ({ why = '' }: AccuracyRow): string => why;
