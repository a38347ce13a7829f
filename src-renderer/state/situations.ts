import type { RunDetail, RunRow } from '../../src-worker/protocol/app-api.ts';
import { metric } from '../../src-worker/protocol/metrics.ts';
import type { FrontierDocument, FrontierGroup, FrontierPoint, Place } from '../../src-worker/protocol/run-analysis.ts';
import { choiceWords, placeWords } from '../../src-worker/protocol/run-analysis-words.ts';
import type { RunRowsDraft } from '../../src-worker/protocol/run-rows.ts';
import type { ChartPoint } from '../charts/chart-point.ts';
import { providerLabel } from '../format/names.ts';
import { namedPlace } from '../format/place-names.ts';
import { givenAxes } from './sweep-result.ts';

/*
 * The situations of a sweep: loads and everything else that is given. Configurations weigh against each other in one situation
 * only (docs/decisions/0045).
 */

const isSame = (a: Place, b: Place): boolean => Object.entries(a).every(([axis, value]) => b[axis] === value);

/** The frontier of a situation; null where nothing passes in it. */
export const groupAt = ({ groups }: FrontierDocument, place: Place): FrontierGroup | null =>
  groups.find(({ at }) => isSame(place, at)) ?? null;

/** An axis of which somebody picks the value that is looked at. */
export interface SituationAxis {
  axis: string;
  values: (number | string)[];
}

/**
 * The given axes of a sweep with several values, numbers in their order, names as they come. Both sides may know only some of them:
 * `detail` has rows without an answer as well, but no more than a window holds, and the frontier (null = not known yet) passing rows alone.
 */
export function situationAxes(detail: RunDetail, frontier: Pick<FrontierDocument, 'groups'> | null): SituationAxis[] {
  const places: Record<string, number | string | null>[] = [
    ...detail.bestRows,
    ...detail.emptyRows,
    ...(frontier?.groups ?? []).map(({ at }) => at),
  ];
  return givenAxes(detail)
    .map(({ column }) => {
      const values = [...new Set(places.flatMap((place) => place[column] ?? []))];
      const isNumbers = values.every((value) => typeof value === 'number');
      return { axis: column, values: isNumbers ? values.sort((a, b) => a - b) : values };
    })
    .filter(({ values }) => values.length > 1);
}

/** What is picked of each axis, or else that of the row that is chosen, or of the first that has an answer. */
export function placeOf(
  axes: readonly SituationAxis[],
  picked: Place,
  chosen: RunRow | null,
  { bestRows }: RunDetail,
): Place {
  const [first] = bestRows;
  const entries = axes.map(({ axis, values }): [string, number | string | undefined] => [
    axis,
    picked[axis] ?? chosen?.[axis] ?? first?.[axis] ?? values[0],
  ]);
  return Object.fromEntries(entries.filter((entry): entry is [string, number | string] => entry[1] !== undefined));
}

export const isRowIn = (row: RunRow, place: Place): boolean =>
  Object.entries(place).every(([axis, value]) => row[axis] === value);

/** An equality: numbers in filters of tables are equal as far as they are typed. */
const exactly = (value: number | string): string => (typeof value === 'number' ? `${value}..${value}` : `= ${value}`);

/** The passing rows of a situation, those that are best in `yId` first. */
export function rowsOfSituation(runId: number, place: Place, yId: string): RunRowsDraft {
  const { column, better } = metric(yId);
  return {
    runId,
    filters: [
      ...Object.entries(place).map(([axis, value]) => ({ column: axis, expression: exactly(value) })),
      { column: 'meets_sla', expression: '1..1' },
    ],
    sort: column === null ? null : { column, descending: better === 'higher' },
  };
}

/** The one row of a point of a frontier. */
export const rowOfPoint = (runId: number, { point_id: pointId, rank }: FrontierPoint): RunRowsDraft => ({
  runId,
  filters: [
    { column: 'point_id', expression: exactly(pointId) },
    { column: 'rank', expression: exactly(rank) },
  ],
  limit: 1,
});

/** As `runRowKey` names the row. */
export const frontierKey = ({ point_id: pointId, id }: FrontierPoint): string => `${pointId}/${id}`;

/** A point of a frontier whose row is not at hand: it knows its two figures. */
export function pointOfFrontier(point: FrontierPoint, { x, y }: Pick<FrontierDocument, 'x' | 'y'>): ChartPoint {
  return {
    id: frontierKey(point),
    name: `${point.instances} × ${point.instance}`,
    gpu: point.gpu,
    quantization: point.quantization,
    note: [providerLabel(point.provider), choiceWords(point), placeWords(namedPlace(point.chosen))]
      .filter(Boolean)
      .join(', '),
    value: (metricId) => (metricId === x.id ? point.x : metricId === y.id ? point.y : null),
  };
}
