import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { ErrorInfo } from '../../src-worker/engine/errors.ts';
import { createPool, type Pool } from '../../src-worker/pool/pool.ts';
import { SweepRun } from '../../src-worker/pool/sweep-run.ts';
import { numberColumn } from '../../src-worker/protocol/columns.ts';
import { queueInputSchema } from '../../src-worker/protocol/requests.ts';
import { fixture, NO_FACTS, pointIds, recordedSweep, scriptedUnits } from './fixtures/sweeps.ts';

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('pool: sweeps', () => {
  let pool: Pool;
  const open = (size: number, worker = 'scripted-worker.ts') =>
    (pool = createPool({ workerPath: fixture(worker), size, facts: NO_FACTS }));
  afterEach(() => pool.close());

  it('computes every point once and delivers them in order, on several threads', async () => {
    const { request, batches } = recordedSweep(scriptedUnits(60, 4), { spinMs: 1 });
    const outcome = await open(2).runSweep(request);
    expect(outcome).toEqual({ status: 'done', points: 60, donePoints: 60, problems: [] });
    expect(pointIds(batches)).toEqual(range(60));
    expect(new Set(batches.map((batch) => numberColumn(batch, 'thread')[0])).size).toBe(2);
  });

  it('ends at once when there is nothing to do', async () => {
    const { request } = recordedSweep([], {});
    expect(await open(1).runSweep(request)).toEqual({ status: 'done', points: 0, donePoints: 0, problems: [] });
  });

  it('tells progress at most ten times a second, never backwards, and ends at the total', async () => {
    const { request, progress } = recordedSweep(scriptedUnits(60, 10), { spinMs: 12 });
    const started = performance.now();
    await open(1).runSweep(request);
    const seconds = (performance.now() - started) / 1000;
    expect(progress.length).toBeGreaterThan(2);
    // Two more events begin and end a sweep.
    expect(progress.length + 2).toBeLessThanOrEqual(Math.max(10, seconds * 10));
    const done = progress.map((event) => event.done);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(progress.at(-1)).toMatchObject({ done: 60, total: 60 });
    // Livelier than units of ten: threads count points where everyone sees them.
    expect(done.some((points) => points % 10 !== 0)).toBe(true);
  });

  it('the next batch waits for the promise of the one before', async () => {
    let open_ = 0;
    let most = 0;
    const { request } = recordedSweep(
      scriptedUnits(20, 1),
      {},
      {
        onBatch: async () => {
          open_ += 1;
          most = Math.max(most, open_);
          await new Promise((resolve) => setImmediate(resolve));
          open_ -= 1;
        },
      },
    );
    await open(2).runSweep(request);
    expect(most).toBe(1);
  });

  it('threads wait when batches are not taken', async () => {
    const release = Promise.withResolvers<void>();
    const taken: number[] = [];
    let counted = 0;
    const { request } = recordedSweep(
      scriptedUnits(40, 1),
      {},
      {
        onBatch: async (_, unit) => {
          taken.push(unit.firstPointId);
          if (taken.length === 1) await release.promise;
        },
        onProgress: (done) => {
          counted = done;
          // Progress stalls well before the end; then the first batch is taken and everything goes on.
          if (taken.length === 1) release.resolve();
        },
      },
    );
    const sweep = open(2).runSweep(request);
    await release.promise;
    expect(counted).toBeLessThanOrEqual(2 * 3 + 1);
    expect((await sweep).donePoints).toBe(40);
  });

  it('an error while a batch is stored stops the sweep and is passed on', async () => {
    const { request } = recordedSweep(
      scriptedUnits(1000, 1),
      { spinMs: 1 },
      {
        onBatch: () => {
          throw new Error('disk full');
        },
      },
    );
    await expect(open(2).runSweep(request)).rejects.toThrow('disk full');
  });

  it('a unit that fails is a problem; the others are done', async () => {
    const { request, batches } = recordedSweep(scriptedUnits(20, 5), { failAt: 7 });
    const outcome = await open(2).runSweep(request);
    expect(outcome).toMatchObject({ status: 'done', donePoints: 15 });
    expect(outcome.problems).toEqual([
      { firstPointId: 5, points: 5, error: expect.objectContaining({ code: 'point_scripted' }) as unknown },
    ]);
    expect(pointIds(batches)).toEqual(range(20).filter((id) => id < 5 || id > 9));
  });
});

