import { analyzeModel } from '../../src-worker/engine/model/analyze.ts';
import { ConfigIqError, errorInfo, invalidInput, type ErrorInfo } from '../../src-worker/engine/errors.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
import { planSweep } from '../../src-worker/engine/sweep/plan.ts';
import type { ProgressEvent, SweepStart, SweepSummary } from '../../src-worker/protocol/app-api.ts';
import type { ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { sweepSpecSchema, type SweepSpec } from '../../src-worker/protocol/requests.ts';
import type { Pool } from '../../src-worker/pool/pool.ts';
import type { SweepOutcome } from '../../src-worker/pool/sweep-run.ts';
import type { Store } from '../store/store.ts';
import { bestSoFar } from './best-so-far.ts';
import { checkRequest, sweepStartSchema } from './check-request.ts';
import type { ModelStore } from './model-store.ts';
import { thisProcess } from './owner.ts';

export interface Sweeps {
  /** Computes and stores a sweep. Cancelled is an outcome; what was done by then is kept. */
  start(request: SweepStart): Promise<SweepSummary>;
  /** Unknown and finished tasks are ignored. */
  cancel(taskId: string): void;
  /** Cancels everything and waits for the partial results to be stored. */
  stop(): Promise<void>;
}

interface SweepParts {
  store: Store;
  models: ModelStore;
  facts: Facts;
  pool: Pool;
  now: () => Date;
  tell: (event: ProgressEvent) => void;
}

/** Sweeps of this program by task: plan, compute in the pool, store batch by batch. */
export function createSweeps(parts: SweepParts): Sweeps {
  const tasks = new Map<string, { controller: AbortController; ended: Promise<unknown> }>();

  const start = (request: SweepStart): Promise<SweepSummary> => {
    const { taskId, spec, name } = checkRequest(sweepStartSchema, request, 'Sweep request');
    if (tasks.has(taskId)) {
      throw invalidInput('task_running', `Task "${taskId}" is running already: cancel it or choose another id.`, {
        taskId,
      });
    }
    const checkedSpec = checkRequest(sweepSpecSchema, spec, 'Sweep spec');
    const controller = new AbortController();
    const ended = runSweep(parts, { taskId, spec: checkedSpec, name }, controller.signal).finally(() =>
      tasks.delete(taskId),
    );
    tasks.set(taskId, { controller, ended });
    return ended;
  };

  return {
    start,
    cancel: (taskId) => tasks.get(taskId)?.controller.abort(),
    async stop() {
      for (const { controller } of tasks.values()) controller.abort();
      await Promise.allSettled([...tasks.values()].map(({ ended }) => ended));
    },
  };
}

async function runSweep(
  parts: SweepParts,
  { taskId, spec, name }: { taskId: string; spec: SweepSpec; name: string },
  signal: AbortSignal,
): Promise<SweepSummary> {
  const { pool, facts, models, tell } = parts;
  const best = bestSoFar();
  const say = (phase: ProgressEvent['phase'], done: number, total: number) =>
    tell({ type: 'configiq:progress', taskId, phase, done, total, best: best.words() });

  say('planning', 0, 0);
  const model = models.resolve(spec.base.model);
  // Asked here once, instead of being told by every point.
  analyzeModel(model);
  const question: SweepSpec = { ...spec, base: { ...spec.base, model: model.id } };
  const plan = planSweep(question, facts);
  const stored = storedRun(parts, question, name, plan.points);
  say('computing', 0, plan.points);

  try {
    const outcome = await pool.runSweep({
      units: plan.units,
      models: new Map([[model.id, model]]),
      signal,
      onProgress: (done, total) => say('computing', done, total),
      onBatch(batch) {
        best.add(batch);
        stored.add(batch);
      },
    });
    say('storing', outcome.donePoints, outcome.points);
    return stored.finish(outcome);
  } catch (thrown) {
    stored.fail(thrown);
    throw thrown;
  }
}

/**
 * The run of a sweep in the store. It is begun with the first rows, so that a question which turns out to be wrong
 * leaves no empty run behind.
 */
function storedRun({ store, facts, now }: SweepParts, spec: SweepSpec, name: string, points: number) {
  const createdAt = now().toISOString();
  let runId: number | null = null;
  let rows = 0;
  let passingRows = 0;

  const begin = (): number =>
    (runId ??= store.createRun({
      name: name.trim() || defaultName(spec),
      model: spec.base.model,
      createdAt,
      owner: thisProcess,
      input: spec,
      versions: { ...facts.versions, calibration: spec.base.calibration },
      points,
    }));

  return {
    add(batch: ColumnBatch): void {
      const passing = countPassing(batch);
      store.appendChunk(begin(), batch, { donePoints: countPoints(batch), passing });
      rows += batch.rows;
      passingRows += passing;
    },
    finish(outcome: SweepOutcome): SweepSummary {
      const { donePoints, problems } = outcome;
      const [first] = problems;
      const isNothing = donePoints === 0 && first !== undefined;
      if (isNothing && runId === null && first.error.family === 'invalid_input') throw asError(first.error);
      const status = isNothing ? 'failed' : outcome.status;
      const sentences = problems.map(({ error, points: lost }) => `${error.message} (${lost} of ${points} points)`);
      const id = begin();
      store.finishRun(id, { status, problems: sentences });
      return { runId: id, status, points, donePoints, rows, passingRows, problems: sentences };
    },
    fail(thrown: unknown): void {
      if (runId === null) return;
      try {
        store.finishRun(runId, { status: 'failed', problems: [errorInfo(thrown).message] });
      } catch (again) {
        // A full disk refuses this too. The next start finds the run unfinished and marks it; the first error counts.
        if (!(again instanceof ConfigIqError)) throw again;
      }
    },
  };
}

const asError = ({ family, code, message, details }: ErrorInfo): ConfigIqError =>
  new ConfigIqError(family, code, message, details);

function defaultName({ base, axes }: SweepSpec): string {
  const varied = Object.entries(axes)
    .filter(([, values]) => values !== undefined)
    .map(([axis]) => axis);
  const model = base.model.slice(base.model.lastIndexOf('/') + 1);
  return varied.length > 0 ? `${model} over ${varied.join(', ')}` : `${model}, one point`;
}

function countPassing(batch: ColumnBatch): number {
  let passing = 0;
  for (const meets of batch.numbers['meets_sla'] ?? []) if (meets === 1) passing += 1;
  return passing;
}

const countPoints = (batch: ColumnBatch): number => new Set(batch.numbers['point_id']).size;
