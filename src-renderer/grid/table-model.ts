import {
  columnFilteringFeature,
  columnOrderingFeature,
  columnPinningFeature,
  columnVisibilityFeature,
  constructTable,
  createFilteredRowModel,
  createSortedRowModel,
  rowSelectionFeature,
  rowSortingFeature,
  tableFeatures,
  type ColumnDef,
  type FilterFn,
  type Row,
  type SortFn,
  type Table,
} from '@tanstack/table-core';
import { storeReactivityBindings } from '@tanstack/table-core/store-reactivity-bindings';
import type { Column } from '../format/columns.ts';
import { compareTexts } from '../../src-worker/protocol/text-order.ts';
import type { Test } from '../../src-worker/protocol/filter-expression.ts';

const features = tableFeatures({
  coreReactivityFeature: storeReactivityBindings(),
  columnFilteringFeature,
  columnOrderingFeature,
  columnPinningFeature,
  columnVisibilityFeature,
  rowSelectionFeature,
  rowSortingFeature,
  filteredRowModel: createFilteredRowModel(),
  sortedRowModel: createSortedRowModel(),
});

type Features = typeof features;
export type GridTable<Data extends object> = Table<Features, Data>;
type GridRow<Data extends object> = Row<Features, Data>;

/** Numbers by size, words with the numbers inside them by size; the library puts missing values last in both directions. */
function compareValues<Data extends object>(left: GridRow<Data>, right: GridRow<Data>, columnId: string): number {
  const [a, b]: unknown[] = [left.getValue(columnId), right.getValue(columnId)];
  return typeof a === 'number' && typeof b === 'number' ? a - b : compareTexts(String(a), String(b));
}

function definition<Data extends object>(column: Column<Data>): ColumnDef<Features, Data> {
  const filterFn: FilterFn<Features, Data> = (row, _columnId, test: Test) =>
    test(column.isNumber ? column.value(row.original) : column.text(row.original));
  const sortFn: SortFn<Features, Data> = compareValues;
  return {
    id: column.id,
    accessorFn: (row: Data) => column.value(row) ?? undefined,
    filterFn,
    sortFn,
    sortUndefined: 'last',
    sortDescFirst: false,
  };
}

export const definitions = <Data extends object>(columns: Column<Data>[]): ColumnDef<Features, Data>[] =>
  columns.map(definition);

/** The headless table of the library. Its state is kept outside and handed in with `setOptions`. */
export function createTable<Data extends object>(keyOf: (row: Data) => string): GridTable<Data> {
  const data: Data[] = [];
  return constructTable<Features, Data>({ features, data, columns: [], getRowId: keyOf, enableRowSelection: true });
}