describe('pool: cancel', () => {
  let pool: Pool;
  const open = (size: number) =>
    (pool = createPool({ workerPath: fixture('scripted-worker.ts'), size, facts: NO_FACTS }));
  afterEach(() => pool.close());

  /** Cancels at the first progress and says how long the end took. */
  async function cancelled(script: object, size: number) {
    const controller = new AbortController();
    let asked = 0;
    const { request, batches } = recordedSweep(scriptedUnits(100_000, 50), script, {
      signal: controller.signal,
      onProgress: () => {
        asked ||= performance.now();
        controller.abort();
      },
    });
    const outcome = await open(size).runSweep(request);
    return { outcome, batches, took: performance.now() - asked };
  }

  it('ends within half a second and keeps the points done, also those of units under way', async () => {
    const { outcome, batches, took } = await cancelled({ spinMs: 7 }, 2);
    expect(took).toBeLessThan(500);
    expect(outcome.status).toBe('cancelled');
    expect(outcome.donePoints).toBeGreaterThan(0);
    expect(pointIds(batches)).toHaveLength(outcome.donePoints);
    // 100 ms of points of 7 ms do not fill a unit of fifty: what was kept is part of one.
    expect(batches[0]?.rows).toBeLessThan(50);
  });

  it('does not wait for a thread that is deaf for longer', async () => {
    const controller = new AbortController();
    const { request } = recordedSweep(scriptedUnits(10, 5), { deafMs: 3000 }, { signal: controller.signal });
    open(1);
    // So that the thread is there and hears of its unit at once.
    await pool.run('queue', queueInputSchema.parse({ rate: 1, service_ms: 1 }));
    const sweep = pool.runSweep(request);
    const asked = performance.now();
    controller.abort();
    expect((await sweep).status).toBe('cancelled');
    expect(performance.now() - asked).toBeLessThan(500);
  });

  it('a sweep cancelled before it starts computes nothing', async () => {
    const { request, batches } = recordedSweep(scriptedUnits(10, 5), {}, { signal: AbortSignal.abort() });
    expect(await open(1).runSweep(request)).toMatchObject({ status: 'cancelled', donePoints: 0 });
    expect(batches).toEqual([]);
  });

  it('the pool computes the next sweep after a cancelled one', async () => {
    await cancelled({ spinMs: 2 }, 2);
    const { request, batches } = recordedSweep(scriptedUnits(10, 3), {});
    expect((await pool.runSweep(request)).donePoints).toBe(10);
    expect(pointIds(batches)).toEqual(range(10));
  });

  it('closing the pool ends a running sweep as cancelled', async () => {
    const { request } = recordedSweep(
      scriptedUnits(100_000, 50),
      { spinMs: 5 },
      { onProgress: () => void pool.close() },
    );
    expect((await open(2).runSweep(request)).status).toBe('cancelled');
  });
});

describe('pool: a thread that dies', () => {
  let pool: Pool;
  const open = (size: number, worker = 'scripted-worker.ts') =>
    (pool = createPool({ workerPath: fixture(worker), size, facts: NO_FACTS }));
  afterEach(() => pool.close());

  it('is replaced, and its unit computed once more', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'configiq-pool-'));
    const onceFile = join(folder, 'died');
    const again: number[] = [];
    const onRetry = (points: number) => again.push(points);
    const { request, batches } = recordedSweep(scriptedUnits(20, 5), { exitAt: 7, onceFile }, { onRetry });
    const outcome = await open(2).runSweep(request);
    rmSync(folder, { recursive: true });
    expect(again).toEqual([5]);
    expect(outcome).toEqual({ status: 'done', points: 20, donePoints: 20, problems: [] });
    expect(pointIds(batches)).toEqual(range(20));
  });

  it('twice on the same unit is a problem that names it; the others are done', async () => {
    const { request, batches } = recordedSweep(scriptedUnits(20, 5), { exitAt: 7 });
    const outcome = await open(2).runSweep(request);
    expect(outcome.status).toBe('done');
    expect(outcome.problems).toEqual([
      { firstPointId: 5, points: 5, error: expect.objectContaining({ code: 'worker_crashed' }) as unknown },
    ]);
    expect(outcome.problems[0]?.error.message).toContain('exit code 7');
    expect(pointIds(batches)).toEqual(range(20).filter((id) => id < 5 || id > 9));
  });

  it('before it can start ends the sweep with one problem for all points, not a try for each', async () => {
    const { request } = recordedSweep(scriptedUnits(10_000, 1), {});
    const outcome = await open(2, 'dead-worker.ts').runSweep(request);
    expect(outcome).toMatchObject({ status: 'done', donePoints: 0 });
    expect(outcome.problems).toHaveLength(1);
    expect(outcome.problems[0]).toMatchObject({ points: 10_000 });
    expect(outcome.problems[0]?.error.message).toContain('this thread never starts');
  });

  it('for good while another thread has not answered: the points under way have the problem, too', async () => {
    const { request } = recordedSweep(scriptedUnits(20, 2), {});
    const run = new SweepRun(request, 4, () => undefined);
    run.take('one thread');
    run.take('another');
    const error: ErrorInfo = { family: 'bug', code: 'worker_died', message: 'no thread starts', details: {} };
    run.giveUp(error);
    // Nobody settles the two units.
    expect(await run.finished).toMatchObject({
      status: 'done',
      donePoints: 0,
      problems: [{ error, points: 20, firstPointId: 0 }],
    });
  });
});
