import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { openStore } from '../../src-main/store/open.ts';
import { temporaryFolder } from './temporary.ts';

const OPENERS = 4;
/** Without waiting for each other, about one round in nine fails: of this many none, once in a thousand runs. */
const ROUNDS = 60;

test('programs that start for the first time at once all get their database', async () => {
  const folder = temporaryFolder();
  const files = Array.from({ length: ROUNDS }, (_, round) => join(folder, `${round}.sqlite`));
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const problems: unknown[] = [];
  const openers = Array.from({ length: OPENERS }, () => {
    const workerData = { gate, openers: OPENERS, files };
    const opener = new Worker(join(import.meta.dirname, 'opener.ts'), { workerData });
    opener.on('message', (problem) => problems.push(problem));
    return once(opener, 'exit');
  });
  await Promise.all(openers);
  expect(problems).toEqual([]);
});

test('a program that never lets go is named after the timeout', async () => {
  const file = join(temporaryFolder(), 'configiq.sqlite');
  const holder = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     const db = new (require('better-sqlite3'))(workerData);
     db.exec('BEGIN EXCLUSIVE');
     parentPort.postMessage('held');
     parentPort.once('message', () => undefined);`,
    { eval: true, workerData: file },
  );
  await once(holder, 'message');
  expect(() => openStore(file, undefined, { busyTimeoutMs: 50 })).toThrow(/in use by another program/);
  await holder.terminate();
});
