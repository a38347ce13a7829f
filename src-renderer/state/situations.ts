import type { RunRow } from '../../src-worker/protocol/app-api.ts';
import { metric } from '../../src-worker/protocol/metrics.ts';
import type { FrontierDocument, FrontierGroup, FrontierPoint, Place } from '../../src-worker/protocol/run-analysis.ts';
import { choiceWords, placeWords } from '../../src-worker/protocol/run-analysis-words.ts';
import type { RunRowsDraft } from '../../src-worker/protocol/run-rows.ts';
import type { ChartPoint } from '../charts/chart-point.ts';
import { providerLabel } from '../format/names.ts';
import { namedPlace } from '../format/place-names.ts';

/*
 * The situations of a sweep: loads and everything else that is given. Configurations weigh against each other in one situation
 * only (docs/decisions/0045).
 */

/** The situation a row belongs to; null where it lacks the value of an axis. */
export function placeOfRow(row: RunRow, per: readonly string[]): Place | null {
  const place: Place = {};
  for (const axis of per) {
    const value = row[axis];
    if (value === undefined || value === null) return null;
    place[axis] = value;
  }
  return place;
}

const isSame = (a: Place, b: Place): boolean => Object.entries(a).every(([axis, value]) => b[axis] === value);

/** The frontier of a situation; null where nothing passes in it. */
export const groupAt = ({ groups }: FrontierDocument, place: Place): FrontierGroup | null =>
  groups.find(({ at }) => isSame(place, at)) ?? null;

/** Values of each given axis that some passing row has: numbers in their order, names as they come. */
export function situationAxes({ per, groups }: FrontierDocument): { axis: string; values: (number | string)[] }[] {
  return per.map((axis) => {
    const values = [...new Set(groups.flatMap(({ at }) => at[axis] ?? []))];
    return { axis, values: values.every((value) => typeof value === 'number') ? values.sort((a, b) => a - b) : values };
  });
}

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
