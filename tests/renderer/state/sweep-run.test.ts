import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { canResume, SweepRun } from '../../../src-renderer/state/sweep-run.svelte.ts';
import type {
  AppApi,
  LivePoint,
  ProgressEvent,
  RunEntry,
  SweepStart,
  SweepSummary,
} from '../../../src-worker/protocol/app-api.ts';
import { failure, success, type Result } from '../../../src-worker/protocol/result.ts';
import { fakeApi, RUN_DETAIL } from '../fixtures/app.ts';

const SUMMARY: SweepSummary = {
  runId: 7,
  status: 'done',
  points: 100,
  donePoints: 100,
  rows: 300,
  passingRows: 200,
  problems: [],
};
const event = (parts: Partial<ProgressEvent>): ProgressEvent => ({
  type: 'configiq:progress',
  taskId: '',
  phase: 'computing',
  done: 0,
  total: 100,
  best: '$1/h',
  live: [],
  excluded: {},
  notes: [],
  ...parts,
});
const SPEC = { base: { model: 'm' }, axes: { users: [1] } };

function running(answers: Partial<AppApi> = {}) {
  let finish: (result: Result<SweepSummary>) => void = () => undefined;
  const started: SweepStart[] = [];
  const cancelled: string[] = [];
  const api = fakeApi({
    startSweep: (request) => {
      started.push(request);
      return new Promise((resolve) => (finish = resolve));
    },
    cancelTask: (taskId) => {
      cancelled.push(taskId);
      return Promise.resolve(success(null));
    },
    ...answers,
  });
  const listeners: ((event: ProgressEvent) => void)[] = [];
  const sweep = new SweepRun(
    (call) => call(api),
    (listener) => listeners.push(listener),
  );
  const ended = sweep.start(SPEC, '', 100);
  const push = (parts: Partial<ProgressEvent>) =>
    listeners.forEach((listener) => listener(event({ taskId: started[0]!.taskId, ...parts })));
  const tell = (done: number, taskId = started[0]!.taskId) => push({ done, taskId });
  return { sweep, ended, tell, push, cancelled, finish: (result: Result<SweepSummary>) => finish(result) };
}

