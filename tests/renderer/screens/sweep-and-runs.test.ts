import '@testing-library/jest-dom/vitest';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import App from '../../../src-renderer/App.svelte';
import type { AppApi, SweepStart, SweepSummary } from '../../../src-worker/protocol/app-api.ts';
import { failure, success, type Result } from '../../../src-worker/protocol/result.ts';
import { fakeApi, fakeHost, RUN_DETAIL, stubBrowser } from '../fixtures/app.ts';

vi.mock('chart.js', () => import('../fixtures/chart.ts'));

const SUMMARY: SweepSummary = {
  runId: 7,
  status: 'done',
  points: 4,
  donePoints: 4,
  rows: 12,
  passingRows: 9,
  problems: [],
};

async function open(screenName: 'Sweep' | 'Runs', answers: Partial<AppApi> = {}) {
  const host = fakeHost(fakeApi(answers));
  render(App, { connect: host.connect });
  await screen.findByTestId('verdict');
  await fireEvent.click(screen.getByRole('button', { name: screenName }));
  return host;
}

/** A sweep that ends when the test says so. */
function heldSweep() {
  const started: SweepStart[] = [];
  let finish: (result: Result<SweepSummary>) => void = () => undefined;
  const startSweep: AppApi['startSweep'] = (request) => {
    started.push(request);
    return new Promise((resolve) => (finish = resolve));
  };
  return { started, startSweep, finish: (result: Result<SweepSummary>) => finish(result) };
}

const startButton = () => screen.getByRole('button', { name: /^Start sweep/ });

/** Replaces the users the axis begins with. */
async function setUsers(words: string): Promise<void> {
  await fireEvent.click(screen.getByRole('button', { name: 'Remove 10 to 100 by 10' }));
  const axis = screen.getByRole('textbox', { name: 'Users: add' });
  await fireEvent.input(axis, { target: { value: words } });
  await fireEvent.keyDown(axis, { key: 'Enter' });
}

beforeEach(() => {
  stubBrowser();
  localStorage.clear();
});
afterEach(() => void vi.unstubAllGlobals());

