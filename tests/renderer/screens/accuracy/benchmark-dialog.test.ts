import '@testing-library/jest-dom/vitest';
import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { toasts } from '../../../../src-renderer/components/toasts.svelte.ts';
import BenchmarkDialog from '../../../../src-renderer/screens/accuracy/BenchmarkDialog.svelte';
import ProfilesDialog from '../../../../src-renderer/screens/accuracy/ProfilesDialog.svelte';
import { Workspace } from '../../../../src-renderer/state/workspace.svelte.ts';
import type { AppApi, ProgressEvent } from '../../../../src-worker/protocol/app-api.ts';
import type { BenchmarkImport } from '../../../../src-worker/protocol/benchmark-api.ts';
import type { CalibrationEntry } from '../../../../src-worker/protocol/calibration-api.ts';
import type { CalibrationDocument, MetricError } from '../../../../src-worker/protocol/calibration.ts';
import { emptyMeasurementRow } from '../../../../src-worker/protocol/measurement-columns.ts';
import { failure, success } from '../../../../src-worker/protocol/result.ts';
import { accuracyDocument } from '../../fixtures/accuracy.ts';
import { fakeApi, fakeHost, stubBrowser } from '../../fixtures/app.ts';

const entry = (name: string, changes: Partial<CalibrationEntry> = {}): CalibrationEntry => ({
  name,
  description: `What ${name} is.`,
  isOwn: false,
  createdAt: null,
  isInUse: false,
  measurements: 10,
  ownMeasurements: 0,
  baseMeasurements: 10,
  ...changes,
});
const error = (metric: MetricError['metric'], percent: number, points = 3): MetricError => ({
  metric,
  macro_percent: percent,
  points_percent: percent,
  bias_percent: 0,
  groups: 1,
  points,
  coverage: null,
  median_width: null,
});

/** Only what the window reads of it. */
const made = (name: string): CalibrationDocument =>
  ({
    name,
    base: 'default',
    rows: 3,
    used: 3,
    parameters: 20,
    informed: 0,
    moved: [{ parameter: 'constants.kvReadEfficiency', from: 0.8, to: 0.82 }],
    errors: { before: [error('tpot', 40), error('e2e', 0, 0)], in_sample: [error('tpot', 5), error('e2e', 0, 0)] },
  }) as CalibrationDocument;

const IMPORTED: BenchmarkImport = {
  files: [{ file: 'run.json', format: 'vllm-bench', rows: 1, skipped: [], problem: null }],
  rows: [{ ...emptyMeasurementRow(), point_id: 'run-0001' }],
  warnings: [{ pointId: 'run-0001', sentence: 'Three requests failed.' }],
  missing: [{ column: 'gpu', rows: 1, isNeeded: true, sentence: 'The results do not say which GPU it ran on.' }],
  csv: 'point_id\nrun-0001\n',
};
const RUN = new File(['{"model_id": "x"}'], 'run.json');
const ROWS = new File(['point_id,source_id\na,b\n'], 'rows.txt');

/** A host that keeps which profile is in use. */
async function open(answers: Partial<AppApi> = {}) {
  let names = ['default', 'seed'];
  let used = 'default';
  const importBenchmark = vi.fn<AppApi['importBenchmark']>(() => Promise.resolve(success(IMPORTED)));
  const accuracy = vi.fn<AppApi['accuracy']>(() => Promise.resolve(success(accuracyDocument())));
  const calibrate = vi.fn<AppApi['calibrate']>(({ name }) => {
    names = [...names, name];
    return Promise.resolve(success(made(name)));
  });
  const host = fakeHost(
    fakeApi({
      importBenchmark,
      accuracy,
      calibrate,
      listCalibrations: () =>
        Promise.resolve(
          success(names.map((name) => entry(name, { isInUse: name === used, isOwn: !/default|seed/.test(name) }))),
        ),
      useCalibration: (name) => {
        used = name ?? 'default';
        return Promise.resolve(success(null));
      },
      removeCalibration: (name) => {
        names = names.filter((other) => other !== name);
        if (used === name) used = 'default';
        return Promise.resolve(success(null));
      },
      restoreCalibration: (name) => {
        names = [...names, name];
        return Promise.resolve(success(null));
      },
      ...answers,
    }),
  );
  const workspace = new Workspace(host.connect);
  await workspace.session.start();
  await workspace.profiles.load();
  workspace.benchmark.isOpen = true;
  render(BenchmarkDialog, { workspace });
  const { benchmark, profiles, session } = workspace;
  return { workspace, benchmark, profiles, session, host, importBenchmark, accuracy, calibrate };
}

