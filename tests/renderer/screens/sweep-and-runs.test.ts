import '@testing-library/jest-dom/vitest';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import App from '../../../src-renderer/App.svelte';
import type { AppApi, SweepStart, SweepSummary } from '../../../src-worker/protocol/app-api.ts';
import type { CalibrationEntry } from '../../../src-worker/protocol/calibration-api.ts';
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

/** In use. */
const PROFILE: CalibrationEntry = {
  ...{ name: 'default', description: '', isOwn: false, createdAt: null, isInUse: true },
  ...{ measurements: null, ownMeasurements: null, baseMeasurements: null },
};

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

  test('whoever starts it is taken to its progress and then to its result, and is left where he has gone since', async () => {
    const first = heldSweep();
    await open('Sweep', { startSweep: first.startSweep, showRun: () => Promise.resolve(success(RUN_DETAIL)) });
    await fireEvent.click(startButton());
    await waitFor(() => expect(screen.getByRole('group', { name: 'Sweep in progress' })).toHaveFocus());
    first.finish(success(SUMMARY));
    await waitFor(() => expect(screen.getByRole('heading', { name: /^Run 7/ })).toHaveFocus());
    await fireEvent.click(startButton());
    const axis = screen.getByRole('textbox', { name: 'Users: add' });
    await waitFor(() => expect(screen.getByRole('group', { name: 'Sweep in progress' })).toHaveFocus());
    axis.focus();
    first.finish(success(SUMMARY));
    await screen.findByRole('heading', { name: /^Run 7/ });
    expect(axis).toHaveFocus();
  });

  test('a host that is gone is no sweep without a result: what it stored is kept', async () => {
    const gone = failure({ family: 'interrupted' as const, code: 'connection_lost', message: 'Lost.', details: {} });
    const { startSweep, finish } = heldSweep();
    await open('Sweep', { startSweep });
    await fireEvent.click(startButton());
    finish(gone);
    const result = await screen.findByTestId('sweep-result');
    expect(result).toHaveTextContent(
      'The host is out of reach. Lost. The points computed so far are kept: they are shown when it is back.',
    );
    expect(result).not.toHaveTextContent('has no result');
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

  test('of a sweep say of what the answer is, name two models and count more', async () => {
    const [of, other] = ['meta-llama/Llama-2-7b-hf', 'Qwen/Qwen3-8B'];
    const two = { ...RUN_DETAIL.entry, model: `${of}, ${other}` };
    const three = { ...RUN_DETAIL.entry, id: 8, name: 'three', model: `${of}, ${other}, m/x` };
    await open('Runs', { listRuns: () => Promise.resolve(success([two, three])) });
    const row = (await screen.findByRole('rowheader', { name: 'Llama over users' })).closest('[role=row]');
    expect(row).toHaveTextContent(/Llama-2-7b-hf, Qwen3-8B/);
    expect(row).toHaveTextContent(/at best 1 × g6e\.xlarge/);
    expect(row).toHaveTextContent(/by point/);
    expect(screen.getByRole('rowheader', { name: 'three' }).closest('[role=row]')).toHaveTextContent(/3 models/);
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

  describe('a sweep that is opened', () => {
    const input = {
      base: { model: RUN_DETAIL.entry.model, workload: 'rag' },
      axes: { users: [7, 9], headroom: [10, 25] },
    };
    const openIt = async (stored: object = input) => {
      const { started, startSweep } = heldSweep();
      await open('Runs', {
        showRun: () => Promise.resolve(success({ ...RUN_DETAIL, input: stored })),
        listCalibrations: () => Promise.resolve(success([PROFILE])),
        startSweep,
      });
      await fireEvent.click(await screen.findByRole('rowheader', { name: 'Llama over users' }));
      await fireEvent.click(await screen.findByRole('button', { name: 'Open in Sweep' }));
      const heading = await screen.findByRole('heading', { name: 'Run 7: Llama over users' });
      await waitFor(() => expect(heading).toHaveFocus());
      await within(screen.getByTestId('sweep-result')).findByRole('radiogroup', { name: 'Answers over the sweep' });
      return { started };
    };
    const chips = (axis: string) =>
      within(screen.getByRole('list', { name: `${axis}: chosen` }))
        .getAllByRole('listitem')
        .map((chip) => chip.textContent.trim());

    test('has the focus on its heading and its question in the form, which starts it again', async () => {
      const { started } = await openIt();
      expect(chips('Users')).toEqual(['7', '9']);
      expect(chips('Headroom')).toEqual(['10', '25']);
      expect(screen.getByText(/and what is held under Size, are those of run 7 now/)).toBeVisible();
      expect(screen.queryByText(/about the axes as they were/)).toBeNull();
      await fireEvent.click(startButton());
      expect(started[0]?.spec).toMatchObject({ base: { workload: 'rag' }, axes: input.axes });
    });

    test('gives back what stood in the form, and says when the form asks something else', async () => {
      await openIt();
      await fireEvent.click(screen.getByRole('button', { name: 'Take back' }));
      await waitFor(() => expect(chips('Users')).toEqual(['10 to 100 by 10']));
      expect(screen.queryByText(/are those of run 7 now/)).toBeNull();
      expect(screen.getByText(/This is about the axes as they were; start again for those below/)).toBeVisible();
    });

    test('leaves the form alone where it cannot ask that, and says so', async () => {
      const users = Array.from({ length: 600 }, (_, index) => index + 1);
      await openIt({ ...input, axes: { users } });
      expect(chips('Users')).toEqual(['10 to 100 by 10']);
      expect(screen.getByText('The form below cannot ask this sweep: it stands as it was.')).toBeVisible();
    });

    test('tells what it has that no field has', async () => {
      await openIt({ ...input, base: { ...input.base, calibration: 'mine' }, shard: { index: 1, of: 3 } });
      expect(
        await screen.findByText(
          /It is shard 1 of 3; below stands the whole sweep\. It was computed with profile mine; below, with default, which is in use/,
        ),
      ).toBeVisible();
    });

    test('Change the axes takes the focus to them', async () => {
      Element.prototype.scrollIntoView = vi.fn();
      await openIt();
      await fireEvent.click(screen.getByRole('button', { name: 'Change the axes' }));
      expect(screen.getByRole('heading', { name: 'What should vary?' })).toHaveFocus();
    });
  });

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