describe('sweep', () => {
  test('shows the size of the space before it starts, and asks for what it shows', async () => {
    const { started, startSweep } = heldSweep();
    await open('Sweep', { startSweep });
    await setUsers('1..8*2');
    await fireEvent.click(screen.getByRole('button', { name: /^Weights:/ }));
    await fireEvent.click(within(screen.getByRole('group', { name: 'Weights' })).getByRole('button', { name: 'FP16' }));
    await fireEvent.click(screen.getByRole('button', { name: /^Zones:/ }));
    expect(screen.getByText('12 points')).toBeVisible();
    expect(screen.getByText('4 loads × 1 precision × 3 zones')).toBeVisible();
    await fireEvent.click(startButton());
    expect(started[0]?.spec.axes).toEqual({ users: { from: 1, to: 8, factor: 2 }, quantization: ['fp8'], zone: ['*'] });
    expect(screen.getByTestId('sweep-progress')).toHaveTextContent('0 of 12 points');
    expect(startButton()).toBeDisabled();
  });

  test('an axis that cannot be read says what would work and does not start', async () => {
    await open('Sweep');
    await fireEvent.click(screen.getByRole('button', { name: 'Remove 10 to 100 by 10' }));
    const axis = screen.getByRole('textbox', { name: 'Users: add' });
    await fireEvent.input(axis, { target: { value: '10..5:1' } });
    await fireEvent.keyDown(axis, { key: 'Enter' });
    expect(axis).toBeInvalid();
    expect(axis).toHaveAccessibleDescription(/"10\.\.5:1" ends before it starts: write the smaller number first\./);
    expect(axis).toHaveValue('10..5:1');
    expect(startButton()).toBeDisabled();
  });

  test('any axis comes out of the menu, says how many values it has, and goes back to being held', async () => {
    const { started, startSweep } = heldSweep();
    await open('Sweep', { startSweep });
    const menu = screen.getByRole('combobox', { name: 'Add an axis' });
    await fireEvent.input(menu, { target: { value: 'ttft p95' } });
    const option = await screen.findByRole('option', { name: /^TTFT P95 target/ });
    expect(option).toBeVisible();
    await fireEvent.keyDown(menu, { key: 'Enter' });
    expect(menu).toHaveValue('');
    const axis = await screen.findByRole('textbox', { name: 'TTFT P95 target: add' });
    await waitFor(() => expect(axis).toHaveFocus());
    expect(screen.getByText('3 values: 200, 500, 1,000 ms')).toBeVisible();
    expect(screen.getByText('30 points')).toBeVisible();
    await fireEvent.input(axis, { target: { value: 'soon' } });
    await fireEvent.keyDown(axis, { key: 'Enter' });
    expect(axis).toHaveAccessibleDescription(/"soon" is not a number of milliseconds/);
    await fireEvent.input(axis, { target: { value: '' } });
    await fireEvent.click(startButton());
    expect(started[0]?.spec.axes.sla).toEqual({ ttft_p95: [200, 500, 1000] });
    await fireEvent.click(screen.getByRole('button', { name: 'Hold fixed: TTFT P95 target' }));
    expect(screen.queryByRole('textbox', { name: 'TTFT P95 target: add' })).toBeNull();
    expect(screen.getByText('10 points')).toBeVisible();
    await waitFor(() => expect(screen.getByRole('combobox', { name: 'Add an axis' })).toHaveFocus());
  });

  test('requests a second take the place of users', async () => {
    const { started, startSweep } = heldSweep();
    await open('Sweep', { startSweep });
    const menu = screen.getByRole('combobox', { name: 'Add an axis' });
    await fireEvent.input(menu, { target: { value: 'requests/s' } });
    await fireEvent.keyDown(menu, { key: 'Enter' });
    expect(await screen.findByRole('textbox', { name: 'Requests/s: add' })).toBeVisible();
    expect(screen.queryByRole('textbox', { name: 'Users: add' })).toBeNull();
    await fireEvent.click(startButton());
    expect(started[0]?.spec.axes).toEqual({ rate: { from: 1, to: 10, step: 1 } });
  });

  test('what the host refuses is said at its axis, and nothing starts', async () => {
    const planSweep: AppApi['planSweep'] = () =>
      Promise.resolve(
        failure({
          family: 'invalid_input',
          code: 'sweep_too_large',
          message: 'The sweep has 1e12 points: narrow users, which has the most values.',
          details: { axis: 'users' },
        }),
      );
    await open('Sweep', { planSweep });
    expect(await screen.findAllByText(/narrow users, which has the most values/)).toHaveLength(2);
    const axis = screen.getByRole('textbox', { name: 'Users: add' });
    expect(axis).toHaveAccessibleDescription(/narrow users/);
    expect(startButton()).toBeDisabled();
  });

  test('progress arrives, Stop keeps what was computed, and goes on while other screens are open', async () => {
    const { started, startSweep, finish } = heldSweep();
    const cancelTask = vi.fn<AppApi['cancelTask']>(() => Promise.resolve(success(null)));
    const host = await open('Sweep', { startSweep, cancelTask });
    await fireEvent.click(startButton());
    const { taskId } = started[0]!;
    host.push({
      type: 'configiq:progress',
      taskId,
      phase: 'computing',
      done: 6,
      total: 10,
      best: '$0.44/h for 10 users',
      live: [],
      excluded: {},
      notes: [],
    });
    await waitFor(() => expect(screen.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '6'));
    expect(screen.getByTestId('sweep-progress')).toHaveTextContent('Best so far $0.44/h for 10 users');
    await fireEvent.click(screen.getByRole('button', { name: 'Size' }));
    expect(screen.getByTestId('status-bar')).toHaveTextContent('Sweep 60 %');
    await fireEvent.click(screen.getByRole('button', { name: 'Sweep' }));
    await fireEvent.click(screen.getByRole('button', { name: 'Stop' }));
    expect(cancelTask).toHaveBeenCalledWith(taskId);
    finish(success({ ...SUMMARY, status: 'cancelled', points: 10, donePoints: 6 }));
    expect(await screen.findByText(/Stopped at 6 of 10 points; kept/)).toBeVisible();
    expect(screen.queryByTestId('sweep-progress')).toBeNull();
  });

  test('the result lists the cheapest row of each point and can be taken away', async () => {
    const offerExport = vi.fn<AppApi['offerExport']>((...args) => fakeApi().offerExport(...args));
    const click = vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(() => undefined);
    await open('Sweep', {
      startSweep: () => Promise.resolve(success(SUMMARY)),
      showRun: () => Promise.resolve(success({ ...RUN_DETAIL, emptyPoints: 2 })),
      offerExport,
    });
    await fireEvent.click(startButton());
    const result = await screen.findByTestId('sweep-result');
    await waitFor(() =>
      expect(result).toHaveTextContent(
        '4 points computed, 12 rows. 2 points have a configuration that meets the targets.',
      ),
    );
    const row = (await within(result).findByRole('rowheader', { name: '2 × g6e.xlarge' })).closest('[role=row]');
    expect(row).toHaveTextContent(/20.*FP16.*3\.72/);
    expect(result).toHaveTextContent('2 points without a configuration that meets the targets');
    await fireEvent.keyDown(within(result).getByRole('button', { name: 'Export' }), { key: 'Enter' });
    const formats = await screen.findAllByRole('menuitem');
    expect(formats.map((item) => item.textContent.trim().split(',')[0])).toEqual(['CSV', 'JSON', 'NDJSON', 'Parquet']);
    await fireEvent.keyDown(formats[3]!, { key: 'Enter' });
    await waitFor(() => expect(click).toHaveBeenCalledOnce());
    expect(offerExport).toHaveBeenCalledWith(7, 'parquet');
    const link = click.mock.contexts[0] as HTMLAnchorElement;
    expect([link.getAttribute('href'), link.download]).toEqual(['export/secret-7', 'run-7.parquet']);
    click.mockRestore();
  });

  test('problems of single points and of the whole sweep are told', async () => {
    const message = 'The worker stopped twice.';
    await open('Sweep', {
      startSweep: () =>
        Promise.resolve(success({ ...SUMMARY, status: 'failed' as const, donePoints: 1, problems: [message] })),
    });
    await fireEvent.click(startButton());
    expect(await screen.findByText(message)).toBeVisible();
    expect(screen.getByText(/1 of 4 points were computed before it failed; these are kept/)).toBeVisible();
  });
});

