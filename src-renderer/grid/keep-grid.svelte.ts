import { untrack } from 'svelte';
import type { GridState } from './grid-state.svelte.ts';

/**
 * Lets a table begin as it was left, also where that is only learnt later, and keeps what is done to it under `key` of
 * `view`. Called while a component starts.
 */
export function keepGrid<Row extends object>(
  view: () => Record<string, unknown>,
  key: string,
  grid: GridState<Row>,
): void {
  $effect.pre(() => {
    const kept = view();
    untrack(() => grid.restore($state.snapshot(kept[key])));
  });
  $effect(() => {
    const { layout } = grid;
    untrack(() => (view()[key] = layout));
  });
}
