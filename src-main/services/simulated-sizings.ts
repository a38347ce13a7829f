import type { ModelSource } from '../../src-worker/engine/model/source.ts';
import type { Pool } from '../../src-worker/pool/pool.ts';
import type { ProgressEvent } from '../../src-worker/protocol/app-api.ts';
import type { SizeDocument } from '../../src-worker/protocol/documents.ts';
import type { SizeInput } from '../../src-worker/protocol/requests.ts';
import type { Result } from '../../src-worker/protocol/result.ts';
import { computingProgress } from './task-progress.ts';

/** Size questions by method simulation, which take seconds: told of as they come on, and ended when nobody waits for them. */
export interface SimulatedSizings {
  /** `taskId` null = nobody watches it. */
  size(input: SizeInput, model: ModelSource, taskId: string | null): Promise<Result<SizeDocument>>;
  /** Unknown and finished tasks are ignored. */
  cancel(taskId: string): void;
}

export function createSimulatedSizings(pool: Pool, tell: (event: ProgressEvent) => void): SimulatedSizings {
  const running = new Map<string, AbortController>();
  return {
    async size(input, model, taskId) {
      if (taskId === null) return pool.size(input, model);
      const controller = new AbortController();
      running.set(taskId, controller);
      const onProgress = (done: number, total: number): void => tell(computingProgress(taskId, done, total));
      try {
        return await pool.size(input, model, { onProgress, signal: controller.signal });
      } finally {
        // A later question may have taken the name.
        if (running.get(taskId) === controller) running.delete(taskId);
      }
    },
    cancel: (taskId) => running.get(taskId)?.abort(),
  };
}