describe('runs', () => {
  test('are listed and open with their best rows', async () => {
    await open('Runs');
    await fireEvent.click(await screen.findByRole('rowheader', { name: 'Llama over users' }));
    const detail = await screen.findByTestId('run-detail');
    expect(detail).toHaveTextContent('2 points, 6 rows, configiq 0.1.0, catalog 2026-11-09');
    expect(within(detail).getAllByRole('rowheader')).toHaveLength(RUN_DETAIL.bestRows.length);
    await fireEvent.click(within(detail).getByRole('button', { name: 'Close this run' }));
    expect(screen.queryByTestId('run-detail')).toBeNull();
  });

  test('one that was cut short goes on, on the screen of sweeps', async () => {
    const stopped = { ...RUN_DETAIL, entry: { ...RUN_DETAIL.entry, status: 'interrupted' as const, donePoints: 1 } };
    let finish: (result: Result<SweepSummary>) => void = () => undefined;
    const resumeSweep = vi.fn<AppApi['resumeSweep']>(() => new Promise((resolve) => (finish = resolve)));
    await open('Runs', { showRun: () => Promise.resolve(success(stopped)), resumeSweep });
    await fireEvent.click(await screen.findByRole('rowheader', { name: 'Llama over users' }));
    await fireEvent.click(await screen.findByRole('button', { name: 'Resume' }));
    expect(resumeSweep.mock.calls[0]?.[0]).toMatchObject({ runId: 7 });
    expect(await screen.findByTestId('sweep-progress')).toHaveTextContent('1 of 2 points');
    const message = 'Run 7 cannot go on, its results would mix: catalog 2026-11-09, now 2026-12-01.';
    finish(failure({ family: 'invalid_input', code: 'run_of_other_versions', message, details: {} }));
    expect(await screen.findByText('Run 7 did not go on.')).toBeVisible();
    expect(screen.getByText(message)).toBeVisible();
    expect(screen.getByText(/Stopped at 1 of 2 points; kept/)).toBeVisible();
    expect(await screen.findByRole('button', { name: 'Resume' })).toBeEnabled();
  });

  test.each(['done', 'interrupted', 'failed', 'cancelled'] as const)(
    'a sweep that is %s opens on the screen of sweeps, with all that can be asked of it',
    async (status) => {
      const stored = { ...RUN_DETAIL, entry: { ...RUN_DETAIL.entry, status } };
      await open('Runs', { showRun: () => Promise.resolve(success(stored)) });
      await fireEvent.click(await screen.findByRole('rowheader', { name: 'Llama over users' }));
      await fireEvent.click(await screen.findByRole('button', { name: 'Open in Sweep' }));
      const result = await screen.findByTestId('sweep-result');
      expect(within(result).getByRole('heading', { name: 'Run 7: Llama over users' })).toBeVisible();
      const views = await within(result).findByRole('radiogroup', { name: 'Answers over the sweep' });
      expect(within(views).getAllByRole('radio')).toHaveLength(4);
      await fireEvent.click(within(result).getByRole('radio', { name: 'Goodput' }));
      expect(await within(result).findByTestId('goodput')).toBeVisible();
    },
  );

  test('a sweep that cannot be read says so where it was to be shown', async () => {
    const broken = failure({ family: 'file', code: 'database', message: 'The database is locked.', details: {} });
    let isBroken = false;
    await open('Runs', { showRun: () => Promise.resolve(isBroken ? broken : success(RUN_DETAIL)) });
    await fireEvent.click(await screen.findByRole('rowheader', { name: 'Llama over users' }));
    const button = await screen.findByRole('button', { name: 'Open in Sweep' });
    isBroken = true;
    await fireEvent.click(button);
    expect(await screen.findByText('Run 7 cannot be shown.')).toBeVisible();
    expect(screen.getByText('The database is locked.')).toBeVisible();
  });

  test('none yet: says what belongs here and where to begin', async () => {
    await open('Runs', { listRuns: () => Promise.resolve(success([])) });
    expect(await screen.findByText(/Sweeps and saved answers are kept here/)).toBeVisible();
    await fireEvent.click(screen.getByRole('button', { name: 'Set up a sweep' }));
    expect(screen.getByRole('heading', { name: 'What should vary?' })).toBeVisible();
  });

  test('a store that cannot be read is a sentence with a way to try again', async () => {
    const broken = failure({ family: 'file', code: 'database', message: 'The database is locked.', details: {} });
    const listRuns = vi.fn<AppApi['listRuns']>(() => Promise.resolve(broken));
    await open('Runs', { listRuns });
    expect(await screen.findByText('The database is locked.')).toBeVisible();
    await fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(listRuns).toHaveBeenCalledTimes(2);
  });
});
