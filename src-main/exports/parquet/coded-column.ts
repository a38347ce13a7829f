import type { EntryColumn } from '../entry-columns.ts';

/** A column of a row group: its different values, and which of them the rows have that have one. */
export interface CodedColumn {
  values: (number | string)[];
  /** Of the rows with a value, in their order; the first `present` count. */
  codes: Uint32Array;
  present: number;
  /** 1 for each row with a value, 0 for the others. */
  levels: Uint8Array;
  rows: number;
}

/** One batch of a row group; `column` null = it has none of that name. */
export interface ColumnPart {
  rows: number;
  column: EntryColumn | null;
}

/** Not looked at yet, and without a value, in place of a code. */
const UNSEEN = 0xffffffff;
const NOTHING = 0xfffffffe;

/** Gives codes to the values of a column, each made once for an entry. Its arrays are written over by the next column. */
export class ColumnCoder {
  readonly #codes: Uint32Array;
  readonly #levels: Uint8Array;

  constructor(rows: number) {
    this.#codes = new Uint32Array(rows);
    this.#levels = new Uint8Array(rows);
  }

  coded(parts: readonly ColumnPart[]): CodedColumn {
    const [codes, levels] = [this.#codes, this.#levels];
    const known = new Map<number | string, number>();
    const values: (number | string)[] = [];
    const codeOf = (value: number | string | null): number => {
      if (value === null) return NOTHING;
      const code = known.get(value);
      if (code !== undefined) return code;
      known.set(value, values.length);
      return values.push(value) - 1;
    };
    let rows = 0;
    let present = 0;
    for (const { rows: count, column } of parts) {
      const keys = column?.table.keys ?? null;
      const seen = column && keys ? new Uint32Array(column.table.entries).fill(UNSEEN) : null;
      for (let row = 0; row < count; row += 1) {
        const entry = keys ? (keys[row] as number) : row;
        let code = seen ? (seen[entry] as number) : UNSEEN;
        if (code === UNSEEN) {
          code = codeOf(column ? column.valueAt(entry) : null);
          if (seen) seen[entry] = code;
        }
        if (code === NOTHING) {
          levels[rows + row] = 0;
        } else {
          levels[rows + row] = 1;
          codes[present++] = code;
        }
      }
      rows += count;
    }
    return { values, codes, present, levels, rows };
  }
}
