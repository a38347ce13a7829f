import { invalidInput } from '../../engine/errors.ts';
import { numbersOf, textsOf, type ColumnBatch } from '../../protocol/columns.ts';
import { rounded } from '../../protocol/rounded.ts';
import type { FrontierDocument, FrontierPoint, Place } from '../../protocol/run-analysis.ts';
import type { RunAxis } from './axes.ts';
import { axisMetric, metricValues, rankedMetric } from './metric-values.ts';
import { AskedPlace, choicesOf, placeKey, placesOf, pointsOf, type RunAnalysis } from './points.ts';

/** Situations a document has room for. */
const MOST_GROUPS = 10_000;

interface Member {
  /** Less is better in both. */
  x: number;
  y: number;
  pointId: number;
  rank: number;
  others: number;
  point: FrontierPoint;
}

/**
 * The points that none of those added beats in both figures, less being better: by rising x, and so by falling y. Points are
 * offered one by one, in any order; it holds those of the frontier and no others.
 */
export class Skyline<Item extends Pick<Member, 'x' | 'y' | 'pointId' | 'rank' | 'others'>> {
  readonly members: Item[] = [];

  /** `make` is called where the point is, for now, on the frontier. Of equal points the first by point and rank stands for all. */
  offer(x: number, y: number, pointId: number, rank: number, make: (others: number) => Item): void {
    const { members } = this;
    const i = this.firstNotBelow(x);
    const here = members[i];
    const before = members[i - 1];
    if (before && before.y <= y) return;
    if (here && here.x === x && here.y <= y) {
      if (here.y < y) return;
      const isEarlier = pointId < here.pointId || (pointId === here.pointId && rank < here.rank);
      if (isEarlier) members[i] = make(here.others + 1);
      else here.others += 1;
      return;
    }
    let end = i;
    while (end < members.length && (members[end] as Item).y >= y) end += 1;
    members.splice(i, end - i, make(0));
  }

  private firstNotBelow(x: number): number {
    let low = 0;
    let high = this.members.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.members[middle] as Item).x < x) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

interface Group {
  at: Place;
  rows: number;
  skyline: Skyline<Member>;
}

/**
 * The Pareto frontier of the passing rows of a run in two metrics: rows that no row of the same situation beats in both. A
 * situation is a combination of the given axes (axes.ts): on one frontier over all loads, the least load would be cheapest and
 * fastest always.
 */
export function frontierAnalysis(
  asked: { runId: number; x: string; y: string; at: Place },
  axes: readonly RunAxis[],
): RunAnalysis<FrontierDocument> {
  const x = rankedMetric(asked.x);
  const y = rankedMetric(asked.y);
  if (x.id === y.id) {
    const both = asked.x === asked.y ? `Both axes are ${asked.x}` : `${asked.x} and ${asked.y} are one metric`;
    throw invalidInput('same_metric', `${both}: a frontier weighs two metrics against each other.`, {});
  }
  const place = new AskedPlace(asked.at, axes);
  const varied = axes.filter(({ isVaried, axis }) => isVaried && !(axis in place.place));
  const given = varied.filter(({ role }) => role === 'given');
  const chosen = varied.filter(({ role }) => role === 'chosen');
  const signX = x.better === 'higher' ? -1 : 1;
  const signY = y.better === 'higher' ? -1 : 1;
  const groups = new Map<string, Group>();
  const counts = { rows: 0, without: 0, leftOut: 0 };

  const groupAt = (at: Place): Group | null => {
    const key = placeKey(at);
    const known = groups.get(key);
    if (known) return known;
    if (groups.size >= MOST_GROUPS) return null;
    const group: Group = { at, rows: 0, skyline: new Skyline() };
    groups.set(key, group);
    return group;
  };

  return {
    *add(batch: ColumnBatch) {
      const matches = place.matcher(batch);
      const givenAt = placesOf(batch, given);
      const chosenAt = placesOf(batch, chosen);
      const choiceAt = choicesOf(batch);
      const idAt = textsOf(batch, 'id');
      const [rankAt, passesAt, instancesAt] = ['rank', 'meets_sla', 'instances'].map((column) =>
        numbersOf(batch, column),
      ) as [(row: number) => number, (row: number) => number, (row: number) => number];
      const [xAt, yAt] = [metricValues(batch, x), metricValues(batch, y)];
      for (const { pointId, first, end } of pointsOf(batch)) {
        yield;
        if (!matches(first)) continue;
        let group: Group | null | undefined;
        for (let row = first; row < end; row += 1) {
          if (passesAt(row) !== 1) continue;
          const at = group === undefined ? givenAt(row) : null;
          if (group === undefined) group = at && groupAt(at);
          counts.rows += 1;
          if (!group) {
            counts.leftOut += 1;
            continue;
          }
          group.rows += 1;
          const [valueX, valueY] = [xAt(row), yAt(row)];
          if (Number.isNaN(valueX) || Number.isNaN(valueY)) {
            counts.without += 1;
            continue;
          }
          const rank = rankAt(row);
          const make = (others: number): Member => ({
            x: signX * valueX,
            y: signY * valueY,
            pointId,
            rank,
            others,
            point: {
              ...choiceAt(row),
              id: idAt(row) ?? '',
              instances: instancesAt(row),
              point_id: pointId,
              rank,
              chosen: chosenAt(row) ?? {},
              x: rounded(valueX),
              y: rounded(valueY),
              others,
            },
          });
          group.skyline.offer(signX * valueX, signY * valueY, pointId, rank, make);
        }
      }
    },
    answer() {
      place.check();
      return {
        kind: 'frontier',
        run_id: asked.runId,
        at: place.place,
        x: axisMetric(x),
        y: axisMetric(y),
        per: given.map(({ axis }) => axis),
        groups: [...groups.values()].map(({ at, rows, skyline }) => ({
          at,
          rows,
          points: skyline.members.map(({ point, others }) => ({ ...point, others })),
        })),
        rows: counts.rows,
        rows_without: counts.without,
        rows_left_out: counts.leftOut,
      };
    },
  };
}
