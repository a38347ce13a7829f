import { isNumberColumn, type ColumnBatch } from '../../protocol/columns.ts';
import { matchingRows, type ColumnTest } from './matching-rows.ts';
import { MISSING, sortItems, type RowSort, type SortItems } from './sort-items.ts';
import { rankTexts, type TextRanks } from './text-ranks.ts';
import { valuesAt, type PlacedValue } from './value-at.ts';

/** A batch of a run, and of each of its points the row of the cheapest configuration that passes, ascending. */
export interface RunBatch {
  batch: ColumnBatch;
  best: () => Uint32Array;
}

/** A run whose rows are asked for: its batches in order, as often as they are wanted. */
export interface RunBatches {
  batches: () => Iterable<RunBatch>;
  /** By column, once they are known: working them out takes longer than a page. */
  textRanks: Map<string, TextRanks>;
}

export interface RowsOrder {
  sort: RowSort | null;
  tests: readonly ColumnTest[];
  onlyBest: boolean;
}

/** A row of a page: where it stands in its batch, and in the whole run. */
export interface FoundRow {
  batch: ColumnBatch;
  row: number;
  place: number;
}

export interface FoundRows {
  rows: FoundRow[];
  /** Rows that pass. */
  total: number;
}

/**
 * The rows of a run that pass, in order, a page at a time. What was worked out of a batch is kept with the batch, so that a
 * further page of the same rows takes a fraction of the first; where batches are read anew for each pass nothing is kept.
 * Equal rows follow each other as they stand in the run, rows without a value come last.
 */
export class OrderedRows {
  readonly #run: RunBatches;
  readonly #order: RowsOrder;
  readonly #matching = new WeakMap<ColumnBatch, { rows: Uint32Array | null }>();
  readonly #items = new WeakMap<ColumnBatch, SortItems>();
  /** null = not worked out yet. */
  #total: number | null = null;
  /** Of the texts of the column that is sorted by; null = it has numbers. */
  #ranks: TextRanks | null | undefined = undefined;

  constructor(run: RunBatches, order: RowsOrder) {
    this.#run = run;
    this.#order = order;
  }

