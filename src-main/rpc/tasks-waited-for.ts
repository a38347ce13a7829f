import { randomUUID } from 'node:crypto';
import type { AppApi } from '../../src-worker/protocol/app-api.ts';
import type { Call } from './call-guard.ts';

/**
 * Which argument of a call that keeps the machine busy for one front is its task, or holds it. A sweep is no such call: it is
 * stored as it comes, and a window that was opened anew watches it (`listTasks`).
 */
const TASK_ARGUMENTS: { [Name in keyof AppApi]?: { place: number; isHeld: boolean } } = {
  size: { place: 1, isHeld: false },
  simulate: { place: 2, isHeld: false },
  pullModel: { place: 0, isHeld: true },
  calibrate: { place: 0, isHeld: true },
};

/** The tasks of one front whose calls have not been answered yet. */
export class TasksWaitedFor {
  readonly #byCall = new Map<string, string>();

  /** Notes a call, and returns it as it is to be made: one that may go without a task gets one, so that it can be ended. */
  begin(call: Call): Call {
    const where = TASK_ARGUMENTS[call.path[0] as keyof AppApi];
    if (!where) return call;
    const { place, isHeld } = where;
    const given = call.argumentList[place]?.value;
    const taskId: unknown = isHeld ? heldBy(given) : (given ?? randomUUID());
    // Anything but a text is refused by the call itself.
    if (typeof taskId === 'string') this.#byCall.set(call.id, taskId);
    return isHeld ? call : withArgument(call, place, taskId);
  }

  /** A call is answered. */
  end(callId: string): void {
    this.#byCall.delete(callId);
  }

  /** What is waited for, and no longer after this. */
  take(): string[] {
    const taskIds = [...this.#byCall.values()];
    this.#byCall.clear();
    return taskIds;
  }
}

const heldBy = (request: unknown): unknown =>
  typeof request === 'object' && request !== null && 'taskId' in request ? request.taskId : undefined;

function withArgument(call: Call, place: number, value: unknown): Call {
  const before = Array.from({ length: place }, (_, index) => call.argumentList[index] ?? { type: 'RAW' as const });
  return { ...call, argumentList: [...before, { type: 'RAW', value }] };
}
