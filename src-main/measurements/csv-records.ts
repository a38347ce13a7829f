/**
 * Comma-separated values (RFC 4180) while they stream in, several times faster than a parser that looks at every character:
 * measurement files may have a million rows. Cells are parts of the text that came in; whoever keeps one copies it.
 */

/** A record of this length is none: a quote was never closed, or the file has no lines. */
const MAX_RECORD_CHARACTERS = 100_000;

/** A record that cannot be read; none after it can be trusted either. */
export class BadRecord extends Error {
  readonly line: number;

  constructor(line: number, problem: string) {
    super(problem);
    this.line = line;
  }
}

export interface CsvRecord {
  cells: string[];
  /** Line it begins on, from 1. */
  line: number;
}

/** The records of a text that comes in pieces; empty lines are passed over. Throws BadRecord. */
export async function* csvRecords(pieces: AsyncIterable<string>): AsyncGenerator<CsvRecord[]> {
  let rest = '';
  let line = 1;
  let isFirst = true;
  for await (const piece of pieces) {
    const text = rest + (isFirst && piece.startsWith('\uFEFF') ? piece.slice(1) : piece);
    isFirst = false;
    const { records, end, nextLine } = recordsIn(text, line);
    rest = text.slice(end);
    line = nextLine;
    if (rest.length > MAX_RECORD_CHARACTERS) throw tooLong(rest, line);
    yield records;
  }
  if (rest.trim() === '') return;
  const { records, end } = recordsIn(`${rest}\n`, line);
  if (end === 0) throw unclosed(line);
  yield records;
}

const unclosed = (line: number): BadRecord => new BadRecord(line, 'a quote is opened there and never closed');
const tooLong = (text: string, line: number): BadRecord =>
  text.includes('"') ? unclosed(line) : new BadRecord(line, `it has more than ${MAX_RECORD_CHARACTERS} characters`);

const LINE_END = '\n';
const QUOTE = '"';

/** Whole records of a text, and where the rest begins. */
function recordsIn(text: string, firstLine: number): { records: CsvRecord[]; end: number; nextLine: number } {
  const records: CsvRecord[] = [];
  let line = firstLine;
  let start = 0;
  let quote = text.indexOf(QUOTE);
  for (;;) {
    let end = text.indexOf(LINE_END, start);
    let lines = 1;
    // Between an odd and an even quote a line end is part of a cell.
    let isInside = false;
    while (quote !== -1 && end !== -1 && (quote < end || isInside)) {
      isInside = quote < end ? !isInside : isInside;
      if (quote < end) quote = text.indexOf(QUOTE, quote + 1);
      if (isInside && (quote === -1 || quote > end)) {
        end = text.indexOf(LINE_END, end + 1);
        lines += 1;
      }
    }
    if (end === -1 || isInside) return { records, end: start, nextLine: line };
    const record = text.slice(start, text[end - 1] === '\r' && end > start ? end - 1 : end);
    if (record.trim() !== '') {
      if (record.length > MAX_RECORD_CHARACTERS) throw tooLong(record, line);
      records.push({ cells: record.includes(QUOTE) ? quotedCells(record, line) : record.split(','), line });
    }
    line += lines;
    start = end + 1;
  }
}

function quotedCells(record: string, line: number): string[] {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    let end: number;
    if (record[at] === QUOTE) {
      end = closingQuote(record, at, line);
      cells.push(record.slice(at + 1, end).replaceAll('""', QUOTE));
      end += 1;
      if (end < record.length && record[end] !== ',') throw new BadRecord(line, 'text stands beside a quoted cell');
    } else {
      end = record.indexOf(',', at);
      if (end === -1) end = record.length;
      cells.push(record.slice(at, end));
    }
    if (end >= record.length) return cells;
    at = end + 1;
  }
}

function closingQuote(record: string, start: number, line: number): number {
  for (let at = record.indexOf(QUOTE, start + 1); at !== -1; at = record.indexOf(QUOTE, at + 1)) {
    if (record[at + 1] !== QUOTE) return at;
    at += 1;
  }
  throw unclosed(line);
}
