import { cellsOf, numbersOf, textsOf, type ColumnBatch } from '../../protocol/columns.ts';
import { rounded } from '../../protocol/rounded.ts';
import type { SweepSpec } from '../../protocol/requests.ts';
import type { BestOfPoint, SweepDifference } from '../../protocol/run-diff.ts';
import { sortedQuantile } from '../../engine/numerics/sample.ts';
import { CellWindow, ELSEWHERE, gridOf, NOWHERE, type AxisValue } from './cell-window.ts';
import { GrowingNumbers } from './growing-numbers.ts';

type Axes = SweepSpec['axes'];

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

/** Points that are compared at once: 21 MB of what is kept of the first run. */
const MOST_CELLS = 2 ** 20;

/**
 * Compares two sweeps over the same axes by the cheapest configuration of each point. Points are told by the values of their
 * axes: their numbers move when a catalog has other zones.
 *
 * Memory does not grow with the points, but for eight bytes of a change each: the values that both runs have make a grid, in the order
 * in which the first run has them, and the grid is compared a window at a time. A window needs the batches that have points in it
 * alone, which mostly follow each other. Give `survey` all batches of both runs, the first one's first; then `windows`, each with the
 * batches that it `needs`.
 */
export class SweepComparison {
  readonly #columns: readonly string[];
  readonly #mostCells: number;
  readonly #ids = new Map<string, number>();
  readonly #idTexts: string[] = [];
  readonly #changes = new GrowingNumbers();
  /** By column: the place of each value of the first run, in the order in which they come, and those the second has as well. */
  readonly #values: Map<AxisValue, number>[];
  readonly #shared: Set<AxisValue>[];
  /** By column: after how many points of the first run its second value came. */
  readonly #slowness: number[];
  #surveyed = 0;
  #examples: { change: number; axes: AxisValue[]; before: BestOfPoint; after: BestOfPoint }[] = [];
  #counts = { both: 0, only_before: 0, only_after: 0, best_changed: 0, instances_changed: 0 };

  constructor(axes: Axes, mostCells = MOST_CELLS) {
    this.#columns = axisColumns(axes);
    this.#mostCells = mostCells;
    this.#values = this.#columns.map(() => new Map<AxisValue, number>());
    this.#shared = this.#columns.map(() => new Set());
    this.#slowness = this.#columns.map(() => Number.POSITIVE_INFINITY);
  }

  /** Books the values of a batch, and says which it has: what `needs` goes by. */
  survey(batch: ColumnBatch, run: 'before' | 'after'): SurveyedBatch {
    const cells = this.#columns.map((column) => cellsOf(batch, column));
    const found = { values: this.#columns.map(() => new Set<AxisValue>()) };
    for (const row of bestRows(batch)) {
      for (const [place, cellAt] of cells.entries()) {
        const value = cellAt(row);
        const values = found.values[place] as Set<AxisValue>;
        if (values.has(value)) continue;
        values.add(value);
        this.#book(place, value, run);
      }
      if (run === 'before') this.#surveyed += 1;
    }
    return found;
  }

  #book(place: number, value: AxisValue, run: 'before' | 'after'): void {
    const known = this.#values[place] as Map<AxisValue, number>;
    if (run === 'after') {
      if (known.has(value)) this.#shared[place]?.add(value);
      return;
    }
    if (known.has(value)) return;
    if (known.size === 1) this.#slowness[place] = this.#surveyed;
    known.set(value, known.size);
  }

