import type { ErrorInfo } from '../../src-worker/engine/errors.ts';
import type { AppApi } from '../../src-worker/protocol/app-api.ts';
import type { DetailDocument, SimulatedLoadsDocument } from '../../src-worker/protocol/documents.ts';
import type { PlanQuestionDraft } from '../../src-worker/protocol/requests.ts';
import type { Result } from '../../src-worker/protocol/result.ts';

type Ask = <Value>(call: (api: AppApi) => Promise<Result<Value>>) => Promise<Result<Value>>;

/** The curves behind one configuration of an answer. The last ones stay until the next arrive. */
export class PlanDetail {
  document = $state.raw<DetailDocument | null>(null);
  /** The curve by simulation, which comes after it; null until then, and where it was refused. */
  simulated = $state.raw<SimulatedLoadsDocument | null>(null);
  /** Why there are no simulated points; empty while there may be. */
  simulationProblem = $state('');
  error = $state.raw<ErrorInfo | null>(null);
  /** True while the document belongs to an older question or another configuration. */
  isStale = $state(false);

  readonly #ask: Ask;
  #asked = '';
  #answered = '';
  #last: [question: Record<string, unknown>, configuration: string, revision: number] | null = null;

  readonly #isSimulated: boolean;

  /** `isSimulated`: the curve is simulated, too; not beside a form, where each edit asks anew. */
  constructor(ask: Ask, { isSimulated = false } = {}) {
    this.#ask = ask;
    this.#isSimulated = isSimulated;
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
    if (result.ok) {
      this.document = result.value;
      // Points of another curve are none of this one.
      this.simulated = null;
      this.simulationProblem = '';
    } else this.#asked = '';
    this.#answered = result.ok ? key : '';
    this.isStale = !result.ok;
    if (this.#isSimulated && result.ok && result.value.load_curve)
      await this.#simulate({ question: asked, configuration }, key);
  }

  /** After the detail, which so never waits for it. */
  async #simulate(question: PlanQuestionDraft, key: string): Promise<void> {
    const result = await this.#ask((api) => api.simulateLoads(question));
    if (key !== this.#asked) return;
    this.simulated = result.ok ? result.value : null;
    this.simulationProblem = result.ok ? '' : result.error.message;
  }
}
