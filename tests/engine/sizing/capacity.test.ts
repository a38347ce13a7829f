import { describe, expect, test } from 'vitest';
import { evaluateBatching } from '../../../src-worker/engine/batching/closed-form.ts';
import { findCapacity, latencyOf, searchCapacity, type Score } from '../../../src-worker/engine/sizing/capacity.ts';
import type { Capacity } from '../../../src-worker/engine/sizing/types.ts';
import type { Target } from '../../../src-worker/engine/workload/types.ts';
import { SCENARIOS, subjectOf } from '../batching/scenarios.ts';
import { facts } from '../world.ts';

const chat = facts.workloads.find(({ name }) => name === 'chat');
if (!chat) throw new Error('no chat workload');

const score = (value: number): Score => ({ value, binding: 'ttft_p95', predictedMs: 0, targetMs: 0 });
const search = (scoreOf: (ratePerMs: number) => Score, firstTry = 0.5): Capacity =>
  searchCapacity({ score: scoreOf, bound: 1, firstTry });

describe('capacity search', () => {
  test.each([0.003, 0.1, 0.4, 0.77, 0.98])('finds a known root at %f of the bound to 0.1 %% from below', (root) => {
    for (const bend of [0.3, 1, 4]) {
      const found = search((rate) => score((rate / root) ** bend - 1));
      if (found.kind !== 'found') throw new Error('not found');
      expect(found.ratePerMs).toBeLessThanOrEqual(root);
      expect(found.ratePerMs).toBeGreaterThan(root * 0.9985);
    }
  });

  test('asks for few scores, however the curve bends and wherever the first try lies', () => {
    let asked = 0;
    let searches = 0;
    for (const root of [0.003, 0.03, 0.1, 0.4, 0.77, 0.98]) {
      for (const bend of [0.3, 1, 4, 9]) {
        for (const firstTry of [0.7 * root, 1.05 * root, Math.min(1, 2 * root), 0.9]) {
          searches += 1;
          search((rate) => {
            asked += 1;
            return score(Math.log(0.4 + 0.6 * (rate / root) ** bend));
          }, firstTry);
        }
      }
    }
    expect(asked / searches).toBeLessThan(10);
  });

  test('finds the edge where the score jumps to infinity', () => {
    const found = search((rate) => score(rate > 0.123 ? Infinity : -0.5));
    expect(found.kind === 'found' ? found.ratePerMs / 0.123 : NaN).toBeCloseTo(1, 2);
  });

  test.each([Infinity, 0.4])(
    'finds the edge of what nothing limits below it, where the score jumps to %f',
    (beyond) => {
      for (const firstTry of [0.05, 0.12, 0.9]) {
        const found = search((rate) => score(rate > 0.123 ? beyond : -Infinity), firstTry);
        expect(found.kind === 'found' ? found.ratePerMs / 0.123 : NaN).toBeCloseTo(1, 2);
      }
    },
  );

  test('a target missed by an idle replica is a refusal with both figures', () => {
    const found = search(() => ({ ...score(0.2), predictedMs: 61, targetMs: 50 }));
    expect(found).toEqual({ kind: 'missed_when_idle', metric: 'ttft_p95', predictedMs: 61, targetMs: 50 });
  });

  test.each(SCENARIOS.slice(0, 5).map((scenario) => [scenario.name, scenario] as const))(
    '%s: every target holds at the capacity, and one breaks just above it',
    (_, scenario) => {
      const subject = subjectOf(scenario);
      const targets: Target[] = chat.targets.map((target) => ({ ...target, targetMs: target.targetMs * 2 }));
      const capacity = findCapacity(subject, targets);
      if (capacity.kind !== 'found') throw new Error('not found');
      const holds = (share: number): boolean => {
        const outcome = evaluateBatching(subject, capacity.ratePerMs * share);
        if (outcome.kind === 'saturated' || outcome.pressureZ < 4) return false;
        return targets.every(({ isGating, metric, targetMs }) => !isGating || latencyOf(outcome, metric) <= targetMs);
      };
      expect([holds(0.5), holds(1), holds(1.01)]).toEqual([true, true, false]);
    },
  );
});
