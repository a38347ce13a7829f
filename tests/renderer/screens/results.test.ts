import '@testing-library/jest-dom/vitest';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import ResultsScreen from '../../../src-renderer/screens/results/ResultsScreen.svelte';
import { nextFaster } from '../../../src-renderer/screens/results/next-faster.ts';
import { Workspace } from '../../../src-renderer/state/workspace.svelte.ts';
import type { SizeDocument } from '../../../src-worker/protocol/documents.ts';
import { success } from '../../../src-worker/protocol/result.ts';
import { fakeApi, fakeHost, stubBrowser } from '../fixtures/app.ts';
import { EXCLUDED, ROWS, sizeDocument } from '../fixtures/documents.ts';

vi.mock('chart.js', () => import('../fixtures/chart.ts'));

/** The screen over a workspace whose host answers with what `answer` returns. */
async function open(answer: () => SizeDocument = sizeDocument) {
  const api = fakeApi({ size: () => Promise.resolve(success(answer())) });
  const workspace = new Workspace(fakeHost(api).connect);
  await workspace.session.start();
  const ask = async (): Promise<void> => {
    const before = workspace.answer.document;
    workspace.answer.request({ model: 'any', users: 100 });
    await waitFor(() => expect(workspace.answer.document).not.toBe(before));
  };
  await ask();
  workspace.openResults();
  const { unmount } = render(ResultsScreen, { workspace, themeRevision: 0 });
  return { workspace, ask, unmount };
}

const table = () => within(screen.getByTestId('results-table'));
const chosenRow = () => table().getByRole('row', { current: true });
const pinned = () => screen.getByTestId('pinned');
const cards = () => within(screen.getByTestId('best-of')).getAllByRole('button');

beforeEach(() => {
  stubBrowser();
  localStorage.clear();
});
afterEach(() => void vi.unstubAllGlobals());

describe('results', () => {
  test('say how many meet the targets and what nobody chose', async () => {
    await open(() => sizeDocument({ input: { headroom: 25, tp: null, kv_cache_dtype: 'fp8', quantization: ['fp8'] } }));
    expect(screen.getByTestId('verdict')).toHaveTextContent('4 of 8 configurations meet the targets');
    expect(screen.getByTestId('verdict')).toHaveTextContent('Defaults in force: headroom 25 %, every TP that fits.');
  });

  test('cards, table and panel share what is chosen, and one card at most is current', async () => {
    const { workspace } = await open();
    expect(chosenRow()).toHaveTextContent('1 × g6e.xlarge');
    expect(pinned()).toHaveTextContent('The cheapest; rank 1 of 4.');
    await fireEvent.click(cards()[2]!);
    expect(workspace.answer.selectedId).toBe(ROWS[3]!.id);
    expect(chosenRow()).toHaveTextContent('1 × p5.4xlarge');
    expect(pinned()).toHaveTextContent('rank 4 of 4');
    expect(cards().map((card) => card.getAttribute('aria-pressed'))).toEqual(['false', 'false', 'true', 'false']);
    await fireEvent.click(table().getByRole('rowheader', { name: '3 × g5.2xlarge' }));
    expect(pinned()).toHaveTextContent('3 × g5.2xlarge');
    expect(cards().every((card) => card.getAttribute('aria-pressed') === 'false')).toBe(true);
    await fireEvent.click(within(pinned()).getByRole('button', { name: 'Unpin' }));
    expect(pinned()).toHaveTextContent('The cheapest; rank 1 of 4.');
  });

  test('a chosen row stays while an edit leaves it, and does not come back once one took it away', async () => {
    let rows = ROWS;
    const { workspace, ask } = await open(() => sizeDocument({ recommendations: rows }));
    workspace.answer.selectedId = ROWS[2]!.id;
    rows = ROWS.slice(1);
    await ask();
    expect(pinned()).toHaveTextContent('Chosen, and stays while it meets the targets');
    rows = ROWS.slice(0, 2);
    await ask();
    rows = ROWS;
    await ask();
    expect(pinned()).toHaveTextContent('The cheapest; rank 1 of 4.');
  });

  test('Enter on a row opens its detail', async () => {
    const { workspace } = await open();
    table().getByRole('rowheader', { name: '1 × g7e.2xlarge' }).focus();
    await fireEvent.keyDown(document.activeElement!, { key: 'Enter' });
    expect([workspace.sizeView, workspace.detailId]).toEqual(['detail', ROWS[1]!.id]);
  });

  test('excluded ones are counted by reason, and every one is in its group with how much it misses', async () => {
    await open();
    await fireEvent.click(screen.getByRole('tab', { name: `Excluded ${EXCLUDED.length}` }));
    const groups = [...screen.getByRole('tabpanel').querySelectorAll('details')];
    const counts = groups.map((group) => Number(group.querySelector('.count')?.textContent));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(EXCLUDED.length);
    for (const group of groups) {
      group.open = true;
      await fireEvent(group, new Event('toggle'));
    }
    expect(screen.getAllByRole('rowheader')).toHaveLength(EXCLUDED.length);
    expect(screen.getByRole('row', { name: /g6\.xlarge/ })).toHaveTextContent('TPOT P50 75 ms, limit 50');
  });

  test('the table is as it was left when one comes back, and plain where what was kept is no layout', async () => {
    const { workspace, unmount } = await open();
    const shown = () => table().getAllByRole('rowheader');
    expect(shown()).toHaveLength(ROWS.length);
    workspace.commands.run('results.filter');
    const filter = () => table().getByRole('textbox', { name: /^Filter Cost/ });
    await waitFor(() => expect(filter()).toBeVisible());
    await fireEvent.input(filter(), { target: { value: '<2' } });
    await waitFor(() => expect(shown().length).toBeLessThan(ROWS.length));
    const kept = shown().length;
    unmount();
    const again = render(ResultsScreen, { workspace, themeRevision: 0 });
    expect(shown()).toHaveLength(kept);
    expect(filter()).toHaveValue('<2');
    again.unmount();
    workspace.view['results.grid'] = { sorting: 'up' };
    render(ResultsScreen, { workspace, themeRevision: 0 });
    expect(shown()).toHaveLength(ROWS.length);
  });

  test('the chart has the axes that were kept', async () => {
    const { workspace } = await open();
    const picker = () => screen.getByLabelText('Quality on the horizontal axis');
    expect(picker()).not.toHaveTextContent('TTFT P95');
    workspace.view['results.chart'] = {
      xMetric: 'ttft_p95',
      yMetric: 'usd_per_hour',
      zoom: { x: null, y: null },
    };
    await waitFor(() => expect(picker()).toHaveTextContent('TTFT P95'));
  });

  test('commands of the table are there while it is', async () => {
    const { workspace } = await open();
    workspace.commands.run('results.next');
    expect(workspace.answer.selectedId).toBe(ROWS[1]!.id);
    await fireEvent.click(screen.getByRole('tab', { name: /Excluded/ }));
    expect(workspace.commands.find('results.next')).toBeNull();
  });

  test('what costs least beyond the chosen speed', () => {
    expect(nextFaster(ROWS, ROWS[0]!)).toBe('More speed: 1.5× the price buys 1.8× the speed, 1 × g7e.2xlarge.');
    expect(nextFaster(ROWS, ROWS[2]!)).toBe('1 × g6e.xlarge is 2.3× as fast and costs no more.');
    expect(nextFaster(ROWS, ROWS[3]!)).toBe('Nothing that meets the targets streams faster.');
  });
});
