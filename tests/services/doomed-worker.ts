import { parentPort } from 'node:worker_threads';
import { expose } from 'comlink/dist/esm/comlink.mjs';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { createWorkerCalls } from '../../src-worker/pool/calls.ts';
import type { WorkerApi } from '../../src-worker/protocol/worker-api.ts';

const doomed = Number(process.env['CONFIGIQ_DIES_AT_POINT']);

/** The real calls, but for every thread that is asked for the unit that begins with this point: it is gone. */
const calls = createWorkerCalls();
const dying: WorkerApi = {
  ...calls,
  async sweepUnit(...args) {
    if (args[0].firstPointId !== doomed) return calls.sweepUnit(...args);
    process.exit(9);
  },
};

if (parentPort) expose(dying, nodeEndpoint(parentPort));
