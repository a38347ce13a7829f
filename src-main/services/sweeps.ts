import { sweepFacts } from '../../src-worker/answers/own-hardware.ts';
import {
  placesOf,
  shardShare,
  surveySearches,
  sweepPlanDocument,
  wholeShare,
  type SweepShare,
} from '../../src-worker/answers/sweep/survey.ts';
import { analyzeGenerator } from '../../src-worker/engine/model/analyze.ts';
import { ConfigIqError, invalidInput } from '../../src-worker/engine/errors.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
import type { ModelSource } from '../../src-worker/engine/model/types.ts';
import { planSweep, sweepSpace, type SweepPlan } from '../../src-worker/engine/sweep/plan.ts';
import type {
  ProgressEvent,
  SweepResume,
  SweepStart,
  SweepSummary,
  TaskEntry,
} from '../../src-worker/protocol/app-api.ts';
import type { SweepPlanDocument } from '../../src-worker/protocol/documents.ts';
import { sweepSpecSchema, type SizeInput, type SweepSpec } from '../../src-worker/protocol/requests.ts';
import type { Pool } from '../../src-worker/pool/pool.ts';
import type { Store, StoredRun } from '../store/store.ts';
import { checkRequest, sweepResumeSchema, sweepStartSchema } from './check-request.ts';
import { inSlices } from './in-slices.ts';
import type { ModelStore } from './model-store.ts';
import { thisProcess } from './owner.ts';
import { isRunning, keptBatches, refuseOtherVersions, refuseWhole, resumableRun } from './resumed-sweep.ts';
import { refuseBeyondRoom } from './room-for-sweep.ts';
import { defaultName, storedSweep } from './stored-sweep.ts';
import { estimateSweepMs, paceOf } from './sweep-estimate.ts';
import { keepPace, readPace } from './sweep-pace.ts';
import { sweepProgress } from './sweep-progress.ts';
import { sweepVersions, type SweepVersions } from './sweep-versions.ts';
import { computingProgress } from './task-progress.ts';

export interface Sweeps {
  /** Size and rough duration; computes no point. */
  plan(spec: unknown): SweepPlanDocument;
  /** Computes and stores a sweep. Cancelled is an outcome; what was done by then is kept. */
  start(request: SweepStart): Promise<SweepSummary>;
  /**
   * Computes what a stored run lacks, and answers as `start` would have: an unbroken run has the same rows. Throws what
   * `resumableRun`, `refuseWhole` and `refuseOtherVersions` throw.
   */
  resume(request: SweepResume): Promise<SweepSummary>;
  /** The units of a spec, and what their results depend on. */
  planned(spec: SweepSpec): PlannedSweep;
  /** Those that run, oldest first. `live` of their progress has every point told so far. */
  list(): TaskEntry[];
  /** Unknown and finished tasks are ignored. */
  cancel(taskId: string): void;
  /** Cancels everything and waits for the partial results to be stored. */
  stop(): Promise<void>;
}

export interface PlannedSweep {
  plan: SweepPlan<SizeInput>;
  question: SweepSpec;
  models: ReadonlyMap<string, ModelSource>;
  versions: SweepVersions;
}

interface SweepParts {
  store: Store;
  models: ModelStore;
  /** Those that hold now; a sweep ends with those it began with. */
  facts: () => Facts;
  pool: Pool;
  now: () => Date;
  tell: (event: ProgressEvent) => void;
  /** Told of what cannot be read. */
  report: (problem: string) => void;
  /** On the disk of the history; null = not known. */
  freeBytes: () => number | null;
}

interface Task {
  taskId: string;
  givenName: string;
  spec: SweepSpec;
  startedAt: string;
  /** The run that goes on; null = a new one. */
  resumed: StoredRun | null;
  controller: AbortController;
  progress: () => ProgressEvent;
}

