import { invalidInput } from '../../engine/errors.ts';
import { numbersOf, type ColumnBatch } from '../../protocol/columns.ts';
import type { BreakEvenDocument, Place } from '../../protocol/run-analysis.ts';
import { defaultAlong, varyingAxis, type RunAxis } from './axes.ts';
import { BreakEvenSteps } from './break-even-steps.ts';
import { AskedPlace, bestRowOf, choicesOf, costsOf, placesOf, pointsOf, type RunAnalysis } from './points.ts';
import { Situations } from './situations.ts';

/** Points a document has room for; those of further lines are counted and `at` reaches them. */
export const MOST_POINTS = 200_000;

/** The axis asked for, or the first that can be taken. */
export function alongOf(asked: string | null, axes: readonly RunAxis[]): RunAxis {
  if (asked !== null) return varyingAxis(asked, axes, 'number');
  const found = defaultAlong(axes);
  if (found) return found;
  throw invalidInput(
    'no_axis_along',
    'No axis of numbers varies in this run, so nothing can change along one: sweep users or a rate, for example --users 10..1000*2.',
    {},
  );
}

/**
 * Where the best choice changes along an axis of numbers, all other axes held: between which two neighbouring values, and what
 * both cost there. Nothing is interpolated: a deployment grows by whole instances, so that its cost has steps.
 *
 * What staying would cost is read as points come where values rise. Where a sweep lists them in another order, the value before
 * is known only once all have come, and the rows are read a second time.
 */
export function breakEvenAnalysis(
  asked: { runId: number; along: string | null; at: Place },
  axes: readonly RunAxis[],
): RunAnalysis<BreakEvenDocument> {
  const place = new AskedPlace(asked.at, axes);
  const along = alongOf(asked.along, axes);
  const held = axes.filter((axis) => axis.isVaried && axis !== along && !(axis.axis in place.place));
  const counts = { points: 0, leftOut: 0 };
  const lines = new Situations(
    (at) => new BreakEvenSteps(at),
    () => counts.points - counts.leftOut <= MOST_POINTS,
  );
  let isSecondTime = false;

  function* collect(batch: ColumnBatch): Generator<void> {
    const matches = place.matcher(batch);
    const heldAt = placesOf(batch, held);
    const valueAt = numbersOf(batch, along.column);
    const [choiceAt, costAt] = [choicesOf(batch), costsOf(batch)];
    const [rankAt, passesAt] = [numbersOf(batch, 'rank'), numbersOf(batch, 'meets_sla')];
    for (const point of pointsOf(batch)) {
      yield;
      if (!matches(point.first)) continue;
      counts.points += 1;
      const at = heldAt(point.first);
      const value = valueAt(point.first);
      const line = at && !Number.isNaN(value) ? lines.at(at) : null;
      if (!line) counts.leftOut += 1;
      else line.add(point, value, bestRowOf(point, passesAt, rankAt), { choiceAt, costAt, passesAt });
    }
  }

  function* collectStaying(batch: ColumnBatch): Generator<void> {
    const matches = place.matcher(batch);
    const heldAt = placesOf(batch, held);
    const rows = { choiceAt: choicesOf(batch), costAt: costsOf(batch), passesAt: numbersOf(batch, 'meets_sla') };
    for (const point of pointsOf(batch)) {
      yield;
      const at = matches(point.first) ? heldAt(point.first) : null;
      if (at) lines.at(at)?.addStaying(point, rows);
    }
  }

  return {
    add: (batch) => (isSecondTime ? collectStaying(batch) : collect(batch)),
    needsRowsAgain() {
      if (isSecondTime) return false;
      isSecondTime = lines.all().reduce((isNeeded, line) => line.needsStaying() || isNeeded, false);
      return isSecondTime;
    },
    answer() {
      place.check();
      return {
        kind: 'break_even',
        run_id: asked.runId,
        at: place.place,
        along: along.axis,
        lines: lines.all().map((line) => line.line()),
        points: counts.points,
        points_left_out: counts.leftOut,
      };
    },
  };
}
