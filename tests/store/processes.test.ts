import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../src-main/store/open.ts';
import { smallBatch } from './samples.ts';
import { newDatabase, openedStore } from './temporary.ts';

function startWriter(file: string, batches: number): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'writer.ts'), file, String(batches)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

test('a program killed in the middle of a sweep leaves every finished batch, and the run is marked at the next start', async () => {
  const file = newDatabase();
  const child = startWriter(file, 0);
  let reported = 0;
  for await (const line of createInterface({ input: child.stdout ?? process.stdin })) {
    reported = Number(line);
    if (reported === 40) child.kill('SIGKILL');
  }

  const { store, notice } = openStore(file);
  expect(notice).toBeNull();
  expect(store.markInterruptedRuns((owner) => owner !== String(child.pid))).toEqual([1]);
  const batches = [...store.readChunks(1, (problem) => expect.fail(problem))];
  expect(batches.length).toBeGreaterThanOrEqual(reported);
  expect(reported).toBeGreaterThanOrEqual(40);
  expect(batches).toEqual(batches.map((_, index) => smallBatch(index + 1)));
  expect(store.readRun(1)).toMatchObject({
    status: 'interrupted',
    rows: batches.length * 2,
    donePoints: batches.length,
  });
  store.close();
});

test('programs that start at the same moment on no database at all share one', async () => {
  const file = newDatabase();
  const children = [1, 2, 3].map(() => startWriter(file, 20));
  const codes = await Promise.all(
    children.map(async (child) => {
      child.stdout?.resume();
      const [code] = (await once(child, 'exit')) as [number | null];
      return code;
    }),
  );
  expect(codes).toEqual([0, 0, 0]);
  const { rows, problems } = openedStore(file).listRuns();
  expect(problems).toEqual([]);
  expect(rows.map((run) => run.donePoints)).toEqual([20, 20, 20]);
});
