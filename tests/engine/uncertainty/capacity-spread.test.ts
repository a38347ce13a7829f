import { describe, expect, test } from 'vitest';
import type { BatchingSubject } from '../../../src-worker/engine/batching/subject.ts';
import { findCapacity } from '../../../src-worker/engine/sizing/capacity.ts';
import { batchingLoad } from '../../../src-worker/engine/sizing/replica-load.ts';
import type { ReplicaLoad } from '../../../src-worker/engine/sizing/types.ts';
import { capacityAt, capacityRange, meetsProbability } from '../../../src-worker/engine/uncertainty/capacity-spread.ts';
import {
  lastXBelow,
  targetCurveOf,
  yAt,
  type TargetCurve,
} from '../../../src-worker/engine/uncertainty/target-curve.ts';
import type { Target } from '../../../src-worker/engine/workload/types.ts';
import { SCENARIOS, subjectOf } from '../batching/scenarios.ts';
import { facts } from '../world.ts';
import { normals } from './normals.ts';

const chat = facts.workloads.find(({ name }) => name === 'chat') ?? expect.fail('no chat workload');
const [llama7b = expect.fail(), , , llama70b = expect.fail()] = SCENARIOS;

function loadOf(subject: BatchingSubject, targets: Target[] = chat.targets): ReplicaLoad {
  const capacity = findCapacity(subject, targets);
  if (capacity.kind !== 'found') throw new Error('no capacity');
  return batchingLoad(subject, targets, { found: capacity, replicasFor: () => 1 });
}

/** Every time of a plan `factor` times as long: all figures whose name says that they are ms. */
function slowed<Value>(value: Value, factor: number): Value {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((entry: unknown) => slowed(entry, factor)) as Value;
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]: [string, unknown]) => [
      name,
      typeof entry === 'number' ? entry * (name.includes('Ms') ? factor : 1) : slowed(entry, factor),
    ]),
  ) as Value;
}

describe('target curve', () => {
  test.each([llama7b, llama70b])(
    '$name: the capacity that slower or faster steps leave is that of the plan with all its times changed',
    (scenario) => {
      const subject = { ...subjectOf(scenario), plan: { ...subjectOf(scenario).plan, ttftBaseMs: 8 } };
      const curve = targetCurveOf(loadOf(subject));
      for (const factor of [0.6, 0.8, 1, 1.25, 1.6]) {
        const searched = findCapacity({ ...subject, plan: slowed(subject.plan, factor) }, chat.targets);
        if (searched.kind !== 'found') throw new Error('no capacity');
        expect(Math.abs(capacityAt(curve, Math.log(factor), 0) / searched.ratePerMs - 1)).toBeLessThan(0.03);
      }
    },
  );

  test('an error of the first token alone is a search with other targets for it alone', () => {
    const subject = subjectOf(llama7b);
    const curve = targetCurveOf(loadOf(subject));
    for (const factor of [0.7, 1.5, 2.5]) {
      const targets = chat.targets.map((target) =>
        target.metric.startsWith('ttft') ? { ...target, targetMs: target.targetMs / factor } : target,
      );
      const searched = findCapacity(subject, targets);
      if (searched.kind !== 'found') throw new Error('no capacity');
      expect(Math.abs(capacityAt(curve, 0, Math.log(factor)) / searched.ratePerMs - 1)).toBeLessThan(0.03);
    }
  });

  test('capacity never grows with an error, whichever, and is none where steps take far too long', () => {
    const curve = targetCurveOf(loadOf(subjectOf(llama7b)));
    let before = Infinity;
    for (let error = -2; error <= 4; error += 0.05) {
      const capacity = capacityAt(curve, error, 0);
      expect(capacity).toBeLessThanOrEqual(before * (1 + 1e-12));
      expect(capacityAt(curve, 0, error)).toBeLessThanOrEqual(capacityAt(curve, 0, error - 0.05) * (1 + 1e-12));
      before = capacity;
    }
    expect(before).toBe(0);
  });

  test('without a gating target only the GPU, the cache and the seats set an end', () => {
    const ungated = chat.targets.map((target) => ({ ...target, isGating: false }));
    const curve = targetCurveOf(loadOf(subjectOf(llama7b), ungated));
    expect(capacityAt(curve, 0, 3)).toBeCloseTo(capacityAt(curve, 0, 0), 12);
    expect(capacityAt(curve, Math.log(2), 0)).toBeCloseTo(capacityAt(curve, 0, 0) / 2, 12);
  });

  test('a load that fails above its idle rate is a curve of that rate', () => {
    const curve = targetCurveOf({
      ratePerMsAtCapacity: 1e-3,
      saturation: () => ({ perMs: 1, cause: 'compute' }),
      marginsAt: (rate) => (rate <= 1e-3 ? { firstToken: -1, later: -2, pressureZ: 9 } : null),
    });
    expect(capacityAt(curve, 0, 0)).toBeCloseTo(1e-3, 12);
    expect(capacityAt(curve, 1.5, 0)).toBe(0);
  });

  test('between points a curve is a straight line, and its inverse is the same line', () => {
    const line = { x: [1, 2, 4], y: [0, 1, 1] };
    expect(yAt(line, 1.5)).toBe(0.5);
    expect(lastXBelow(line, 0.5)).toBe(1.5);
    expect(lastXBelow(line, 1)).toBe(4);
    expect(lastXBelow(line, -0.1)).toBe(-Infinity);
    expect([yAt(line, 0), yAt(line, 9)]).toEqual([0, 1]);
  });
});

