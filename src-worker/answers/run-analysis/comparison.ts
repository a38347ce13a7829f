import { cellsOf, numbersOf, type ColumnBatch } from '../../protocol/columns.ts';
import type { ComparisonCost, ComparisonDocument, Place } from '../../protocol/run-analysis.ts';
import { defaultAlong, varyingAxis, type RunAxis } from './axes.ts';
import { pairsOf, type ComparedLine } from './comparison-pairs.ts';
import { valuesByCost } from './comparison-values.ts';
import { AskedPlace, bestRowOf, choicesOf, costsOf, placesOf, pointsOf, type RunAnalysis } from './points.ts';
import { Situations } from './situations.ts';

/** Each against each of more values than these is a list nobody reads (15 pairs of 6): they are ranked by cost instead. */
const MOST_PAIRED = 6;
/** Points that are held; those of further lines are counted and `at` reaches them. */
const MOST_POINTS = 200_000;

/**
 * The values of an axis of names against each other, all other axes alike: all of them by cost, and of a few each pair: which is
 * cheaper, where along an axis of numbers the other becomes it, and what the price of the second may be multiplied by until
 * they cost the same. For spot against on-demand that factor says how much of the discount may go.
 */
export function comparisonAnalysis(
  asked: { runId: number; between: string; along: string | null; at: Place },
  axes: readonly RunAxis[],
): RunAnalysis<ComparisonDocument> {
  const place = new AskedPlace(asked.at, axes);
  const between = varyingAxis(asked.between, axes, 'text');
  const along = asked.along === null ? defaultAlong(axes) : varyingAxis(asked.along, axes, 'number');
  const held = axes.filter(
    (axis) => axis.isVaried && axis !== along && axis !== between && !(axis.axis in place.place),
  );
  const counts = { points: 0, leftOut: 0 };
  const lines = new Situations(
    (at): ComparedLine => ({ at, situations: new Map() }),
    () => counts.points - counts.leftOut <= MOST_POINTS,
  );
  /** In the order of the points. */
  const values = new Set<string>();

  return {
    *add(batch: ColumnBatch) {
      const matches = place.matcher(batch);
      const heldAt = placesOf(batch, held);
      const alongAt = along ? numbersOf(batch, along.column) : null;
      const betweenAt = cellsOf(batch, between.column);
      const [choiceAt, costAt] = [choicesOf(batch), costsOf(batch)];
      const [rankAt, passesAt] = [numbersOf(batch, 'rank'), numbersOf(batch, 'meets_sla')];
      for (const point of pointsOf(batch)) {
        yield;
        if (!matches(point.first)) continue;
        counts.points += 1;
        const at = heldAt(point.first);
        const value = betweenAt(point.first);
        const line = at && typeof value === 'string' ? lines.at(at) : null;
        if (!line || typeof value !== 'string') {
          counts.leftOut += 1;
          continue;
        }
        values.add(value);
        const best = bestRowOf(point, passesAt, rankAt);
        const cost = best === null ? null : costAt(best);
        situationAt(line, alongAt ? alongAt(point.first) : null).set(
          value,
          best === null || cost === null ? null : { ...cost, choice: choiceAt(best) },
        );
      }
    },
    answer() {
      place.check();
      return {
        kind: 'comparison',
        run_id: asked.runId,
        at: place.place,
        between: between.axis,
        along: along?.axis ?? null,
        situations: lines.all().reduce((sum, { situations }) => sum + situations.size, 0),
        values: valuesByCost([...values], lines.all()),
        pairs: values.size > MOST_PAIRED ? [] : pairsOf([...values], lines.all()),
        points: counts.points,
        points_left_out: counts.leftOut,
      };
    },
  };
}

function situationAt({ situations }: ComparedLine, along: number | null) {
  const known = situations.get(along) ?? new Map<string, ComparisonCost | null>();
  situations.set(along, known);
  return known;
}
