import { LEAVE_OUTS, type LeaveOut } from '../../../src-worker/engine/calibration/types.ts';
import { ConfigIqError, invalidInput } from '../../../src-worker/engine/errors.ts';
import type { Pool } from '../../../src-worker/pool/pool.ts';
import type { SkippedPoint } from '../../../src-worker/protocol/accuracy.ts';
import type { ProgressEvent } from '../../../src-worker/protocol/app-api.ts';
import type { CalibrationDocument, FitAnswer, FitRequest } from '../../../src-worker/protocol/calibration.ts';
import { plural } from '../../../src-worker/protocol/numbers.ts';
import type { Result } from '../../../src-worker/protocol/result.ts';
import { unwrapped } from './unwrapped.ts';
import { computingProgress } from '../task-progress.ts';

interface FitParts {
  pool: Pick<Pool, 'run'>;
  tell: (event: ProgressEvent) => void;
}

/** A calibration that somebody waits for, and may end. */
export interface FitTask {
  taskId: string;
  /** Of the profile to be made. */
  name: string;
  signal: AbortSignal;
  /** See CalibrationRequest. */
  isBundled: boolean;
  repeated: SkippedPoint[];
}

/** Calibrations that run, by the ids of their tasks. */
export class RunningFits {
  readonly #running = new Map<string, { controller: AbortController; ended: Promise<unknown> }>();

  async run<Value>(taskId: string, work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    const controller = new AbortController();
    const ended = work(controller.signal).finally(() => this.#running.delete(taskId));
    this.#running.set(taskId, { controller, ended });
    return ended;
  }

  refuseRunning(taskId: string): void {
    if (!this.#running.has(taskId)) return;
    throw invalidInput('task_running', `Task "${taskId}" is running already: cancel it or choose another id.`, {
      taskId,
    });
  }

  /** Ends a fit between two of its steps; others are ignored. */
  cancel(taskId: string): void {
    this.#running.get(taskId)?.controller.abort();
  }

  async stop(): Promise<void> {
    for (const { controller } of this.#running.values()) controller.abort();
    await Promise.allSettled([...this.#running.values()].map(({ ended }) => ended));
  }
}

/** All fits of a calibration: over everything first, from which the others start, then over all but one part each. */
export async function allFits({ pool, tell }: FitParts, fit: FitRequest, task: FitTask): Promise<CalibrationDocument> {
  const { taskId, name, signal, isBundled, repeated } = task;
  let done = 0;
  let total = 2;
  const step = <Value>(answer: Result<Value>): Value => {
    done += 1;
    tell(computingProgress(taskId, done, total));
    if (signal.aborted)
      throw new ConfigIqError(
        'interrupted',
        'calibration_cancelled',
        'The calibration was cancelled: nothing was kept.',
        {},
      );
    return unwrapped(answer);
  };
  tell(computingProgress(taskId, 0, total));
  const full = step(await pool.run('fit', fit));
  const parts = partsOf(full, fit.startsFrom === 'priors');
  total = 2 + parts.length;
  const leftOut = await Promise.all(
    parts.map(async ({ by, keys }) => {
      if (signal.aborted) return { by, answer: full };
      return { by, answer: step(await pool.run('fit', { ...fit, withheld: { by, keys }, from: full.logs })) };
    }),
  );
  const description = descriptionOf(fit, full);
  const about = { name, description, source: sourceOf(fit), isBundled, repeated };
  return step(await pool.run('finishCalibration', { ...about, fit, full, leftOut }));
}

/** What is left out one after the other: everything for a profile from the priors, groups alone where it is moved. */
function partsOf({ parts }: FitAnswer, isFresh: boolean): { by: LeaveOut; keys: string[] }[] {
  const kinds = isFresh ? LEAVE_OUTS : (['group'] as const);
  return kinds.flatMap((by) => (parts[by].length < 2 ? [] : parts[by].map((keys) => ({ by, keys }))));
}

const descriptionOf = ({ startsFrom, profile }: FitRequest, { used }: FitAnswer): string =>
  startsFrom === 'priors'
    ? `Efficiencies and overheads fitted to ${plural(used, 'measurement')}.`
    : `Profile ${profile.name}, moved to ${plural(used, 'measurement')}.`;

const sourceOf = ({ startsFrom, profile }: FitRequest): string =>
  startsFrom === 'priors'
    ? 'Robust least squares on the logarithm of errors with the priors of catalogs/priors.json; groups of (source, GPU, model) weighted, hosts of the measurements told apart; ranges are the lowest and highest of five refits without a fifth of the groups.'
    : `Robust least squares on the logarithm of errors, held near profile ${profile.name}.`;