const button = (name: string): HTMLElement => screen.getByRole('button', { name });

beforeEach(() => {
  stubBrowser();
  localStorage.clear();
});
afterEach(() => {
  toasts.dismiss();
  vi.unstubAllGlobals();
});

test('files are told apart by what they hold; what came in, what is missing and the error before are shown', async () => {
  const { benchmark, importBenchmark, accuracy } = await open();
  expect(screen.getByTestId('benchmark-dialog')).toHaveTextContent('vllm bench serve');
  await benchmark.takeFiles([RUN, ROWS]);
  expect(importBenchmark.mock.lastCall?.[0].files.map(({ fileName }) => fileName)).toEqual(['run.json']);
  expect(accuracy.mock.lastCall?.[0]).toEqual({
    calibration: null,
    measurements: [
      { name: 'rows.txt', text: 'point_id,source_id\na,b\n' },
      { name: 'results.csv', text: IMPORTED.csv },
    ],
  });
  const files = await screen.findByRole('list', { name: 'Files' });
  expect(files).toHaveTextContent('run.json: vLLM bench, 1 row');
  expect(files).toHaveTextContent('rows.txt: measurement file');
  expect(screen.getByText(/do not say which GPU it ran on/)).toBeInTheDocument();
  // Beside the field that fills it in, and before the figures.
  const setup = screen.getByRole('region', { name: 'What the files do not say' });
  expect(setup).toHaveTextContent(/do not say which GPU it ran on\. \(1 row\)/);
  expect(setup.compareDocumentPosition(screen.getByTestId('errors-before'))).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
  expect(screen.getByText('1 remark about the rows')).toBeInTheDocument();
  expect(screen.getByTestId('errors-before')).toHaveTextContent('TPOT mean');
  expect(screen.getByText(/^5 rows.*: much of a profile holds for every GPU .* 8 rows or more/)).toBeInTheDocument();
});

test('what the files do not say is answered live', async () => {
  const { benchmark, importBenchmark } = await open();
  await benchmark.takeFiles([RUN]);
  await fireEvent.input(await screen.findByRole('textbox', { name: 'TP' }), { target: { value: '4' } });
  await waitFor(() => expect(importBenchmark).toHaveBeenCalledTimes(2));
  expect(importBenchmark.mock.lastCall?.[0].setup).toMatchObject({ tp: 4, gpu: null, model: null });
  await fireEvent.input(screen.getByRole('textbox', { name: 'TP' }), { target: { value: 'four' } });
  expect(await screen.findByRole('alert')).toHaveTextContent('TP is a whole number of GPUs, such as 4, not "four".');
  expect(importBenchmark).toHaveBeenCalledTimes(2);
});

