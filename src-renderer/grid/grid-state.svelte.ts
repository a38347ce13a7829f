import {
  functionalUpdate,
  type ColumnPinningState,
  type RowSelectionState,
  type SortingState,
} from '@tanstack/table-core';
import type { Column } from '../format/columns.ts';
import { plural, formatFixed } from '../../src-worker/protocol/numbers.ts';
import { COPY_FORMATS, tableText, type CopyFormat } from './copy-table.ts';
import { gridLayoutSchema, type GridLayout } from './grid-layout.ts';
import { readNumberFilter, readTextFilter, type Filter } from '../../src-worker/protocol/filter-expression.ts';
import { createTable, definitions, type GridTable } from './table-model.ts';

export interface GridOptions<Row> {
  /** What the table holds, for assistive technology: "Configurations that meet the targets". */
  label: string;
  /** One row and several, for counts: `configuration`. */
  noun: string;
  rows: () => Row[];
  columns: () => Column<Row>[];
  keyOf: (row: Row) => string;
  /** The column that names a row; it is pinned first. */
  nameColumn: string;
  /** True where the rows come sorted and filtered: what is asked of them goes to whoever has them all. */
  isOrderedElsewhere?: boolean;
  /** How many rows there are, in words, where more is known than their number. */
  countText?: () => string;
  /** Key of the one row that is chosen, shared with charts and cards. */
  chosen?: () => string | null;
  /** A row was chosen: by click, Space, or J and K. */
  choose?: (row: Row) => void;
  /** A row was opened: by Enter or double click. */
  open?: (row: Row) => void;
}

/**
 * What a person did to a table: sorting, filters, columns, rows that are checked. The library works out what that shows;
 * everything here survives while rows and columns change below it.
 */
export class GridState<Row extends object> {
  readonly options: GridOptions<Row>;

  sorting = $state.raw<SortingState>([]);
  /** As typed, by column. */
  filterTexts = $state.raw<Record<string, string>>({});
  checked = $state.raw<RowSelectionState>({});
  isFilterOpen = $state(false);
  isColumnsOpen = $state(false);
  /** What was last copied, in words. */
  copied = $state('');
  /** Row that has the tab stop; null until one has been visited. */
  activeKey = $state<string | null>(null);

  #visibility = $state.raw<Record<string, boolean>>({});
  #order = $state.raw<string[]>([]);
  #pinning = $state.raw<ColumnPinningState>({ start: [], end: [] });
  readonly #table: GridTable<Row>;
  #focusRow: ((index: number) => void) | null = null;
  #focusFilter: (() => void) | null = null;

  readonly filters: Record<string, Filter> = $derived.by(() => {
    const read = (column: Column<Row>): Filter =>
      (column.isNumber ? readNumberFilter : readTextFilter)(this.filterTexts[column.id] ?? '');
    return Object.fromEntries(this.options.columns().map((column) => [column.id, read(column)]));
  });

  // Both maps are made anew whenever they change and never written to.
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  readonly #columnById = $derived.by(() => new Map(this.options.columns().map((column) => [column.id, column])));
  readonly #definitions = $derived.by(() => definitions(this.options.columns()));

