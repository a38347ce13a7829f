import { invalidInput } from '../../engine/errors.ts';
import { numbersOf, textsOf, type ColumnBatch } from '../../protocol/columns.ts';
import type { BreakEvenDocument, Place } from '../../protocol/run-analysis.ts';
import { gpusOf } from '../sweep/points.ts';
import { defaultAlong, varyingAxis, type RunAxis } from './axes.ts';
import { BreakEvenSteps, type StepRows } from './break-even-steps.ts';
import { AskedPlace, bestRowOf, costsOf, lineChoicesOf, placesOf, pointsOf, type RunAnalysis } from './points.ts';
import { Situations } from './situations.ts';

/** Values of lines a document has room for; points of further lines are counted and `at` reaches them. */
const MOST_STEPS = 200_000;

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
 * Where the best choice changes along an axis of numbers, all given axes held (axes.ts): between which two neighbouring values, and
 * what both cost there. Of a chosen axis the value that suits best is part of the choice, as long as `at` does not fix one. Nothing is
 * interpolated: a deployment grows by whole instances, so that its cost has steps.
 *
 * What staying would cost is read as points come where values rise: of each choice the value before is seen first. Where a sweep lists
 * them in another order, the value before is known only once all have come, and the rows are read a second time.
 */
export function breakEvenAnalysis(
  asked: { runId: number; along: string | null; at: Place },
  axes: readonly RunAxis[],
): RunAnalysis<BreakEvenDocument> {
  const place = new AskedPlace(asked.at, axes);
  const along = alongOf(asked.along, axes);
  const others = axes.filter((axis) => axis.isVaried && axis !== along && !(axis.axis in place.place));
  const given = others.filter(({ role }) => role === 'given');
  const chosen = others.filter(({ role }) => role === 'chosen');
  const counts = { points: 0, leftOut: 0, steps: 0 };
  const lines = new Situations(
    (at) => new BreakEvenSteps(at),
    () => counts.steps < MOST_STEPS,
  );
  let isSecondTime = false;

  const rowsOf = (batch: ColumnBatch): StepRows => ({
    choiceAt: lineChoicesOf(batch, chosen),
    chosenAt: placesOf(batch, chosen),
    costAt: costsOf(batch),
    passesAt: numbersOf(batch, 'meets_sla'),
    gpusAt: gpusOf(batch),
    idAt: textsOf(batch, 'id'),
    reasonAt: textsOf(batch, 'reason'),
  });

  function* collect(batch: ColumnBatch): Generator<void> {
    const matches = place.matcher(batch);
    const givenAt = placesOf(batch, given);
    const valueAt = numbersOf(batch, along.column);
    const rankAt = numbersOf(batch, 'rank');
    const rows = rowsOf(batch);
    for (const point of pointsOf(batch)) {
      yield;
      if (!matches(point.first)) continue;
      counts.points += 1;
      const at = givenAt(point.first);
      const value = valueAt(point.first);
      const line = at && !Number.isNaN(value) ? lines.at(at) : null;
      if (!line) counts.leftOut += 1;
      else if (line.add(point, value, bestRowOf(point, rows.passesAt, rankAt), rows)) counts.steps += 1;
    }
  }

  function* collectStaying(batch: ColumnBatch): Generator<void> {
    const matches = place.matcher(batch);
    const givenAt = placesOf(batch, given);
    const valueAt = numbersOf(batch, along.column);
    const rows = rowsOf(batch);
    for (const point of pointsOf(batch)) {
      yield;
      const at = matches(point.first) ? givenAt(point.first) : null;
      if (at) lines.at(at)?.addStaying(point, valueAt(point.first), rows);
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
