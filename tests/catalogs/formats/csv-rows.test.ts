import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { eachCsvRow } from '../../../src-main/catalogs/formats/csv-rows.ts';
import { errorOf } from '../folder.ts';

function rowsOf(text: string): { cells: string[]; line: number }[] {
  const rows: { cells: string[]; line: number }[] = [];
  eachCsvRow(text, 'sheet.csv', (cells, line) => rows.push({ cells, line }));
  return rows;
}

/** Cells as another reader has them. */
const oracle = (text: string): string[][] =>
  parse(text, { bom: true, trim: true, relax_column_count: true, skip_empty_lines: true });

test.each([
  ['plain rows', 'a,b\n1,2\n'],
  ['no line end at the end', 'a,b\n1,2'],
  ['line ends of Windows', 'a,b\r\n1,2\r\n'],
  ['line ends of old Macs', 'a,b\r1,2\r'],
  ['a byte-order mark', '\uFEFFa,b\n1,2\n'],
  ['empty cells', 'a,,c\n,,\n1,,\n'],
  ['an empty last cell without a line end', 'a,b\n1,'],
  ['empty lines', 'a,b\n\n\n1,2\n\n'],
  ['quotes with commas, quotes and lines within', 'a,"b,c","d ""e"""\n"f\ng",2,3\n'],
  ['spaces around cells and quotes', ' a , "b" ,c\n'],
])('%s: the cells csv-parse has', (_, text) => {
  expect(rowsOf(text).map(({ cells }) => cells)).toEqual(oracle(text));
});

test('any cells come back from any way of writing them', () => {
  const pieces = ['', 'a', '1.5', 'x y', 'q"q', ',', 'l\nm', "{'Gpus': 1}"];
  const written = (cell: string): string => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  let seed = 7;
  const pick = (): string => {
    // A linear congruential generator: the same cells on every run.
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return pieces[seed % pieces.length] ?? '';
  };
  const rows = Array.from({ length: 400 }, () => ['first', ...Array.from({ length: 4 }, pick)]);
  for (const end of ['\n', '\r\n']) {
    const text = rows.map((row) => row.map(written).join(',')).join(end);
    expect(rowsOf(text).map(({ cells }) => cells)).toEqual(rows);
    expect(rowsOf(text).map(({ cells }) => cells)).toEqual(oracle(text));
  }
});

test('rows are told by the line they begin on', () => {
  expect(rowsOf('a\n\n"b\nc"\nd\n').map(({ line }) => line)).toEqual([1, 3, 5]);
});

test('a quote that is not closed is told by its line, also when another closes it far below', () => {
  expect(errorOf(() => rowsOf('a,b\nc,"d\n'))).toMatchObject({ code: 'catalog_malformed', details: { line: 2 } });
  const far = `a,b\n1,"${'x,y\n'.repeat(50_000)}"\n`;
  expect(errorOf(() => rowsOf(far)).message).toMatch(/^sheet\.csv: line 2: a quote/);
});
