import type { ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { entryColumns, type EntryColumn, type EntryTable } from './entry-columns.ts';

/** How rows are written in a text format. */
export interface RowStyle {
  /** Before and after the cells of a row; a comma stands between them. */
  begin: string;
  end: string;
  /** What stands before each value of a column. */
  label: (column: string) => string;
  number: (value: number) => string;
  text: (value: string) => string;
  missing: string;
}

/** A piece is handed on when it has grown to this: enough to write in one go, little to hold, milliseconds to make. */
const PIECE_BYTES = 2 ** 20;
/** Copied byte by byte up to here: below it the call of a copy costs more than the loop. */
const SHORT = 24;
const LAST_ASCII = 0x7f;

/** Neighbouring cells of a row that come from the same place. */
type Segment =
  | { kind: 'entries'; keys: ArrayLike<number>; bytes: (Uint8Array | undefined)[]; make: (entry: number) => string }
  | { kind: 'rows'; make: (row: number) => string }
  | { kind: 'same'; bytes: Uint8Array };

/**
 * Rows of a batch as bytes of a text format, in pieces. What rows share is made into text once: the cells of one entry of a
 * table that stand together are one run of bytes, those of one pair of entries among them, so a row is a few copies. Cells without a finite number or a text are missing.
 */
export function* rowBytes(batch: ColumnBatch, columns: readonly string[], style: RowStyle): Generator<Uint8Array> {
  const segments = segmentsOf(batch, columns, style);
  const begin = Buffer.from(style.begin);
  const end = Buffer.from(style.end);
  for (let row = 0; row < batch.rows;) {
    const out = new Bytes(PIECE_BYTES + PIECE_BYTES / 8);
    while (row < batch.rows && out.length < PIECE_BYTES) {
      out.put(begin);
      for (let place = 0; place < segments.length; place += 1) putSegment(out, segments[place] as Segment, row);
      out.put(end);
      row += 1;
    }
    yield out.take();
  }
}

function putSegment(out: Bytes, segment: Segment, row: number): void {
  switch (segment.kind) {
    case 'entries': {
      const entry = segment.keys[row] as number;
      out.put((segment.bytes[entry] ??= Buffer.from(segment.make(entry))));
      return;
    }
    case 'rows':
      out.putText(segment.make(row));
      return;
    case 'same':
      out.put(segment.bytes);
  }
}

function segmentsOf(batch: ColumnBatch, columns: readonly string[], style: RowStyle): Segment[] {
  const columnOf = entryColumns(batch);
  const found = columns.map((name) => ({ name, column: columnOf(name) }));
  const segments: Segment[] = [];
  for (let place = 0; place < found.length;) {
    const table = found[place]?.column?.table;
    let until = place + 1;
    while (until < found.length && found[until]?.column?.table === table) until += 1;
    const cells = found.slice(place, until).map(({ name, column }, index) => ({
      label: (place + index === 0 ? '' : ',') + style.label(name),
      read: column && cellReader(column, style),
    }));
    segments.push(segmentOf(table, cells, style));
    place = until;
  }
  return segments;
}

function segmentOf(
  table: EntryTable | undefined,
  cells: readonly { label: string; read: ((entry: number) => string) | null }[],
  style: RowStyle,
): Segment {
  const make = (entry: number): string => {
    let text = '';
    for (const { label, read } of cells) text += label + (read ? read(entry) : style.missing);
    return text;
  };
  if (!table) return { kind: 'same', bytes: Buffer.from(make(0)) };
  // Without keys every row has an entry of its own: kept, they would be the whole batch once more.
  return table.keys ? { kind: 'entries', keys: table.keys, bytes: [], make } : { kind: 'rows', make };
}

/** A cell by its entry. A text is quoted once, however many entries share it. */
function cellReader({ valueAt }: EntryColumn, style: RowStyle): (entry: number) => string {
  const quoted = new Map<string, string>();
  return (entry) => {
    const value = valueAt(entry);
    if (value === null) return style.missing;
    if (typeof value === 'number') return style.number(value);
    let text = quoted.get(value);
    if (text === undefined) quoted.set(value, (text = style.text(value)));
    return text;
  };
}

/** Bytes that grow. */
class Bytes {
  #bytes: Uint8Array;
  length = 0;

  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafeSlow(size);
  }

  put(bytes: Uint8Array): void {
    const at = this.length;
    this.#room(bytes.length);
    const out = this.#bytes;
    if (bytes.length > SHORT) out.set(bytes, at);
    else for (let place = 0; place < bytes.length; place += 1) out[at + place] = bytes[place] as number;
    this.length = at + bytes.length;
  }

  /** Letter by letter while they are ASCII, which all numbers are. */
  putText(text: string): void {
    const at = this.length;
    this.#room(text.length);
    const out = this.#bytes;
    for (let place = 0; place < text.length; place += 1) {
      const letter = text.charCodeAt(place);
      if (letter > LAST_ASCII) {
        this.put(Buffer.from(text));
        return;
      }
      out[at + place] = letter;
    }
    this.length = at + text.length;
  }

  take(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  #room(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * this.#bytes.length + more);
    larger.set(this.#bytes.subarray(0, this.length));
    this.#bytes = larger;
  }
}
