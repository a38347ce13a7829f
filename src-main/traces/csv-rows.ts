import { csvRecords, type CsvRecord } from '../measurements/csv-records.ts';
import type { FieldValue } from './formats/format.ts';
import { numberIn } from './formats/format.ts';
import { fieldsOf } from './formats/registry.ts';
import { requestReader } from './request-row.ts';
import {
  formatWith,
  lowered,
  remarksOn,
  shortOf,
  type ReadRow,
  type TraceRows,
  type UnknownRows,
} from './trace-rows.ts';

/** The rows of a CSV, by its header: columns in any order, in any case. Throws BadRecord, also while rows are taken. */
export async function csvRows(pieces: AsyncIterable<string>): Promise<TraceRows | UnknownRows> {
  const batches = csvRecords(pieces);
  let batch: CsvRecord[] = [];
  while (batch.length === 0) {
    const next = await batches.next();
    if (next.done === true) return { unknown: null };
    batch = next.value;
  }
  const columns = (batch[0]?.cells ?? []).map((name) => name.trim());
  const names = columns.map(lowered);
  const has = (field: string): boolean => names.includes(lowered(field));
  const format = formatWith('csv', has);
  if (!format) return { unknown: unknownHeader(columns, has) };
  const cachedFields = format.cachedTokens.filter(has);
  const twice = [...fieldsOf(format), ...format.cachedTokens].find(
    (field) => names.indexOf(lowered(field)) !== names.lastIndexOf(lowered(field)),
  );
  const [cachedField = null, other] = cachedFields;
  if (twice !== undefined) return { unknown: `a table with two columns ${twice}: leave one of them` };
  if (other !== undefined) return { unknown: `a table with both ${cachedField} and ${other}: leave one of them` };

  const read = requestReader(format, cachedField);
  const places = new Map(
    [...fieldsOf(format), ...cachedFields].map((field) => [field, names.indexOf(lowered(field))] as const),
  );
  let cells: readonly string[] = [];
  const at = (field: string): FieldValue => cells[places.get(field) ?? -1];
  const rowsOf = (records: readonly CsvRecord[]): ReadRow[] =>
    records.map((record) => {
      ({ cells } = record);
      return { row: cellCountProblem(columns.length, cells) ?? read(at), line: record.line };
    });
  const rows = async function* () {
    yield rowsOf(batch.slice(1));
    for await (const records of batches) yield rowsOf(records);
  };
  return { format, hasCached: cachedField !== null, remarks: remarksOn(format, columns), rows: rows() };
}

function unknownHeader(columns: readonly string[], has: (field: string) => boolean): string | null {
  if (columns.length === 1 && /[;\t]/.test(columns[0] ?? ''))
    return 'not divided by commas: write commas between the cells';
  if (columns.length > 1 && columns.every((name) => numberIn(name) !== null)) {
    return 'without a header: put arrival_s,input_tokens,output_tokens in front, if this is what its columns hold';
  }
  return shortOf('csv', has);
}

function cellCountProblem(wanted: number, cells: readonly string[]) {
  const given = cells.length;
  if (given === wanted || (given > wanted && cells.slice(wanted).every((cell) => cell.trim() === ''))) return null;
  return {
    kind: 'the row has another number of cells than the header',
    sentence: `It has ${given} cell${given === 1 ? '' : 's'}, and the header ${wanted}: put quotes around a cell that holds a comma, or fill in what is missing.`,
  };
}