test('calibrated, before and after stand side by side; using it asks everything anew and can be undone', async () => {
  const { benchmark, profiles, session, calibrate } = await open();
  await benchmark.takeFiles([RUN]);
  const name = await screen.findByRole('textbox', { name: 'Name' });
  await fireEvent.input(name, { target: { value: 'seed' } });
  expect(button('Calibrate')).toBeDisabled();
  await fireEvent.input(name, { target: { value: 'ours' } });
  await fireEvent.click(button('Calibrate'));
  expect(calibrate.mock.lastCall?.[0]).toMatchObject({
    name: 'ours',
    base: accuracyDocument().calibration,
    save: true,
  });
  const table = await screen.findByTestId('before-after');
  const [, row] = within(table).getAllByRole('row');
  expect([...(row?.children ?? [])].map((cell) => cell.textContent.trim())).toEqual([
    'TPOT',
    '3',
    '40',
    '5.0',
    'Better',
  ]);
  const kinds = within(table)
    .getAllByRole('columnheader')
    .map((head) => head.textContent.trim());
  expect(kinds).toEqual(['Metric', 'Rows', 'Before not fitted to them', 'After in sample', 'Change']);
  // One GPU was measured, and others are predicted with what it moved.
  const moved = within(screen.getByTestId('moved-parts'));
  expect(moved.getByRole('row', { name: /^Every GPU, engine and model 1 \+2\.5/, hidden: true })).toBeInTheDocument();
  expect(screen.getByTestId('benchmark-dialog')).toHaveTextContent('narrow none of them down');
  expect(button('Use this profile')).toHaveClass('primary');

  await fireEvent.click(button('Use this profile'));
  await waitFor(() => expect(profiles.inUse?.name).toBe('ours'));
  expect(session.catalogRevision).toBe(1);
  expect([benchmark.isOpen, benchmark.hasFiles]).toEqual([false, false]);
  toasts.undo();
  await waitFor(() => expect(profiles.inUse?.name).toBe('default'));
  expect(session.catalogRevision).toBe(2);
});

test('a profile that is further off than the one in use says so, and is not what one is led to', async () => {
  const worse = {
    before: [error('tpot', 2.4), error('throughput', 5)],
    in_sample: [error('tpot', 4.3), error('throughput', 5)],
  };
  const { benchmark, profiles } = await open({
    calibrate: ({ name }) => Promise.resolve(success({ ...made(name), errors: worse })),
  });
  await benchmark.takeFiles([RUN]);
  benchmark.name = 'ours';
  await benchmark.calibrate();
  const table = await screen.findByTestId('before-after');
  expect(within(table).getByRole('row', { name: /^TPOT/ })).toHaveTextContent('Worse');
  expect(within(table).getByRole('row', { name: /^Output rate/ })).toHaveTextContent('Same');
  expect(screen.getByTestId('benchmark-dialog')).toHaveTextContent(
    'Even on your own rows, which it was fitted to, ours is further off than default: TPOT 2.4 → 4.3 %. Nothing gets better: keep default.',
  );
  expect(button('Keep the current profile')).toHaveClass('primary');
  expect(button('Use this profile')).not.toHaveClass('primary');
  await fireEvent.click(button('Keep the current profile'));
  expect([benchmark.isOpen, profiles.inUse?.name]).toEqual([false, 'default']);
});

test('discarding removes the profile, and can be undone', async () => {
  const { benchmark, profiles } = await open();
  await benchmark.takeFiles([RUN]);
  benchmark.name = 'ours';
  await benchmark.calibrate();
  await fireEvent.click(await screen.findByRole('button', { name: 'Discard' }));
  await waitFor(() => expect(profiles.entries.map(({ name }) => name)).toEqual(['default', 'seed']));
  toasts.undo();
  await waitFor(() => expect(profiles.entries.map(({ name }) => name)).toContain('ours'));
  expect(profiles.inUse?.name).toBe('default');
});

test('a calibration shows how far it is, and cancelled it loses nothing', async () => {
  const ended = Promise.withResolvers<Awaited<ReturnType<AppApi['calibrate']>>>();
  const cancelTask = vi.fn<AppApi['cancelTask']>(() => Promise.resolve(success(null)));
  let taskId = '';
  const { benchmark, host } = await open({
    cancelTask,
    calibrate: (draft) => {
      ({ taskId } = draft);
      return ended.promise;
    },
  });
  await benchmark.takeFiles([RUN]);
  benchmark.name = 'ours';
  const calibrating = benchmark.calibrate();
  const news: Omit<ProgressEvent, 'taskId' | 'done' | 'total'> = {
    type: 'configiq:progress',
    phase: 'computing',
    best: null,
    live: [],
    excluded: {},
    notes: [],
  };
  host.push({ ...news, taskId: 'another', done: 3, total: 9 });
  host.push({ ...news, taskId, done: 1, total: 2 });
  expect(await screen.findByText(/Calibrating ours: 1 of 2 fits/)).toBeInTheDocument();
  await fireEvent.click(button('Cancel the calibration'));
  expect(cancelTask).toHaveBeenCalledWith(taskId);
  const message = 'The calibration was cancelled: nothing was kept.';
  ended.resolve(failure({ family: 'interrupted', code: 'calibration_cancelled', message, details: {} }));
  await calibrating;
  expect(await screen.findByRole('alert')).toHaveTextContent(message);
  expect(benchmark.hasFiles).toBe(true);
  expect(screen.getByRole('textbox', { name: 'Name' })).toHaveValue('ours');
});

