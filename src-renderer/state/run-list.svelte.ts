import type { AppApi, RunDetail, RunEntry } from '../../src-worker/protocol/app-api.ts';
import type { Result } from '../../src-worker/protocol/result.ts';
import type { ExportFormat } from '../../src-worker/protocol/export-formats.ts';
import { downloadFrom } from '../platform/browser.ts';

type Ask = <Value>(call: (api: AppApi) => Promise<Result<Value>>) => Promise<Result<Value>>;

/** The stored runs, the one that is open, and taking them away as files. */
export class RunList {
  /** null until they have been read. */
  entries = $state.raw<RunEntry[] | null>(null);
  /** null until the run that was opened last has been read. */
  opened = $state.raw<RunDetail | null>(null);
  openId = $state<number | null>(null);
  /** True while the list is read anew: what it shows meanwhile may lack the newest. */
  isReading = $state(false);
  /** Why the list could not be read; empty when it could. */
  problem = $state('');
  /** Why the run that was opened last cannot be shown. */
  openProblem = $state('');
  /** What came of the last export, and of which run. */
  exported = $state.raw<{ id: number; isDone: boolean; sentence: string } | null>(null);

  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  async load(): Promise<void> {
    this.isReading = true;
    const result = await this.#ask((api) => api.listRuns());
    this.problem = result.ok ? '' : result.error.message;
    if (result.ok) this.entries = result.value;
    this.isReading = false;
  }

  async open(id: number): Promise<void> {
    this.openId = id;
    this.openProblem = '';
    if (this.opened?.entry.id !== id) this.opened = null;
    const result = await this.#ask((api) => api.showRun(id));
    // Another run may have been opened meanwhile.
    if (this.openId !== id) return;
    this.openProblem = result.ok ? '' : result.error.message;
    this.opened = result.ok ? result.value : null;
  }

  close(): void {
    this.openId = null;
    this.opened = null;
    this.openProblem = '';
  }

  /** The host streams the file: a run of any size is saved without being held in the page. */
  async export(id: number, format: ExportFormat): Promise<void> {
    const result = await this.#ask((api) => api.offerExport(id, format));
    const sentence = result.ok ? `Saving ${result.value.fileName}` : `Not exported. ${result.error.message}`;
    if (result.ok) downloadFrom(result.value.path, result.value.fileName);
    this.exported = { id, isDone: result.ok, sentence };
  }

  /** What came of exporting this run; null where nothing was. */
  exportOf(id: number): { isDone: boolean; sentence: string } | null {
    return this.exported?.id === id ? this.exported : null;
  }
}
