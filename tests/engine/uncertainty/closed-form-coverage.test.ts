import { expect, test } from 'vitest';
import { compare } from '../../../scripts/closed-form/compare.ts';
import { drawScenarios } from '../../../scripts/closed-form/draw.ts';
import { closedFormErrors } from '../../../src-worker/engine/uncertainty/closed-form-errors.ts';

/** Draws that the table was not made from. */
const SEED = 5;
const COUNT = 100;
const REQUESTS = 6_000;

test('of fresh draws, about four in five figures lie within the factors of their trust', () => {
  const within = new Map<string, { inside: number; all: number }>();
  drawScenarios(SEED, COUNT, 'wide').forEach((draft, i) => {
    const { closed, differences } = compare(draft, i, REQUESTS, i + 1);
    const errors = closed.kind === 'steady' ? closedFormErrors(closed.trust) : null;
    if (closed.kind !== 'steady' || !errors) return;
    const counted = within.get(closed.trust) ?? { inside: 0, all: 0 };
    for (const latency of ['ttft', 'tpot', 'e2e'] as const) {
      for (const statistic of ['p50', 'p95', 'p99'] as const) {
        const percent = differences[`${latency} ${statistic}`];
        if (percent === undefined) continue;
        counted.all += 1;
        if (Math.abs(Math.log1p(percent / 100)) <= Math.log(errors[latency][statistic])) counted.inside += 1;
      }
    }
    within.set(closed.trust, counted);
  });
  expect([...within.keys()].sort()).toEqual(['bursty', 'critical', 'kv_pressure', 'slot_pressure']);
  // Nine figures of one draw err together, and runs are short.
  for (const [trust, { inside, all }] of within) {
    expect(inside / all, trust).toBeGreaterThan(0.6);
    expect(inside / all, trust).toBeLessThan(0.98);
  }
});
