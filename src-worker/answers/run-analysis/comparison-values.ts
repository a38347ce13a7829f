import { rounded } from '../../protocol/rounded.ts';
import type { ComparedValue, Span } from '../../protocol/run-analysis.ts';
import type { ComparedLine } from './comparison-pairs.ts';

/** What is added up of one value. Costs in dollars an hour, `times` the cheapest of the same situation. */
class Standing {
  situations = 0;
  private alone = 0;
  private cheapest = 0;
  private readonly usd: Span = { least: Infinity, most: -Infinity };
  private readonly times: Span = { least: Infinity, most: -Infinity };
  private readonly sum = { times: 0, situations: 0 };

  /** A situation in which no other value has a cost: it says nothing of which is cheaper. */
  addAlone(usd: number): void {
    this.situations += 1;
    this.alone += 1;
    widen(this.usd, usd);
  }

  add(usd: number, cheapestUsd: number): void {
    this.situations += 1;
    if (usd === cheapestUsd) this.cheapest += 1;
    widen(this.usd, usd);
    // Beside what costs nothing no factor says how dear the others are.
    if (cheapestUsd <= 0) return;
    const times = usd / cheapestUsd;
    widen(this.times, times);
    this.sum.times += times;
    this.sum.situations += 1;
  }

  valueOf(value: string): ComparedValue {
    const { times, situations } = this.sum;
    const span = ({ least, most }: Span): Span => ({ least: rounded(least), most: rounded(most) });
    return {
      value,
      situations: this.situations,
      alone: this.alone,
      cheapest: this.cheapest,
      usd_per_hour: this.situations > 0 ? span(this.usd) : null,
      times_cheapest: situations > 0 ? { ...span(this.times), mean: rounded(times / situations) } : null,
    };
  }
}

function widen(span: Span, value: number): void {
  span.least = Math.min(span.least, value);
  span.most = Math.max(span.most, value);
}

/**
 * All values of an axis by what they cost beside the cheapest of the same situation, on average over the situations in which a
 * value and another one have a cost: one that is alone would be the cheapest. Then those that are alone wherever they have a cost,
 * and those that have none. Of equals the one with more situations first, then by name.
 */
export function valuesByCost(values: readonly string[], lines: readonly ComparedLine[]): ComparedValue[] {
  const standings = new Map(values.map((value) => [value, new Standing()]));
  for (const { situations } of lines) {
    for (const costs of situations.values()) {
      const found = [...costs].flatMap(([value, cost]) => (cost ? [{ value, usd: cost.usd_per_hour }] : []));
      const cheapest = found.reduce((least, { usd }) => Math.min(least, usd), Infinity);
      for (const { value, usd } of found) {
        if (found.length > 1) standings.get(value)?.add(usd, cheapest);
        else standings.get(value)?.addAlone(usd);
      }
    }
  }
  const mean = ({ times_cheapest: times }: ComparedValue): number => times?.mean ?? Number.MAX_VALUE;
  return [...standings]
    .map(([value, standing]) => standing.valueOf(value))
    .sort(
      (one, other) =>
        mean(one) - mean(other) || other.situations - one.situations || (one.value < other.value ? -1 : 1),
    );
}
