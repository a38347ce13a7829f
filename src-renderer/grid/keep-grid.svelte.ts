import type { GridState } from './grid-state.svelte.ts';

/** Lets a table begin as it was left, and keeps what is done to it under `key` of `view`. Called while a component starts. */
export function keepGrid<Row extends object>(
  view: () => Record<string, unknown>,
  key: string,
  grid: GridState<Row>,
): void {
  grid.restore($state.snapshot(view()[key]));
  $effect(() => {
    view()[key] = grid.layout;
  });
}
