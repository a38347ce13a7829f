import { existsSync, writeFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { expose } from 'comlink/dist/esm/comlink.mjs';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { createWorkerCalls } from '../../src-worker/pool/calls.ts';
import type { WorkerApi } from '../../src-worker/protocol/worker-api.ts';

/** The real calls, but for the thread that is first to compute a unit: it is gone. The file says that this has happened. */
const calls = createWorkerCalls();
const onceFile = process.env['CONFIGIQ_DIED_FILE'] ?? '';
const dying: WorkerApi = {
  ...calls,
  async sweepUnit(...args) {
    if (existsSync(onceFile)) return calls.sweepUnit(...args);
    writeFileSync(onceFile, '');
    process.exit(9);
  },
};

if (parentPort) expose(dying, nodeEndpoint(parentPort));
