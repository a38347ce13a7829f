import { sweepFacts } from '../../src-worker/answers/own-hardware.ts';
import { placesOf, sweepPlanDocument, surveySearches } from '../../src-worker/answers/sweep/survey.ts';
import { analyzeGenerator } from '../../src-worker/engine/model/analyze.ts';
import { invalidInput } from '../../src-worker/engine/errors.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
import type { ModelSource } from '../../src-worker/engine/model/types.ts';
import { pointsOfDemand } from '../../src-worker/engine/sweep/demand-axes.ts';
import { planSweep, sweepSpace } from '../../src-worker/engine/sweep/plan.ts';
import type { ProgressEvent, SweepStart, SweepSummary, TaskEntry } from '../../src-worker/protocol/app-api.ts';
import type { SweepPlanDocument } from '../../src-worker/protocol/documents.ts';
import { plural } from '../../src-worker/protocol/numbers.ts';
import { sweepSpecSchema, type SweepSpec } from '../../src-worker/protocol/requests.ts';
import type { Pool } from '../../src-worker/pool/pool.ts';
import type { Store } from '../store/store.ts';
import { bestSoFar } from './best-so-far.ts';
import { checkRequest, sweepStartSchema } from './check-request.ts';
import { livePoints, type LivePoints } from './live-points.ts';
import type { ModelStore } from './model-store.ts';
import { pointsIn } from './points.ts';
import { defaultName, storedSweep } from './stored-sweep.ts';
import { estimateSweepMs } from './sweep-estimate.ts';

export interface Sweeps {
  /** Size and rough duration; computes no point. */
  plan(spec: unknown): SweepPlanDocument;
  /** Computes and stores a sweep. Cancelled is an outcome; what was done by then is kept. */
  start(request: SweepStart): Promise<SweepSummary>;
  /** Those that run, oldest first. `live` of their progress has every point told so far. */
  list(): TaskEntry[];
  /** Unknown and finished tasks are ignored. */
  cancel(taskId: string): void;
  /** Cancels everything and waits for the partial results to be stored. */
  stop(): Promise<void>;
}

interface SweepParts {
  store: Store;
  models: ModelStore;
  /** Those that hold now; a sweep ends with those it began with. */
  facts: () => Facts;
  pool: Pool;
  now: () => Date;
  tell: (event: ProgressEvent) => void;
}

interface Task {
  taskId: string;
  givenName: string;
  spec: SweepSpec;
  startedAt: string;
  controller: AbortController;
  progress: () => ProgressEvent;
}

/** Sweeps of this program by task: plan, compute in the pool, store batch by batch. */
export function createSweeps(parts: SweepParts): Sweeps {
  const { pool, now } = parts;
  const tasks = new Map<string, { task: Task; ended: Promise<unknown> }>();

  const start = (request: SweepStart): Promise<SweepSummary> => {
    const { taskId, spec, name } = checkRequest(sweepStartSchema, request, 'Sweep request');
    if (tasks.has(taskId)) {
      throw invalidInput('task_running', `Task "${taskId}" is running already: cancel it or choose another id.`, {
        taskId,
      });
    }
    const checked = checkRequest(sweepSpecSchema, spec, 'Sweep spec');
    const task: Task = {
      taskId,
      spec: checked,
      givenName: name,
      startedAt: now().toISOString(),
      controller: new AbortController(),
      progress: () => progressOf(taskId),
    };
    const ended = runSweep(parts, task).finally(() => tasks.delete(taskId));
    tasks.set(taskId, { task, ended });
    return ended;
  };

  return {
    plan(spec) {
      const { question, models } = asked(parts, checkRequest(sweepSpecSchema, spec, 'Sweep spec'));
      const facts = parts.facts();
      const space = sweepSpace(question, sweepFacts(question, facts));
      const survey = surveySearches(space.inputs, placesOf(space.demand), models, facts);
      const work = {
        searches: survey.searches,
        inputs: space.inputs.length,
        rows: survey.rows * pointsOfDemand(space.demand),
      };
      const estimatedMs = estimateSweepMs(work, pool.pace(), pool.sweepThreads, facts);
      return sweepPlanDocument(question, space, survey, facts, estimatedMs);
    },
    start,
    list: () =>
      [...tasks.values()].map(({ task: { taskId, givenName, spec, startedAt, progress } }) => ({
        taskId,
        name: nameOf(givenName, spec),
        spec,
        startedAt,
        progress: progress(),
      })),
    cancel: (taskId) => tasks.get(taskId)?.task.controller.abort(),
    async stop() {
      for (const { task } of tasks.values()) task.controller.abort();
      await Promise.allSettled([...tasks.values()].map(({ ended }) => ended));
    },
  };
}

