import type { AppApi, RunDetail, RunEntry } from '../../src-worker/protocol/app-api.ts';
import type { Result } from '../../src-worker/protocol/result.ts';
import { downloadText } from '../platform/browser.ts';

type Ask = <Value>(call: (api: AppApi) => Promise<Result<Value>>) => Promise<Result<Value>>;

/** The stored runs, the one that is open, and taking them away as files. */
export class RunList {
  /** null until they have been read. */
  entries = $state.raw<RunEntry[] | null>(null);
  opened = $state.raw<RunDetail | null>(null);
  openId = $state<number | null>(null);
  /** Why the last action did not work; empty when it did. */
  problem = $state('');
  /** What the last export wrote. */
  exported = $state('');

  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  async load(): Promise<void> {
    const result = await this.#ask((api) => api.listRuns());
    this.problem = result.ok ? '' : result.error.message;
    if (result.ok) this.entries = result.value;
  }

  async open(id: number): Promise<void> {
    this.openId = id;
    const result = await this.#ask((api) => api.showRun(id));
    // Another run may have been opened meanwhile.
    if (this.openId !== id) return;
    this.problem = result.ok ? '' : result.error.message;
    this.opened = result.ok ? result.value : null;
  }

  close(): void {
    this.openId = null;
    this.opened = null;
  }

  async export(id: number, format: 'csv' | 'json'): Promise<void> {
    const result = await this.#ask((api) => api.exportRun(id, format));
    this.problem = result.ok ? '' : result.error.message;
    if (!result.ok) return;
    downloadText(result.value.fileName, result.value.text, format);
    this.exported = `Exported ${result.value.fileName}`;
  }
}
