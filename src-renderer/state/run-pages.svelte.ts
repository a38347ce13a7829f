import type { AppApi, RunRow, RunRowsPage } from '../../src-worker/protocol/app-api.ts';
import type { Result } from '../../src-worker/protocol/result.ts';
import { MOST_PAGE_ROWS, type RunRowsDraft } from '../../src-worker/protocol/run-rows.ts';

export type AskRows = <Value>(call: (api: AppApi) => Promise<Result<Value>>) => Promise<Result<Value>>;

/** A page of a run that is sorted and filtered by the host. What was there stays until the next page has come. */
export class RunPages {
  page = $state.raw<RunRowsPage | null>(null);
  /** Place of the first row of the page among those that pass. */
  offset = $state(0);
  isLoading = $state(false);
  /** Why the rows cannot be shown; null where they can. */
  problem = $state<string | null>(null);
  readonly rows: RunRow[] = $derived(this.page?.rows ?? []);
  readonly total: number = $derived(this.page?.total ?? 0);

  readonly #ask: AskRows;
  /** Of answers that overtake each other only that of the last question counts. */
  #asked = 0;

  constructor(ask: AskRows) {
    this.#ask = ask;
  }

  async load(question: RunRowsDraft): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    this.isLoading = true;
    const result = await this.#ask((api) => api.runRows({ ...question, limit: MOST_PAGE_ROWS }));
    if (asked !== this.#asked) return;
    this.isLoading = false;
    this.problem = result.ok ? null : result.error.message;
    this.page = result.ok ? result.value : null;
    this.offset = question.offset ?? 0;
  }

  /** Place of the first row of a point or, where it has none, of what follows it; of rows in the order of their points. */
  async placeOfPoint(question: RunRowsDraft, pointId: number): Promise<number> {
    let [low, high] = [0, this.total];
    while (low < high) {
      const middle = (low + high) >> 1;
      const found = await this.#ask((api) =>
        api.runRows({ ...question, offset: middle, limit: 1, columns: ['point_id'] }),
      );
      const at = found.ok ? found.value.rows[0]?.['point_id'] : undefined;
      if (typeof at !== 'number') return 0;
      if (at < pointId) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
