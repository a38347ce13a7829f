import type { RunRow } from '../../src-worker/protocol/app-api.ts';
import { MOST_PAGE_ROWS, type RunRowsDraft } from '../../src-worker/protocol/run-rows.ts';
import type { AskRows } from './run-pages.svelte.ts';

/** More points than these beside the frontier cannot be told apart in a chart. */
export const MOST_CHART_POINTS = 1000;

/** The first rows of a question, as many as a chart can draw, page by page. */
export class SituationRows {
  rows = $state.raw<RunRow[]>([]);
  /** Rows that there are in all. */
  total = $state(0);
  problem = $state('');
  /** What the rows are about; empty before anything was answered. */
  answeredKey = $state('');

  readonly #ask: AskRows;
  #askedKey = '';

  constructor(ask: AskRows) {
    this.#ask = ask;
  }

  /** What was there stays until all of what was asked for has come. An earlier question is given up. */
  async load(question: RunRowsDraft): Promise<void> {
    const key = JSON.stringify(question);
    if (key === this.#askedKey) return;
    this.#askedKey = key;
    const rows: RunRow[] = [];
    let total = Infinity;
    while (rows.length < Math.min(total, MOST_CHART_POINTS)) {
      const limit = Math.min(MOST_PAGE_ROWS, MOST_CHART_POINTS - rows.length);
      const page = await this.#ask((api) => api.runRows({ ...question, offset: rows.length, limit }));
      if (this.#askedKey !== key) return;
      if (!page.ok) {
        // Asked again, it may work.
        this.#askedKey = '';
        return this.#show(key, [], 0, page.error.message);
      }
      total = page.value.total;
      rows.push(...page.value.rows);
      if (page.value.rows.length === 0) break;
    }
    this.#show(key, rows, total, '');
  }

  #show(key: string, rows: RunRow[], total: number, problem: string): void {
    this.rows = rows;
    this.total = total;
    this.problem = problem;
    this.answeredKey = key;
  }
}