  /** Works in slices: it may be left alone at every yield. */
  *page(offset: number, limit: number): Generator<void, FoundRows> {
    const total = (this.#total ??= yield* this.#count());
    const count = Math.min(total - offset, limit);
    if (count <= 0) return { rows: [], total };
    const { sort } = this.#order;
    if (!sort) return { rows: yield* this.#inOrder(offset, count), total };
    if (this.#ranks === undefined) this.#ranks = yield* this.#textRanks(sort.column);
    const until = offset + count;
    const { first, last } = yield* valuesAt(() => this.#allItems(), { first: offset, last: until - 1 });
    return { rows: yield* this.#between(first, last, [offset, until]), total };
  }

  *#count(): Generator<void, number> {
    let total = 0;
    for (const entry of this.#run.batches()) {
      total += this.#rowsOf(entry)?.length ?? entry.batch.rows;
      yield;
    }
    return total;
  }

  /** The rows from a place on, as they stand in the run. */
  *#inOrder(offset: number, count: number): Generator<void, FoundRow[]> {
    const found: FoundRow[] = [];
    let skipped = 0;
    let start = 0;
    for (const entry of this.#run.batches()) {
      const { batch } = entry;
      const rows = this.#rowsOf(entry);
      const size = rows?.length ?? batch.rows;
      for (let index = Math.max(0, offset - skipped); index < size && found.length < count; index += 1) {
        const row = rows ? (rows[index] as number) : index;
        found.push({ batch, row, place: start + row });
      }
      if (found.length === count) break;
      skipped += size;
      start += batch.rows;
      yield;
    }
    return found;
  }

  /**
   * The rows of the places from `from` to before `until`, whose first and last have these values: all that lie between the two,
   * of those that equal the first what comes after the places before, of those that equal the last as many as are left.
   */
  *#between(first: PlacedValue, last: PlacedValue, [from, until]: [number, number]): Generator<void, FoundRow[]> {
    const isOne = first.value === last.value;
    const found: (FoundRow & { value: number })[] = [];
    let toSkip = from - first.before;
    let ofLast = isOne ? 0 : until - last.before;
    let start = 0;
    for (const entry of this.#run.batches()) {
      const { batch } = entry;
      const take = (row: number, value: number): boolean => {
        if (value === first.value && toSkip > 0) toSkip -= 1;
        else if (isOne || value !== last.value) found.push({ batch, row, place: start + row, value });
        else if (ofLast > 0) {
          ofLast -= 1;
          found.push({ batch, row, place: start + row, value });
        }
        return found.length < until - from;
      };
      eachBetween(this.#itemsOf(entry), batch.rows, this.#rowsOf(entry), [first.value, last.value], take);
      if (found.length === until - from) break;
      start += batch.rows;
      yield;
    }
    // Not by their difference: two without a value have none.
    const byValue = (one: number, other: number): number => (one < other ? -1 : Number(one > other));
    return found.sort((one, other) => byValue(one.value, other.value) || one.place - other.place);
  }

  #rowsOf({ batch, best }: RunBatch): Uint32Array | null {
    const known = this.#matching.get(batch);
    if (known) return known.rows;
    const { tests, onlyBest } = this.#order;
    const rows = matchingRows(batch, tests, onlyBest ? best() : null);
    this.#matching.set(batch, { rows });
    return rows;
  }

  #itemsOf(entry: RunBatch): SortItems {
    const { sort } = this.#order;
    const known = this.#items.get(entry.batch);
    if (known || !sort) return known ?? NOTHING;
    const items = sortItems(entry.batch, sort, this.#rowsOf(entry), this.#ranks ?? null);
    this.#items.set(entry.batch, items);
    return items;
  }

  *#allItems(): Generator<SortItems> {
    for (const entry of this.#run.batches()) yield this.#itemsOf(entry);
  }

  *#textRanks(column: string): Generator<void, TextRanks | null> {
    for (const { batch } of this.#run.batches()) {
      if (isNumberColumn(batch, column)) return null;
      break;
    }
    const { textRanks } = this.#run;
    const known = textRanks.get(column) ?? (yield* rankTexts(this.#allBatches(), column));
    textRanks.set(column, known);
    return known;
  }

  *#allBatches(): Generator<ColumnBatch> {
    for (const { batch } of this.#run.batches()) yield batch;
  }
}

const NOTHING: SortItems = { kind: 'rows', values: new Float64Array(0), weights: null, rows: new Uint32Array(0) };

/** Tells of the rows with a value from one to another, ascending, until it hears false. `rows`: those that count; null = all. */
function eachBetween(
  items: SortItems,
  all: number,
  rows: Uint32Array | null,
  [least, most]: [number, number],
  tell: (row: number, value: number) => boolean,
): void {
  const { kind, values } = items;
  if (kind === 'entries') {
    if (!values.some((value, entry) => value >= least && value <= most && items.weights[entry] !== 0)) return;
    const size = rows?.length ?? all;
    for (let index = 0; index < size; index += 1) {
      const row = rows ? (rows[index] as number) : index;
      const value = values[items.keys[row] as number] as number;
      if (value >= least && value <= most && !tell(row, value)) return;
    }
    return;
  }
  if (most !== MISSING) {
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index] as number;
      if (value >= least && value <= most && !tell(items.rows[index] as number, value)) return;
    }
    return;
  }
  // Those without a value are the rows that the items leave out.
  let next = 0;
  const size = rows?.length ?? all;
  for (let index = 0; index < size; index += 1) {
    const row = rows ? (rows[index] as number) : index;
    const isItem = items.rows[next] === row;
    const value = isItem ? (values[next] as number) : MISSING;
    if (isItem) next += 1;
    if (value >= least && !tell(row, value)) return;
  }
}
