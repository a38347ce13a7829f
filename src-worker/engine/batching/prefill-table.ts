import { RunningBatch } from '../roofline/running-batch.ts';
import type { BatchingSubject } from './subject.ts';

const TABLE = 48;

/**
 * Step time against prompt tokens at the decodes of the replica, tabulated: the TTFT stage asks some hundred times. Entries are
 * computed when they are asked for. The two instances are set anew for every rate.
 */
export class PrefillTable {
  /** [cell] ms; NaN = not asked for yet. */
  readonly #table = new Float64Array(TABLE + 2);
  readonly #batch = new RunningBatch();
  #room = 1;
  #pairsPerToken = 0;

  set(subject: BatchingSubject, decodes: number, contextTokens: number, room: number, pairsPerToken: number): void {
    this.#batch.set(subject.plan, decodes, contextTokens);
    this.#room = room;
    this.#pairsPerToken = pairsPerToken;
    this.#table.fill(NaN);
  }

  ms(tokens: number): number {
    const share = tokens / this.#room;
    const position = TABLE * Math.sqrt(share < 1 ? share : 1);
    const cell = position | 0;
    let low = this.#table[cell] as number;
    let high = this.#table[cell + 1] as number;
    if (low !== low) low = this.#computed(cell);
    if (high !== high) high = this.#computed(cell + 1);
    return low + (position - cell) * (high - low);
  }

  #computed(cell: number): number {
    const tokens = this.#room * (Math.min(cell, TABLE) / TABLE) ** 2;
    const ms = this.#batch.stepMs(tokens, tokens * this.#pairsPerToken, cell === 0 ? 0 : 1);
    this.#table[cell] = ms;
    return ms;
  }
}
