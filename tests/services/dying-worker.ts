import { writeFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { expose } from 'comlink/dist/esm/comlink.mjs';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { createWorkerCalls } from '../../src-worker/pool/calls.ts';
import type { WorkerApi } from '../../src-worker/protocol/worker-api.ts';

const onceFile = process.env['CONFIGIQ_DIED_FILE'] ?? '';

/** True for one thread alone, however many ask at once: whose file it is. */
function isFirst(): boolean {
  try {
    writeFileSync(onceFile, '', { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

/** The real calls, but for the thread that is first to compute a unit: it is gone. The file says that this has happened. */
const calls = createWorkerCalls();
const dying: WorkerApi = {
  ...calls,
  async sweepUnit(...args) {
    if (!isFirst()) return calls.sweepUnit(...args);
    process.exit(9);
  },
};

if (parentPort) expose(dying, nodeEndpoint(parentPort));
