import { expect, test } from 'vitest';
import { loadState } from '../../../src-worker/engine/batching/closed-form.ts';
import { saturationRate } from '../../../src-worker/engine/batching/saturation-rate.ts';
import { law, setLaw } from '../../../src-worker/engine/batching/time-per-token.ts';
import { SCENARIOS, subjectOf, type Scenario } from './scenarios.ts';

test('nobody interrupts an answer as often as nobody comes during as many steps without prompts', () => {
  // Whoever comes first lengthens a step: before that none is longer, and arrivals are Poisson.
  const subject = subjectOf(SCENARIOS[1] as Scenario);
  for (const share of [0.05, 0.3, 0.6]) {
    const perMs = share * saturationRate(subject).perMs;
    const load = loadState(subject, perMs);
    if (load.kind === 'saturated') throw new Error('saturated');
    for (const tokens of [1, 5, 40]) {
      law.tokens = tokens;
      setLaw(load.state, load.times);
      expect(law.undisturbedChance).toBeCloseTo(Math.exp(-perMs * tokens * load.state.step.decodeOnlyMs), 9);
    }
  }
});
