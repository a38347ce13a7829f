import '@testing-library/jest-dom/vitest';
import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { expect, test, vi } from 'vitest';
import StoredRows from '../../../src-renderer/grid/StoredRows.svelte';
import type { AppApi } from '../../../src-worker/protocol/app-api.ts';
import type { AskRows } from '../../../src-renderer/state/run-pages.svelte.ts';
import { success } from '../../../src-worker/protocol/result.ts';
import type { RunRowsDraft } from '../../../src-worker/protocol/run-rows.ts';
import { fakeApi, RUN_DETAIL } from '../fixtures/app.ts';

test('sorts, filters and pages go to the host, which has all rows', async () => {
  const runRows = vi.fn<AppApi['runRows']>(({ offset = 0 }: RunRowsDraft) =>
    Promise.resolve(
      success({
        rows: [3, 1, 2].map((users) => ({ point_id: users, users, instance: `x${users}` })),
        places: [offset, offset + 1, offset + 2],
        total: 5_041_690,
        columns: ['point_id', 'users', 'instance'],
      }),
    ),
  );
  const api = fakeApi({ runRows });
  const detail = { ...RUN_DETAIL, columns: ['point_id', 'users', 'instance'] };
  const ask: AskRows = (call) => call(api);
  render(StoredRows, { detail, onlyBest: false, ask });
  expect(await screen.findByText('1 to 3 of 5,041,690 rows')).toBeVisible();
  // In the order they came in: the host sorted them.
  const names = () => screen.getAllByRole('rowheader').map((cell) => cell.textContent.trim());
  expect(names()).toEqual(['x3', 'x1', 'x2']);
  await fireEvent.click(screen.getByRole('button', { name: 'Next rows' }));
  await waitFor(() => expect(runRows.mock.lastCall?.[0]).toMatchObject({ offset: 500, limit: 500, onlyBest: false }));
  await fireEvent.click(screen.getByRole('button', { name: /^Users/ }));
  await waitFor(() =>
    expect(runRows.mock.lastCall?.[0]).toMatchObject({ offset: 0, sort: { column: 'users', descending: false } }),
  );
  await fireEvent.click(screen.getByRole('button', { name: 'Filter' }));
  await fireEvent.input(screen.getByRole('textbox', { name: 'Filter Users' }), { target: { value: '>=2' } });
  await waitFor(() =>
    expect(runRows.mock.lastCall?.[0].filters).toEqual([{ column: 'users', expression: '>=2', unit: 'shown' }]),
  );
  expect(names()).toEqual(['x3', 'x1', 'x2']);
});

test('a row that was chosen in a chart is turned to, and marked', async () => {
  // A row for every second point: 5,000 of them, ten pages.
  const rowsOf = (offset: number, limit: number) =>
    Array.from({ length: Math.min(limit, 5000 - offset) }, (_, index) => {
      const point = 2 * (offset + index);
      return { point_id: point, users: point, instance: `x${point}`, id: `a/x${point}` };
    });
  const runRows = vi.fn<AppApi['runRows']>(({ offset = 0, limit = 500 }: RunRowsDraft) => {
    const rows = rowsOf(offset, limit);
    const places = rows.map((_, index) => offset + index);
    return Promise.resolve(success({ rows, places, total: 5000, columns: ['point_id', 'users', 'instance'] }));
  });
  const api = fakeApi({ runRows });
  const ask: AskRows = (call) => call(api);
  const bestRows = rowsOf(0, 5000);
  const detail = { ...RUN_DETAIL, bestRows, columns: ['point_id', 'users', 'instance'] };
  const { rerender } = render(StoredRows, { detail, onlyBest: true, ask, chosenKey: null });
  expect(await screen.findByText('1 to 500 of 5,000 rows')).toBeVisible();
  await rerender({ chosenKey: '6024/a/x6024' });
  expect(await screen.findByText('3,001 to 3,500 of 5,000 rows')).toBeVisible();
  const cell = await screen.findByRole('rowheader', { name: 'x6024' });
  expect(cell.closest('[role=row]')).toHaveAttribute('aria-current', 'true');
  // Bisecting, not reading all pages.
  expect(runRows.mock.calls.length).toBeLessThan(20);
});
