import { invalidInput } from '../../engine/errors.ts';
import { numbersOf, type ColumnBatch } from '../../protocol/columns.ts';
import type {
  BreakEvenChange,
  BreakEvenDocument,
  BreakEvenLine,
  Choice,
  Cost,
  Place,
} from '../../protocol/run-analysis.ts';
import { defaultAlong, varyingAxis, type RunAxis } from './axes.ts';
import {
  AskedPlace,
  bestRowOf,
  choiceKey,
  choicesOf,
  costsOf,
  placeKey,
  placesOf,
  pointsOf,
  type RunAnalysis,
} from './points.ts';

/** Points a document has room for; further lines are counted and `at` reaches them. */
export const MOST_POINTS = 200_000;

interface Step {
  value: number;
  choice: number | null;
  cost: Cost | null;
  /** What the instance of the step added before costs here, and at which value that step was. */
  staying: { of: number; cost: Cost | null } | null;
}

interface Line {
  at: Place;
  choices: Choice[];
  indexOf: Map<string, number>;
  steps: Step[];
}

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
 */
export function breakEvenAnalysis(
  asked: { runId: number; along: string | null; at: Place },
  axes: readonly RunAxis[],
): RunAnalysis<BreakEvenDocument> {
  const place = new AskedPlace(asked.at, axes);
  const along = alongOf(asked.along, axes);
  const held = axes.filter((axis) => axis.isVaried && axis !== along && !(axis.axis in place.place));
  const lines = new Map<string, Line>();
  const counts = { points: 0, leftOut: 0 };

  const lineAt = (at: Place): Line | null => {
    const key = placeKey(at);
    const known = lines.get(key);
    if (known) return known;
    if (counts.points - counts.leftOut > MOST_POINTS) return null;
    const line: Line = { at, choices: [], indexOf: new Map(), steps: [] };
    lines.set(key, line);
    return line;
  };

  return {
    *add(batch: ColumnBatch) {
      const matches = place.matcher(batch);
      const heldAt = placesOf(batch, held);
      const valueAt = numbersOf(batch, along.column);
      const choiceAt = choicesOf(batch);
      const costAt = costsOf(batch);
      const [rankAt, passesAt] = [numbersOf(batch, 'rank'), numbersOf(batch, 'meets_sla')];
      for (const point of pointsOf(batch)) {
        yield;
        if (!matches(point.first)) continue;
        counts.points += 1;
        const at = heldAt(point.first);
        const value = valueAt(point.first);
        const line = at && !Number.isNaN(value) ? lineAt(at) : null;
        if (!line) {
          counts.leftOut += 1;
          continue;
        }
        const before = line.steps.at(-1);
        const best = bestRowOf(point, passesAt, rankAt);
        const choice = best === null ? null : indexIn(line, choiceAt(best));
        const cost = best === null ? null : costAt(best);
        line.steps.push({ value, choice, cost, staying: before ? stayingAt(before) : null });

        function stayingAt(last: Step): Step['staying'] {
          const old = last.choice === null ? null : line?.choices[last.choice];
          const now = choice === null ? null : line?.choices[choice];
          // A point has one row of each instance, with the plan that suits it there.
          if (!old || (now && isSameInstance(old, now))) return { of: last.value, cost: null };
          for (let row = point.first; row < point.end; row += 1) {
            if (passesAt(row) === 1 && isSameInstance(old, choiceAt(row))) return { of: last.value, cost: costAt(row) };
          }
          return { of: last.value, cost: null };
        }
      }
    },
    answer() {
      place.check();
      return {
        kind: 'break_even',
        run_id: asked.runId,
        at: place.place,
        along: along.axis,
        lines: [...lines.values()].map(lineOf),
        points: counts.points,
        points_left_out: counts.leftOut,
      };
    },
  };
}

const isSameInstance = (one: Choice, other: Choice): boolean =>
  one.provider === other.provider && one.instance === other.instance;

function indexIn({ choices, indexOf }: Line, choice: Choice): number {
  const key = choiceKey(choice);
  const known = indexOf.get(key);
  if (known !== undefined) return known;
  indexOf.set(key, choices.length);
  return choices.push(choice) - 1;
}

function lineOf({ at, choices, steps }: Line): BreakEvenLine {
  const rising = [...steps].sort((a, b) => a.value - b.value);
  const changes = rising.flatMap((after, index): BreakEvenChange[] => {
    const before = rising[index - 1];
    if (!before || before.choice === after.choice) return [];
    return [
      {
        from: before.value,
        to: after.value,
        before: before.choice,
        after: after.choice,
        cost_before: before.cost,
        cost_after: after.cost,
        staying: after.staying?.of === before.value ? after.staying.cost : null,
      },
    ];
  });
  return { at, choices, steps: rising.map(({ value, choice, cost }) => ({ value, choice, cost })), changes };
}
