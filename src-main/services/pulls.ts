import { invalidInput } from '../../src-worker/engine/errors.ts';
import type { ModelPull } from '../../src-worker/protocol/app-api.ts';
import { hubSettings, type Environment } from '../hub/environment.ts';
import type { PulledModel } from '../hub/pull.ts';

export interface Pulls {
  /** Fetches a model's config from the hub. Throws what `pullFromHub` throws. */
  start(request: ModelPull): Promise<PulledModel>;
  /** Unknown and finished tasks are ignored. */
  cancel(taskId: string): void;
  /** Cancels everything and waits for its end. */
  stop(): Promise<void>;
}

/** Pulls of this program by task. The variables are read for each, and the hub's client is loaded for the first. */
export function createPulls(environment: Environment): Pulls {
  const running = new Map<string, { controller: AbortController; ended: Promise<unknown> }>();

  const start = ({ id, revision, taskId }: ModelPull): Promise<PulledModel> => {
    if (running.has(taskId)) {
      const sentence = `Task "${taskId}" is running already: cancel it or choose another id.`;
      throw invalidInput('task_running', sentence, { taskId });
    }
    const controller = new AbortController();
    const pull = async () => {
      const { pullFromHub } = await import('../hub/pull.ts');
      return pullFromHub({ id, revision }, hubSettings(environment), controller.signal);
    };
    const ended = pull().finally(() => running.delete(taskId));
    running.set(taskId, { controller, ended });
    return ended;
  };

  return {
    start,
    cancel: (taskId) => running.get(taskId)?.controller.abort(),
    async stop() {
      for (const { controller } of running.values()) controller.abort();
      await Promise.allSettled([...running.values()].map(({ ended }) => ended));
    },
  };
}
