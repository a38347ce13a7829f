import '@testing-library/jest-dom/vitest';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import AccuracyScreen from '../../../../src-renderer/screens/accuracy/AccuracyScreen.svelte';
import { Workspace } from '../../../../src-renderer/state/workspace.svelte.ts';
import type { AccuracyDocument, AccuracyInput } from '../../../../src-worker/protocol/accuracy.ts';
import { failure, success, type Result } from '../../../../src-worker/protocol/result.ts';
import { accuracyDocument } from '../../fixtures/accuracy.ts';
import { fakeApi, fakeHost, stubBrowser } from '../../fixtures/app.ts';

vi.mock('chart.js', () => import('../../fixtures/chart.ts'));

type Answer = (input: AccuracyInput) => Promise<Result<AccuracyDocument>>;

const broken = failure({ family: 'bug', code: 'file_missing', message: 'sources.json is missing.', details: {} });

async function open(answer: Answer = () => Promise.resolve(success(accuracyDocument()))) {
  const asked: AccuracyInput[] = [];
  const api = fakeApi({
    accuracy: (input) => {
      asked.push(input);
      return answer(input);
    },
  });
  const workspace = new Workspace(fakeHost(api).connect);
  await workspace.session.start();
  const { unmount } = render(AccuracyScreen, { workspace, themeRevision: 0 });
  return { workspace, asked, unmount };
}

async function ready(answer?: Answer) {
  const opened = await open(answer);
  await waitFor(() => expect(screen.getByTestId('verdict')).toBeInTheDocument());
  return opened;
}

const cellsOf = (testid: string): string[][] =>
  within(screen.getByTestId(testid))
    .getAllByRole('row')
    .slice(1)
    .map((row) => [...row.querySelectorAll('th, td')].map((cell) => cell.textContent.trim().replaceAll(/\s+/g, ' ')));

beforeEach(() => {
  stubBrowser();
  localStorage.clear();
});
afterEach(() => void vi.unstubAllGlobals());

