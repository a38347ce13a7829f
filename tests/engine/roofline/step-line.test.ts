import { describe, expect, test } from 'vitest';
import { StepLine } from '../../../src-worker/engine/roofline/step-line.ts';
import { compileStepPlan } from '../../../src-worker/engine/roofline/step-plan.ts';
import { stepTimeMs } from '../../../src-worker/engine/roofline/step-time.ts';
import { Draws, randomBatch, randomSubject } from './random-deployments.ts';

describe('steps that share their tokens', () => {
  test('take the time of the same steps by themselves, for any context, in any order', () => {
    const draws = new Draws(11);
    const line = new StepLine();
    for (let deployment = 0; deployment < 100; deployment += 1) {
      const plan = compileStepPlan(randomSubject(draws));
      for (let batch = 0; batch < 5; batch += 1) {
        const { decodes, promptTokens, promptsEnding } = randomBatch(draws);
        line.set(plan, decodes, promptTokens, promptsEnding);
        for (const context of [0, 1, 300, 5000, 130_000]) {
          const [read, pairs] = [decodes * context, promptTokens * 0.7 * context];
          const alone = stepTimeMs(plan, decodes, read, promptTokens, pairs, promptsEnding);
          expect(Math.abs(line.at(read, pairs) - alone)).toBeLessThanOrEqual(1e-12 * alone);
        }
      }
    }
  });

  test('nothing is asked before it is set', () => {
    expect(() => new StepLine().at(0, 0)).toThrow('before it was set');
  });
});
