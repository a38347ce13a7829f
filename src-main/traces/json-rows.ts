import { isFields, type Fields } from '../measurements/formats/values.ts';
import type { FieldValue, TraceFormat } from './formats/format.ts';
import { textLines, type TextLine } from './json-lines.ts';
import { requestReader, shown } from './request-row.ts';
import { formatWith, remarksOn, shortOf, type ReadRow, type TraceRows, type UnknownRows } from './trace-rows.ts';

/** A file whose first lines are no requests has none. */
const MOST_LINES_BEFORE = 100;

/**
 * The rows of JSON lines. The first line that is a request of some format tells it: one before it may be a heading, or cut
 * off. Throws LineTooLong, also while rows are taken.
 */
export async function jsonRows(pieces: AsyncIterable<string>): Promise<TraceRows | UnknownRows> {
  const batches = textLines(pieces);
  const before: TextLine[] = [];
  let foreign: Fields | null = null;
  for (let next = await batches.next(); next.done !== true; next = await batches.next()) {
    for (const [index, line] of next.value.entries()) {
      const fields = fieldsIn(line.text);
      const format = fields && formatWith('json_lines', (field) => field in fields);
      if (format) return rowsFrom(format, Object.keys(fields), [...before, ...next.value.slice(index)], batches);
      foreign ??= fields;
      before.push(line);
      if (before.length >= MOST_LINES_BEFORE) return unknownLines(foreign);
    }
  }
  return unknownLines(foreign);
}

const unknownLines = (fields: Fields | null): UnknownRows => ({
  unknown: fields
    ? shortOf('json_lines', (field) => field in fields)
    : 'no list of requests: none of its first lines is a whole document of JSON, write one request a line',
});

function rowsFrom(
  format: TraceFormat,
  keys: readonly string[],
  first: readonly TextLine[],
  batches: AsyncGenerator<TextLine[]>,
): TraceRows {
  const read = requestReader(format, null);
  let fields: Fields = {};
  const at = (field: string): FieldValue => fields[field];
  const rowsOf = (lines: readonly TextLine[]): ReadRow[] =>
    lines.map(({ text, line }) => {
      const found = fieldsIn(text);
      if (!found) return { row: unreadable(text), line };
      fields = found;
      return { row: read(at), line };
    });
  const rows = async function* () {
    yield rowsOf(first);
    for await (const lines of batches) yield rowsOf(lines);
  };
  return { format, hasCached: false, remarks: remarksOn(format, keys), rows: rows() };
}

/** null where the line is no object of JSON. */
function fieldsIn(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

const unreadable = (text: string) => ({
  kind: 'the line is no document of JSON',
  sentence: `${shown(text)} is no document of JSON: it was cut off, or is no request; remove it.`,
});
