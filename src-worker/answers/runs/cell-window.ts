import { cellsOf, type ColumnBatch } from '../../protocol/columns.ts';

export type AxisValue = number | string | null;

/** A point with a value that only one of two runs has; one that lies in another window. */
export const NOWHERE = -1;
export const ELSEWHERE = -2;

/** Every combination of the values that two runs share: each axis has a step between its values. */
export interface Grid {
  axes: { step: number; places: ReadonlyMap<AxisValue, number> }[];
  cells: number;
}

/**
 * The grid of the values of the first run that are shared. An axis whose second value comes late varies slowly: it gets the larger
 * step, so that points that follow each other in the run do so in the grid. `values`: by axis, numbered as they come.
 */
export function gridOf(
  values: readonly ReadonlyMap<AxisValue, number>[],
  shared: readonly ReadonlySet<AxisValue>[],
  slowness: readonly number[],
): Grid {
  const places = values.map((known, axis) => {
    const kept = [...known.keys()].filter((value) => shared[axis]?.has(value));
    return new Map(kept.map((value, place) => [value, place]));
  });
  const steps = new Array<number>(places.length).fill(1);
  let cells = 1;
  const fastestFirst = [...places.keys()].sort((one, other) => (slowness[one] ?? 0) - (slowness[other] ?? 0));
  for (const axis of fastestFirst) {
    steps[axis] = cells;
    cells *= places[axis]?.size ?? 0;
  }
  return { axes: places.map((of, axis) => ({ step: steps[axis] ?? 1, places: of })), cells };
}

const EMPTY = 0;
const PUT = 1;
const TAKEN = 2;

/** What is kept of the first run for some cells of a grid that follow each other: 21 bytes a cell. */
export class CellWindow {
  readonly #grid: Grid;
  readonly #from: number;
  readonly #states: Uint8Array;
  readonly #ids: Uint32Array;
  readonly #instances: Float64Array;
  readonly #usd: Float64Array;

  constructor(grid: Grid, from: number, cells: number) {
    this.#grid = grid;
    this.#from = from;
    this.#states = new Uint8Array(cells);
    this.#ids = new Uint32Array(cells);
    this.#instances = new Float64Array(cells);
    this.#usd = new Float64Array(cells);
  }

  /** Whether points with these values, by axis, may lie here, or nowhere and this is the first window. */
  has(values: readonly ReadonlySet<AxisValue>[]): boolean {
    let [least, most] = [0, 0];
    for (const [axis, { step, places }] of this.#grid.axes.entries()) {
      let [first, last] = [Infinity, -Infinity];
      for (const value of values[axis] ?? []) {
        const place = places.get(value);
        if (place === undefined) {
          if (this.#from === 0) return true;
          continue;
        }
        first = Math.min(first, place);
        last = Math.max(last, place);
      }
      least += first * step;
      most += last * step;
    }
    return least < this.#from + this.#states.length && most >= this.#from;
  }

  /** The cell of a row's point, counted from the first of the window; NOWHERE is told in the first window alone. */
  cellsOf(batch: ColumnBatch, columns: readonly string[]): (row: number) => number {
    const axes = this.#grid.axes.map(({ step, places }, axis) => ({
      step,
      places,
      valueAt: cellsOf(batch, columns[axis] ?? ''),
    }));
    return (row) => {
      let cell = -this.#from;
      for (const { step, places, valueAt } of axes) {
        const place = places.get(valueAt(row));
        if (place === undefined) return this.#from === 0 ? NOWHERE : ELSEWHERE;
        cell += place * step;
      }
      return cell >= 0 && cell < this.#states.length ? cell : ELSEWHERE;
    };
  }

  put(cell: number, id: number, instances: number, usd: number): void {
    this.#states[cell] = PUT;
    this.#ids[cell] = id;
    this.#instances[cell] = instances;
    this.#usd[cell] = usd;
  }

  /** What was put in a cell; null where nothing was. */
  take(cell: number): { id: number; instances: number; usd: number } | null {
    if (this.#states[cell] === EMPTY) return null;
    this.#states[cell] = TAKEN;
    return {
      id: this.#ids[cell] as number,
      instances: this.#instances[cell] as number,
      usd: this.#usd[cell] as number,
    };
  }

  /** Cells that something was put in and nothing taken from. */
  left(): number {
    let left = 0;
    for (const state of this.#states) if (state === PUT) left += 1;
    return left;
  }
}