/** Sweeps of this program by task: plan, compute in the pool, store batch by batch. */
export function createSweeps(parts: SweepParts): Sweeps {
  const { pool, now } = parts;
  const tasks = new Map<string, { task: Task; ended: Promise<unknown> }>();

  const start = (request: SweepStart): Promise<SweepSummary> => {
    const { taskId, spec: given, name } = checkRequest(sweepStartSchema, request, 'Sweep request');
    refuseRunning(taskId);
    const spec = checkRequest(sweepSpecSchema, given, 'Sweep spec');
    refuseBeyondRoom(sweeps.plan(spec));
    return begin({ taskId, spec, givenName: name, resumed: null });
  };

  const resume = (request: SweepResume): Promise<SweepSummary> => {
    const { taskId, runId } = checkRequest(sweepResumeSchema, request, 'Resume request');
    refuseRunning(taskId);
    const { run, spec } = resumableRun(parts.store, runId);
    refuseBeyondRoom(sweeps.plan(spec), 1 - run.donePoints / Math.max(1, run.points));
    return begin({ taskId, spec, givenName: run.name, resumed: run });
  };

  const refuseRunning = (taskId: string): void => {
    if (!tasks.has(taskId)) return;
    throw invalidInput('task_running', `Task "${taskId}" is running already: cancel it or choose another id.`, {
      taskId,
    });
  };

  const begin = (request: Pick<Task, 'taskId' | 'spec' | 'givenName' | 'resumed'>): Promise<SweepSummary> => {
    const { taskId } = request;
    const task: Task = {
      ...request,
      startedAt: now().toISOString(),
      controller: new AbortController(),
      progress: () => planning(taskId),
    };
    const ended = runSweep(parts, task).finally(() => tasks.delete(taskId));
    tasks.set(taskId, { task, ended });
    return ended;
  };

  const sweeps: Sweeps = {
    plan(spec) {
      const { question, models } = withModels(parts, checkRequest(sweepSpecSchema, spec, 'Sweep spec'));
      const facts = parts.facts();
      const scope = sweepFacts(question, facts);
      const plan = question.shard ? planSweep(question, scope) : null;
      const space = plan ?? sweepSpace(question, scope);
      const survey = surveySearches(space.inputs, placesOf(space.demand), models, facts);
      const searchesOf = (inputs: readonly SizeInput[]): number =>
        inputs.length === space.inputs.length ? survey.searches : surveySearches(inputs, [], models, facts).searches;
      const kept = readPace(parts.store, parts.report);
      const msOf = ({ inputs, rows, sizings }: SweepShare): number | null => {
        const fresh = inputs.filter((input) => !pool.remembers(input));
        const work = { searches: searchesOf(fresh), inputs: fresh.length, rows, sizings };
        return estimateSweepMs(work, pool.pace(), pool.sweepThreads, facts, kept);
      };
      const share = plan ? shardShare(plan, survey) : null;
      const planned =
        question.shard && share
          ? { shard: question.shard, share, searches: searchesOf(share.inputs), estimatedMs: msOf(share) }
          : null;
      const free = parts.freeBytes();
      const document = sweepPlanDocument(question, space, survey, facts, msOf(wholeShare(space, survey)), planned);
      return { ...document, ...(free !== null && { free_bytes: free }) };
    },
    start,
    resume,
    planned: (spec) => plannedSweep(parts, spec),
    list: () =>
      [...tasks.values()].map(({ task: { taskId, givenName, spec, startedAt, resumed, progress } }) => ({
        taskId,
        name: nameOf(givenName, spec),
        spec,
        startedAt,
        resumedRunId: resumed?.id ?? null,
        progress: progress(),
      })),
    cancel: (taskId) => tasks.get(taskId)?.task.controller.abort(),
    async stop() {
      for (const { task } of tasks.values()) task.controller.abort();
      await Promise.allSettled([...tasks.values()].map(({ ended }) => ended));
    },
  };
  return sweeps;
}

const nameOf = (given: string, spec: SweepSpec): string => given.trim() || defaultName(spec);

interface NamedSweep {
  /** With ids of models in the place of their aliases. */
  question: SweepSpec;
  models: ReadonlyMap<string, ModelSource>;
}

/** Throws `unknown_model` and what `analyzeGenerator` throws. */
function withModels({ models }: SweepParts, spec: SweepSpec): NamedSweep {
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

function plannedSweep(parts: SweepParts, spec: SweepSpec): PlannedSweep {
  const facts = parts.facts();
  const { question, models } = withModels(parts, spec);
  const plan = planSweep(question, sweepFacts(question, facts));
  return { plan, question, models, versions: sweepVersions(question, models, facts) };
}

/** What a task tells before it is known how many points it has. */
const planning = (taskId: string): ProgressEvent => ({ ...computingProgress(taskId, 0, 0), phase: 'planning' });

async function runSweep(parts: SweepParts, task: Task): Promise<SweepSummary> {
  const { pool, store } = parts;
  const { taskId, spec, controller, resumed } = task;
  parts.tell(planning(taskId));
  const { plan, question, models, versions } = plannedSweep(parts, spec);
  if (resumed) {
    await refuseWhole(store, resumed);
    refuseOtherVersions(resumed, versions);
    // Two programs may go on with one run at the same moment: one of them does.
    if (!store.reopenRun(resumed.id, thisProcess)) throw isRunning(resumed.id);
  }
  const stored = storedSweep(
    store,
    { spec: question, name: nameOf(task.givenName, question), createdAt: task.startedAt, versions },
    plan.plannedPoints,
    resumed?.id ?? null,
  );
  const axes = plan.axes.map(({ axis }) => axis);
  const progress = sweepProgress({ taskId, planned: plan.plannedPoints, axes }, parts.tell);
  task.progress = () => progress.soFar();

  try {
    const kept = new Set<number>();
    for await (const batch of inSlices(resumed ? keptBatches(store, resumed.id, plan.units) : [])) {
      progress.addKept(batch.batch, batch.points);
      stored.keep(batch);
      kept.add(batch.seq);
    }
    // Catalogs may change while a long run is read, and the threads have those of now.
    if (resumed) refuseOtherVersions(resumed, sweepVersions(question, models, parts.facts()));
    progress.tell('computing', 0);
    const outcome = await pool.runSweep({
      units: plan.units.filter(({ seq }) => !kept.has(seq)),
      models,
      signal: controller.signal,
      onProgress: (points) => progress.tell('computing', points),
      onRetry: (points) => progress.addRestart(points),
      liveEvery: progress.liveEvery,
      onBatch(batch, { seq }, summary) {
        stored.add(seq, batch, summary);
        progress.addComputed(summary);
      },
    });
    progress.tell('storing', outcome.donePoints);
    const summary = stored.finish(outcome, progress.answer());
    rememberPace(parts);
    return summary;
  } catch (thrown) {
    throw stored.fail(thrown);
  }
}

/** For the next program: one that has not computed anything knows how fast this machine is. */
function rememberPace({ store, pool, facts, now, report }: SweepParts): void {
  const pace = paceOf(pool.pace(), facts());
  if (!pace) return;
  try {
    keepPace(store, pace, now());
  } catch (thrown) {
    // The sweep itself is kept.
    if (!(thrown instanceof ConfigIqError)) throw thrown;
    report(thrown.message);
  }
}