const nameOf = (given: string, spec: SweepSpec): string => given.trim() || defaultName(spec);

interface AskedSweep {
  /** With ids of models in the place of their aliases. */
  question: SweepSpec;
  models: ReadonlyMap<string, ModelSource>;
}

function asked({ models }: SweepParts, spec: SweepSpec): AskedSweep {
  const resolved = (spec.axes.model ?? []).map((name) => models.resolve(name));
  const base = spec.base.model === undefined ? null : models.resolve(spec.base.model);
  const all = base ? [base, ...resolved] : resolved;
  // Asked here once, instead of being told by every point.
  for (const model of all) analyzeGenerator(model);
  const question: SweepSpec = {
    ...spec,
    base: { ...spec.base, ...(base && { model: base.id }) },
    axes: { ...spec.axes, ...(spec.axes.model && { model: resolved.map(({ id }) => id) }) },
  };
  return { question, models: new Map(all.map((model) => [model.id, model])) };
}

/** What a task tells before it has computed anything. */
const progressOf = (taskId: string): ProgressEvent => ({
  type: 'configiq:progress',
  taskId,
  phase: 'planning',
  done: 0,
  total: 0,
  best: null,
  live: [],
  excluded: {},
  notes: [],
});

async function runSweep(parts: SweepParts, task: Task): Promise<SweepSummary> {
  const { pool, store, tell } = parts;
  const facts = parts.facts();
  const { taskId, spec, controller } = task;
  const silent = progressOf(taskId);
  tell(silent);
  const { question, models } = asked(parts, spec);
  const plan = planSweep(question, sweepFacts(question, facts));
  const best = bestSoFar();
  const live: LivePoints = livePoints(plan.points);
  const stored = storedSweep(
    { store, facts },
    { spec: question, name: nameOf(task.givenName, question), createdAt: task.startedAt },
    plan.points,
  );
  const restarts = { workers: 0, points: 0 };

  let told = { phase: silent.phase, done: 0, total: plan.points };
  const event = (points: ProgressEvent['live']): ProgressEvent => ({
    ...silent,
    ...told,
    best: best.words(),
    live: points,
    excluded: live.excluded(),
    notes: restartNotes(restarts),
  });
  const say = (phase: ProgressEvent['phase'], done: number) => {
    told = { phase, done, total: plan.points };
    tell(event(live.take()));
  };
  task.progress = () => event(live.told());
  say('computing', 0);

  try {
    const outcome = await pool.runSweep({
      units: plan.units,
      models,
      signal: controller.signal,
      onProgress: (done) => say('computing', done),
      onRetry: (points) => {
        restarts.workers += 1;
        restarts.points += points;
      },
      onBatch(batch, { seq }, points) {
        const views = pointsIn(batch);
        best.add(batch, views);
        live.add(batch, views);
        stored.add(seq, batch, points);
      },
    });
    say('storing', outcome.donePoints);
    return stored.finish(outcome, best.answer(plan.points));
  } catch (thrown) {
    throw stored.fail(thrown);
  }
}

function restartNotes({ workers, points }: { workers: number; points: number }): string[] {
  if (workers === 0) return [];
  const again = `${plural(points, 'point')} ${points === 1 ? 'was' : 'were'} computed again`;
  return workers === 1
    ? [`One worker stopped and was restarted; ${again}.`]
    : [`${workers} workers stopped and were restarted; ${again}.`];
}
