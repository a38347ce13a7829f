import type { RunRowsDraft } from '../../src-worker/protocol/run-rows.ts';
import { usageError } from './errors.ts';

type RowFilter = NonNullable<RunRowsDraft['filters']>[number];
type RowSort = NonNullable<RunRowsDraft['sort']>;

/** What compares a column with a value; the filters of tables know further ways to write some of them. */
const OPERATORS = ['=', '!=', '<', '<=', '>', '>=', '~'];
const ALIASES = ['==', '<>', '=<', '=>', '≠', '≤', '≥'];
const OPERATOR_HELP = `${OPERATORS.join(', ')} (~ = the words occur)`;

/** `"users >= 100"` as a filter of a column; after the operator whatever a filter of a table takes, such as `= 8..16`. */
export function rowFilter(text: string): RowFilter {
  const [, column, operator = '', value = ''] =
    /^\s*([\p{L}\p{N}_]+)\s*([^\p{L}\p{N}\s.$+\-"'/]*)(.*)$/su.exec(text) ?? [];
  if (column === undefined) {
    throw usageError(`--filter takes "COLUMN OPERATOR VALUE", such as "users >= 100", got "${shortened(text)}".`);
  }
  if (![...OPERATORS, ...ALIASES].includes(operator)) {
    const given = operator === '' ? (value.trim().split(/\s/)[0] ?? '') : operator;
    const problem = given === '' ? 'has no operator' : `"${shortened(given)}" is no operator`;
    throw usageError(`--filter "${shortened(text)}": ${problem}, there are ${OPERATOR_HELP}.`);
  }
  if (value.trim() === '') throw usageError(`--filter "${shortened(text)}": a value is missing after ${operator}.`);
  return { column, expression: operator + value };
}

/** `cost_usd_per_hour:desc` as an order; ascending where nothing is said. */
export function rowSort(text: string): RowSort {
  const [column = '', direction = 'asc', ...rest] = text.split(':').map((part) => part.trim());
  if (column === '' || rest.length > 0 || !['asc', 'desc'].includes(direction)) {
    throw usageError(`--sort takes COLUMN, COLUMN:asc or COLUMN:desc, got "${shortened(text)}".`);
  }
  return { column, descending: direction === 'desc' };
}

const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}...` : text);
