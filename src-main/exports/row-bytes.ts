import { cellsOf, isNumberColumn, type BatchTable, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { rounded } from '../../src-worker/protocol/rounded.ts';

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

/** Neighbouring cells of a row that come from the same place. */
type Segment =
  | { kind: 'entries'; keys: ArrayLike<number>; bytes: (Uint8Array | undefined)[]; make: (entry: number) => Uint8Array }
  | {
      kind: 'pairs';
      keys: Two<ArrayLike<number> | null>;
      bytes: Map<number, Uint8Array>;
      make: (row: number) => Uint8Array;
      stride: number;
    }
  | { kind: 'product'; keys: Two<ArrayLike<number> | null>; factors: Two<Float64Array>; label: string }
  | { kind: 'rows'; make: (row: number) => Uint8Array };
type Two<Value> = [Value, Value];

/**
 * Rows of a batch as bytes of a text format, in pieces. What rows share is made into text once: the cells of one entry of a
 * table that stand together are one run of bytes, so a row is a few copies, and only products are rounded and printed for
 * every row. Cells without a finite number or a text are missing.
 */
export function* rowBytes(batch: ColumnBatch, columns: readonly string[], style: RowStyle): Generator<Uint8Array> {
  const segments = segmentsOf(batch, columns, style);
  const begin = Buffer.from(style.begin);
  const end = Buffer.from(style.end);
  for (let row = 0; row < batch.rows;) {
    const out = new Bytes(PIECE_BYTES + PIECE_BYTES / 8);
    while (row < batch.rows && out.length < PIECE_BYTES) {
      out.put(begin);
      for (let place = 0; place < segments.length; place += 1) putSegment(out, segments[place] as Segment, row, style);
      out.put(end);
      row += 1;
    }
    yield out.take();
  }
}

function putSegment(out: Bytes, segment: Segment, row: number, style: RowStyle): void {
  switch (segment.kind) {
    case 'entries': {
      const entry = segment.keys[row] as number;
      out.put((segment.bytes[entry] ??= segment.make(entry)));
      return;
    }
    case 'pairs': {
      const [one, other] = segment.keys;
      const pair = (one ? (one[row] as number) : row) * segment.stride + (other ? (other[row] as number) : row);
      let bytes = segment.bytes.get(pair);
      if (!bytes) segment.bytes.set(pair, (bytes = segment.make(row)));
      out.put(bytes);
      return;
    }
    case 'product': {
      const { keys, factors, label } = segment;
      const [one, other] = keys;
      const value =
        (factors[0][one ? (one[row] as number) : row] as number) *
        (factors[1][other ? (other[row] as number) : row] as number);
      out.putAscii(label + (Number.isFinite(value) ? style.number(rounded(value)) : style.missing));
      return;
    }
    case 'rows':
      out.put(segment.make(row));
  }
}

function segmentsOf(batch: ColumnBatch, columns: readonly string[], style: RowStyle): Segment[] {
  const segments: Segment[] = [];
  let place = 0;
  while (place < columns.length) {
    const before = place === 0 ? '' : ',';
    const column = columns[place] as string;
    const pair = batch.products[column] ?? batch.joined[column];
    const table = pair ? null : tableOf(batch, column);
    if (pair || !table) {
      segments.push(pair ? pairSegment(batch, column, pair, before, style) : missingSegment(column, before, style));
      place += 1;
      continue;
    }
    let until = place + 1;
    while (
      until < columns.length &&
      isOwn(batch, columns[until] as string) &&
      tableOf(batch, columns[until] as string) === table
    )
      until += 1;
    segments.push(tableSegment(table, columns.slice(place, until), before, style));
    place = until;
  }
  return segments;
}

const isOwn = ({ products, joined }: ColumnBatch, column: string): boolean =>
  !(column in products) && !(column in joined);

const tableOf = ({ tables }: ColumnBatch, column: string): BatchTable | null =>
  tables.find(({ numbers, texts }) => column in numbers || column in texts) ?? null;

function tableSegment(table: BatchTable, columns: string[], before: string, style: RowStyle): Segment {
  const readers = columns.map((column, place) => {
    const label = (place === 0 ? before : ',') + style.label(column);
    const read = entryReader(table, column, style);
    return (entry: number) => label + read(entry);
  });
  const make = (entry: number): Uint8Array => {
    let text = '';
    for (const read of readers) text += read(entry);
    return Buffer.from(text);
  };
  // Without keys every row has an entry of its own: kept, they would be the whole batch once more.
  return table.keys ? { kind: 'entries', keys: table.keys, bytes: [], make } : { kind: 'rows', make };
}

/** A cell of a table by its entry. A text is quoted once, however many entries share it. */
function entryReader({ numbers, texts }: BatchTable, column: string, style: RowStyle): (entry: number) => string {
  const values = numbers[column];
  if (values) {
    return (entry) => {
      const value = values[entry] as number;
      return Number.isFinite(value) ? style.number(value) : style.missing;
    };
  }
  const { codes, dictionary } = texts[column] ?? { codes: new Uint32Array(), dictionary: [] };
  const quoted: string[] = [];
  return (entry) => {
    const code = codes[entry] as number;
    const text = dictionary[code];
    return text === undefined ? style.missing : (quoted[code] ??= style.text(text));
  };
}

function pairSegment(
  batch: ColumnBatch,
  column: string,
  [first, second]: Two<string>,
  before: string,
  style: RowStyle,
): Segment {
  const label = before + style.label(column);
  const [one, other] = [tableOf(batch, first), tableOf(batch, second)];
  if (!one || !other) return missingSegment(column, before, style);
  const keys: Two<ArrayLike<number> | null> = [one.keys, other.keys];
  if (isNumberColumn(batch, column)) {
    const [values, otherValues] = [one.numbers[first], other.numbers[second]];
    if (!values || !otherValues) return missingSegment(column, before, style);
    return { kind: 'product', keys, factors: [values, otherValues], label };
  }
  const cellAt = cellsOf(batch, column);
  const make = (row: number): Uint8Array => {
    const text = cellAt(row);
    return Buffer.from(label + (text === null ? style.missing : style.text(String(text))));
  };
  return { kind: 'pairs', keys, bytes: new Map(), make, stride: Math.max(other.entries, batch.rows) };
}

function missingSegment(column: string, before: string, style: RowStyle): Segment {
  const bytes = Buffer.from(before + style.label(column) + style.missing);
  return { kind: 'rows', make: () => bytes };
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

  putAscii(text: string): void {
    const at = this.length;
    this.#room(text.length);
    const out = this.#bytes;
    for (let place = 0; place < text.length; place += 1) out[at + place] = text.charCodeAt(place);
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