  /** Everything that is shown, worked out by the library from what is kept here. */
  readonly #shown = $derived.by(() => {
    const table = this.#sync();
    const columns = [...table.getStartVisibleLeafColumns(), ...table.getCenterVisibleLeafColumns()].map(({ id }) => id);
    return { rows: table.getRowModel().rows.map((row) => row.original), columns };
  });

  /** Rows that pass the filters, sorted. */
  readonly rows: Row[] = $derived(this.#shown.rows);
  /** Columns that are shown, the pinned ones first. */
  readonly columns: Column<Row>[] = $derived(this.#named(this.#shown.columns));
  readonly total: number = $derived.by(() => this.options.rows().length);
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  readonly indexByKey = $derived(new Map(this.rows.map((row, index) => [this.options.keyOf(row), index])));
  /** Checked rows that are shown, in the order they are shown. */
  readonly checkedRows: Row[] = $derived(this.rows.filter((row) => this.checked[this.options.keyOf(row)]));
  readonly isFiltered: boolean = $derived(Object.values(this.filters).some(({ kind }) => kind === 'test'));
  /** True where something was typed, be it a filter or not. */
  readonly hasFilterText: boolean = $derived(Object.values(this.filters).some(({ kind }) => kind !== 'empty'));

  constructor(options: GridOptions<Row>) {
    this.options = options;
    this.#table = createTable(options.keyOf);
    this.#pinning = { start: [options.nameColumn], end: [] };
  }

  /** `128 of 186, 58 hidden by filters`. */
  get countText(): string {
    if (!this.isFiltered || this.options.isOrderedElsewhere === true)
      return this.options.countText?.() ?? plural(this.total, this.options.noun);
    const hidden = this.total - this.rows.length;
    return `${formatFixed(this.rows.length)} of ${formatFixed(this.total)}, ${formatFixed(hidden)} hidden by filters`;
  }

  get layout(): GridLayout {
    const { sorting, filterTexts, isFilterOpen } = this;
    return {
      sorting: [...sorting],
      filterTexts,
      isFilterOpen,
      visibility: this.#visibility,
      order: this.#order,
      pinned: [...this.#pinning.start],
    };
  }

  /** Takes up the layout of an earlier table; what is none is passed over. */
  restore(kept: unknown): void {
    const { data } = gridLayoutSchema.safeParse(kept);
    if (!data) return;
    this.sorting = data.sorting;
    this.filterTexts = data.filterTexts;
    this.isFilterOpen = data.isFilterOpen;
    this.#visibility = data.visibility;
    this.#order = data.order;
    const { nameColumn } = this.options;
    this.#pinning = { start: [nameColumn, ...data.pinned.filter((id) => id !== nameColumn)], end: [] };
  }

  #sync(): GridTable<Row> {
    const columnFilters = Object.entries(this.filters).flatMap(([id, filter]) =>
      filter.kind === 'test' ? [{ id, value: filter.test }] : [],
    );
    const hidden = [...this.#columnById.values()]
      .filter((column) => column.isHidden)
      .map(({ id }): [string, boolean] => [id, false]);
    this.#table.setOptions((previous) => ({
      ...previous,
      data: this.options.rows(),
      columns: this.#definitions,
      manualSorting: this.options.isOrderedElsewhere === true,
      manualFiltering: this.options.isOrderedElsewhere === true,
      enableMultiSort: this.options.isOrderedElsewhere !== true,
      state: {
        sorting: this.sorting,
        columnFilters,
        columnVisibility: { ...Object.fromEntries(hidden), ...this.#visibility },
        columnOrder: this.#order,
        columnPinning: this.#pinning,
        rowSelection: this.checked,
      },
      onSortingChange: (updater) => (this.sorting = functionalUpdate(updater, this.sorting)),
      onColumnVisibilityChange: (updater) => (this.#visibility = functionalUpdate(updater, this.#visibility)),
      onColumnOrderChange: (updater) => (this.#order = functionalUpdate(updater, this.#order)),
      onColumnPinningChange: (updater) => (this.#pinning = functionalUpdate(updater, this.#pinning)),
      onRowSelectionChange: (updater) => (this.checked = functionalUpdate(updater, this.checked)),
    }));
    return this.#table;
  }

  #named(ids: string[]): Column<Row>[] {
    return ids.flatMap((id) => this.#columnById.get(id) ?? []);
  }

  /** Ascending, descending, as it came; with `isAdded` as a further key behind those there are. */
  sortBy(columnId: string, isAdded: boolean): void {
    this.#sync().getColumn(columnId)?.toggleSorting(undefined, isAdded);
  }

  /** Direction and place among the keys; null where the column is no key. */
  sortOf(columnId: string): { isDescending: boolean; place: number } | null {
    const place = this.sorting.findIndex(({ id }) => id === columnId);
    const entry = this.sorting[place];
    return entry ? { isDescending: entry.desc, place: place + 1 } : null;
  }

  setFilter(columnId: string, text: string): void {
    this.filterTexts = { ...this.filterTexts, [columnId]: text };
  }

  clearFilters(): void {
    this.filterTexts = {};
  }

  /** All columns in their order, the pinned ones first, with what the menu of columns says of them. */
  get columnChoices(): { column: Column<Row>; isShown: boolean; isPinned: boolean; isName: boolean }[] {
    const table = this.#sync();
    const sorted = [...table.getStartLeafColumns(), ...table.getCenterLeafColumns()];
    return sorted.flatMap((entry) => {
      const column = this.#columnById.get(entry.id);
      if (!column) return [];
      const isPinned = entry.getIsPinned() !== false;
      return [{ column, isShown: entry.getIsVisible(), isPinned, isName: entry.id === this.options.nameColumn }];
    });
  }

  isPinned(columnId: string): boolean {
    return this.#pinning.start.includes(columnId);
  }

  toggleColumn(columnId: string): void {
    if (columnId !== this.options.nameColumn) this.#sync().getColumn(columnId)?.toggleVisibility();
  }

  togglePin(columnId: string): void {
    if (columnId === this.options.nameColumn) return;
    this.#sync()
      .getColumn(columnId)
      ?.pin(this.isPinned(columnId) ? false : 'start');
  }

  /** Moves a column one place among those that are pinned or among those that are not; the name stays first. */
  moveColumn(columnId: string, step: -1 | 1): void {
    const table = this.#sync();
    if (this.isPinned(columnId)) {
      const start = swapped(this.#pinning.start, columnId, step);
      if (start[0] === this.options.nameColumn) table.setColumnPinning({ start, end: [] });
      return;
    }
    const all = table.getAllLeafColumns().map(({ id }) => id);
    const loose = swapped(
      all.filter((id) => !this.isPinned(id)),
      columnId,
      step,
    );
    table.setColumnOrder([...all.filter((id) => this.isPinned(id)), ...loose]);
  }

  resetColumns(): void {
    this.#visibility = {};
    this.#order = [];
    this.#pinning = { start: [this.options.nameColumn], end: [] };
  }

  isChecked(key: string): boolean {
    return this.checked[key] === true;
  }

  toggleChecked(key: string): void {
    const { [key]: isChecked, ...others } = this.checked;
    this.checked = isChecked ? others : { ...others, [key]: true };
  }

  /** Checks every row that is shown, or none. */
  toggleAll(): void {
    const isAll = this.checkedRows.length === this.rows.length;
    this.checked = isAll ? {} : Object.fromEntries(this.rows.map((row) => [this.options.keyOf(row), true]));
  }

  /** The checked rows, or all that are shown, in the columns that are shown. */
  copyText(format: CopyFormat): { text: string; sentence: string } {
    const rows = this.checkedRows.length > 0 ? this.checkedRows : this.rows;
    const { columns } = this;
    const text = tableText(
      { heads: columns, rows: rows.map((row) => columns.map((column) => column.value(row))) },
      format,
    );
    return { text, sentence: `Copied ${plural(rows.length, 'row')} as ${COPY_FORMATS[format]}` };
  }

  /** Index of the row the keyboard starts from: the one visited last, else the chosen one, else the first. */
  get activeIndex(): number {
    const keys = [this.activeKey, this.options.chosen?.() ?? null];
    const found = keys.map((key) => (key === null ? undefined : this.indexByKey.get(key)));
    return found.find((index) => index !== undefined) ?? 0;
  }

  /** Chooses the next or the previous row in the order shown; the first where none is chosen yet. */
  step(by: 1 | -1): void {
    const key = this.options.chosen ? this.options.chosen() : this.activeKey;
    const from = key === null ? undefined : this.indexByKey.get(key);
    const index = from === undefined ? 0 : Math.min(this.rows.length - 1, Math.max(0, from + by));
    const row = this.rows[index];
    if (!row) return;
    this.activeKey = this.options.keyOf(row);
    this.options.choose?.(row);
    this.#focusRow?.(index);
  }

  /** Scrolls to a row, where it is shown. */
  reveal(key: string): void {
    const index = this.indexByKey.get(key);
    if (index !== undefined) this.#focusRow?.(index);
  }

  /** The row that commands are about: the chosen one, else the one visited last. */
  get currentRow(): Row | null {
    const key = this.options.chosen?.() ?? this.activeKey;
    const index = key === null ? undefined : this.indexByKey.get(key);
    return index === undefined ? null : (this.rows[index] ?? null);
  }

  openFilter(): void {
    this.isFilterOpen = true;
    this.#focusFilter?.();
  }

  /** The drawn table says how rows and filters get into view; the returned function takes that back. */
  attach(drawn: { focusRow: (index: number) => void; focusFilter: () => void }): () => void {
    this.#focusRow = drawn.focusRow;
    this.#focusFilter = drawn.focusFilter;
    return () => {
      this.#focusRow = null;
      this.#focusFilter = null;
    };
  }
}

/** A copy with one entry exchanged for its neighbor; the same order where there is none. */
function swapped(ids: string[], id: string, step: -1 | 1): string[] {
  const index = ids.indexOf(id);
  const neighbor = ids[index + step];
  if (index < 0 || neighbor === undefined) return ids;
  return ids.with(index, neighbor).with(index + step, id);
}
