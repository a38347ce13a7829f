import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compileStepPlan } from '../../../src-worker/engine/roofline/step-plan.ts';
import { STEP_PARTS, stepBreakdown } from '../../../src-worker/engine/roofline/step-time.ts';
import { Draws, randomBatch, randomSubject } from './random-deployments.ts';

/**
 * Steps of 200 drawn deployments, each part of each, as the code worked them out before plans were split into work and
 * rates. A change of the arithmetic shows here; one that is meant is taken over with
 * `UPDATE_GOLDEN=1 npx vitest run --project node tests/engine/roofline/step-snapshot.test.ts`, and its difference is read.
 */
const FILE = new URL('step-snapshot.json', import.meta.url);
const DEPLOYMENTS = 200;
const BATCHES = 2;
/** Sums in another order differ in their last bits. */
const RELATIVE_TOLERANCE = 1e-12;

/** ms of each part by its name, then of the step. */
type Step = Record<string, number>;

function steps(): Step[] {
  const draws = new Draws(7);
  return Array.from({ length: DEPLOYMENTS }, () => {
    const plan = compileStepPlan(randomSubject(draws));
    return Array.from({ length: BATCHES }, () => {
      const { partsMs, totalMs } = stepBreakdown(plan, randomBatch(draws));
      const parts = STEP_PARTS.filter((name) => partsMs[name] !== 0).map((name) => [name, partsMs[name]] as const);
      return {
        ...Object.fromEntries(parts),
        total: totalMs,
        floor: plan.weightReadFloorMs,
      };
    });
  }).flat();
}

describe('the time of a step', () => {
  test('is what it was, part by part, for 200 drawn deployments', () => {
    const now = steps();
    if (process.env['UPDATE_GOLDEN'])
      writeFileSync(FILE, `[\n${now.map((step) => JSON.stringify(step)).join(',\n')}\n]\n`);
    const before = JSON.parse(readFileSync(FILE, 'utf8')) as Step[];
    expect(now).toHaveLength(before.length);
    now.forEach((step, index) => {
      const known = before[index] as Step;
      expect(Object.keys(step), `step ${index}`).toEqual(Object.keys(known));
      for (const [name, value] of Object.entries(step)) {
        const was = known[name] as number;
        expect(Math.abs(value - was), `${name} of step ${index}`).toBeLessThanOrEqual(
          RELATIVE_TOLERANCE * Math.abs(was),
        );
      }
    });
  });
});
