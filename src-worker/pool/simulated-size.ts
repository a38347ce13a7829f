import type { ErrorInfo } from '../engine/errors.ts';
import type { ModelSource } from '../engine/model/types.ts';
import type { PlanCapacity, PlanToSimulate } from '../engine/sizing/types.ts';
import type { SizeInput } from '../protocol/requests.ts';
import { failure } from '../protocol/result.ts';
import type { WorkerApi } from '../protocol/worker-api.ts';
import type { Answer } from './thread.ts';

/** Follows a size question that takes seconds, and ends it. */
export interface SizeWatch {
  /** Told once it is known how many plans have to be simulated, if any, and after every one of them. */
  onProgress?: (done: number, total: number) => void;
  /** Aborted: no further plan is begun, and the answer is a failure `cancelled`. */
  signal?: AbortSignal;
}

type SizingCall = 'plansToSimulate' | 'simulatePlans' | 'size';

/** One call on a thread of the pool, with the catalogs the question began with. */
export type SizingRun = <Name extends SizingCall>(
  method: Name,
  ...args: Parameters<WorkerApi[Name]>
) => Promise<Answer<Name>>;

/** Plans a further thread has to have to be worth its start: a plan takes about 0.1 s, a start 0.3. */
const PLANS_PER_THREAD = 4;

const CANCELLED: ErrorInfo = {
  family: 'interrupted',
  code: 'cancelled',
  message: 'The simulation of this question was cancelled; ask it again to have an answer.',
  details: {},
};

/**
 * The answer by method simulation: the plans are simulated one by one on as many threads as there are, which take the next one
 * as they come free, and one of them makes the document of what was found. A plan's figures depend on it and its load alone, so
 * the answer has the same bytes however many threads there are.
 */
export async function simulatedSize(
  run: SizingRun,
  threads: number,
  input: SizeInput,
  model: ModelSource,
  { onProgress, signal }: SizeWatch,
): Promise<Answer<'size'>> {
  const missing = await run('plansToSimulate', input, model);
  if (!missing.ok) return missing;
  const plans = missing.value;
  if (plans.length > 0) onProgress?.(0, plans.length);
  const waiting = [...plans];
  const found: PlanCapacity[] = [];
  let done = 0;
  let problem: ErrorInfo | null = null;
  const takeTurns = async (): Promise<void> => {
    for (let plan = waiting.shift(); plan && !problem; plan = waiting.shift()) {
      const result = await simulateOne(run, input, model, plan, signal);
      if (!result.ok) {
        problem ??= result.error;
        return;
      }
      found.push(...result.value);
      done += 1;
      onProgress?.(done, plans.length);
    }
  };
  const lanes = Math.max(1, Math.min(threads, Math.ceil(plans.length / PLANS_PER_THREAD)));
  await Promise.all(Array.from({ length: lanes }, takeTurns));
  if (problem) return failure(problem);
  if (signal?.aborted) return failure(CANCELLED);
  return run('size', input, model, found);
}

function simulateOne(
  run: SizingRun,
  input: SizeInput,
  model: ModelSource,
  plan: PlanToSimulate,
  signal: AbortSignal | undefined,
): Promise<Answer<'simulatePlans'>> {
  return signal?.aborted ? Promise.resolve(failure(CANCELLED)) : run('simulatePlans', input, model, [plan]);
}
