import { createRequire, syncBuiltinESMExports } from 'node:module';
import type { Worker } from 'node:worker_threads';

// Loaded before the host by a test: at SIGUSR2 all its worker threads end, as one that ran out of memory.

const threads = createRequire(import.meta.url)('node:worker_threads') as { Worker: typeof Worker };
const alive = new Set<Worker>();

class WatchedWorker extends threads.Worker {
  constructor(...args: ConstructorParameters<typeof Worker>) {
    super(...args);
    alive.add(this);
    this.once('exit', () => alive.delete(this));
  }
}

threads.Worker = WatchedWorker;
syncBuiltinESMExports();
process.on('SIGUSR2', () => alive.forEach((worker) => void worker.terminate()));