/** Latency 1 / (1 - rate) against targets of 2 (first token) and 4 (later): capacities 0.5 and 0.75, by hand. */
const x = Array.from({ length: 400 }, (_, i) => (i / 400) * 0.999 + 1e-4);
const byHand: TargetCurve = {
  firstToken: { x, y: x.map((rate) => Math.log(1 / (1 - rate) / 2)) },
  later: { x, y: x.map((rate) => Math.log(1 / (1 - rate) / 4)) },
  limitPerMs: 1,
};
const spread = { stepSigma: 0.2, firstTokenSigma: 0.3, leastStep: 0.2 };

describe('chance of meeting the targets', () => {
  test('without any spread it is certain up to the capacity and impossible above', () => {
    const none = { stepSigma: 0, firstTokenSigma: 0, leastStep: 1 };
    expect(meetsProbability(byHand, none, 0.499)).toBe(1);
    expect(meetsProbability(byHand, none, 0.501)).toBe(0);
    expect(capacityRange(byHand, none)[0]).toBeCloseTo(0.5, 3);
    expect(capacityRange(byHand, none)[1]).toBeCloseTo(0.5, 3);
  });

  test('at the capacity itself it is one half where nothing but the step errs', () => {
    expect(meetsProbability(byHand, { ...spread, firstTokenSigma: 0 }, 0.5)).toBeCloseTo(0.5, 2);
  });

  test.each([0.2, 0.35, 0.45, 0.6])('agrees with drawing errors one by one, at a rate of %f', (rate) => {
    const draw = normals(7);
    const draws = 40_000;
    let met = 0;
    for (let i = 0; i < draws; i += 1) {
      const step = Math.exp(spread.stepSigma * draw());
      const first = Math.exp(spread.firstTokenSigma * draw());
      // All times s-fold: latency s / (1 - rate s), where the queue is there at all.
      const latency = rate * step < 1 ? step / (1 - rate * step) : Infinity;
      if (latency * first <= 2 && latency <= 4) met += 1;
    }
    // 40,000 draws know a chance to 0.25 points (one standard deviation).
    expect(Math.abs(meetsProbability(byHand, spread, rate) - met / draws)).toBeLessThan(0.01);
  });

  test('falls with the load, stays within 0 and 1, and is finite for every spread', () => {
    for (const stepSigma of [0, 0.05, 0.3, 2]) {
      for (const firstTokenSigma of [0, 0.1, 1]) {
        let before = 1;
        for (const rate of [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 1.5]) {
          const chance = meetsProbability(byHand, { stepSigma, firstTokenSigma, leastStep: 0.1 }, rate);
          expect(chance).toBeGreaterThanOrEqual(0);
          expect(chance).toBeLessThanOrEqual(before + 1e-3);
          before = chance;
        }
      }
    }
  });

  test('the ends of the capacity interval are carried with chances of 90 and 10 %', () => {
    const [low, high] = capacityRange(byHand, spread);
    expect(low).toBeLessThan(0.5);
    expect(high).toBeGreaterThan(0.5);
    expect(meetsProbability(byHand, spread, low)).toBeCloseTo(0.9, 2);
    expect(meetsProbability(byHand, spread, high)).toBeCloseTo(0.1, 2);
  });

  test('more spread widens the interval; physics bounds its upper end', () => {
    const [low, high] = capacityRange(byHand, spread);
    const [lower, higher] = capacityRange(byHand, { ...spread, stepSigma: 0.4 });
    expect(lower).toBeLessThan(low);
    expect(higher).toBeGreaterThan(high);
    const bounded = { ...spread, firstTokenSigma: 0, leastStep: 0.95 };
    expect(capacityRange(byHand, bounded)[1]).toBeCloseTo(capacityAt(byHand, Math.log(0.95), 0), 12);
  });

  test('a replica that is likely to miss even when idle carries nothing at the lower end', () => {
    const tight: TargetCurve = { ...byHand, later: { x, y: x.map((rate) => Math.log(1 / (1 - rate) / 1.05)) } };
    const [low, high] = capacityRange(tight, spread);
    expect(low).toBe(0);
    expect(high).toBeGreaterThan(0);
  });
});
