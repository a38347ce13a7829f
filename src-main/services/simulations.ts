import type { PredictDocument } from '../../src-worker/protocol/documents.ts';
import type { Result } from '../../src-worker/protocol/result.ts';

type Simulate = (signal: AbortSignal) => Promise<Result<PredictDocument>>;

export interface Simulations {
  /** Runs `simulate` as a task; one that runs under the same id is stopped first. `taskId` null = nobody stops it. */
  start(taskId: string | null, simulate: Simulate): Promise<Result<PredictDocument>>;
  /** Unknown and finished tasks are ignored. */
  cancel(taskId: string): void;
}

/** The simulations of this program by task. */
export function createSimulations(): Simulations {
  const running = new Map<string, { controller: AbortController; ended: Promise<unknown> }>();

  const start = (taskId: string | null, simulate: Simulate): Promise<Result<PredictDocument>> => {
    const controller = new AbortController();
    if (taskId === null) return simulate(controller.signal);
    const before = running.get(taskId);
    before?.controller.abort();
    // The thread that hears it first is warm: quicker than another one beside it.
    const simulated = async () => {
      await before?.ended;
      return simulate(controller.signal);
    };
    const answer = simulated();
    const task = { controller, ended: Promise.allSettled([answer]) };
    running.set(taskId, task);
    void task.ended.then(() => running.get(taskId) === task && running.delete(taskId));
    return answer;
  };

  return { start, cancel: (taskId) => running.get(taskId)?.controller.abort() };
}
