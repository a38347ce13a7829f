import { rounded } from '../../protocol/rounded.ts';
import type { Comparison, ComparisonCost, ComparisonLine, Place } from '../../protocol/run-analysis.ts';

/** The situations at one place of the axes that are held. */
export interface ComparedLine {
  at: Place;
  /** By value along the axis, then by what is compared; null = nothing meets the targets, or it has no price. */
  situations: Map<number | null, Map<string, ComparisonCost | null>>;
}

/** Each of some values against each other. */
export const pairsOf = (values: readonly string[], lines: readonly ComparedLine[]): Comparison[] =>
  values.flatMap((a, index) => values.slice(index + 1).map((b) => comparisonOf(a, b, lines)));

function comparisonOf(a: string, b: string, lines: readonly ComparedLine[]): Comparison {
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
