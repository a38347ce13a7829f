import type { ProgressEvent } from '../../src-worker/protocol/app-api.ts';

/** How far a task is that has nothing to show before it ends. */
export const computingProgress = (taskId: string, done: number, total: number): ProgressEvent => ({
  type: 'configiq:progress',
  taskId,
  phase: 'computing',
  done,
  total,
  best: null,
  live: [],
  excluded: {},
  notes: [],
});
