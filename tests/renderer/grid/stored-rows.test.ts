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
