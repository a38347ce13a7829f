/** A row that cannot be used, and why. */
export interface SkippedRow {
  pointId: string;
  reason: string;
}

/** One kind of reason: how often it was met, and the first row that has it. */
export interface SkipReason<Row = SkippedRow> {
  /** Without values, so that a thousand rows have one: `ttft_ms_mean is not a number`. */
  reason: string;
  count: number;
  example: Row;
}

/** Rows that are told one by one; of those beyond only their reasons are counted. */
const MOST_LISTED_ROWS = 10_000;

/** Rows that were left out, by reason: a million of them take no more memory than a few thousand. */
export class SkippedRows<Row = SkippedRow> {
  readonly rows: Row[] = [];
  #count = 0;
  readonly #reasons = new Map<string, SkipReason<Row>>();

  /** `kind`: the reason without its values. */
  add(row: Row, kind: string): void {
    this.#count += 1;
    const known = this.#reasons.get(kind);
    if (known) known.count += 1;
    else this.#reasons.set(kind, { reason: kind, count: 1, example: row });
    if (this.rows.length < MOST_LISTED_ROWS) this.rows.push(row);
  }

  /** Of all of them. */
  get count(): number {
    return this.#count;
  }

  /** The commonest first. */
  get reasons(): SkipReason<Row>[] {
    return [...this.#reasons.values()].toSorted((a, b) => b.count - a.count);
  }
}
