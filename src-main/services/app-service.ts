import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { answerModelHolds } from '../../src-worker/answers/model-holds.ts';
import { answerModel } from '../../src-worker/answers/model.ts';
import { checkMachines } from '../../src-worker/answers/own-hardware.ts';
import { errorInfo, invalidInput } from '../../src-worker/engine/errors.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
import type { ModelSource } from '../../src-worker/engine/model/source.ts';
import type { StartFile } from './catalogs/files.ts';
import type { ExportFormat } from '../../src-worker/protocol/export-formats.ts';
import type { AppApi, AppInfo, HostKind, ProgressEvent, SweepStart } from '../../src-worker/protocol/app-api.ts';
import {
  documentText,
  type ModelDocument,
  type PredictDocument,
  type SizeDocument,
} from '../../src-worker/protocol/documents.ts';
import {
  modelFitsSchema,
  modelHoldsSchema,
  planQuestionSchema,
  predictInputSchema,
  queueInputSchema,
  simulateInputSchema,
  sizeInputSchema,
  traceFileSchema,
  type OwnMachineInput,
  type PlanQuestion,
  type SimulateInputDraft,
  type SizeInput,
} from '../../src-worker/protocol/requests.ts';
import { runAnalysisSchema } from '../../src-worker/protocol/run-analysis.ts';
import { sensitivitySchema } from '../../src-worker/protocol/sensitivity.ts';
import { runRowsSchema } from '../../src-worker/protocol/run-rows.ts';
import { attempt, attemptAsync, failure, success, type Result } from '../../src-worker/protocol/result.ts';
import { createPool } from '../../src-worker/pool/pool.ts';
import { priceDates } from '../catalogs/dates.ts';
import { catalogText, type CatalogExportFormat } from '../catalogs/export.ts';
import { catalogListing } from '../catalogs/listing.ts';
import { bundledCatalogsFolder } from '../catalogs/load.ts';
import type { CatalogIssue } from '../catalogs/rules/types.ts';
import { cacheFolder, type Environment } from '../hub/environment.ts';
import { openStore } from '../store/open.ts';
import { readTrace, readTraceText, type ReadTrace } from '../traces/read.ts';
import {
  checkRequest,
  exportFormatSchema,
  importModelSchema,
  modelNameSchema,
  noteNameSchema,
  noteTextSchema,
  pullModelSchema,
  runIdSchema,
  runIdsSchema,
  runNameSchema,
  taskIdSchema,
  textFormatSchema,
} from './check-request.ts';
import { databaseFile, freeBytes } from './data-folder.ts';
import { createModelStore } from './model-store.ts';
import { isOwnerAlive } from './owner.ts';
import { createPulls } from './pulls.ts';
import { analyzedRun } from './run-analysis.ts';
import { createExports, type Exports, type WrittenExport } from './exports.ts';
import { deleteRuns, runDifference, runHead } from './run-history.ts';
import { runDetail, runEntry } from './run-view.ts';
import { createRunRows } from './run-rows.ts';
import { readableNote } from './notes.ts';
import { benchmarkApi } from './benchmarks.ts';
import { createCalibrations, type Calibrations } from './calibrations/calibrations.ts';
import { createCatalogs } from './catalogs/catalogs.ts';
import { answerWords } from './run-question.ts';
import { withSimulationChecks } from './simulated-rows.ts';
import { createSimulations } from './simulations.ts';
import { createSimulatedSizings } from './simulated-sizings.ts';
import { createShards, type Shards } from './shards/shards.ts';
import { createSweeps } from './sweeps.ts';
import { traceToReplay } from './traces.ts';
import { listWorkloads } from './workload-listing.ts';

export interface AppServiceOptions {
  host: HostKind;
  /** Made by the caller (data-folder.ts). */
  dataFolder: string;
  /** The worker program: the built one (worker-path.ts), or src-worker/worker.ts where Node runs TypeScript. */
  workerPath: string;
  /** Threads; all cores for the command line, one fewer where a window must stay lively. */
  workers?: number | undefined;
  catalogsFolder?: string | undefined;
  /** Files that lie over all other catalogs until the program ends, with what the user named them. */
  catalogFiles?: StartFile[] | undefined;
  /** Variables that say where the Hugging Face cache and hub are; the process's own where not given. */
  environment?: Environment | undefined;
  now?: (() => Date) | undefined;
  /** Bytes free on the disk of a folder; null = not known. */
  free?: ((folder: string) => number | null) | undefined;
}

