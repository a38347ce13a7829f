import type { SweepPlanDocument } from '../../src-worker/protocol/documents.ts';
import type { AppApi } from '../../src-worker/protocol/app-api.ts';
import type { SweepSpecDraft } from '../../src-worker/protocol/requests.ts';
import type { Result } from '../../src-worker/protocol/result.ts';

/** Typing rests this long before the engine is asked for the size of a sweep. */
const REST_MS = 250;

type AskPlan = (call: (api: AppApi) => Promise<Result<SweepPlanDocument>>) => Promise<Result<SweepPlanDocument>>;

/** What the engine says of a sweep before it starts; the newest question wins. */
export class SweepSize {
  /** null until the present question is answered. */
  document = $state.raw<SweepPlanDocument | null>(null);
  /** Why there is no size; empty when nothing is wrong. */
  problem = $state('');

  readonly #ask: AskPlan;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  constructor(ask: AskPlan) {
    this.#ask = ask;
  }

  /** `null` = the axes cannot be read: nothing is asked. */
  want(spec: SweepSpecDraft | null): void {
    this.forget();
    this.document = null;
    this.problem = '';
    if (spec) this.#rest = setTimeout(() => void this.#plan(spec), REST_MS);
  }

  /** The answer on its way, if any, is no longer waited for. */
  forget(): void {
    clearTimeout(this.#rest);
    this.#asked += 1;
  }

  async #plan(spec: SweepSpecDraft): Promise<void> {
    const asked = this.#asked;
    const result = await this.#ask((api) => api.planSweep(spec));
    if (asked !== this.#asked) return;
    if (result.ok) this.document = result.value;
    else this.problem = result.error.message;
  }
}
