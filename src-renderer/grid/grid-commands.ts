import type { Command } from '../commands/registry.svelte.ts';
import { copyText } from '../platform/browser.ts';
import { COPY_FORMATS, type CopyFormat } from './copy-table.ts';
import type { GridState } from './grid-state.svelte.ts';

/** Copies what the grid shows, and says so. */
export async function copyRows<Row extends object>(grid: GridState<Row>, format: CopyFormat): Promise<void> {
  const { text, sentence } = grid.copyText(format);
  grid.copied = (await copyText(text)) ? sentence : 'The clipboard was refused; nothing was copied.';
}

/** What can be done with a grid from the keyboard and the palette while its screen is open. */
export function gridCommands<Row extends object>(id: string, grid: GridState<Row>): Command[] {
  const hasRows = (): boolean => grid.rows.length > 0;
  const copies = (Object.keys(COPY_FORMATS) as CopyFormat[]).map((format): Command => ({
    id: `${id}.copy-${format}`,
    label: `Copy rows as ${COPY_FORMATS[format]}`,
    group: 'View',
    icon: 'copy',
    when: hasRows,
    run: () => void copyRows(grid, format),
  }));
  return [
    {
      id: `${id}.filter`,
      label: 'Filter rows',
      group: 'View',
      icon: 'search',
      keys: '/',
      when: () => grid.total > 0,
      run: () => grid.openFilter(),
    },
    {
      id: `${id}.clear-filters`,
      label: 'Clear filters',
      group: 'View',
      when: () => grid.hasFilterText,
      run: () => grid.clearFilters(),
    },
    {
      id: `${id}.columns`,
      label: 'Choose columns',
      group: 'View',
      icon: 'table',
      when: () => grid.total > 0,
      run: () => (grid.isColumnsOpen = true),
    },
    { id: `${id}.next`, label: 'Next row', group: 'View', keys: 'j', when: hasRows, run: () => grid.step(1) },
    { id: `${id}.previous`, label: 'Previous row', group: 'View', keys: 'k', when: hasRows, run: () => grid.step(-1) },
    {
      id: `${id}.check`,
      label: 'Select row for copying',
      group: 'View',
      keys: 'x',
      when: () => grid.currentRow !== null,
      run: () => {
        if (grid.currentRow) grid.toggleChecked(grid.options.keyOf(grid.currentRow));
      },
    },
    ...copies,
    ...(grid.options.open
      ? [
          {
            id: `${id}.open`,
            label: 'Open row',
            group: 'View' as const,
            keys: 'Enter',
            when: () => grid.currentRow !== null,
            run: () => {
              if (grid.currentRow) grid.options.open?.(grid.currentRow);
            },
          },
        ]
      : []),
  ];
}
