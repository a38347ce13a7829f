import '@testing-library/jest-dom/vitest';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { countColumn, textColumn } from '../../../src-renderer/format/columns.ts';
import { placeAfter } from '../../../src-renderer/grid/grid-keys.ts';
import { GridState } from '../../../src-renderer/grid/grid-state.svelte.ts';
import { MOST_PLAIN_ROWS } from '../../../src-renderer/grid/virtual-rows.svelte.ts';
import ItemGrid from './ItemGrid.svelte';
import type { Item } from './items.ts';

const open = vi.fn<(item: Item) => void>();
const choose = vi.fn<(item: Item) => void>();

function show(count: number): GridState<Item> {
  const items = Array.from({ length: count }, (_, index) => ({ name: `item ${index}`, size: (index * 7) % 10 }));
  const grid = new GridState<Item>({
    label: 'Items',
    noun: 'item',
    rows: () => items,
    columns: () => [
      textColumn('name', 'Name', (item: Item) => item.name),
      countColumn('size', 'Size', (item: Item) => item.size),
    ],
    keyOf: (item) => item.name,
    nameColumn: 'name',
    choose,
    open,
  });
  render(ItemGrid, { grid });
  return grid;
}

const press = (key: string, more: object = {}) => fireEvent.keyDown(document.activeElement!, { key, ...more });
const tabStops = () => screen.getByRole('grid').querySelectorAll('[tabindex="0"]');

beforeEach(() => {
  open.mockClear();
  choose.mockClear();
});

describe('keys of a grid', () => {
  const bounds = { rows: 30, columns: 4, page: 10 };
  test.each<[string, boolean, [number, number], [number, number]]>([
    ['ArrowUp', false, [0, 2], [-1, 2]],
    ['ArrowUp', false, [-1, 2], [-1, 2]],
    ['ArrowLeft', false, [3, 0], [3, 0]],
    ['ArrowRight', false, [3, 3], [3, 3]],
    ['PageDown', false, [25, 1], [29, 1]],
    ['PageUp', false, [4, 1], [0, 1]],
    ['Home', false, [9, 3], [9, 0]],
    ['End', false, [9, 0], [9, 3]],
    ['Home', true, [9, 3], [0, 0]],
    ['End', true, [-1, 0], [29, 3]],
  ])('%s with control %s from %j to %j', (key, ctrlKey, [row, column], [toRow, toColumn]) => {
    expect(placeAfter({ key, ctrlKey }, { row, column }, bounds)).toEqual({ row: toRow, column: toColumn });
  });
});