/** What every host stands on: the calls, the progress pushed beside them, and the end. */
export interface AppService {
  api: AppApi;
  /** Tells `listener` about every task of this program until the returned function is called. */
  onProgress(listener: (event: ProgressEvent) => void): () => void;
  /**
   * Only for hosts whose user may read this machine's files: takes an id, an alias, or the path of a `config.json` (or
   * of its folder) and answers the id to ask questions with. A file is known until the program ends; it is not stored.
   */
  useModel(nameOrPath: string): Promise<Result<string>>;
  /** For the same hosts: `simulate` with the trace at a path. */
  simulateFile(request: SimulateInputDraft, path: string): Promise<Result<PredictDocument>>;
  /** For the same hosts: keeps the config at a path, or in the folder at it; `id` null = from its name. */
  importModelFile(path: string, id: string | null): Promise<Result<ModelDocument>>;
  /** For the same hosts: writes a run of any size to a path; one that stands there is replaced when all is written. */
  exportRunTo(
    request: { runId: number; format: ExportFormat; path: string },
    signal?: AbortSignal,
  ): Promise<Result<WrittenExport>>;
  /** For hosts with a page: what `offerExport` offered under that path, once. */
  openExport: Exports['open'];
  /** The catalogs in force, for a host that tells names apart as questions do. */
  facts: () => Facts;
  /** The catalogs in force as a file, all of them or those of some providers. */
  exportCatalog: (format: CatalogExportFormat, providers: readonly string[]) => string;
  /** For hosts that read own machines from a file: a failure names the `machine` by its place in the list, and the `field`. */
  checkMachines(machines: readonly OwnMachineInput[]): Promise<Result<null>>;
  /** For hosts whose user may read this machine's files: the calls of the same names over files of any size; the profile in use. */
  calibrations: Pick<Calibrations, 'accuracyOf' | 'calibrateWith' | 'inUse' | 'chosen'>;
  /** For the same hosts: a sweep that several machines share. */
  shards: Shards;
  /** What the rules say about imports, files of this start and corrections: of the bundled catalogs only what they change. */
  checkCatalogLayers(): CatalogIssue[];
  /** Cancels what runs, keeps its partial results, ends the threads and closes the database. */
  close(): Promise<void>;
}

/**
 * Loads the catalogs, opens the database and starts the pool. Throws ConfigIqError of family `file` when a catalog is
 * broken or the database cannot be used. Calls never reject: they answer a Result.
 */
