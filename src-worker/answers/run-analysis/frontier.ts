import { invalidInput } from '../../engine/errors.ts';
import { numbersOf, textsOf, type ColumnBatch } from '../../protocol/columns.ts';
import { rounded } from '../../protocol/rounded.ts';
import type { FrontierDocument, FrontierPoint, Place } from '../../protocol/run-analysis.ts';
import type { RunAxis } from './axes.ts';
import { axisMetric, metricValues, rankedMetric, type RankedMetric } from './metric-values.ts';
import { AskedPlace, lineChoicesOf, placesOf, pointsOf, type PointRows, type RunAnalysis } from './points.ts';
import { Shortfalls } from './shortfalls.ts';
import { Situations } from './situations.ts';
import { Skyline, type SkylineItem } from './skyline.ts';

/** Situations a document has room for. */
const MOST_GROUPS = 10_000;

interface Group {
  at: Place;
  rows: number;
  skyline: Skyline<SkylineItem & { point: FrontierPoint }>;
}

interface Counts {
  rows: number;
  without: number;
  leftOut: number;
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
  const [x, y] = twoMetrics(asked);
  const place = new AskedPlace(asked.at, axes);
  const varied = axes.filter(({ isVaried, axis }) => isVaried && !(axis in place.place));
  const given = varied.filter(({ role }) => role === 'given');
  const chosen = varied.filter(({ role }) => role === 'chosen');
  const groups = new Situations(
    (at): Group => ({ at, rows: 0, skyline: new Skyline() }),
    (known) => known < MOST_GROUPS,
  );
  const counts: Counts = { rows: 0, without: 0, leftOut: 0 };
  const shortfalls = new Shortfalls(axes);

  return {
    *add(batch: ColumnBatch) {
      const matches = place.matcher(batch);
      const givenAt = placesOf(batch, given);
      const passesAt = numbersOf(batch, 'meets_sla');
      const offer = offersOf(batch, x, y, chosen);
      const addShortfall = shortfalls.adder(batch);
      for (const point of pointsOf(batch)) {
        yield;
        if (!matches(point.first)) continue;
        // Of a point of which nothing passes no situation is taken up.
        let group: Group | null | undefined;
        for (let row = point.first; row < point.end; row += 1) {
          if (passesAt(row) !== 1) continue;
          counts.rows += 1;
          if (group === undefined) {
            const at = givenAt(row);
            group = at && groups.at(at);
          }
          if (!group) counts.leftOut += 1;
          else if (!offer(group, point, row)) counts.without += 1;
        }
        // Of a run of which something passes nobody asks why not.
        if (counts.rows === 0) addShortfall(point);
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
        groups: groups.all().map(({ at, rows, skyline }) => ({
          at,
          rows,
          points: skyline.members.map(({ point, others }) => ({ ...point, others })),
        })),
        rows: counts.rows,
        rows_without: counts.without,
        rows_left_out: counts.leftOut,
        no_answer: counts.rows === 0 ? shortfalls.shortfall() : null,
      };
    },
  };
}

/** Throws `unknown_metric`, `metric_without_direction`, `same_metric`. */
function twoMetrics(asked: { x: string; y: string }): [RankedMetric, RankedMetric] {
  const [x, y] = [rankedMetric(asked.x), rankedMetric(asked.y)];
  if (x.id !== y.id) return [x, y];
  const both = asked.x === asked.y ? `Both axes are ${asked.x}` : `${asked.x} and ${asked.y} are one metric`;
  throw invalidInput(
    'same_metric',
    `${both}: take another for one of them, as a frontier weighs two against each other.`,
    {},
  );
}

/** Offers a row of a batch to the frontier of a group; false where it lacks one of the figures. */
function offersOf(batch: ColumnBatch, x: RankedMetric, y: RankedMetric, chosen: readonly RunAxis[]) {
  const [xAt, yAt] = [metricValues(batch, x), metricValues(batch, y)];
  const signX = x.better === 'higher' ? -1 : 1;
  const signY = y.better === 'higher' ? -1 : 1;
  const [rankAt, instancesAt] = [numbersOf(batch, 'rank'), numbersOf(batch, 'instances')];
  const [choiceAt, idAt] = [lineChoicesOf(batch, chosen), textsOf(batch, 'id')];
  return (group: Group, { pointId }: PointRows, row: number): boolean => {
    group.rows += 1;
    const [valueX, valueY] = [xAt(row), yAt(row)];
    if (Number.isNaN(valueX) || Number.isNaN(valueY)) return false;
    const rank = rankAt(row);
    const place = { x: signX * valueX, y: signY * valueY, pointId, rank };
    group.skyline.offer(place.x, place.y, pointId, rank, (others) => ({
      ...place,
      others,
      point: {
        ...choiceAt(row),
        id: idAt(row) ?? '',
        instances: instancesAt(row),
        point_id: pointId,
        rank,
        x: rounded(valueX),
        y: rounded(valueY),
        others,
      },
    }));
    return true;
  };
}
