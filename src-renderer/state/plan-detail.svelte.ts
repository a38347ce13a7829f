import type { ErrorInfo } from '../../src-worker/engine/errors.ts';
import type { AppApi } from '../../src-worker/protocol/app-api.ts';
import type { DetailDocument } from '../../src-worker/protocol/documents.ts';
import type { Result } from '../../src-worker/protocol/result.ts';

type Ask = <Value>(call: (api: AppApi) => Promise<Result<Value>>) => Promise<Result<Value>>;

/** The curves behind one configuration of an answer. The last ones stay until the next arrive. */
export class PlanDetail {
  document = $state.raw<DetailDocument | null>(null);
  error = $state.raw<ErrorInfo | null>(null);
  /** True while the document belongs to an older question or another configuration. */
  isStale = $state(false);

  readonly #ask: Ask;
  #asked = '';
  #answered = '';
  #last: [question: Record<string, unknown>, configuration: string, revision: number] | null = null;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Asks again what was refused. */
  async retry(): Promise<void> {
    if (this.#last && this.error) await this.request(...this.#last);
  }

  /**
   * Asks for a configuration of the answer to `question` (the input of its document); asking the same again does nothing.
   * Of several questions under way only the newest is shown. `revision`: of the catalogs, which the answer depends on.
   */
  async request(question: Record<string, unknown>, configuration: string, revision = 0): Promise<void> {
    const key = JSON.stringify([question, configuration, revision]);
    if (key === this.#asked) return;
    this.#asked = key;
    this.#last = [question, configuration, revision];
    this.error = null;
    this.isStale = key !== this.#answered;
    // The input of a document is a checked question; the host checks it again.
    const asked = question as { model: string };
    const result = await this.#ask((api) => api.detail({ question: asked, configuration }));
    if (key !== this.#asked) return;
    this.error = result.ok ? null : result.error;
    if (result.ok) this.document = result.value;
    else this.#asked = '';
    this.#answered = result.ok ? key : '';
    this.isStale = !result.ok;
  }
}