export function createAppService(options: AppServiceOptions): AppService {
  const { host, dataFolder, workerPath, environment = process.env, now = () => new Date(), free = freeBytes } = options;
  const catalogsFolder = options.catalogsFolder ?? bundledCatalogsFolder();
  const { store, notice } = openStore(databaseFile(dataFolder));
  const notices = new Set(notice === null ? [] : [notice]);
  const report = (problem: string) => void notices.add(problem);
  for (const id of store.markInterruptedRuns(isOwnerAlive)) {
    report(`Run ${id} was interrupted when the program ended; the rows it had are kept.`);
  }

  const size = options.workers ?? availableParallelism();
  // The window needs a core of its own while a sweep runs, but not while somebody waits for an answer.
  const sweepThreads = host === 'cli' ? size : Math.max(1, size - 1);
  const catalogs = createCatalogs({
    catalogsFolder,
    store,
    files: options.catalogFiles ?? [],
    now,
    report,
    onChange: (facts) => pool.setFacts(facts),
  });
  const { facts } = catalogs;
  const pool = createPool({ workerPath, size, sweepThreads, facts: facts() });
  const models = createModelStore(catalogsFolder, store, cacheFolder(environment));
  const pulls = createPulls(environment);
  const simulations = createSimulations();
  const runRows = createRunRows(store, report);
  const listeners = new Set<(event: ProgressEvent) => void>();
  const tell = (event: ProgressEvent) => {
    for (const listener of listeners) listener(event);
  };
  const calibrations = createCalibrations({
    catalogsFolder,
    store,
    models,
    pool,
    facts: () => {
      catalogs.follow();
      return facts();
    },
    changed: catalogs.changed,
    now,
    tell,
    report,
  });
  const sweeps = createSweeps({ store, models, facts, pool, now, tell, report, freeBytes: () => free(dataFolder) });
  const shards = createShards({ store, now, plan: (spec) => sweeps.planned(spec) });
  const sizings = createSimulatedSizings(pool, tell);
  const exports = createExports(store, report);

  /** A question that names no profile is asked with the one in use. */
  const calibrated = (request: unknown): unknown => {
    if (typeof request !== 'object' || request === null || 'calibration' in request) return request;
    return { ...request, calibration: calibrations.inUse() };
  };
  /** The same for a question that is a part of what is asked. */
  const within = (part: 'question' | 'base', request: unknown): unknown => {
    if (typeof request !== 'object' || request === null || !(part in request)) return request;
    return { ...request, [part]: calibrated((request as Record<string, unknown>)[part]) };
  };
  /** A sweep over profiles names them itself. */
  const sweepSpec = (spec: unknown): unknown => {
    const compares = z.object({ axes: z.object({ calibration: z.array(z.unknown()) }) }).safeParse(spec).success;
    return compares ? spec : within('base', spec);
  };
  const sizeQuestion = (request: unknown) => {
    catalogs.follow();
    const input = checkRequest(sizeInputSchema, calibrated(request), 'Size request');
    const model = models.resolve(input.model);
    return { input: { ...input, model: model.id } satisfies SizeInput, model };
  };

  // A thread that still has to start and to compile the program is no help to the one answer of a command.
  const shown = (model: ModelSource): Promise<Result<ModelDocument>> =>
    host === 'cli' ? Promise.resolve(attempt(() => answerModel(model))) : pool.run('showModel', model);
  const sized = async (input: SizeInput, model: ModelSource, taskId: string | null = null) => {
    if (input.method === 'simulation') return sizings.size(input, model, taskId);
    const result = await (host === 'cli' ? pool.run('size', input, model) : pool.size(input, model));
    if (!result.ok || !input.simulation_check) return result;
    return withSimulationChecks(pool, input, model, result.value, { isOneThreadWarm: host === 'cli' });
  };

  const simulated = (request: unknown, trace: ReadTrace | null, file: string, signal: AbortSignal) => {
    catalogs.follow();
    const input = checkRequest(simulateInputSchema, calibrated(request), 'Simulate request');
    const model = models.resolve(input.model);
    return pool.simulate({ ...input, model: model.id }, trace && traceToReplay(trace, file), model, signal);
  };

  const planQuestion = (request: unknown) => {
    catalogs.follow();
    const { question, configuration } = checkRequest(
      planQuestionSchema,
      within('question', request),
      'Configuration request',
    );
    const model = models.resolve(question.model);
    return { question: { question: { ...question, model: model.id }, configuration } satisfies PlanQuestion, model };
  };

  const info = (): AppInfo => ({
    host,
    versions: { ...facts().versions, node: process.versions.node, sqlite: store.sqliteVersion() },
    priceDates: priceDates(facts().instances) ?? { oldest: '', newest: '' },
    workers: size,
    notices: [...notices, ...catalogs.inForce().problems],
  });

  const api: AppApi = {
    ...catalogs.api,
    ...calibrations.api,
    ...benchmarkApi({
      facts: () => {
        catalogs.follow();
        return facts();
      },
      calibration: () => calibrations.inUse(),
      resolveModel: (name) => models.resolve(name),
    }),
    info: () => answer(info),
    size: (request, taskId) =>
      ask(() => {
        const { input, model } = sizeQuestion(request);
        return sized(input, model, taskId === undefined ? null : checkRequest(taskIdSchema, taskId, 'Task'));
      }),
    checkBySimulation: (request) =>
      ask(() => {
        const { question, model } = planQuestion(request);
        return pool.run('checkBySimulation', question, model);
      }),
    detail: (request) =>
      ask(() => {
        const { question, model } = planQuestion(request);
        return pool.run('detail', question, model);
      }),
    simulateLoads: (request) =>
      ask(() => {
        const { question, model } = planQuestion(request);
        return pool.run('simulateLoads', question, model);
      }),
    explain: (request) =>
      ask(() => {
        const { question, model } = planQuestion(request);
        return pool.run('explain', question, model);
      }),
    sensitivity: (request) =>
      ask(() => {
        catalogs.follow();
        const checked = checkRequest(sensitivitySchema, within('question', request), 'Sensitivity request');
        const model = models.resolve(checked.question.model);
        return pool.run('sensitivity', { ...checked, question: { ...checked.question, model: model.id } }, model);
      }),
    predict: (request) =>
      ask(() => {
        catalogs.follow();
        const input = checkRequest(predictInputSchema, calibrated(request), 'Predict request');
        const model = models.resolve(input.model);
        return pool.run('predict', { ...input, model: model.id }, model);
      }),
    simulate: (request, file, taskId = null) =>
      ask(() => {
        const checked = file === null ? null : checkRequest(traceFileSchema, file, 'Trace file');
        const id = taskId === null ? null : checkRequest(taskIdSchema, taskId, 'Task');
        return simulations.start(id, async (signal) => {
          const trace = checked && (await readTraceText(checked.text, checked.name));
          return simulated(request, trace, checked?.name ?? '', signal);
        });
      }),
    queue: (request) => ask(() => pool.run('queue', checkRequest(queueInputSchema, request, 'Queue request'))),
    listModels: () => answer(() => models.list(report)),
    showModel: (id) => ask(() => shown(models.describe(checkRequest(modelNameSchema, id, 'Model'), report))),
    importModel: (request) =>
      ask(() => {
        const checked = checkRequest(importModelSchema, request, 'Model import');
        return shown(models.import(checked, now().toISOString()));
      }),
    pullModel: (request) =>
      ask(async () => {
        const { notes, ...pulled } = await pulls.start(checkRequest(pullModelSchema, request, 'Model pull'));
        const model = await shown(models.keep(pulled, now().toISOString()));
        return model.ok ? success({ model: model.value, notes }) : model;
      }),
    removeModel: (id) =>
      answer(() => {
        const name = checkRequest(modelNameSchema, id, 'Model');
        if (!models.remove(name)) throw unknownImport(name, 'only imported models can be removed');
        return null;
      }),
    restoreModel: (id) =>
      answer(() => {
        const name = checkRequest(modelNameSchema, id, 'Model');
        if (!models.restore(name))
          throw unknownImport(name, 'nothing of that id was removed since the program started');
        return null;
      }),
    readModelConfig: (id) => answer(() => models.configText(checkRequest(modelNameSchema, id, 'Model'))),
    modelFits: (request) =>
      ask(() => {
        const input = checkRequest(modelFitsSchema, calibrated(request), 'Fits request');
        return pool.run('modelFits', input, models.resolve(input.id));
      }),
    modelHolds: (request) =>
      answer(() => {
        const input = checkRequest(modelHoldsSchema, request, 'Holds request');
        return answerModelHolds(input, models.resolve(input.id));
      }),
    listCatalog: () =>
      answer(() => {
        catalogs.follow();
        return catalogListing(facts());
      }),
    listWorkloads: () =>
      answer(() => {
        catalogs.follow();
        return listWorkloads(facts());
      }),
    saveSizeRun: (request, name) =>
      ask(async () => {
        const { input, model } = sizeQuestion(request);
        const runName = checkRequest(runNameSchema, name, 'Run name').trim();
        const result = await sized(input, model);
        return result.ok ? attempt(() => saveSize(input, runName, result.value)) : result;
      }),
    planSweep: (spec) => answer(() => sweeps.plan(sweepSpec(spec))),
    startSweep: (request) =>
      attemptAsync(async () => sweeps.start({ ...request, spec: sweepSpec(request.spec) as SweepStart['spec'] })),
    resumeSweep: (request) =>
      attemptAsync(async () => {
        catalogs.follow();
        return sweeps.resume(request);
      }),
    cancelTask: (taskId) =>
      answer(() => {
        const id = checkRequest(taskIdSchema, taskId, 'Task');
        sweeps.cancel(id);
        sizings.cancel(id);
        calibrations.cancel(id);
        pulls.cancel(id);
        simulations.cancel(id);
        return null;
      }),
    listTasks: () => answer(() => sweeps.list()),
    listRuns: () =>
      answer(() => {
        const { rows, problems } = store.listRuns();
        problems.forEach(report);
        return rows.map(runEntry);
      }),
    showRun: (id) => attemptAsync(async () => runDetail(store, checkRequest(runIdSchema, id, 'Run number'), report)),
    analyzeRun: (request) =>
      attemptAsync(async () => analyzedRun(store, checkRequest(runAnalysisSchema, request, 'Run analysis'), report)),
    runRows: (question) =>
      attemptAsync(async () => runRows.page(checkRequest(runRowsSchema, question, 'Rows question'))),
    exportRun: (id, format) =>
      attemptAsync(async () => {
        const runId = checkRequest(runIdSchema, id, 'Run number');
        return exports.text(runId, checkRequest(textFormatSchema, format, 'Export format'));
      }),
    offerExport: (id, format) =>
      answer(() => {
        const runId = checkRequest(runIdSchema, id, 'Run number');
        return exports.offer(runId, checkRequest(exportFormatSchema, format, 'Export format'));
      }),
    readRun: (id) => answer(() => runHead(store, checkRequest(runIdSchema, id, 'Run number'))),
    deleteRuns: (ids) => answer(() => deleteRuns(store, checkRequest(runIdsSchema, ids, 'Run numbers'))),
    diffRuns: (before, after) =>
      attemptAsync(async () =>
        runDifference(
          store,
          {
            before: checkRequest(runIdSchema, before, 'Run number'),
            after: checkRequest(runIdSchema, after, 'Run number'),
          },
          report,
        ),
      ),
    readNote: (name) => answer(() => readableNote(store, checkRequest(noteNameSchema, name, 'Note name'), report)),
    writeNote: (name, text) =>
      answer(() => {
        const noteName = checkRequest(noteNameSchema, name, 'Note name');
        store.writeNote(noteName, checkRequest(noteTextSchema, text, 'Note text'), now().toISOString());
        return null;
      }),
  };

  const saveSize = (input: SizeInput, name: string, document: SizeDocument) => {
    const { recommendations, versions } = document;
    const [cheapest] = recommendations;
    const id = store.saveSizeRun({
      name: name || `${input.model.slice(input.model.lastIndexOf('/') + 1)}, ${input.workload}`,
      model: input.model,
      createdAt: now().toISOString(),
      input,
      versions: { ...versions },
      document: documentText(document),
      rows: recommendations.length,
      passing: recommendations.filter((row) => row.meets_sla).length,
      answer: cheapest ? answerWords(cheapest.instances, cheapest.instance) : null,
      usdPerHour: cheapest?.cost.usd_per_hour ?? null,
    });
    const run = store.readRun(id);
    if (!run) throw new Error(`run ${id} is not there right after it was stored`);
    return runEntry(run);
  };

  let closed: Promise<void> | null = null;
  const close = async () => {
    await Promise.all([sweeps.stop(), calibrations.stop(), pulls.stop()]);
    await pool.close();
    store.close();
  };

  return {
    api,
    onProgress(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    useModel: (nameOrPath) => answer(() => models.resolveNameOrPath(nameOrPath).id),
    simulateFile: (request, path) =>
      ask(() => simulations.start(null, async (signal) => simulated(request, await readTrace(path), path, signal))),
    importModelFile: (path, id) => ask(() => shown(models.importPath({ path, id }, now().toISOString(), report))),
    exportRunTo: (request, signal) => attemptAsync(() => exports.writeTo(request, signal)),
    openExport: (path) => exports.open(path),
    facts,
    exportCatalog: (format, providers) => catalogText(catalogs.inForce(), format, providers),
    checkMachines: (machines) =>
      answer(() => {
        checkMachines(machines, facts());
        return null;
      }),
    calibrations,
    shards,
    checkCatalogLayers: () => catalogs.issues(),
    close: () => (closed ??= close()),
  };
}

const unknownImport = (id: string, why: string): Error =>
  invalidInput('unknown_model', `There is no imported model "${id.slice(0, 100)}": ${why}.`, { model: id });

/** The answer of something that is done at once; whatever it throws becomes a failure. */
const answer = <Value>(work: () => Value): Promise<Result<Value>> => Promise.resolve(attempt(work));

/** The answer of something that answers by itself, and may throw before it does. */
async function ask<Value>(work: () => Result<Value> | Promise<Result<Value>>): Promise<Result<Value>> {
  try {
    return await work();
  } catch (thrown) {
    return failure(errorInfo(thrown));
  }
}
