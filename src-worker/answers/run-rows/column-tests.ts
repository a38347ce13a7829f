import { invalidInput } from '../../engine/errors.ts';
import { isNumberColumn, type ColumnBatch } from '../../protocol/columns.ts';
import { readNumberFilter, readTextFilter, type Test } from '../../protocol/filter-expression.ts';
import { inShownUnit, shownUnit } from '../../protocol/metrics.ts';
import type { RunRowsQuestion } from '../../protocol/run-rows.ts';
import { didYouMean } from '../../protocol/suggest.ts';
import type { ColumnTest } from './matching-rows.ts';

/** Throws `unknown_column`: there is none of that name in the run. */
export function checkColumn(name: string, columns: readonly string[]): void {
  if (columns.includes(name)) return;
  const message = `The run has no column "${name.slice(0, 60)}": ${didYouMean(name, columns)}`;
  throw invalidInput('unknown_column', message, { column: name });
}

/**
 * The filters of a question as tests of values; one that asks nothing is passed over. `batch`: any of the run, which says what
 * is a number. Throws `unknown_column`, and `filter_unreadable` with what would work.
 */
export function columnTests(
  filters: RunRowsQuestion['filters'],
  columns: readonly string[],
  batch: ColumnBatch,
): ColumnTest[] {
  return filters.flatMap(({ column, expression, unit }) => {
    checkColumn(column, columns);
    const isNumber = isNumberColumn(batch, column);
    const filter = (isNumber ? readNumberFilter : readTextFilter)(expression);
    if (filter.kind === 'bad') throw invalidInput('filter_unreadable', `${column}: ${filter.sentence}`, { column });
    if (filter.kind === 'empty') return [];
    return [{ column, test: isNumber && unit === 'shown' ? inUnit(shownUnit(column), filter.test) : filter.test }];
  });
}

const inUnit = (unit: string, test: Test): Test =>
  unit.startsWith('%') ? (value) => test(typeof value === 'number' ? inShownUnit(unit, value) : value) : test;
