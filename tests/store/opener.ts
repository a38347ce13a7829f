import { parentPort, workerData } from 'node:worker_threads';
import { openStore } from '../../src-main/store/open.ts';

/** Opens new databases at the same instants as the other openers; posts what went wrong. */
const { gate, openers, files } = workerData as { gate: Int32Array; openers: number; files: string[] };

files.forEach((file, round) => {
  Atomics.add(gate, 0, 1);
  // Spins, so that all of them start within microseconds of each other.
  while (Atomics.load(gate, 0) < openers * (round + 1));
  try {
    openStore(file).store.close();
  } catch (thrown) {
    parentPort?.postMessage(thrown instanceof Error ? thrown.message : String(thrown));
  }
});