describe('the drawn grid', () => {
  test('has one tab stop, which goes with the focus', async () => {
    show(5);
    expect(tabStops()).toHaveLength(1);
    screen.getByRole('rowheader', { name: 'item 0' }).focus();
    await press('ArrowDown');
    await waitFor(() => expect(screen.getByRole('rowheader', { name: 'item 1' })).toHaveFocus());
    await press('ArrowRight');
    await waitFor(() => expect(document.activeElement).toHaveTextContent(/^7$/));
    await press('End', { ctrlKey: true });
    await waitFor(() => expect(document.activeElement).toHaveTextContent(/^8$/));
    await press('Home', { ctrlKey: true });
    await waitFor(() => expect(screen.getByRole('checkbox', { name: 'Select item 0' })).toHaveFocus());
    expect(tabStops()).toHaveLength(1);
  });

  test('Enter opens, Space chooses, X checks; a double click opens too', async () => {
    const grid = show(3);
    screen.getByRole('rowheader', { name: 'item 2' }).focus();
    await press('Enter');
    expect(open).toHaveBeenLastCalledWith({ name: 'item 2', size: 4 });
    await press(' ');
    expect(choose).toHaveBeenLastCalledWith({ name: 'item 2', size: 4 });
    await press('x');
    expect(grid.isChecked('item 2')).toBe(true);
    expect(screen.getByRole('row', { name: /item 2/ })).toHaveAttribute('aria-selected', 'true');
    await fireEvent.dblClick(screen.getByRole('rowheader', { name: 'item 1' }));
    expect(open).toHaveBeenLastCalledWith({ name: 'item 1', size: 7 });
  });

  test('keys it uses do not reach the window, others do', async () => {
    show(3);
    const heard: string[] = [];
    const listen = ({ key }: KeyboardEvent): void => void heard.push(key);
    window.addEventListener('keydown', listen);
    screen.getByRole('rowheader', { name: 'item 0' }).focus();
    for (const key of ['x', 'j', 'Enter', 'e']) await press(key);
    window.removeEventListener('keydown', listen);
    expect(heard).toEqual(['e']);
  });

  test('heads sort, Shift adds, and say so', async () => {
    show(4);
    const head = (name: string) => screen.getByRole('columnheader', { name: new RegExp(name) });
    await fireEvent.click(within(head('Size')).getByRole('button'));
    await fireEvent.click(within(head('Name')).getByRole('button'), { shiftKey: true });
    expect(head('Size')).toHaveAttribute('aria-sort', 'ascending');
    expect(head('Name')).toHaveAttribute('aria-sort', 'ascending');
    expect(screen.getAllByRole('rowheader').map((cell) => cell.textContent.trim())).toEqual([
      'item 0',
      'item 3',
      'item 2',
      'item 1',
    ]);
  });

  test('filters under the heads: a bad one is explained, one that hides everything can be cleared', async () => {
    show(4);
    await fireEvent.click(screen.getByRole('button', { name: 'Filter' }));
    const field = screen.getByRole('textbox', { name: 'Filter Size' });
    await fireEvent.input(field, { target: { value: 'big' } });
    expect(field).toBeInvalid();
    expect(field).toHaveAccessibleDescription(/"big" is no condition. Try >=40/);
    expect(screen.getAllByRole('rowheader')).toHaveLength(4);
    await fireEvent.input(field, { target: { value: '>100' } });
    expect(screen.getByText('No row passes the filters.')).toBeVisible();
    await fireEvent.keyDown(field, { key: 'Escape' });
    expect(screen.getAllByRole('rowheader')).toHaveLength(4);
  });

  test('many rows: only some are in the document, all are counted, the last can be reached', async () => {
    show(10_000);
    const rows = () => screen.getByRole('grid').querySelectorAll('[data-index]').length;
    expect(rows()).toBeLessThanOrEqual(MOST_PLAIN_ROWS);
    expect(screen.getByRole('grid')).toHaveAttribute('aria-rowcount', '10001');
    screen.getByRole('rowheader', { name: 'item 0' }).focus();
    await press('End', { ctrlKey: true });
    await waitFor(() =>
      expect(document.activeElement?.closest('[role=row]')).toHaveAttribute('aria-rowindex', '10001'),
    );
    expect(rows()).toBeLessThanOrEqual(MOST_PLAIN_ROWS);
  });

  test('stays where it is scrolled to when its rows change', async () => {
    const grid = show(500);
    const scroller = screen.getByRole('grid').parentElement!;
    const scrollTo = vi.fn();
    Object.assign(scroller, { scrollTo });
    scroller.scrollTop = 2800;
    grid.sortBy('size', false);
    await waitFor(() => expect(screen.getByRole('columnheader', { name: /Size/ })).toHaveAttribute('aria-sort'));
    grid.setFilter('size', '>=1');
    await waitFor(() => expect(screen.getByRole('grid')).toHaveAttribute('aria-rowcount', '451'));
    expect(scrollTo).not.toHaveBeenCalled();
    expect(scroller.scrollTop).toBe(2800);
  });

  test('brings a row that is named into view', () => {
    const grid = show(500);
    const scroller = screen.getByRole('grid').parentElement!;
    grid.reveal('item 400');
    expect(scroller.scrollTop).toBeGreaterThan(400 * 20);
    const before = scroller.scrollTop;
    grid.reveal('no such item');
    expect(scroller.scrollTop).toBe(before);
  });
});
