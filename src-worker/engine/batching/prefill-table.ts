import { RunningBatch, type Decoding } from '../roofline/running-batch.ts';
import { newMeanStep, type MeanStep } from './mean-step.ts';
import type { BatchingSubject } from './subject.ts';

/** Steps in which prompts are alone. */
export const NOTHING_DECODES: Decoding = newMeanStep();

const TABLE = 48;
/** [entry] share of the room that an entry stands for: finer where prompts are short. */
const SHARES = Float64Array.from({ length: TABLE + 1 }, (_, entry) => (entry / TABLE) ** 2);

/**
 * Step time against prompt tokens at the decodes of the replica, tabulated: the TTFT stage asks some hundred times. An
 * instance is set anew for every rate; one that is asked at all is filled at once, because that costs as much as asking for some
 * entries one by one.
 */
export class PrefillTable {
  /** [entry] ms at SHARES of the room, the last one twice. */
  readonly #table = new Float64Array(TABLE + 2);
  readonly #batch = new RunningBatch();
  readonly #one = new Float64Array(1);
  readonly #answer = new Float64Array(1);
  #isFilled = false;
  #room = 1;
  #pairsPerToken = 0;

  /** From now on prefills beside what is `decoding`, in steps with the room of `step`. */
  set({ plan, lengths }: BatchingSubject, decoding: Decoding, step: MeanStep): void {
    this.#batch.set(plan, decoding);
    this.#room = step.roomTokens;
    this.#pairsPerToken = lengths.moments.attendedMean;
    this.#isFilled = false;
  }

  #fill(): void {
    const { tokens, pairs, endings, ms } = this.#batch;
    for (let entry = 0; entry <= TABLE; entry += 1) {
      const share = this.#room * (SHARES[entry] as number);
      tokens[entry] = share;
      pairs[entry] = share * this.#pairsPerToken;
      endings[entry] = entry === 0 ? 0 : 1;
    }
    this.#batch.time(TABLE + 1);
    for (let entry = 0; entry <= TABLE; entry += 1) this.#table[entry] = ms[entry] as number;
    this.#table[TABLE + 1] = ms[TABLE] as number;
    this.#isFilled = true;
  }

  /** ms of a step with as many prompt tokens as there is room for. */
  get fullMs(): number {
    if (!this.#isFilled) this.#fill();
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
    if (!this.#isFilled) this.#fill();
    const table = this.#table;
    const perRoom = 1 / this.#room;
    for (let i = 0; i < count; i += 1) {
      const share = (tokens[i] as number) * perRoom;
      const position = TABLE * Math.sqrt(share < 1 ? share : 1);
      const cell = position | 0;
      const low = table[cell] as number;
      ms[i] = low + (position - cell) * ((table[cell + 1] as number) - low);
    }
  }
}
