import type { ErrorInfo } from '../../src-worker/engine/errors.ts';
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
  /** True where the question itself is refused: it would be at its start as well. */
  isInvalid = $state(false);
  /** The axis that the problem is about, as the planner calls it; empty = none by itself. */
  problemAxis = $state('');

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
    this.problemAxis = '';
    this.isInvalid = false;
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
    this.problemAxis = result.ok ? '' : axisOf(result.error.details);
    this.isInvalid = !result.ok && result.error.family === 'invalid_input';
  }
}

/** A target is an axis of its own. */
const axisOf = ({ axis }: ErrorInfo['details']): string =>
  typeof axis === 'string' ? axis.replace(/^sla (.+)$/, 'sla_$1_ms') : '';