test('files that cannot be read, and rows of which none can be compared, are told with their reasons', async () => {
  const none = accuracyDocument({ points: [], metrics: {}, skipped: [{ point_id: 'a', reason: 'no GPU.' }] });
  const skipped = { ...none, skipped_reasons: [{ reason: 'no GPU.', count: 1 }] };
  const { benchmark } = await open({ accuracy: () => Promise.resolve(success(skipped)) });
  await benchmark.takeFiles([RUN]);
  expect(await screen.findByText('No row can be compared.')).toBeInTheDocument();
  expect(screen.getByTestId('benchmark-dialog')).toHaveTextContent('1 row was skipped: no GPU.');
  expect(button('Calibrate')).toBeDisabled();
  const folder = Object.assign(new File([], 'runs'), {
    text: () => Promise.reject(new DOMException('', 'NotFoundError')),
  });
  await benchmark.takeFiles([folder]);
  expect(await screen.findByRole('alert')).toHaveTextContent('runs cannot be read.');
});

test('a file that cannot be read is told, whatever becomes of the others', async () => {
  const { benchmark, importBenchmark } = await open();
  const folder = Object.assign(new File([], 'runs'), {
    text: () => Promise.reject(new DOMException('', 'NotFoundError')),
  });
  await benchmark.takeFiles([RUN, folder]);
  expect(importBenchmark).toHaveBeenCalledTimes(1);
  expect(await screen.findByRole('alert')).toHaveTextContent('runs cannot be read.');
  benchmark.setSetup({ tp: '2' });
  await waitFor(() => expect(importBenchmark).toHaveBeenCalledTimes(2));
  expect(screen.getByRole('alert')).toHaveTextContent('runs cannot be read.');
  await benchmark.takeFiles([RUN]);
  expect(screen.queryByRole('alert')).not.toBeInTheDocument();
});

describe('how runs were made stands in a file beside them', () => {
  const STAGES = ['stage_0.json', 'stage_1.json'].map((name) => new File(['{"load_summary": {}}'], name));
  const CONFIG_TEXT = 'load:\n  type: poisson\nserver:\n  type: vllm\n';
  const config = (name: string, folder = ''): File =>
    Object.defineProperty(new File([CONFIG_TEXT], name), 'webkitRelativePath', {
      value: folder && `${folder}/${name}`,
    });

  test.each(['config.yaml', 'run.yml'])('%s is no result, and every result has it', async (name) => {
    const { benchmark, importBenchmark } = await open();
    await benchmark.takeFiles([...STAGES, config(name)]);
    const { files } = importBenchmark.mock.lastCall![0];
    expect(files).toEqual(
      STAGES.map((stage) => ({
        fileName: stage.name,
        text: '{"load_summary": {}}',
        beside: [{ fileName: name, text: CONFIG_TEXT }],
      })),
    );
    expect(await screen.findByRole('list', { name: 'Files' })).toHaveTextContent(`${name}: how the runs were made`);
    expect(screen.queryByRole('alert')).not.toBeInTheDocument();
  });

  test('each folder has its own', async () => {
    const { benchmark, importBenchmark } = await open();
    const stages = STAGES.map((stage, index) =>
      Object.defineProperty(stage, 'webkitRelativePath', { value: `run${index}/${stage.name}` }),
    );
    await benchmark.takeFiles([...stages, config('config.yaml', 'run1')]);
    expect(importBenchmark.mock.lastCall![0].files.map(({ beside }) => beside?.length ?? 0)).toEqual([0, 1]);
  });

  test('two of them that came without their folders belong to nobody, and that is said', async () => {
    const { benchmark, importBenchmark } = await open();
    await benchmark.takeFiles([new File(['{}'], 'stage_0.json'), config('config.yaml'), config('config.yaml')]);
    expect(importBenchmark.mock.lastCall![0].files).toEqual([{ fileName: 'stage_0.json', text: '{}' }]);
    expect(await screen.findByRole('alert')).toHaveTextContent('drop the files of one folder at a time');
  });

  test('alone it is looked at like any other file', async () => {
    const { benchmark, importBenchmark } = await open();
    await benchmark.takeFiles([config('config.yaml')]);
    expect(importBenchmark.mock.lastCall![0].files.map(({ fileName }) => fileName)).toEqual(['config.yaml']);
  });
});

