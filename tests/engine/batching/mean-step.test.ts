import { expect, test } from 'vitest';
import { meanStep, newMeanStep, timeMeanMs } from '../../../src-worker/engine/batching/mean-step.ts';
import { NORMAL_Z } from '../../../src-worker/engine/batching/normal-nodes.ts';
import { roomySubject, simplePlan } from '../simulation/simple-plans.ts';

const EMPTY_STEP_MS = 60;
const MS_PER_TOKEN = 0.05;
const PROMPT_TOKENS = 100;
/** Steps of 60 ms and 5 ms for each prompt in them; decodes hardly count. */
const subject = roomySubject(simplePlan(EMPTY_STEP_MS, MS_PER_TOKEN), PROMPT_TOKENS, 10);

/** Mean and variance of the prompts of a step, by following their chances from step to step: as many as come during the one before. */
function promptsByEnumeration(arrivalsPerMs: number, emptyMs: number): { mean: number; variance: number } {
  const most = 200;
  let chances = new Float64Array(most);
  chances[0] = 1;
  for (let round = 0; round < 200; round += 1) {
    const next = new Float64Array(most);
    chances.forEach((chance, count) => {
      const expected = arrivalsPerMs * (emptyMs + count * PROMPT_TOKENS * MS_PER_TOKEN);
      let poisson = Math.exp(-expected);
      for (let k = 0; k < most; k += 1) {
        next[k] = (next[k] as number) + chance * poisson;
        poisson *= expected / (k + 1);
      }
    });
    chances = next;
  }
  const mean = chances.reduce((sum, chance, count) => sum + chance * count, 0);
  return { mean, variance: chances.reduce((sum, chance, count) => sum + chance * (count - mean) ** 2, 0) };
}

test.each([0.05, 0.08, 0.1])(
  'many prompts in every step, %d a ms: spread as the chain of steps spreads them',
  (arrivalsPerMs) => {
    // At fewer prompts their chances are followed one by one: more steps then.
    const decodes = 1000;
    const outcome = meanStep(subject, arrivalsPerMs, decodes);
    if (outcome.kind === 'saturated') throw new Error('steps carry 0.2 prompts a ms');
    const { stateCounts, numStates, decodeOnlyMs } = outcome.step;
    const truth = promptsByEnumeration(arrivalsPerMs, decodeOnlyMs);
    expect(numStates).toBe(NORMAL_Z.length);
    const middle = (numStates - 1) / 2;
    const deviation =
      ((stateCounts[numStates - 1] as number) - (stateCounts[middle] as number)) / (NORMAL_Z[numStates - 1] as number);
    expect((stateCounts[middle] as number) / truth.mean).toBeCloseTo(1, 2);
    expect(deviation ** 2 / truth.variance).toBeCloseTo(1, 2);
  },
);

test('a step met at a random moment is as long as steps are, each as often as it takes time', () => {
  // Of ten steps six carry nothing, three a prompt and one is a full chunk.
  const ms = [...Array<number>(6).fill(10), 30, 30, 30, 80];
  const sum = (power: number): number => ms.reduce((total, one) => total + one ** power, 0);
  const step = { ...newMeanStep(), numStates: 2, fullChunkMs: 80, fullChunkShare: 80 / sum(1) };
  step.stateChances.set([6 / 9, 3 / 9]);
  step.stateMs.set([10, 30]);
  expect(timeMeanMs(step)).toBeCloseTo(sum(2) / sum(1), 9);
});
