import { parentPort } from 'node:worker_threads';
import { expose } from 'comlink/dist/esm/comlink.mjs';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { createWorkerCalls } from './pool/calls.ts';
import type { WorkerApi } from './protocol/worker-api.ts';

// Started by the pool as a thread, bundled or straight from this file.
if (!parentPort) throw new Error('worker.ts runs as a worker thread: start it through the pool.');
expose(createWorkerCalls() satisfies WorkerApi, nodeEndpoint(parentPort));
