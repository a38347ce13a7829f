import { describe, expect, test } from 'vitest';
import {
  MOST_KEYS,
  fold,
  heatSpec,
  heatTable,
  levelsOf,
  nextSpot,
  type HeatAxis,
  type HeatCell,
} from '../../../src-renderer/charts/heat-spec.ts';

const axis = (label: string, keys: string[]): HeatAxis => ({ label, keys: keys.map((key) => ({ key, label: key })) });
const done = (row: string, column: string, value: number): HeatCell => ({
  row,
  column,
  value,
  reason: null,
  state: 'done',
});
const empty = (row: string, column: string, reason: string): HeatCell => ({
  row,
  column,
  value: null,
  reason,
  state: 'empty',
});

const GPUS = axis('GPU', ['L4', 'H100']);
const USERS = axis('Users', ['25', '60']);
const CELLS = [done('L4', '25', 0.4), empty('L4', '60', 'needs 70 instances'), done('H100', '25', 2)];
const spec = heatSpec(GPUS, USERS, CELLS, 'usd_per_1m_output_tokens');

describe('cells', () => {
  test('a value, a reason, or still to come', () => {
    expect(spec.cells.flat().map(({ state, text, words }) => [state, text, words])).toEqual([
      ['done', '0.400', 'L4, 25 users: 0.400 US$/1M tokens'],
      ['empty', '', 'L4, 60 users: needs 70 instances'],
      ['done', '2.000', 'H100, 25 users: 2.000 US$/1M tokens'],
      ['pending', '', 'H100, 60 users: still to come'],
    ]);
  });

  test('the legend names what occurs and no more', () => {
    expect(spec.legend.map(({ label }) => label)).toEqual(['best 0.400', 'worst 2.000', 'no answer', 'to come']);
    const full = heatSpec(GPUS, axis('Users', ['25']), CELLS, 'usd_per_1m_output_tokens');
    expect(full.legend.map(({ label }) => label)).toEqual(['best 0.400', 'worst 2.000']);
  });

  test('the sentence names the best and where it is', () => {
    expect(spec.summary).toBe(
      'Output: 2 of 4 places of GPU by Users have a value, the best is 0.400 US$/1M tokens at L4, 25.',
    );
  });

  test('the table has every place, exact', () => {
    const { rows } = heatTable(GPUS, USERS, CELLS, 'usd_per_1m_output_tokens');
    expect(rows.map(({ cells }) => cells.map(({ value }) => value))).toEqual([
      ['L4', '25', 0.4, ''],
      ['L4', '60', null, 'needs 70 instances'],
      ['H100', '25', 2, ''],
      ['H100', '60', null, 'still to come'],
    ]);
  });
});

describe('levels', () => {
  const cells = [10, 20, 30, 40, 50, 60, 70].map((value) => done('a', String(value), value));

  test('are of equal width, and strong is better', () => {
    expect(cells.map(({ value }) => levelsOf(cells, { better: 'higher' })(value!))).toEqual([1, 2, 3, 4, 5, 6, 6]);
    expect(cells.map(({ value }) => levelsOf(cells, { better: 'lower' })(value!))).toEqual([6, 6, 5, 4, 3, 2, 1]);
  });

  test('go by ratio where values span more than 20', () => {
    const wide = [1, 10, 100, 1000].map((value) => done('a', String(value), value));
    expect(wide.map(({ value }) => levelsOf(wide, { better: 'higher' })(value!))).toEqual([1, 3, 5, 6]);
  });

  test('one value alone is the best', () => expect(levelsOf([cells[0]!], { better: 'lower' })(10)).toBe(6));
});

describe('folding', () => {
  const many = axis(
    'Users',
    Array.from({ length: 100 }, (_, index) => String(index + 1)),
  );

  test('leaves up to 40 keys alone and folds neighbors beyond', () => {
    expect(fold(many.keys.slice(0, MOST_KEYS)).every(({ keys }) => keys.length === 1)).toBe(true);
    const groups = fold(many.keys);
    expect(groups.length).toBeLessThanOrEqual(MOST_KEYS);
    expect(groups.flatMap(({ keys }) => keys)).toEqual(many.keys.map(({ key }) => key));
    expect(groups[0]?.label).toBe('1–3');
  });

  test('shows the largest load of those that share a place: the least would be cheapest always', () => {
    const cells = many.keys.map(({ key }): HeatCell => done('L4', key, Number(key)));
    const folded = heatSpec(GPUS, { ...many, shared: 'last' }, cells, 'usd_per_1m_output_tokens');
    const groups = fold(many.keys);
    const columns = folded.cells[0]!;
    expect(columns.map(({ column }) => column)).toEqual(groups.map(({ keys }) => keys.at(-1)));
    expect(columns.map(({ value }) => value)).toEqual(groups.map(({ keys }) => Number(keys.at(-1))));
    expect(folded.note).toBe('Up to 3 columns share a place; that of the largest users is shown.');
  });

  test('shows the best of those that share a place, says so, and leads to it', () => {
    const cells = [done('L4', '1', 5), done('L4', '2', 3), empty('L4', '3', 'no'), done('L4', '4', 4)];
    const folded = heatSpec(GPUS, many, cells, 'usd_per_1m_output_tokens');
    expect(folded.cells[0]![0]).toMatchObject({ value: 3, column: '2', row: 'L4' });
    expect(folded.cells[0]![1]).toMatchObject({ value: 4, column: '4' });
    expect(folded.note).toBe('Up to 3 columns share a place; the best of them is shown.');
  });
});

test('keys lead to neighbors and stop at the edges', () => {
  const from = { row: 0, column: 1 };
  expect(nextSpot(spec, from, 'ArrowRight')).toEqual({ row: 0, column: 1 });
  expect(nextSpot(spec, from, 'ArrowDown')).toEqual({ row: 1, column: 1 });
  expect(nextSpot(spec, from, 'ArrowUp')).toEqual({ row: 0, column: 1 });
  expect(nextSpot(spec, from, 'Home')).toEqual({ row: 0, column: 0 });
  expect(nextSpot(spec, from, 'a')).toBeNull();
});
