import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SweepRun } from '../../../src-renderer/state/sweep-run.svelte.ts';
import type { AppApi, ProgressEvent, SweepStart, SweepSummary } from '../../../src-worker/protocol/app-api.ts';
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
  const tell = (done: number, taskId = started[0]!.taskId) =>
    listeners.forEach((listener) =>
      listener({
        type: 'configiq:progress',
        taskId,
        phase: 'computing',
        done,
        total: 100,
        best: '$1/h',
        live: [],
        excluded: {},
        notes: [],
      }),
    );
  return { sweep, ended, tell, cancelled, finish: (result: Result<SweepSummary>) => finish(result) };
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

  test('a sweep that cannot start says why', async () => {
    const { sweep, ended, finish } = running();
    finish(failure({ family: 'invalid_input', code: 'sweep_conflict', message: 'Zone and region.', details: {} }));
    await ended;
    expect(sweep).toMatchObject({ phase: 'ended', summary: null, error: { message: 'Zone and region.' } });
  });
});
