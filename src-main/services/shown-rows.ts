import { MOST_SHOWN_ROWS, type RunDetail, type RunRow } from '../../src-worker/protocol/app-api.ts';
import { cellsOf, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { sizeInputSchema, sweepSpecSchema } from '../../src-worker/protocol/requests.ts';
import { targetAxisName } from '../../src-worker/protocol/sweep-axis-roles.ts';
import { AXIS_COLUMNS } from '../../src-worker/protocol/sweep-columns.ts';
import type { StoredRun } from '../store/store.ts';
import { runAxes } from '../../src-worker/answers/run-analysis/axes.ts';
import { Shortfalls } from '../../src-worker/answers/run-analysis/shortfalls.ts';
import { pointsIn, type PointView } from '../../src-worker/answers/sweep/points.ts';

type Shown = Pick<RunDetail, 'bestRows' | 'answeredPoints' | 'emptyRows' | 'emptyPoints' | 'shortfall'>;

export interface ShownRows {
  /** Books the points of a batch and says which of its rows are shown. */
  choose(batch: ColumnBatch): number[];
  /** Takes the rows chosen last, whole. */
  add(chosen: ColumnBatch): void;
  rows(): Shown;
}

/**
 * Gathers the rows that a window shows of a run, batch by batch in the order of the points: of each point the cheapest
 * that passes, else its place on the axes with the commonest reason; and why those of the whole run have no answer.
 */
export function shownRows(run: Pick<StoredRun, 'kind' | 'input'>, most = MOST_SHOWN_ROWS): ShownRows {
  const shortfalls = new Shortfalls(runAxes(run.input));
  const shown: Omit<Shown, 'shortfall'> = { bestRows: [], answeredPoints: 0, emptyRows: [], emptyPoints: 0 };
  const axes = axisColumns(run);
  let last: PointView[] = [];
  return {
    choose(batch) {
      shortfalls.addBatch(batch);
      let { length: best } = shown.bestRows;
      let { length: empty } = shown.emptyRows;
      last = pointsIn(batch).filter((point) => {
        if (point.best !== null) {
          shown.answeredPoints += 1;
          return best++ < most;
        }
        shown.emptyPoints += 1;
        return empty++ < most;
      });
      return last.map(({ best: row, reasonRow }) => row ?? reasonRow ?? 0);
    },
    add(chosen) {
      const cellsAt = new Map(chosen.order.map((column) => [column, cellsOf(chosen, column)]));
      for (const [row, point] of last.entries()) {
        if (point.best !== null) shown.bestRows.push(filledCells(cellsAt, row));
        else shown.emptyRows.push(emptyRow(cellsAt, row, point, axes));
      }
    },
    rows: () => ({ ...shown, shortfall: shortfalls.shortfall() }),
  };
}

type CellsAt = ReadonlyMap<string, (row: number) => number | string | null>;

function emptyRow(cellsAt: CellsAt, row: number, { pointId, reason }: PointView, axes: readonly string[]): RunRow {
  const read = (column: string) => cellsAt.get(column)?.(row) ?? null;
  const place = Object.fromEntries(axes.map((column) => [column, read(column)]));
  return { point_id: pointId, ...place, reason, detail: reason === null ? null : read('detail') };
}

/** The command is long, follows from the rest, and is in the export. */
const LEFT_OUT: readonly string[] = ['vllm_command'];

function filledCells(cellsAt: CellsAt, row: number): RunRow {
  const filled: RunRow = {};
  for (const [column, cellAt] of cellsAt) {
    const value = LEFT_OUT.includes(column) ? null : cellAt(row);
    if (value !== null) filled[column] = value;
  }
  return filled;
}

/** Columns that are the same in every row of a point: its place on the axes. What a point leaves open is the plan's. */
function axisColumns({ kind, input }: Pick<StoredRun, 'kind' | 'input'>): string[] {
  const spec = kind === 'sweep' ? sweepSpecSchema.safeParse(input).data : undefined;
  const base = spec?.base ?? sizeInputSchema.safeParse(input).data;
  const hasQuantization = spec?.axes.quantization !== undefined || base?.quantization.length === 1;
  const hasTensorParallel = spec?.axes.tp !== undefined || typeof base?.tp === 'number';
  const others = Object.keys(AXIS_COLUMNS).filter(
    (axis) => spec?.axes[axis as keyof typeof AXIS_COLUMNS] !== undefined,
  );
  const targets = Object.keys(spec?.axes.sla ?? {}).map(targetAxisName);
  return [
    ...targets,
    ...others,
    'users',
    ...(hasQuantization ? ['quantization'] : []),
    'zone',
    ...(['provider', 'kv_cache_dtype', 'gpu', 'instance', 'region'] as const).filter(
      (axis) => spec?.axes[axis] !== undefined,
    ),
    ...(spec?.axes.pp ? ['pipeline_parallel'] : []),
    ...(hasTensorParallel ? ['tensor_parallel'] : []),
  ];
}