describe('the screen of accuracy', () => {
  test('says how far to trust, shows the errors of every metric and the largest misses', async () => {
    const { asked } = await ready();
    expect(asked).toEqual([{ calibration: null, measurements: null }]);
    expect(screen.getByTestId('verdict')).toHaveTextContent('Half of the TPOT predictions are within 30 %');
    expect(cellsOf('error-by-metric')).toEqual([
      ['TPOT mean', '4', '30', '+2.5', '85', '83'],
      ['TTFT mean', '3', '10', '+3.3', '26', '83'],
      ['Output rate', '2', '53', '+47', '91', '83'],
    ]);
    const misses = cellsOf('largest-misses');
    expect(misses.map(([name, measured, predicted, error]) => [name, measured, predicted, error])).toEqual([
      ['Qwen2.5-0.5B, H100 8 at a time, 512 in, 256 out', '4.0', '2.0', '−50 %'],
      ['Llama-3.1-8B, A100 8 at a time, 512 in, 256 out', '30', '60', '+100 %'],
      ['Llama-3.1-8B, H100 8 at a time, 512 in, 256 out', '10', '11', '+10 %'],
      ['Llama-3.1-8B, H100 8 at a time, 512 in, 256 out', '20', '19', '−5 %'],
    ]);
    expect(misses[1]?.[4]).toBe('The kernels of this format are slow in large batches.');
    expect(misses[2]?.[4]).toBe('');
    expect(screen.getByTestId('agreement')).toHaveAttribute('data-points', '4');
  });

  test('a metric is chosen by its name, and everything goes along', async () => {
    const { workspace } = await ready();
    await fireEvent.click(screen.getByRole('button', { name: 'Output rate' }));
    expect(screen.getByRole('button', { name: 'Output rate' })).toHaveAttribute('aria-pressed', 'true');
    expect(screen.getByTestId('agreement')).toHaveAttribute('data-points', '2');
    expect(cellsOf('largest-misses')[0]?.slice(1, 4)).toEqual(['250', '500', '+100 %']);
    expect(workspace.view['accuracy.shown']).toMatchObject({ column: 'output_tok_s' });
  });

  test('of each kind one metric is shown until all are asked for', async () => {
    const { metrics } = accuracyDocument();
    const more = { ...metrics, tpot_ms_p90: { ...metrics['tpot_ms_mean']!, count: 1 } };
    await ready(() => Promise.resolve(success(accuracyDocument({ metrics: more }))));
    expect(cellsOf('error-by-metric')).toHaveLength(3);
    await fireEvent.click(screen.getByRole('button', { name: 'All 4 metrics' }));
    expect(cellsOf('error-by-metric')[1]?.slice(0, 2)).toEqual(['TPOT P90', '1']);
  });

  test('a filter narrows picture, figures and table; Show all takes it back', async () => {
    const { workspace } = await ready();
    workspace.view['accuracy.shown'] = {
      column: null,
      gpu: 'nvidia-h100-80gb',
      engine: 'all',
      model: 'all',
      source: 'all',
      kind: 'all',
    };
    await waitFor(() => expect(screen.getByTestId('agreement')).toHaveAttribute('data-points', '3'));
    expect(cellsOf('error-by-metric')[0]).toEqual(['TPOT mean', '3', '10', '−5.0', '42', '67']);
    expect(screen.getAllByText('3 of 5 points')).toHaveLength(2);
    expect(screen.getByTestId('verdict')).toHaveTextContent('Half of the TPOT predictions are within 30 %');
    await fireEvent.click(screen.getByRole('button', { name: 'Show all' }));
    expect(screen.getByTestId('agreement')).toHaveAttribute('data-points', '4');
  });

  test('filters that leave nothing say so and offer the way back', async () => {
    const { workspace } = await ready();
    workspace.view['accuracy.shown'] = {
      column: null,
      gpu: 'nvidia-h200',
      engine: 'vllm-v1-late',
      model: 'all',
      source: 'all',
      kind: 'all',
    };
    await waitFor(() => expect(screen.getByText('No point with TPOT mean matches.')).toBeInTheDocument());
    await fireEvent.click(screen.getAllByRole('button', { name: 'Show all points' })[0]!);
    expect(screen.getByTestId('agreement')).toHaveAttribute('data-points', '4');
  });

  test('points that were judged on other metrics alone are offered with one of those', async () => {
    const { workspace } = await ready();
    workspace.view['accuracy.shown'] = {
      column: 'tpot_ms_mean',
      gpu: 'all',
      engine: 'trtllm',
      model: 'all',
      source: 'all',
      kind: 'all',
    };
    await waitFor(() => expect(screen.getByText('1 point matches, none with TPOT mean.')).toBeInTheDocument());
    await fireEvent.click(screen.getByRole('button', { name: 'Show Output rate of 1 point' }));
    expect(screen.getByTestId('agreement')).toHaveAttribute('data-points', '1');
  });

  test('a closer look is reset by its button, and another metric has its own', async () => {
    await ready();
    const cursor = within(screen.getByTestId('agreement')).getByRole('slider');
    await fireEvent.keyDown(cursor, { key: '+' });
    expect(screen.getByRole('button', { name: 'Reset zoom' })).toBeInTheDocument();
    await fireEvent.click(screen.getByRole('button', { name: 'TTFT mean' }));
    expect(screen.queryByRole('button', { name: 'Reset zoom' })).not.toBeInTheDocument();
    await fireEvent.click(screen.getByRole('button', { name: 'TPOT mean' }));
    await fireEvent.click(screen.getByRole('button', { name: 'Reset zoom' }));
    expect(screen.queryByRole('button', { name: 'Reset zoom' })).not.toBeInTheDocument();
  });

  test('a miss that is chosen is chosen in the table and told below the picture', async () => {
    await ready();
    await fireEvent.click(screen.getByRole('button', { name: 'Qwen2.5-0.5B, H100' }));
    expect(screen.getByTestId('agreement')).toHaveTextContent(
      /Qwen2\.5-0\.5B-Instruct, H100 80GB, 8 at a time.*vLLM 0\.20\.1, The lab\./,
    );
    expect(screen.getByTestId('accuracy-point')).toHaveTextContent(/^Qwen2\.5-0\.5B-Instruct, H100 80GB, 8 at a time/);
    const table = within(screen.getByTestId('accuracy-points'));
    expect(table.getByRole('row', { current: true })).toHaveTextContent('Qwen2.5-0.5B, H100 80GB');
  });

  test('the row one is at stands in full below the table, with its range and the reason', async () => {
    await ready();
    const table = within(screen.getByTestId('accuracy-points'));
    const row = await table.findByRole('row', { name: /Qwen2\.5-0\.5B/ });
    // 4 ms measured, 2 predicted, a factor of 1.3 either way.
    expect(row).toHaveTextContent('1.5–2.6, outside');
    expect(table.getAllByRole('row')[3]).toHaveTextContent('8.5–14, inside');
    expect(screen.queryByTestId('accuracy-point')).not.toBeInTheDocument();
    within(row).getByRole('rowheader').focus();
    await waitFor(() =>
      expect(screen.getByTestId('accuracy-point')).toHaveTextContent(
        'Qwen2.5-0.5B-Instruct, H100 80GB, 8 at a time, 512 in, 256 out, vLLM 0.20.1, The lab. TPOT mean measured 4.0 ms, predicted 2.0 ms (−50 %), 80 % range 1.5–2.6 ms: outside. Why: most of a step is the host.',
      ),
    );
  });

  test('a skipped row stands in full below its table, however long the reason', async () => {
    const reason = `The source does not say ${'one thing and another, '.repeat(12)}nor the lengths.`;
    const alike = {
      skipped_reasons: [
        { reason: 'TTFT of … ms is impossible.', count: 2 },
        { reason, count: 1 },
      ],
    };
    await ready(() =>
      Promise.resolve(success(accuracyDocument({ skipped: [{ point_id: 'lab-7', reason }], ...alike }))),
    );
    await fireEvent.click(screen.getByRole('tab', { name: 'Skipped rows 1' }));
    expect(screen.getAllByText('… stands for figures that differ from row to row.').length).toBeGreaterThan(0);
    (await within(screen.getByTestId('skipped-rows')).findByRole('rowheader', { name: 'lab-7' })).focus();
    await waitFor(() => expect(screen.getByTestId('skipped-row')).toHaveTextContent(`lab-7: ${reason}`));
  });

  test('skipped rows stand with their reasons, and the notice leads there', async () => {
    await ready();
    const summary = screen.getByTestId('skipped-summary');
    expect(summary).not.toHaveAttribute('open');
    await fireEvent.click(within(summary).getByText('3 rows were skipped, for 2 reasons'));
    expect(within(summary).getByText('The source does not say the lengths.')).toBeVisible();
    await fireEvent.click(screen.getByRole('button', { name: 'Show them' }));
    await waitFor(() => expect(screen.getByTestId('skipped-rows')).toBeInTheDocument());
    expect(screen.getByTestId('skipped-reasons')).toHaveTextContent('2The source does not say the lengths.');
    expect(within(screen.getByTestId('skipped-rows')).getByText('lab-9')).toBeInTheDocument();
    expect(screen.getByRole('tab', { name: 'Skipped rows 3' })).toHaveFocus();
  });

  test('another profile: the old comparison stays, dimmed, until the new one has come', async () => {
    let arrive: () => void = () => undefined;
    const { workspace, asked } = await ready(({ calibration }) => {
      const answer = success(
        accuracyDocument({ calibration: calibration ?? 'default', basis_sentence: 'Seen before.' }),
      );
      if (calibration === null) return Promise.resolve(success(accuracyDocument()));
      return new Promise((resolve) => (arrive = () => resolve(answer)));
    });
    workspace.accuracy.calibration = 'seed';
    await waitFor(() => expect(screen.getByTestId('verdict')).toHaveAttribute('aria-busy', 'true'));
    expect(screen.getByTestId('verdict')).toHaveTextContent('None was used');
    arrive();
    await waitFor(() => expect(screen.getByTestId('verdict')).toHaveTextContent('Seen before.'));
    expect(asked.at(-1)).toEqual({ calibration: 'seed', measurements: null });
  });

  test.each([
    ['left_out', 'left out', false],
    ['in_sample', 'in sample', true],
    ['unseen', 'not seen', false],
    ['not_fitted', 'never fitted', false],
  ] as const)('figures that are %s say so beside their tables', async (basis, label, isCautioned) => {
    await ready(() => Promise.resolve(success(accuracyDocument({ basis }))));
    expect(screen.getAllByText(label)).toHaveLength(2);
    expect(
      screen.getByRole('table', { name: `Errors by metric, ${label}, percent of the measured value` }),
    ).toBeVisible();
    expect(screen.getByTestId('agreement')).toHaveTextContent(`Profile default, points ${label}.`);
    expect(screen.queryByText(/does not make it the better one/) !== null).toBe(isCautioned);
  });

  test('a failure says what happened; asking again may help', async () => {
    let isBroken = true;
    await open(() => Promise.resolve(isBroken ? broken : success(accuracyDocument())));
    await waitFor(() => expect(screen.getByTestId('error-state')).toHaveTextContent('sources.json is missing.'));
    isBroken = false;
    await fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    await waitFor(() => expect(screen.getByTestId('verdict')).toBeInTheDocument());
  });

  test('a failure after an answer leaves the answer', async () => {
    const { workspace, asked } = await ready(({ calibration }) =>
      Promise.resolve(calibration === null ? success(accuracyDocument()) : broken),
    );
    workspace.accuracy.choose('seed', 0);
    expect(workspace.accuracy.shownCalibration).toBe('seed');
    await waitFor(() => expect(screen.getByText('No new comparison.')).toBeInTheDocument());
    expect(screen.getByText(/What is below is of the profile default, not of seed\./)).toBeInTheDocument();
    // The head names the profile whose figures are shown, and the other can be chosen again.
    expect(workspace.accuracy.shownCalibration).toBe('default');
    expect(asked).toHaveLength(2);
    workspace.accuracy.choose('seed', 0);
    await waitFor(() => expect(asked).toHaveLength(3));
    await waitFor(() => expect(workspace.accuracy.isAsking).toBe(false));
    expect(screen.getByTestId('verdict')).toHaveTextContent('Half of the TPOT predictions are within 30 %');
    expect(screen.getByTestId('verdict')).toHaveAttribute('aria-busy', 'false');
  });

  test('no point at all: the skipped rows are what there is', async () => {
    await ready(() => Promise.resolve(success(accuracyDocument({ points: [], metrics: {} }))));
    expect(screen.getByTestId('verdict')).toHaveTextContent('Nothing can be compared');
    expect(screen.getByTestId('skipped-rows')).toBeInTheDocument();
    expect(screen.queryByTestId('agreement')).not.toBeInTheDocument();
  });

  test('while the first comparison is on its way, the place of things is kept', async () => {
    await open(() => new Promise(() => undefined));
    expect(screen.getAllByTestId('skeleton')).toHaveLength(3);
    expect(screen.getByRole('heading', { name: 'Accuracy' })).toBeInTheDocument();
  });

  test('commands choose a metric, show everything, and export what is shown', async () => {
    const saved = vi.fn<(blob: Blob) => string>(() => 'blob:csv');
    vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: saved, revokeObjectURL: () => undefined }));
    const { workspace } = await ready();
    workspace.commands.run('accuracy.show-ttft_ms_mean');
    await waitFor(() => expect(screen.getByTestId('agreement')).toHaveAttribute('data-points', '3'));
    expect(workspace.commands.isAvailable('accuracy.all')).toBe(false);
    workspace.commands.run('answer.export');
    expect(workspace.announcement).toBe('Exported 5 points to configiq-accuracy.csv');
    const [[blob] = []] = saved.mock.calls;
    expect(await blob?.text()).toMatch(/^point_id,source_id,model/);
  });

  test('the last change of profiles can be taken back by a command as long as the window is open', async () => {
    const { workspace } = await ready();
    expect(workspace.commands.isAvailable('accuracy.undo')).toBe(false);
    const undo = vi.fn<() => Promise<boolean>>(() => Promise.resolve(true));
    workspace.profiles.lastChange = { words: 'use of ours', undo };
    expect(workspace.commands.find('accuracy.undo')).toMatchObject({ label: 'Undo the use of ours', keys: '$mod+z' });
    workspace.commands.run('accuracy.undo');
    await waitFor(() => expect(workspace.commands.isAvailable('accuracy.undo')).toBe(false));
    expect(undo).toHaveBeenCalledOnce();
  });

  test('a change of the catalogs asks anew; coming back to the screen does not', async () => {
    const { workspace, asked, unmount } = await ready();
    unmount();
    render(AccuracyScreen, { workspace, themeRevision: 0 });
    await waitFor(() => expect(screen.getByTestId('verdict')).toBeInTheDocument());
    expect(asked).toHaveLength(1);
    await workspace.session.reloadCatalog();
    await waitFor(() => expect(asked).toHaveLength(2));
  });
});
