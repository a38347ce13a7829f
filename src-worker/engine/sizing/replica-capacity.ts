import type { BatchingSubject } from '../batching/subject.ts';
import type { Target } from '../workload/types.ts';
import type { SubjectAt } from './arrival-law.ts';
import {
  capacityQuestion,
  rootBetween,
  searchAbove,
  stepDown,
  TOLERANCE,
  triedAt,
  tryIdle,
  type CapacityQuestion,
  type IdleOutcome,
  type Tried,
} from './capacity.ts';
import type { Capacity, FoundCapacity } from './types.ts';

/** Replicas that share a rate where one carries `capacityPerMs` of it; at least one. */
export const replicasAt = (sharedPerMs: number, capacityPerMs: number): number =>
  Math.max(1, Math.ceil(sharedPerMs / capacityPerMs - 1e-9));

/** Rates that are tried before the capacity is searched after all: about as many as a search tries. */
const MOST_TRIES = 6;
/** Above so many replicas the next count is a few per cent of load away: a search tells them apart as soon. */
const MOST_COUNTED = 12;
/** Logarithms of rates that differ by less than this are left to the search: its result is no closer. */
const NEAR = 1.1 * TOLERANCE;
/** A score that does not fall below zero over a change of the rate by NEAR: latency would have to rise by its 90th power. */
const CLEAR = 0.1;

type Idle = Extract<IdleOutcome, { kind: 'idle' }>;

/**
 * What one replica carries, worked out no further than it is asked. How many replicas share a load follows from whether one
 * carries 1/n of it, which an evaluation or two decide; the capacity itself takes some six, and is needed where it is shown.
 * Both agree wherever latency rises with load: n = ⌈load / capacity⌉. What is nearer to the capacity than a search comes to it
 * is decided by the search. Where latency dips, the planned load is judged by itself in any case (size.ts).
 */
export class ReplicaCapacity {
  /** Why an idle replica is refused; null where it meets every target. */
  readonly refused: Exclude<Capacity, { kind: 'found' }> | null;
  readonly #question: CapacityQuestion;
  readonly #idle: Idle | null;
  #found: FoundCapacity | null = null;
  /** The largest rate that passed and the least that failed. */
  #passed: Tried;
  #failed: Tried;
  #numTries = 0;

  constructor(question: CapacityQuestion, known?: Capacity) {
    this.#question = question;
    const idle = known ? null : tryIdle(question);
    this.#idle = idle?.kind === 'idle' ? idle : null;
    this.#passed = this.#idle?.tried ?? { x: -Infinity, value: 0 };
    this.#failed = { x: Math.log(question.bound) + TOLERANCE, value: Infinity };
    if (known?.kind === 'found') this.#found = known;
    const refused = known ?? idle;
    this.refused = refused && refused.kind !== 'found' && refused.kind !== 'idle' ? refused : null;
  }

  get found(): FoundCapacity {
    if (this.#found) return this.#found;
    if (!this.#idle) throw new Error('a replica that is refused when idle was asked for its capacity');
    this.#found = searchAbove(this.#idle, this.#question);
    return this.#found;
  }

  /** The least number of replicas that carry `sharedPerMs` together. */
  replicasFor(sharedPerMs: number): number {
    const counted = this.#found ? null : this.#counted(sharedPerMs);
    return counted ?? replicasAt(sharedPerMs, this.found.ratePerMs);
  }

  /** `replicasFor` by trying counts; null where a search is needed or as cheap. */
  #counted(sharedPerMs: number): number | null {
    const shared = Math.log(sharedPerMs);
    for (;;) {
      const least = Math.floor(Math.exp(shared - this.#failed.x) + 1e-9) + 1;
      const most = replicasAt(1, Math.exp(this.#passed.x - shared));
      if (most <= least) return most;
      if (least > MOST_COUNTED || this.#numTries >= MOST_TRIES) return null;
      const expected = Math.ceil(Math.exp(shared - this.#expected()));
      const count = Math.min(most - 1, Math.max(least, expected));
      if (!this.#isDecided(shared - Math.log(count))) return null;
    }
  }

  /** ln of about the rate that is carried. */
  #expected(): number {
    const { firstTry } = this.#question;
    const idle = this.#idle;
    if (!idle || this.#numTries === 0) return Math.log(firstTry);
    if (this.#passed === idle.tried) return stepDown(this.#failed, idle.tried);
    return Number.isFinite(this.#failed.value)
      ? rootBetween(this.#passed, this.#failed, null)
      : (this.#passed.x + this.#failed.x) / 2;
  }

  /** Tries a rate by its logarithm; false where it is too near to the capacity to say. */
  #isDecided(x: number): boolean {
    const above = this.#try(x + NEAR);
    if (above <= 0) return true;
    if (above > CLEAR && Number.isFinite(above)) {
      this.#failed = { x, value: above };
      return true;
    }
    return this.#try(x) > 0;
  }

  #try(x: number): number {
    this.#numTries += 1;
    const score = this.#question.score(Math.exp(x));
    const tried = triedAt(x, score);
    if (score.value > 0) this.#failed = tried;
    else this.#passed = tried;
    return score.value;
  }
}

export const batchingCapacity = (
  subject: BatchingSubject,
  targets: Target[],
  at: SubjectAt,
  known?: Capacity,
): ReplicaCapacity => new ReplicaCapacity(capacityQuestion(subject, targets, at), known);
