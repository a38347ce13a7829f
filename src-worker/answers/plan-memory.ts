import type { Facts } from '../engine/facts.ts';
import type { Model } from '../engine/model/types.ts';
import type { PlanGroup } from '../engine/sizing/types.ts';
import type { RequestLengths } from '../engine/workload/lengths.ts';

/** What the questions about one model, workload and set of targets have in common: all a capacity search depends on. */
export interface KnownSubject {
  model: Model;
  lengths: RequestLengths;
  /** By their key (plan-groups.ts). */
  plans: Map<string, PlanGroup>;
}

/** Evaluated plans kept, about 10 KiB each: a few models with some precisions each, or a few dozen edits of a workload. */
const KEPT_PLANS = 3000;

/**
 * The plans evaluated lately, so that an edit of users, place, price or filters costs no capacity search, and a further
 * precision or provider only its own. A plan is a function of its subject and its key, so an answer has the same bytes
 * whether its plans were remembered or not.
 */
export class PlanMemory {
  /** Oldest first. */
  readonly #subjects = new Map<string, KnownSubject>();

  /** The subject of that key, made when it is not known. What was not used for longest gives way. */
  subject(key: string, make: () => Omit<KnownSubject, 'plans'>): KnownSubject {
    const known = this.#subjects.get(key) ?? { ...make(), plans: new Map<string, PlanGroup>() };
    this.#subjects.delete(key);
    this.#subjects.set(key, known);
    this.#forgetOldest();
    return known;
  }

  get numPlans(): number {
    let plans = 0;
    for (const subject of this.#subjects.values()) plans += subject.plans.size;
    return plans;
  }

  #forgetOldest(): void {
    let plans = this.numPlans;
    for (const [key, subject] of this.#subjects) {
      if (plans <= KEPT_PLANS || this.#subjects.size === 1) return;
      plans -= subject.plans.size;
      this.#subjects.delete(key);
    }
  }
}

/** Plans belong to the catalogs they were evaluated with, and go with them. */
const memories = new WeakMap<Facts, PlanMemory>();

export function planMemoryOf(facts: Facts): PlanMemory {
  const known = memories.get(facts) ?? new PlanMemory();
  memories.set(facts, known);
  return known;
}

/** Forgets every plan evaluated with these catalogs. */
export const forgetPlans = (facts: Facts): void => void memories.delete(facts);
