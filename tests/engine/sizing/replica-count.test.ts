import { describe, expect, test } from 'vitest';
import {
  capacityQuestion,
  searchCapacity,
  type CapacityQuestion,
  type Score,
} from '../../../src-worker/engine/sizing/capacity.ts';
import { ReplicaCapacity, replicasAt } from '../../../src-worker/engine/sizing/replica-capacity.ts';
import { SCENARIOS, subjectOf } from '../batching/scenarios.ts';
import { facts } from '../world.ts';

const chat = facts.workloads.find(({ name }) => name === 'chat');
if (!chat) throw new Error('no chat workload');

/** Lehmer's generator: the same numbers in every run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

const score = (value: number): Score => ({ value, binding: 'ttft_p95', predictedMs: 0, targetMs: 0 });

/** Latency that rises with load and meets its target up to `root`, by a curve or, from there on, by none at all. */
function rising(root: number, bend: number, isCliff: boolean): CapacityQuestion {
  const valueAt = (rate: number): number =>
    isCliff ? (rate > root ? Infinity : -0.3) : Math.log(0.4 + 0.6 * (rate / root) ** bend);
  return { score: (rate) => score(valueAt(rate)), bound: 1, firstTry: 0.9 };
}

/** Loads around a whole number of replicas at full capacity: exact, a little beside, and as far as the tolerance reaches. */
const BESIDE = [0, 1e-10, 1e-5, -1e-5, 3e-4, -3e-4, 0.9e-3, -0.9e-3, 1.2e-3, -1.2e-3, 0.01, -0.01];

function capacityOf(question: CapacityQuestion): number {
  const found = searchCapacity(question);
  if (found.kind !== 'found') throw new Error('nothing is carried');
  return found.ratePerMs;
}

describe('replicas = ⌈load / (share · capacity)⌉, counted before the capacity is known', () => {
  test('on 2,000 curves, at random loads and next to whole numbers of replicas', () => {
    const random = randomNumbers(8);
    for (let curve = 0; curve < 2000; curve += 1) {
      const question = rising(10 ** (-3 * random()), 0.5 + 8 * random(), random() < 0.3);
      const capacity = capacityOf(question);
      const whole = 1 + Math.floor(14 * random());
      const loads = [capacity * 30 * random() ** 2, ...BESIDE.map((share) => whole * capacity * (1 + share))];
      for (const load of loads) {
        const counted = new ReplicaCapacity(question).replicasFor(load);
        expect(counted, `${load} / ${capacity}, root of curve ${curve}`).toBe(replicasAt(load, capacity));
      }
    }
  });

  test.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))(
    '%s: with any cache, any targets, one load after the other',
    (name, scenario) => {
      const random = randomNumbers(name.length);
      const replica = subjectOf(scenario);
      let numFound = 0;
      for (let i = 0; i < 25; i += 1) {
        const strictness = 0.5 + 4 * random();
        const targets = chat.targets.map((target) => ({ ...target, targetMs: target.targetMs * strictness }));
        const kvCacheTokens = 10 ** (4 + 2.5 * random());
        const scvArrival = random() < 0.3 ? 0 : 1;
        const question = capacityQuestion({ ...replica, kvCacheTokens, scvArrival }, targets);
        const found = searchCapacity(question);
        const capacity = new ReplicaCapacity(question);
        expect(capacity.refused).toEqual(found.kind === 'found' ? null : found);
        if (found.kind !== 'found') continue;
        numFound += 1;
        const loads = [0.3 * random(), 8 * random(), 40 * random(), 2 * (1 + 2e-4), 3 * (1 - 2e-4)];
        for (const load of loads) {
          const shared = load * found.ratePerMs;
          expect(capacity.replicasFor(shared), `load ${load}`).toBe(replicasAt(shared, found.ratePerMs));
        }
        expect(capacity.found).toEqual(found);
      }
      expect(numFound).toBeGreaterThan(5);
    },
  );

  test('takes one to three scores where few replicas share the load', () => {
    const random = randomNumbers(3);
    let asked = 0;
    let questions = 0;
    for (const scenario of SCENARIOS) {
      const targets = chat.targets.map((target) => ({ ...target, targetMs: target.targetMs * 2 }));
      const question = capacityQuestion(subjectOf(scenario), targets);
      const carried = capacityOf(question);
      for (let i = 0; i < 20; i += 1) {
        const counted = new ReplicaCapacity({
          ...question,
          score: (rate) => {
            asked += 1;
            return question.score(rate);
          },
        });
        // An idle replica is judged once, whatever is asked of it later.
        asked -= 1;
        questions += 1;
        counted.replicasFor(6 * random() * carried);
      }
    }
    expect(asked / questions).toBeLessThan(3);
  });

  test('a capacity that was searched elsewhere is taken as it is', () => {
    const never = (): Score => {
      throw new Error('a score was asked for');
    };
    const question = { score: never, bound: 1, firstTry: 0.5 };
    const known = new ReplicaCapacity(question, { kind: 'found', ratePerMs: 0.2, binding: 'tpot_p50' });
    expect([known.replicasFor(0.1), known.replicasFor(0.4), known.replicasFor(0.41)]).toEqual([1, 2, 3]);
    const refused = { kind: 'no_room', cause: 'kv' } as const;
    expect(new ReplicaCapacity(question, refused).refused).toEqual(refused);
  });

  test('what misses its targets when idle is refused, and has no capacity to ask for', () => {
    const question = { score: () => ({ ...score(0.2), predictedMs: 61, targetMs: 50 }), bound: 1, firstTry: 0.5 };
    const capacity = new ReplicaCapacity(question);
    expect(capacity.refused).toEqual({ kind: 'missed_when_idle', metric: 'ttft_p95', predictedMs: 61, targetMs: 50 });
    expect(() => capacity.found).toThrow('refused when idle');
  });
});
