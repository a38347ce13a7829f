import { cellsOf, numbersOf, type ColumnBatch } from '../../protocol/columns.ts';
import { rounded } from '../../protocol/rounded.ts';
import type {
  Comparison,
  ComparisonCost,
  ComparisonDocument,
  ComparisonLine,
  Place,
} from '../../protocol/run-analysis.ts';
import { defaultAlong, varyingAxis, type RunAxis } from './axes.ts';
import { MOST_POINTS } from './break-even.ts';
import { AskedPlace, bestRowOf, choicesOf, costsOf, placeKey, placesOf, pointsOf, type RunAnalysis } from './points.ts';

/** Pairs of more values than these would be a list nobody reads; the first ones are compared, and `at` cannot help. */
const MOST_VALUES = 12;

interface Line {
  at: Place;
  /** By value along the axis, then by what is compared. */
  situations: Map<number | null, Map<string, ComparisonCost | null>>;
}

/**
 * Two values of an axis of names against each other, all other axes alike: which is cheaper, where along an axis of numbers the
 * other becomes it, and what the price of the second may be multiplied by until they cost the same. For spot against on-demand
 * that factor says how much of the discount may go.
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
  const lines = new Map<string, Line>();
  /** In the order of the points. */
  const values = new Set<string>();
  const counts = { points: 0, leftOut: 0 };

  const lineAt = (at: Place): Line | null => {
    const key = placeKey(at);
    const known = lines.get(key);
    if (known) return known;
    if (counts.points - counts.leftOut > MOST_POINTS) return null;
    const line: Line = { at, situations: new Map() };
    lines.set(key, line);
    return line;
  };

  return {
    *add(batch: ColumnBatch) {
      const matches = place.matcher(batch);
      const heldAt = placesOf(batch, held);
      const alongAt = along ? numbersOf(batch, along.column) : null;
      const betweenAt = cellsOf(batch, between.column);
      const choiceAt = choicesOf(batch);
      const costAt = costsOf(batch);
      const [rankAt, passesAt] = [numbersOf(batch, 'rank'), numbersOf(batch, 'meets_sla')];
      for (const point of pointsOf(batch)) {
        yield;
        if (!matches(point.first)) continue;
        counts.points += 1;
        const at = heldAt(point.first);
        const value = betweenAt(point.first);
        const name = typeof value === 'string' ? value : null;
        const isKnown = name !== null && (values.has(name) || values.size < MOST_VALUES);
        const line = at && isKnown ? lineAt(at) : null;
        if (!line || name === null) {
          counts.leftOut += 1;
          continue;
        }
        values.add(name);
        const where = alongAt ? alongAt(point.first) : null;
        const situation = line.situations.get(where) ?? new Map<string, ComparisonCost | null>();
        line.situations.set(where, situation);
        const best = bestRowOf(point, passesAt, rankAt);
        const cost = best === null ? null : costAt(best);
        situation.set(name, best === null || cost === null ? null : { ...cost, choice: choiceAt(best) });
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
        pairs: pairsOf([...values]).map(([a, b]) => comparisonOf(a, b, [...lines.values()])),
        points: counts.points,
        points_left_out: counts.leftOut,
      };
    },
  };
}

const pairsOf = (values: string[]): [string, string][] =>
  values.flatMap((a, index) => values.slice(index + 1).map((b): [string, string] => [a, b]));

function comparisonOf(a: string, b: string, lines: readonly Line[]): Comparison {
  const found: Comparison = {
    a,
    b,
    a_cheaper: 0,
    b_cheaper: 0,
    equal: 0,
    only_a: 0,
    only_b: 0,
    neither: 0,
    ratio: null,
    break_even_price_factor: null,
    lines: [],
  };
  for (const { at, situations } of lines) {
    const steps = [...situations].map(([value, costs]): ComparisonLine['steps'][number] => {
      const [costA, costB] = [costs.get(a) ?? null, costs.get(b) ?? null];
      const ratio = costA && costB && costA.usd_per_hour > 0 ? costB.usd_per_hour / costA.usd_per_hour : null;
      if (costA && costB) count(found, costB.usd_per_hour - costA.usd_per_hour);
      else found[costA ? 'only_a' : costB ? 'only_b' : 'neither'] += 1;
      if (ratio !== null) widen(found, ratio);
      return { value, a: costA, b: costB, ratio: ratio === null ? null : rounded(ratio) };
    });
    steps.sort((one, other) => (one.value ?? 0) - (other.value ?? 0));
    found.lines.push({ at, steps, changes: changesOf(steps) });
  }
  const { ratio } = found;
  if (ratio) {
    found.ratio = { least: rounded(ratio.least), most: rounded(ratio.most) };
    if (ratio.least > 0) {
      found.break_even_price_factor = { least: rounded(1 / ratio.most), most: rounded(1 / ratio.least) };
    }
  }
  return found;
}

function count(found: Comparison, difference: number): void {
  if (difference > 0) found.a_cheaper += 1;
  else if (difference < 0) found.b_cheaper += 1;
  else found.equal += 1;
}

function widen(found: Comparison, ratio: number): void {
  const { least, most } = found.ratio ?? { least: ratio, most: ratio };
  found.ratio = { least: Math.min(least, ratio), most: Math.max(most, ratio) };
}

/** Between neighbours that both have two costs: the side that was cheaper is so no longer. Where both cost the same, neither is. */
function changesOf(steps: ComparisonLine['steps']): ComparisonLine['changes'] {
  return steps.flatMap((after, index) => {
    const before = steps[index - 1];
    if (!before || before.ratio === null || after.ratio === null || before.value === null || after.value === null) {
      return [];
    }
    if (Math.sign(before.ratio - 1) === Math.sign(after.ratio - 1)) return [];
    return [{ from: before.value, to: after.value, ratio_before: before.ratio, ratio_after: after.ratio }];
  });
}
