import { parse } from 'csv-parse/sync';
import { beforeEach, describe, expect, test } from 'vitest';
import { CommandRegistry } from '../../../src-renderer/commands/registry.svelte.ts';
import { countColumn, textColumn, type Column } from '../../../src-renderer/format/columns.ts';
import { gridCommands } from '../../../src-renderer/grid/grid-commands.ts';
import { GridState } from '../../../src-renderer/grid/grid-state.svelte.ts';

interface Item {
  name: string;
  gpus: number | null;
  zone: string;
}

const ITEMS: Item[] = [
  { name: 'g6.24xlarge', gpus: 4, zone: 'b' },
  { name: 'own', gpus: null, zone: 'a' },
  { name: 'g6.12xlarge', gpus: 4, zone: 'a' },
  { name: 'g6.2xlarge', gpus: 1, zone: 'b' },
  { name: 'a, "quoted"', gpus: 4, zone: 'b' },
];
const COLUMNS: Column<Item>[] = [
  textColumn('zone', 'Zone', (item) => item.zone),
  textColumn('name', 'Name', (item) => item.name),
  countColumn('gpus', 'GPUs', (item) => item.gpus),
  { ...countColumn<Item>('twice', 'Twice', (item) => (item.gpus ?? 0) * 2), isHidden: true },
];

let opened: string[];
let grid: GridState<Item>;
const names = () => grid.rows.map((item) => item.name);
const heads = () => grid.columns.map((column) => column.id);

beforeEach(() => {
  opened = [];
  grid = new GridState<Item>({
    label: 'Items',
    noun: 'item',
    rows: () => ITEMS,
    columns: () => COLUMNS,
    keyOf: (item) => item.name,
    nameColumn: 'name',
    open: (item) => opened.push(item.name),
  });
});

describe('sorting', () => {
  test('equal rows keep their order and a missing value comes last in both directions', () => {
    grid.sortBy('gpus', false);
    expect(names()).toEqual(['g6.2xlarge', 'g6.24xlarge', 'g6.12xlarge', 'a, "quoted"', 'own']);
    grid.sortBy('gpus', false);
    expect(names()).toEqual(['g6.24xlarge', 'g6.12xlarge', 'a, "quoted"', 'g6.2xlarge', 'own']);
    grid.sortBy('gpus', false);
    expect(names()).toEqual(ITEMS.map((item) => item.name));
  });

  test('a second key decides only between rows that the first leaves equal', () => {
    grid.sortBy('gpus', false);
    grid.sortBy('name', true);
    expect(names()).toEqual(['g6.2xlarge', 'a, "quoted"', 'g6.12xlarge', 'g6.24xlarge', 'own']);
    expect(grid.sortOf('name')).toEqual({ isDescending: false, place: 2 });
    grid.sortBy('zone', false);
    expect(grid.sortOf('gpus')).toBeNull();
  });
});

describe('filters', () => {
  test('of several columns all must hold, and the count says what they hide', () => {
    expect(grid.countText).toBe('5 items');
    grid.setFilter('gpus', '>=2');
    grid.setFilter('zone', 'b');
    expect(names()).toEqual(['g6.24xlarge', 'a, "quoted"']);
    expect(grid.countText).toBe('2 of 5, 3 hidden by filters');
    grid.clearFilters();
    expect(grid.rows).toHaveLength(5);
  });

  test('what cannot be read says so and hides nothing', () => {
    grid.setFilter('gpus', 'many');
    expect(grid.filters['gpus']).toMatchObject({ kind: 'bad' });
    expect(grid.rows).toHaveLength(5);
    expect([grid.isFiltered, grid.hasFilterText]).toEqual([false, true]);
  });
});

describe('columns', () => {
  test('the name is pinned first and cannot be hidden; others are shown, pinned and moved', () => {
    expect(heads()).toEqual(['name', 'zone', 'gpus']);
    grid.toggleColumn('twice');
    grid.toggleColumn('name');
    expect(heads()).toEqual(['name', 'zone', 'gpus', 'twice']);
    grid.moveColumn('twice', -1);
    expect(heads()).toEqual(['name', 'zone', 'twice', 'gpus']);
    grid.togglePin('gpus');
    expect(heads()).toEqual(['name', 'gpus', 'zone', 'twice']);
    grid.moveColumn('gpus', -1);
    expect(heads()[0]).toBe('name');
    grid.resetColumns();
    expect(heads()).toEqual(['name', 'zone', 'gpus']);
  });
});

describe('copying', () => {
  test('takes what is seen: filters, order of rows, columns and their order', () => {
    grid.setFilter('zone', 'b');
    grid.sortBy('gpus', false);
    grid.toggleColumn('zone');
    const { text, sentence } = grid.copyText('csv');
    expect(parse(text)).toEqual([
      ['Name', 'GPUs'],
      ['g6.2xlarge', '1'],
      ['g6.24xlarge', '4'],
      ['a, "quoted"', '4'],
    ]);
    expect(sentence).toBe('Copied 3 rows as CSV');
  });

  test('checked rows alone, but only those that are shown', () => {
    grid.toggleChecked('own');
    grid.toggleChecked('g6.2xlarge');
    expect(grid.copyText('tsv').sentence).toBe('Copied 2 rows as TSV');
    grid.setFilter('zone', 'b');
    expect(grid.copyText('tsv').text.split('\r\n')[1]).toBe('g6.2xlarge\tb\t1');
    expect(grid.copyText('markdown').sentence).toBe('Copied 1 row as Markdown');
  });
});

describe('commands', () => {
  test('step through the rows as sorted, check and open the current one, and end with the screen', () => {
    const registry = new CommandRegistry();
    const take = registry.provide(gridCommands('items', grid));
    grid.sortBy('name', false);
    expect(registry.available.map(({ id }) => id)).not.toContain('items.open');
    for (const id of ['items.next', 'items.next', 'items.next', 'items.previous', 'items.check', 'items.open']) {
      registry.run(id);
    }
    expect(grid.checkedRows.map((item) => item.name)).toEqual(['g6.2xlarge']);
    expect(opened).toEqual(['g6.2xlarge']);
    take();
    expect(registry.all).toEqual([]);
  });
});
