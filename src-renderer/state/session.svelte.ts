import type {
  AppApi,
  AppInfo,
  CatalogListing,
  ProgressEvent,
  WorkloadEntry,
} from '../../src-worker/protocol/app-api.ts';
import type { ModelListEntry } from '../../src-worker/protocol/documents.ts';
import { failure, type Result } from '../../src-worker/protocol/result.ts';
import type { Connection } from '../platform/connect.ts';

const RETRY_MS = [500, 1000, 2000, 4000];

/** The connection to the host and what it told at the start. */
export class Session {
  phase = $state<'connecting' | 'ready' | 'lost'>('connecting');
  /** Why there is no connection. */
  problem = $state('');
  /** What could not be loaded or went wrong at the start, as sentences. */
  notices = $state.raw<string[]>([]);
  info = $state.raw<AppInfo | null>(null);
  models = $state.raw<ModelListEntry[]>([]);
  /** Why the list of models could not be read; empty when it could. */
  modelsProblem = $state('');
  catalog = $state.raw<CatalogListing | null>(null);
  workloads = $state.raw<WorkloadEntry[]>([]);
  /** Counts on with every change of the catalogs: answers that were given before may be others now. */
  catalogRevision = $state(0);

  readonly #connect: () => Promise<Connection>;
  #progressListeners: ((event: ProgressEvent) => void)[] = [];
  #connection: Connection | null = null;
  #attempts = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(connect: () => Promise<Connection>) {
    this.#connect = connect;
  }

  async start(): Promise<void> {
    clearTimeout(this.#retry);
    try {
      const connection = await this.#connect();
      connection.onLost(() => this.#lose('The connection to ConfigIQ was lost.'));
      connection.onProgress((event) => this.#progressListeners.forEach((listener) => listener(event)));
      this.#connection = connection;
    } catch (refused) {
      this.#lose(refused instanceof Error ? refused.message : String(refused));
      return;
    }
    await this.#load();
    if (!this.#connection) return;
    this.#attempts = 0;
    this.phase = 'ready';
  }

  /** Calls the host; without one the answer is a failure, like any other. */
  ask<Value>(call: (api: AppApi) => Promise<Result<Value>>): Promise<Result<Value>> {
    if (this.#connection) return call(this.#connection.api);
    const message = 'ConfigIQ is not connected; it tries again by itself.';
    return Promise.resolve(failure({ family: 'interrupted', code: 'connection_lost', message, details: {} }));
  }

  onProgress(listener: (event: ProgressEvent) => void): void {
    this.#progressListeners.push(listener);
  }

  async reloadModels(): Promise<void> {
    const models = await this.ask((api) => api.listModels());
    this.modelsProblem = models.ok ? '' : models.error.message;
    if (models.ok) this.models = models.value;
    else if (!this.notices.includes(models.error.message)) this.notices = [...this.notices, models.error.message];
  }

  /** After the catalogs were changed: lists of forms and the dates of prices are read anew. */
  async reloadCatalog(): Promise<void> {
    const [info, catalog, workloads] = await Promise.all([
      this.ask((api) => api.info()),
      this.ask((api) => api.listCatalog()),
      this.ask((api) => api.listWorkloads()),
    ]);
    if (info.ok) this.info = info.value;
    if (catalog.ok) this.catalog = catalog.value;
    if (workloads.ok) this.workloads = workloads.value;
    this.catalogRevision += 1;
  }

  async #load(): Promise<void> {
    const [info, models, catalog, workloads] = await Promise.all([
      this.ask((api) => api.info()),
      this.ask((api) => api.listModels()),
      this.ask((api) => api.listCatalog()),
      this.ask((api) => api.listWorkloads()),
    ]);
    if (info.ok) this.info = info.value;
    this.modelsProblem = models.ok ? '' : models.error.message;
    if (models.ok) this.models = models.value;
    if (catalog.ok) this.catalog = catalog.value;
    if (workloads.ok) this.workloads = workloads.value;
    const failed = [info, models, catalog, workloads].flatMap((result) => (result.ok ? [] : [result.error.message]));
    this.notices = [
      ...(info.ok ? info.value.notices : []),
      ...failed.filter((message, index) => failed.indexOf(message) === index),
    ];
  }

  #lose(problem: string): void {
    this.#connection = null;
    this.phase = 'lost';
    this.problem = problem;
    const wait = RETRY_MS[Math.min(this.#attempts, RETRY_MS.length - 1)];
    this.#attempts += 1;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.start(), wait);
  }
}