/** A host on which another window's sweep runs. */
function attached() {
  const startedAt = new Date().toISOString();
  const task = { isOver: false };
  const runs = [
    { ...RUN_DETAIL.entry, id: 7, kind: 'sweep' as const, createdAt: startedAt, points: 100 },
  ] as RunEntry[];
  const listeners: ((event: ProgressEvent) => void)[] = [];
  const api = fakeApi({
    listTasks: () =>
      Promise.resolve(
        success(
          task.isOver
            ? []
            : [
                {
                  taskId: 'theirs',
                  name: '',
                  spec: SPEC,
                  startedAt,
                  resumedRunId: null,
                  progress: event({ taskId: 'theirs', done: 5 }),
                },
              ],
        ),
      ),
    listRuns: () => Promise.resolve(success(runs)),
  });
  const sweep = new SweepRun(
    (call) => call(api),
    (listener) => listeners.push(listener),
  );
  const push = (parts: Partial<ProgressEvent>) => listeners.forEach((listener) => listener(event(parts)));
  return { sweep, push, task, runs };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('sweep', () => {
  test('shows progress at most four times a second, with rate and time left', async () => {
    const { sweep, tell } = running();
    expect(sweep).toMatchObject({ phase: 'running', progress: { done: 0, total: 100 } });
    for (let done = 1; done <= 10; done++) {
      await vi.advanceTimersByTimeAsync(20);
      tell(done);
    }
    expect(sweep.progress?.done).toBe(0);
    await vi.advanceTimersByTimeAsync(250);
    expect(sweep.progress).toMatchObject({ done: 10, best: '$1/h' });
    const { pointsPerS, msLeft } = sweep.progress!;
    expect(msLeft).toBeCloseTo((90 / pointsPerS!) * 1000, 6);
  });

  test('shows the first points of the frontier at once, the next ones four times a second', async () => {
    const { sweep, push } = running();
    const live = (pointId: number): LivePoint[] => [{ pointId } as LivePoint];
    await vi.advanceTimersByTimeAsync(20);
    push({ done: 0 });
    await vi.advanceTimersByTimeAsync(20);
    push({ done: 1, live: live(0) });
    expect(sweep.live).toEqual(live(0));
    await vi.advanceTimersByTimeAsync(20);
    push({ done: 2, live: live(1) });
    expect(sweep.live).toEqual(live(0));
    await vi.advanceTimersByTimeAsync(250);
    expect(sweep.live).toEqual([...live(0), ...live(1)]);
  });

  test('progress of another task is not ours', async () => {
    const { sweep, tell } = running();
    tell(50, 'another');
    await vi.advanceTimersByTimeAsync(300);
    expect(sweep.progress?.done).toBe(0);
  });

  test('ends with what was found', async () => {
    const { sweep, ended, finish } = running();
    finish(success(SUMMARY));
    await ended;
    expect(sweep).toMatchObject({ phase: 'ended', summary: SUMMARY, detail: RUN_DETAIL, error: null });
  });

  test('stopping cancels the task and keeps what was computed', async () => {
    const { sweep, ended, finish, cancelled } = running();
    const stopped = sweep.stop();
    expect(sweep.phase).toBe('stopping');
    await stopped;
    expect(cancelled).toHaveLength(1);
    finish(success({ ...SUMMARY, status: 'cancelled', donePoints: 37 }));
    await ended;
    expect(sweep).toMatchObject({
      phase: 'ended',
      summary: { status: 'cancelled', donePoints: 37 },
      detail: RUN_DETAIL,
    });
  });

  test('no live point is lost between two pictures, and notes and reasons come along', async () => {
    const { sweep, push } = running();
    const live = (pointId: number) => ({ pointId, id: 'x', instance: 'i', gpu: 'g', instances: 1 }) as LivePoint;
    push({ live: [live(0)], excluded: { memory: 1 } });
    push({ live: [live(1), live(2)], excluded: { memory: 3 }, notes: ['One worker stopped.'] });
    await vi.advanceTimersByTimeAsync(300);
    expect(sweep.live.map(({ pointId }) => pointId)).toEqual([0, 1, 2]);
    expect(sweep).toMatchObject({ excluded: { memory: 3 }, notes: ['One worker stopped.'] });
  });

  test('a sweep that runs already is found, watched and its run shown', async () => {
    const { sweep, push, task, runs } = attached();
    const watched = sweep.attach();
    await vi.advanceTimersByTimeAsync(1);
    expect(sweep).toMatchObject({ phase: 'running', progress: { done: 5, total: 100 } });
    push({ taskId: 'theirs', done: 50 });
    await vi.advanceTimersByTimeAsync(300);
    expect(sweep.progress?.done).toBe(50);
    task.isOver = true;
    Object.assign(runs[0]!, { status: 'cancelled', donePoints: 50 });
    await vi.advanceTimersByTimeAsync(1100);
    await watched;
    expect(sweep).toMatchObject({
      phase: 'ended',
      summary: { runId: 7, status: 'cancelled', donePoints: 50, passingRows: null },
      detail: RUN_DETAIL,
    });
  });

  test('a stored run is shown again as it ended, but never in the place of one that runs', async () => {
    const killed = { ...RUN_DETAIL, entry: { ...RUN_DETAIL.entry, status: 'interrupted' as const, donePoints: 1 } };
    const idle = new SweepRun(
      (call) => call(fakeApi({ showRun: () => Promise.resolve(success(killed)) })),
      () => undefined,
    );
    await idle.reopen(7);
    expect(idle).toMatchObject({ phase: 'ended', detail: killed, summary: { status: 'cancelled', donePoints: 1 } });

    const { sweep } = running();
    await sweep.reopen(7);
    expect(sweep).toMatchObject({ phase: 'running', detail: null });
  });

  test('what a host kept that was killed is shown once it is back', async () => {
    const gone = failure({ family: 'interrupted', code: 'connection_lost', message: 'Lost.', details: {} });
    const host = { isBack: false };
    const entry = {
      ...RUN_DETAIL.entry,
      kind: 'sweep' as const,
      status: 'interrupted' as const,
      points: 100,
      donePoints: 43,
    };
    const minuteFromNow = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
    const runs: RunEntry[] = [
      { ...entry, id: 9, createdAt: minuteFromNow(2), points: 7 },
      { ...entry, id: 8, createdAt: minuteFromNow(1) },
      { ...entry, id: 7, createdAt: minuteFromNow(-1) },
    ];
    const { sweep, ended, finish } = running({
      listTasks: () => Promise.resolve(host.isBack ? success([]) : gone),
      listRuns: () => Promise.resolve(host.isBack ? success(runs) : gone),
      showRun: () => Promise.resolve(success(RUN_DETAIL)),
    });
    finish(gone);
    await ended;
    await vi.advanceTimersByTimeAsync(0);
    expect(sweep).toMatchObject({ phase: 'ended', summary: null, error: { message: 'Lost.' } });
    host.isBack = true;
    await sweep.attach();
    expect(sweep).toMatchObject({
      phase: 'ended',
      error: null,
      summary: { runId: 8, status: 'cancelled', donePoints: 43, points: 100 },
      detail: RUN_DETAIL,
    });
    // Found once: whoever connects again later is not taken back to it.
    sweep.summary = null;
    await sweep.attach();
    expect(sweep.summary).toBeNull();
  });

  test('a sweep that cannot start says why', async () => {
    const { sweep, ended, finish } = running();
    finish(failure({ family: 'invalid_input', code: 'sweep_conflict', message: 'Zone and region.', details: {} }));
    await ended;
    expect(sweep).toMatchObject({ phase: 'ended', summary: null, error: { message: 'Zone and region.' } });
  });
});

describe('going on with a stored sweep', () => {
  const STOPPED: RunEntry = { ...RUN_DETAIL.entry, id: 7, status: 'interrupted', points: 100, donePoints: 40 };

  function resuming(answers: Partial<AppApi> = {}) {
    const listeners: ((event: ProgressEvent) => void)[] = [];
    const api = fakeApi(answers);
    const sweep = new SweepRun(
      (call) => call(api),
      (listener) => listeners.push(listener),
    );
    return { sweep, push: (parts: Partial<ProgressEvent>) => listeners.forEach((listener) => listener(event(parts))) };
  }

  test('asks for its run, tells how far it is, and shows the whole of it', async () => {
    vi.useFakeTimers();
    let finish: (result: Result<SweepSummary>) => void = () => undefined;
    const resumeSweep = vi.fn<AppApi['resumeSweep']>(() => new Promise((resolve) => (finish = resolve)));
    const { sweep, push } = resuming({ resumeSweep });
    const ended = sweep.resume(STOPPED);
    const { taskId, runId } = resumeSweep.mock.calls[0]![0];
    expect(runId).toBe(7);
    expect(sweep).toMatchObject({ phase: 'running', progress: { done: 40, total: 100 } });
    push({ taskId, done: 32 });
    await vi.advanceTimersByTimeAsync(1000);
    push({ taskId, done: 52 });
    await vi.advanceTimersByTimeAsync(300);
    // 20 points in the second since; the 32 that were kept took no time.
    expect(sweep.progress?.pointsPerS).toBeLessThan(21);
    finish(success(SUMMARY));
    await ended;
    expect(sweep).toMatchObject({ phase: 'ended', error: null, summary: { status: 'done', donePoints: 100 } });
    vi.useRealTimers();
  });

  test.each([
    ['run_of_other_versions', 'invalid_input', 'Run 7 cannot go on, its results would mix: catalog 1, now 2.'],
    ['run_running', 'invalid_input', 'Run 7 is being computed by a program that runs.'],
    ['database_read_only', 'file', 'The folder cannot be written.'],
  ] as const)('%s: its rows stay, with the reason', async (code, family, message) => {
    const refused = failure({ family, code, message, details: {} });
    const { sweep } = resuming({ resumeSweep: () => Promise.resolve(refused) });
    await sweep.resume(STOPPED);
    expect(sweep).toMatchObject({
      phase: 'ended',
      error: { message },
      summary: { runId: 7, donePoints: 40, status: 'cancelled' },
      detail: RUN_DETAIL,
    });
  });

  test('another window that watches finds the run it goes on with', async () => {
    vi.useFakeTimers();
    const task = { taskId: 'theirs', name: '', spec: SPEC, startedAt: '2026-11-30T05:00:00.000Z', resumedRunId: 7 };
    let isOver = false;
    const { sweep } = resuming({
      listTasks: () =>
        Promise.resolve(success(isOver ? [] : [{ ...task, progress: event({ taskId: 'theirs', done: 50 }) }])),
      listRuns: () => Promise.resolve(success([{ ...STOPPED, status: 'done', donePoints: 100 }])),
    });
    const watched = sweep.attach();
    await vi.advanceTimersByTimeAsync(500);
    isOver = true;
    await vi.advanceTimersByTimeAsync(1000);
    await watched;
    expect(sweep.summary).toMatchObject({ runId: 7, status: 'done', donePoints: 100 });
    vi.useRealTimers();
  });

  test('is offered where points are missing', () => {
    expect(canResume(STOPPED)).toBe(true);
    expect(canResume({ ...STOPPED, status: 'done' })).toBe(true);
    expect(canResume({ ...STOPPED, status: 'done', donePoints: 100 })).toBe(false);
    expect(canResume({ ...STOPPED, status: 'running' })).toBe(false);
    expect(canResume({ ...STOPPED, kind: 'size' })).toBe(false);
  });
});
