import type { EventEmitter } from 'node:events';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a run of the command line has around it: the process it is alone in, or what a program that runs many gives it. */
export interface Surroundings {
  environment: Environment;
  out: Pick<NodeJS.WriteStream, 'write'>;
  err: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>;
  /** The standard input, opened when first asked for. */
  input: () => AsyncIterable<unknown>;
  /** Emits SIGINT and SIGTERM. */
  signals: Pick<EventEmitter, 'on' | 'removeListener'>;
  /** The program of the worker threads. */
  workerPath: () => Promise<string>;
}

export const processSurroundings = (): Surroundings => ({
  environment: process.env,
  out: process.stdout,
  err: process.stderr,
  input: () => process.stdin,
  signals: process,
  workerPath: async () => (await import('../services/worker-path.ts')).workerPath,
});
