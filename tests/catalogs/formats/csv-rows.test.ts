import { expect, test } from 'vitest';
import { eachCsvRow } from '../../../src-main/catalogs/formats/csv-rows.ts';
import { errorOf } from '../folder.ts';

function rowsOf(text: string): { cells: string[]; line: number }[] {
  const rows: { cells: string[]; line: number }[] = [];
  eachCsvRow(text, 'sheet.csv', (cells, line) => rows.push({ cells, line }));
  return rows;
}

const PLAIN = [
  ['a', 'b'],
  ['1', '2'],
];

test.each([
  ['plain rows', 'a,b\n1,2\n', PLAIN],
  ['no line end at the end', 'a,b\n1,2', PLAIN],
  ['line ends of Windows', 'a,b\r\n1,2\r\n', PLAIN],
  ['line ends of old Macs', 'a,b\r1,2\r', PLAIN],
  ['a byte-order mark', '\uFEFFa,b\n1,2\n', PLAIN],
  ['empty lines', 'a,b\n\n\n1,2\n\n', PLAIN],
  [
    'empty cells',
    'a,,c\n1,,\n',
    [
      ['a', '', 'c'],
      ['1', '', ''],
    ],
  ],
  [
    'an empty last cell without a line end',
    'a,b\n1,',
    [
      ['a', 'b'],
      ['1', ''],
    ],
  ],
  [
    'quotes with commas, quotes and lines within',
    'a,"b,c","d ""e"""\n"f\ng",2,3\n',
    [
      ['a', 'b,c', 'd "e"'],
      ['f\ng', '2', '3'],
    ],
  ],
  ['spaces around cells and quotes', ' a , "b" ,c\n', [['a', 'b', 'c']]],
  ['rows of different length', 'a,b\n1\n', [['a', 'b'], ['1']]],
])('%s', (_, text, cells) => {
  expect(rowsOf(text).map((row) => row.cells)).toEqual(cells);
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
  }
});

test('rows are told by the line they begin on', () => {
  expect(rowsOf('a\n\n"b\nc"\nd\n').map(({ line }) => line)).toEqual([1, 3, 5]);
});

test('text beside a quote is told by its line', () => {
  const beside = errorOf(() => rowsOf('a,b\n1,2\n"x" y,2\n'));
  expect(beside).toMatchObject({ code: 'catalog_malformed', details: { line: 3 } });
});

test('a quote that is not closed is told by its line, also when another closes it far below', () => {
  expect(errorOf(() => rowsOf('a,b\nc,"d\n'))).toMatchObject({ code: 'catalog_malformed', details: { line: 2 } });
  const far = `a,b\n1,"${'x,y\n'.repeat(50_000)}"\n`;
  expect(errorOf(() => rowsOf(far)).message).toMatch(/^sheet\.csv: line 2: a quote/);
});