test('the list of profiles says what each was fitted to: of ones own first the own rows', async () => {
  const entries = [
    entry('default', { isInUse: true, measurements: 1920, ownMeasurements: 0, baseMeasurements: 1920 }),
    entry('seed', { measurements: null, ownMeasurements: null, baseMeasurements: null }),
    entry('ours', { isOwn: true, measurements: 1921, ownMeasurements: 1, baseMeasurements: 1920 }),
    entry('anew', { isOwn: true, measurements: 12, ownMeasurements: 12, baseMeasurements: 0 }),
  ];
  const { workspace, profiles } = await open({ listCalibrations: () => Promise.resolve(success(entries)) });
  workspace.benchmark.isOpen = false;
  profiles.isOpen = true;
  render(ProfilesDialog, { shelf: profiles });
  const table = within(await screen.findByRole('table', { name: 'Calibration profiles' }));
  const fitted = (name: RegExp): string | undefined => table.getByRole('row', { name }).children[2]?.textContent;
  expect([/^default/, /^seed/, /^ours/, /^anew/].map(fitted)).toEqual([
    '1,920 measurements',
    'No measurement',
    '1 measurement of yours, on a base of 1,920',
    '12 measurements of yours',
  ]);
});

test('the list of profiles uses and removes, each to be undone', async () => {
  const { profiles, benchmark } = await open();
  await benchmark.takeFiles([RUN]);
  benchmark.name = 'ours';
  await benchmark.calibrate();
  benchmark.isOpen = false;
  profiles.isOpen = true;
  render(ProfilesDialog, { shelf: profiles });
  expect(await screen.findByRole('row', { name: /^default, in use/ })).toBeInTheDocument();
  expect(screen.queryByRole('button', { name: 'Remove seed' })).not.toBeInTheDocument();
  await fireEvent.click(button('Use ours'));
  await waitFor(() => expect([profiles.inUse?.name, profiles.isOpen]).toEqual(['ours', false]));
  profiles.isOpen = true;
  await fireEvent.click(await screen.findByRole('button', { name: 'Remove ours' }));
  await waitFor(() => expect(profiles.inUse?.name).toBe('default'));
  toasts.undo();
  await waitFor(() => expect(profiles.entries).toHaveLength(3));
});

test('long after its toast a change can be taken back, and the profile before is at hand', async () => {
  const { profiles, benchmark } = await open();
  await benchmark.takeFiles([RUN]);
  benchmark.name = 'ours';
  await benchmark.calibrate();
  benchmark.isOpen = false;
  render(ProfilesDialog, { shelf: profiles });
  await profiles.use({ name: 'ours' });
  toasts.dismiss();
  profiles.isOpen = true;
  expect(await screen.findByRole('row', { name: /^default, in use before/ })).toBeInTheDocument();
  await fireEvent.click(button('Undo the use of ours'));
  await waitFor(() => expect([profiles.inUse?.name, profiles.before]).toEqual(['default', 'ours']));
  expect(profiles.lastChange).toBeNull();
  await fireEvent.click(button('Use again: ours'));
  await waitFor(() => expect(profiles.inUse?.name).toBe('ours'));
  await profiles.undo();
  expect([profiles.inUse?.name, toasts.current]).toEqual(['default', null]);
});