  /** The windows of the grid, one after the other; at least one, so that what has no place in it is counted. */
  *windows(): Generator<ComparedWindow> {
    const grid = gridOf(this.#values, this.#shared, this.#slowness);
    for (let from = 0; from === 0 || from < grid.cells; from += this.#mostCells) {
      const window = new CellWindow(grid, from, Math.min(this.#mostCells, grid.cells - from));
      yield {
        needs: ({ values }) => window.has(values),
        addBefore: (batch) => this.#addBefore(batch, window),
        addAfter: (batch) => this.#addAfter(batch, window),
      };
      this.#counts.only_before += window.left();
    }
  }

  difference(): SweepDifference {
    const changes = this.#changes.sorted();
    const [least, most] = [changes.at(0), changes.at(-1)];
    return {
      ...this.#counts,
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

  #addBefore(batch: ColumnBatch, window: CellWindow): void {
    const bestAt = bestOf(batch);
    const cellAt = window.cellsOf(batch, this.#columns);
    for (const row of bestRows(batch)) {
      const cell = cellAt(row);
      if (cell === ELSEWHERE) continue;
      if (cell === NOWHERE) this.#counts.only_before += 1;
      else {
        const { id, instances, usd_per_hour: usd } = bestAt(row);
        window.put(cell, this.#numberOf(id), instances, usd ?? Number.NaN);
      }
    }
  }

  #addAfter(batch: ColumnBatch, window: CellWindow): void {
    const bestAt = bestOf(batch);
    const cellAt = window.cellsOf(batch, this.#columns);
    const axes = this.#columns.map((column) => cellsOf(batch, column));
    for (const row of bestRows(batch)) {
      const cell = cellAt(row);
      if (cell === ELSEWHERE) continue;
      const known = cell === NOWHERE ? null : window.take(cell);
      if (!known) {
        this.#counts.only_after += 1;
        continue;
      }
      const { usd } = known;
      const before = {
        id: this.#idTexts[known.id] ?? '',
        instances: known.instances,
        usd_per_hour: Number.isNaN(usd) ? null : usd,
      };
      const after = bestAt(row);
      this.#counts.both += 1;
      if (before.id !== after.id) this.#counts.best_changed += 1;
      else if (before.instances !== after.instances) this.#counts.instances_changed += 1;
      this.#compare(() => axes.map((valueAt) => valueAt(row)), before, after);
    }
  }

  #numberOf(id: string): number {
    const known = this.#ids.get(id);
    if (known !== undefined) return known;
    this.#ids.set(id, this.#idTexts.length);
    return this.#idTexts.push(id) - 1;
  }

  #compare(axes: () => AxisValue[], before: BestOfPoint, after: BestOfPoint): void {
    if (before.usd_per_hour === null || after.usd_per_hour === null || before.usd_per_hour === 0) return;
    const change = rounded((after.usd_per_hour / before.usd_per_hour - 1) * PERCENT);
    this.#changes.add(change);
    if (change === 0 && before.id === after.id) return;
    const last = this.#examples.at(-1);
    if (last && this.#examples.length === MOST_EXAMPLES && Math.abs(change) <= Math.abs(last.change)) return;
    // In the order of the points among equals, so that the same runs give the same list.
    this.#examples = [...this.#examples, { change, axes: axes(), before, after }]
      .toSorted((one, other) => Math.abs(other.change) - Math.abs(one.change))
      .slice(0, MOST_EXAMPLES);
  }
}

/** Part of what is compared. */
export interface ComparedWindow {
  /** Whether a batch may have points of it. */
  needs: (batch: SurveyedBatch) => boolean;
  /** All batches of the first run that it needs, then those of the second. */
  addBefore: (batch: ColumnBatch) => void;
  addAfter: (batch: ColumnBatch) => void;
}

/** Values that the points of a batch have, by axis. */
export interface SurveyedBatch {
  values: ReadonlySet<AxisValue>[];
}

function* bestRows(batch: ColumnBatch): Generator<number> {
  const rankAt = numbersOf(batch, 'rank');
  for (let row = 0; row < batch.rows; row += 1) if (rankAt(row) === 1) yield row;
}

function bestOf(batch: ColumnBatch): (row: number) => BestOfPoint {
  const idAt = textsOf(batch, 'id');
  const [instancesAt, usdAt] = [numbersOf(batch, 'instances'), numbersOf(batch, 'cost_usd_per_hour')];
  return (row) => {
    const usd = usdAt(row);
    return { id: idAt(row) ?? '', instances: instancesAt(row), usd_per_hour: Number.isNaN(usd) ? null : usd };
  };
}
