import { parentPort, workerData } from 'node:worker_threads';
import { randomSubjects, sayOf } from './random-subjects.ts';

// A thread has modules of its own: here every rate is asked about once, and nothing else.
const { seed } = workerData as { seed: number };
parentPort?.postMessage(randomSubjects(seed).map((asked) => sayOf(asked)));
