import { cellsOf, numbersOf, textsOf, type ColumnBatch } from '../../protocol/columns.ts';
import { rounded } from '../../protocol/rounded.ts';
import type { SweepSpec } from '../../protocol/requests.ts';
import type { BestOfPoint, SweepDifference } from '../../protocol/run-diff.ts';
import { sortedQuantile } from '../../engine/numerics/sample.ts';

type Axes = SweepSpec['axes'];
type AxisValues = (number | string | null)[];

/** Points that are shown with their values. */
const MOST_EXAMPLES = 10;
const PERCENT = 100;

/** Columns of a sweep's rows that say where a point is on its axes, in the order of the axes by name. */
export function axisColumns(axes: Axes): string[] {
  const { sla, ...others } = axes;
  const names = Object.entries(others)
    .filter(([, values]) => values !== undefined)
    .map(([axis]) => COLUMN_OF_AXIS[axis] ?? axis);
  return [...names, ...Object.keys(sla ?? {}).map((metric) => `sla_${metric}_ms`)].toSorted();
}

const COLUMN_OF_AXIS: Record<string, string> = { tp: 'tensor_parallel', pp: 'pipeline_parallel' };

/**
 * Compares two sweeps over the same axes by the cheapest configuration of each point. Points are told by the values of their
 * axes: their numbers move when a catalog has other zones. Give it all batches of the first, then those of the second.
 */
export class SweepComparison {
  readonly #columns: readonly string[];
  readonly #before = new Map<string, BestOfPoint>();
  readonly #changes: number[] = [];
  #examples: { change: number; axes: AxisValues; before: BestOfPoint; after: BestOfPoint }[] = [];
  #both = 0;
  #onlyAfter = 0;
  #bestChanged = 0;
  #instancesChanged = 0;

  constructor(axes: Axes) {
    this.#columns = axisColumns(axes);
  }

  addBefore(batch: ColumnBatch): void {
    for (const { key, best } of this.#bests(batch)) this.#before.set(key, best);
  }

  addAfter(batch: ColumnBatch): void {
    for (const { key, axes, best } of this.#bests(batch)) {
      const before = this.#before.get(key);
      if (!before) {
        this.#onlyAfter += 1;
        continue;
      }
      this.#both += 1;
      if (before.id !== best.id) this.#bestChanged += 1;
      else if (before.instances !== best.instances) this.#instancesChanged += 1;
      this.#compare(axes(), before, best);
    }
  }

  difference(): SweepDifference {
    const changes = Float64Array.from(this.#changes).sort();
    const [least, most] = [changes.at(0), changes.at(-1)];
    return {
      both: this.#both,
      only_before: this.#before.size - this.#both,
      only_after: this.#onlyAfter,
      best_changed: this.#bestChanged,
      instances_changed: this.#instancesChanged,
      cost_change_percent:
        least === undefined || most === undefined
          ? null
          : { median: rounded(sortedQuantile(changes, 0.5)), least, most },
      examples: this.#examples.map(({ axes, before, after }) => ({
        axes: Object.fromEntries(this.#columns.map((column, place) => [column, axes[place] ?? null])),
        before,
        after,
      })),
    };
  }

  #compare(axes: AxisValues, before: BestOfPoint, after: BestOfPoint): void {
    if (before.usd_per_hour === null || after.usd_per_hour === null || before.usd_per_hour === 0) return;
    const change = rounded((after.usd_per_hour / before.usd_per_hour - 1) * PERCENT);
    this.#changes.push(change);
    if (change === 0 && before.id === after.id) return;
    const last = this.#examples.at(-1);
    if (last && this.#examples.length === MOST_EXAMPLES && Math.abs(change) <= Math.abs(last.change)) return;
    // In the order of the rows among equals, so that the same runs give the same list.
    this.#examples = [...this.#examples, { change, axes, before, after }]
      .toSorted((one, other) => Math.abs(other.change) - Math.abs(one.change))
      .slice(0, MOST_EXAMPLES);
  }

  *#bests(batch: ColumnBatch): Generator<{ key: string; axes: () => AxisValues; best: BestOfPoint }> {
    const rankAt = numbersOf(batch, 'rank');
    const [idAt, instancesAt, usdAt] = [
      textsOf(batch, 'id'),
      numbersOf(batch, 'instances'),
      numbersOf(batch, 'cost_usd_per_hour'),
    ];
    const cells = this.#columns.map((column) => cellsOf(batch, column));
    for (let row = 0; row < batch.rows; row += 1) {
      if (rankAt(row) !== 1) continue;
      const axes = () => cells.map((cellAt) => cellAt(row));
      const usd = usdAt(row);
      yield {
        key: JSON.stringify(axes()),
        axes,
        best: { id: idAt(row) ?? '', instances: instancesAt(row), usd_per_hour: Number.isNaN(usd) ? null : usd },
      };
    }
  }
}
