import { RunningBatch } from '../roofline/running-batch.ts';
import type { BatchingSubject } from './subject.ts';

const TABLE = 48;

/**
 * Step time against prompt tokens at the decodes of the replica, tabulated: the TTFT stage asks some hundred times. Entries are
 * computed when they are asked for. The two instances are set anew for every rate.
 */
export class PrefillTable {
  /** [entry] ms at (entry / TABLE)² of the room; NaN = not asked for yet. */
  readonly #table = new Float64Array(TABLE + 2);
  readonly #batch = new RunningBatch();
  readonly #one = new Float64Array(1);
  readonly #answer = new Float64Array(1);
  #room = 1;
  #pairsPerToken = 0;

  set(subject: BatchingSubject, decodes: number, contextTokens: number, room: number, pairsPerToken: number): void {
    this.#batch.set(subject.plan, decodes, contextTokens);
    this.#room = room;
    this.#pairsPerToken = pairsPerToken;
    this.#table.fill(NaN);
    this.#compute(TABLE);
  }

  /** ms of a step with as many prompt tokens as there is room for. */
  get fullMs(): number {
    return this.#table[TABLE] as number;
  }

  /** ms of a step with so many prompt tokens, at most the room. */
  ms(tokens: number): number {
    this.#one[0] = tokens;
    this.times(this.#one, this.#answer, 1);
    return this.#answer[0] as number;
  }

  /** Fills `ms` with the times of steps with so many prompt tokens, at most the room. */
  times(tokens: Float64Array, ms: Float64Array, count: number): void {
    const table = this.#table;
    const perRoom = 1 / this.#room;
    for (let i = 0; i < count; i += 1) {
      const share = (tokens[i] as number) * perRoom;
      const position = TABLE * Math.sqrt(share < 1 ? share : 1);
      const cell = position | 0;
      // Reading NaN is the only way to be unequal to oneself.
      if (table[cell] !== table[cell]) this.#compute(cell);
      if (table[cell + 1] !== table[cell + 1]) this.#compute(cell + 1);
      const low = table[cell] as number;
      ms[i] = low + (position - cell) * ((table[cell + 1] as number) - low);
    }
  }

  #compute(entry: number): void {
    const tokens = this.#room * (Math.min(entry, TABLE) / TABLE) ** 2;
    this.#table[entry] = this.#batch.stepMs(tokens, tokens * this.#pairsPerToken, entry === 0 ? 0 : 1);
  }
}
