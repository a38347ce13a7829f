import path from '../../src-worker/worker.ts?modulePath';

/** The built worker program. Only the bundler understands this import, so tests hand in the source file instead. */
export const workerPath: string = path;
