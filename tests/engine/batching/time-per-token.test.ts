import { expect, test } from 'vitest';
import { evaluateBatching } from '../../../src-worker/engine/batching/closed-form.ts';
import { loadState } from '../../../src-worker/engine/batching/load-state.ts';
import { saturationRate } from '../../../src-worker/engine/batching/saturation-rate.ts';
import { law, setLaw } from '../../../src-worker/engine/batching/time-per-token.ts';
import { requestLengths } from '../../../src-worker/engine/workload/lengths.ts';
import { simplePlan } from '../simulation/simple-plans.ts';
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

test('where steps read contexts and prompts take no time, token times differ as much as prompts do', () => {
  const attention = { windowTokens: null, readMsPerContextToken: 5e-4, computeMsPerContextToken: 0 };
  const group = {
    ...attention,
    kvMsPerContextToken: 5e-4,
    promptMsPerPair: 0,
    readMsPerSequence: 0,
    promptMsPerToken: 0,
  };
  const spreadAt = (cv: number): number => {
    const lengths = (mean: number, std: number) => ({ mean, std, min: 1, max: 30 * mean });
    const outcome = evaluateBatching(
      {
        ...subjectOf(SCENARIOS[1] as Scenario),
        plan: { ...simplePlan(5), attention: [group] },
        lengths: requestLengths({
          promptParts: [lengths(1500, cv * 1500)],
          output: lengths(30, 15),
          cache: null,
          maxContextTokens: null,
        }),
        maxNumBatchedTokens: 1e6,
      },
      1 / 60,
    );
    if (outcome.kind === 'saturated') throw new Error('saturated');
    return outcome.tpotMs.p95 / outcome.tpotMs.p50;
  };
  const spreads = [0, 0.5, 1].map(spreadAt);
  spreads.slice(1).forEach((spread, i) => {
    expect(spread / (spreads[i] ?? NaN)).toBeGreaterThan(1.01);
  });
});
