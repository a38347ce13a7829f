import { describe, expect, test } from 'vitest';
import { chartTableText, fileNameOf, numberCell, textCell } from '../../../src-renderer/charts/chart-table.ts';
import { flow, wrap } from '../../../src-renderer/charts/save-picture.ts';

test('a file is named after the question', () => {
  expect(fileNameOf('How much load before targets break?')).toBe('how-much-load-before-targets-break');
  expect(fileNameOf('???')).toBe('chart');
});

test('CSV has units in its head and values as exact as they are known', () => {
  const table = {
    columns: [
      { label: 'Configuration', unit: '', isNumber: false },
      { label: 'Cost', unit: 'US$/h', isNumber: true },
    ],
    rows: [
      { id: 'a', cells: [textCell('1 × g6e.xlarge, L40S'), numberCell(1.8612345, () => '1.86')] },
      { id: 'b', cells: [textCell('own'), numberCell(null, () => '–')] },
    ],
  };
  expect(chartTableText(table, 'csv')).toBe(
    'Configuration,Cost (US$/h)\r\n"1 × g6e.xlarge, L40S",1.8612345\r\nown,\r\n',
  );
});

describe('a saved picture', () => {
  test('has its legend in rows that fit', () => {
    const rows = flow([100, 100, 100, 400, 50], 10, 220);
    expect(rows.map((row) => row.map(({ item, left }) => [item, left]))).toEqual([
      [
        [0, 0],
        [1, 110],
      ],
      [[2, 0]],
      [[3, 0]],
      [[4, 0]],
    ]);
  });

  test('has its caption in lines that fit, with every word once', () => {
    const lines = wrap('Llama-3.1-8B-Instruct, chat, 100 users; catalog 2026-09.', 24, (text) => text.length);
    expect(lines).toEqual(['Llama-3.1-8B-Instruct,', 'chat, 100 users; catalog', '2026-09.']);
    expect(wrap('', 10, (text) => text.length)).toEqual([]);
  });
});
