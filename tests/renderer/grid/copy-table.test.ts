import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { tableText, type TableContent } from '../../../src-renderer/grid/copy-table.ts';

const content: TableContent = {
  heads: [
    { label: 'Name', unit: '', isNumber: false },
    { label: 'Cost', unit: 'US$/h', isNumber: true },
  ],
  rows: [
    ['a, "b" | c\\', 1.8612345],
    ['two\nlines\tand a tab', null],
    ['plain', Number.NaN],
  ],
};

describe('copying a table', () => {
  test.each([
    ['csv', ','],
    ['tsv', '\t'],
  ] as const)('%s reads back to what was copied, values exact and missing ones empty', (format, delimiter) => {
    expect(parse(tableText(content, format), { delimiter })).toEqual([
      ['Name', 'Cost (US$/h)'],
      ['a, "b" | c\\', '1.8612345'],
      ['two\nlines\tand a tab', ''],
      ['plain', ''],
    ]);
  });

  test('a text that a spreadsheet would take for a formula is only a text; negative numbers stay numbers', () => {
    const cells: TableContent = { ...content, rows: [['=HYPERLINK("x")', -3]] };
    expect(parse(tableText(cells, 'csv'))[1]).toEqual([`'=HYPERLINK("x")`, '-3']);
    expect(tableText(cells, 'markdown')).toContain('| =HYPERLINK("x") | -3 |');
  });

  test('Markdown keeps one row a line and pipes inside their cells', () => {
    expect(tableText(content, 'markdown').split('\n')).toEqual([
      '| Name | Cost (US$/h) |',
      '| --- | ---: |',
      '| a, "b" \\| c\\\\ | 1.8612345 |',
      '| two<br>lines\tand a tab |  |',
      '| plain |  |',
      '',
    ]);
  });
});
