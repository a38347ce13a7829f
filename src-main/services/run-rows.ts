import { checkColumn, columnTests } from '../../src-worker/answers/run-rows/column-tests.ts';
import { rowCells } from '../../src-worker/answers/run-rows/row-cells.ts';
import { OrderedRows, type FoundRows } from '../../src-worker/answers/run-rows/rows-page.ts';
import type { RunRowsPage } from '../../src-worker/protocol/app-api.ts';
import type { RunRowsQuestion } from '../../src-worker/protocol/run-rows.ts';
import type { Store } from '../store/store.ts';
import { createHeldRuns, type HeldRun } from './held-runs.ts';
import { inSlices } from './in-slices.ts';
import { batchesOf, requiredRun } from './run-view.ts';

export interface RunRows {
  /** Throws `unknown_run`, `unknown_column` and `filter_unreadable`. */
  page: (question: RunRowsQuestion) => Promise<RunRowsPage>;
}

/** The command is long, follows from the rest, and is in the export. */
const LEFT_OUT: readonly string[] = ['vllm_command'];

/**
 * Rows of stored runs by order, filter and page. Batches that cannot be read are left out and go to `report`. Works in slices on
 * the thread of the host: handing a run of 100 MB to another would take longer than a page (docs/decisions/0043).
 */
export function createRunRows(store: Store, report: (problem: string) => void, heldRuns = createHeldRuns()): RunRows {
  return {
    page: async (question) => {
      const run = requiredRun(store, question.runId);
      const held = await heldRuns.open(run, () => batchesOf(store, run, report));
      const { columns } = held;
      const { rows, total } = await sliced(orderedRows(held, question).page(question.offset, question.limit));
      for (const column of question.columns ?? []) checkColumn(column, columns);
      const shown = question.columns ?? columns.filter((column) => !LEFT_OUT.includes(column));
      return { rows: rowCells(rows, shown), places: rows.map(({ place }) => place), total, columns };
    },
  };
}

/** The order that was asked for last is kept, so that its further pages are quick. */
function orderedRows(held: HeldRun, { sort, filters, onlyBest }: RunRowsQuestion): OrderedRows {
  const key = JSON.stringify({ sort, filters, onlyBest });
  if (held.last?.key === key) return held.last.rows;
  if (sort && held.sample) checkColumn(sort.column, held.columns);
  const tests = held.sample ? columnTests(filters, held.columns, held.sample) : [];
  const rows = new OrderedRows(held, { sort, tests, onlyBest });
  held.last = { key, rows };
  return rows;
}

/** Runs work that pauses to its end, and lets others in between. */
async function sliced(work: Generator<void, FoundRows>): Promise<FoundRows> {
  let found: FoundRows = { rows: [], total: 0 };
  function* steps(): Generator<void> {
    found = yield* work;
  }
  const slices = inSlices(steps());
  while ((await slices.next()).done !== true);
  return found;
}
