import { afterEach, describe, expect, it } from 'vitest';
import { createPool, type Pool } from '../../src-worker/pool/pool.ts';
import { numberColumn } from '../../src-worker/protocol/columns.ts';
import { queueInputSchema, simulateInputSchema } from '../../src-worker/protocol/requests.ts';
import { fixture, NO_FACTS, recordedSweep, scripted, scriptedUnits } from './fixtures/sweeps.ts';

const QUESTION = queueInputSchema.parse({ rate: 1, service_ms: 1 });

describe('pool: single calls', () => {
  let pool: Pool;
  const open = (size: number, worker = 'scripted-worker.ts') =>
    (pool = createPool({ workerPath: fixture(worker), size, facts: NO_FACTS }));
  afterEach(() => pool.close());

  it('uses as many threads as there are calls at once, but no more than its size', async () => {
    open(2);
    const answers = await Promise.all(Array.from({ length: 8 }, () => pool.run('queue', QUESTION)));
    const threads = answers.map((answer) => (answer.ok ? answer.value.utilization : null));
    expect(new Set(threads).size).toBe(2);
  });

  it('an error keeps its code and details across the thread', async () => {
    const answer = await open(1).run('showModel', scripted({}));
    expect(answer).toEqual({
      ok: false,
      error: {
        family: 'invalid_input',
        code: 'model_scripted',
        message: 'A scripted refusal.',
        details: { names: ['one', 'two'], count: 3 },
      },
    });
  });

  it('a thread that dies is a failure, and the next call gets a new one', async () => {
    open(1);
    const died = await pool.run('showModel', scripted({ exitAt: 0 }));
    expect(died).toMatchObject({ ok: false, error: { code: 'worker_crashed', details: { why: 'exit code 7' } } });
    expect(await pool.run('queue', QUESTION)).toMatchObject({ ok: true });
  });

  it('a worker file that is missing is a failure, not a wait', async () => {
    const answer = await open(1, 'no-such-worker.ts').run('queue', QUESTION);
    expect(answer).toMatchObject({ ok: false, error: { code: 'worker_crashed' } });
  });

  it('an argument that cannot be cloned is a failure, not a wait', async () => {
    const model = { ...scripted({}), config: () => 'a function' };
    expect(await open(1).run('showModel', model)).toMatchObject({ ok: false, error: { family: 'bug' } });
  });

  it('a closed pool fails waiting and later calls', async () => {
    open(1);
    const waiting = [pool.run('queue', QUESTION), pool.run('queue', QUESTION)];
    await pool.close();
    for (const answer of [...(await Promise.all(waiting)), await pool.run('queue', QUESTION)]) {
      expect(answer).toMatchObject({ ok: false, error: { code: 'pool_closed', family: 'interrupted' } });
    }
  });

  it('leaves a thread free of sweeps where it is told to, and answers there at once', async () => {
    pool = createPool({ workerPath: fixture('scripted-worker.ts'), size: 2, sweepThreads: 1, facts: NO_FACTS });
    const controller = new AbortController();
    let answered = 0;
    const { request, batches } = recordedSweep(
      scriptedUnits(400, 20),
      { spinMs: 10 },
      {
        signal: controller.signal,
        onProgress: (done) => {
          if (done < 40 || answered > 0) return;
          const asked = performance.now();
          void pool.run('queue', QUESTION).then(() => {
            answered = performance.now() - asked;
            controller.abort();
          });
        },
      },
    );
    await pool.runSweep(request);
    expect(new Set(batches.flatMap((batch) => [...numberColumn(batch, 'thread')])).size).toBe(1);
    expect(answered).toBeGreaterThan(0);
  });

  it('is answered in the middle of a unit, long before the sweep or the unit ends', async () => {
    open(1);
    const controller = new AbortController();
    let answered = 0;
    // One unit of 20 seconds; the call must come back between two of its points.
    const { request } = recordedSweep(
      scriptedUnits(2000, 2000),
      { spinMs: 10 },
      {
        signal: controller.signal,
        onProgress: () => {
          const asked = performance.now();
          void pool.run('queue', QUESTION).then(() => {
            answered = performance.now() - asked;
            controller.abort();
          });
        },
      },
    );
    expect((await pool.runSweep(request)).status).toBe('cancelled');
    expect(answered).toBeGreaterThan(0);
    expect(answered).toBeLessThan(300);
  });
});

describe('pool: a simulation', () => {
  let pool: Pool;
  const open = (size: number) =>
    (pool = createPool({ workerPath: fixture('scripted-worker.ts'), size, facts: NO_FACTS }));
  afterEach(() => pool.close());

  const ASKED = simulateInputSchema.parse({ model: 'scripted', gpu: 'h100', concurrency: 1 });
  const CANCELLED = { ok: false, error: { family: 'interrupted', code: 'simulation_cancelled' } };
  const threadOf = async (): Promise<number> => {
    const answer = await pool.run('queue', QUESTION);
    return answer.ok ? answer.value.utilization : NaN;
  };

  it('hears its flag and leaves its thread as warm as it was', async () => {
    open(1);
    const before = await threadOf();
    const controller = new AbortController();
    const answer = pool.simulate(ASKED, null, scripted({}), controller.signal);
    setTimeout(() => controller.abort(), 30);
    expect(await answer).toMatchObject({ ok: false, error: { code: 'heard_it' } });
    expect(await threadOf()).toBe(before);
  });

  // Other programs share the machine, and may hold this one up for the tenth of a second that is left.
  it(
    'whose thread hears nothing ends with it within half a second, and another one takes its place',
    { retry: 2 },
    async () => {
      open(1);
      const before = await threadOf();
      const controller = new AbortController();
      const answer = pool.simulate(ASKED, null, scripted({ deafMs: 60_000 }), controller.signal);
      await new Promise((resolve) => setTimeout(resolve, 30));
      const startedAt = performance.now();
      controller.abort();
      expect(await answer).toMatchObject(CANCELLED);
      expect(performance.now() - startedAt).toBeLessThan(500);
      expect(await threadOf()).not.toBe(before);
    },
  );

  it('that waits for a thread, or was never wanted, is given up at once', async () => {
    open(1);
    // So that the thread is there, and hears its flag.
    await threadOf();
    const [first, second] = [new AbortController(), new AbortController()];
    const busy = pool.simulate(ASKED, null, scripted({}), first.signal);
    const waiting = pool.simulate(ASKED, null, scripted({}), second.signal);
    second.abort();
    expect(await waiting).toMatchObject(CANCELLED);
    expect(await pool.simulate(ASKED, null, scripted({}), second.signal)).toMatchObject(CANCELLED);
    first.abort();
    expect(await busy).toMatchObject({ ok: false, error: { code: 'heard_it' } });
    expect(await threadOf()).toBeGreaterThan(0);
  });
});
