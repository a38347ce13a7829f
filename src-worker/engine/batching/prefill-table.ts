import { RunningBatch } from '../roofline/running-batch.ts';
import type { BatchingSubject } from './subject.ts';

const TABLE = 48;

/**
 * Step time against prompt tokens at the decodes of the replica, tabulated: the TTFT stage asks some thousand times. Entries
 * are computed up to the longest step that is asked for. The two instances are set anew for every rate.
 */
export class PrefillTable {
  readonly #table = new Float64Array(TABLE + 2);
  readonly #batch = new RunningBatch();
  #numKnown = 0;
  #room = 1;
  #pairsPerToken = 0;

  set(subject: BatchingSubject, decodes: number, contextTokens: number, room: number, pairsPerToken: number): void {
    this.#batch.set(subject.plan, decodes, contextTokens);
    this.#room = room;
    this.#pairsPerToken = pairsPerToken;
    this.#numKnown = 0;
  }

  ms(tokens: number): number {
    const share = tokens / this.#room;
    const position = TABLE * Math.sqrt(share < 1 ? share : 1);
    const cell = position | 0;
    if (cell + 1 >= this.#numKnown) this.#computeTo(cell + 1);
    const low = this.#table[cell] as number;
    return low + (position - cell) * ((this.#table[cell + 1] as number) - low);
  }

  #computeTo(last: number): void {
    for (let i = this.#numKnown; i <= last; i += 1) {
      const tokens = this.#room * (Math.min(i, TABLE) / TABLE) ** 2;
      this.#table[i] = this.#batch.stepMs(tokens, tokens * this.#pairsPerToken, i === 0 ? 0 : 1);
    }
    this.#numKnown = last + 1;
  }
}
