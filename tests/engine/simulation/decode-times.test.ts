import { describe, expect, test } from 'vitest';
import { compileStepPlan, type StepPlan } from '../../../src-worker/engine/roofline/step-plan.ts';
import { stepTimeMs } from '../../../src-worker/engine/roofline/step-time.ts';
import { DecodeTimes } from '../../../src-worker/engine/simulation/decode-times.ts';
import { Draws, MODELS, randomSpread, randomSubject } from '../roofline/random-deployments.ts';

/** Deployments nobody has: hidden host time that outweighs the GPU, pipelines, windows, recurrent states, attention by ranks. */
const PLANS = Array.from({ length: 400 }, (_, index): { id: string; plan: StepPlan } => {
  const draws = new Draws(index + 1);
  const id = draws.of(MODELS);
  return { id, plan: compileStepPlan(index % 2 === 0 ? randomSubject(draws, id) : randomSpread(draws, id)) };
});
const STEPS_PER_PLAN = 60;

const isLinear = ({ hidesSequenceTime, attention, pipeline }: StepPlan): boolean =>
  !hidesSequenceTime && !pipeline && attention.every(({ readMsPerSequence }) => readMsPerSequence === 0);

/** Largest relative difference to the step time over steps with contexts of 1 to 100,000 tokens. */
function worstOf(plan: StepPlan, draws: Draws): number {
  const times = new DecodeTimes(plan);
  let worst = 0;
  for (let step = 0; step < STEPS_PER_PLAN; step += 1) {
    const decodes = draws.whole(1, Math.round(draws.magnitude(1, 512)));
    const context = Math.round(decodes * draws.magnitude(1, 100_000));
    times.setStep(decodes, context);
    const exact = stepTimeMs(plan, decodes, context, 0, 0, 0);
    worst = Math.max(worst, Math.abs(times.ms - exact) / exact);
  }
  return worst;
}

describe('times of steps that only decode, from the table', () => {
  test('are within 1e-4 of the step time for every plan, measured: 2e-5', () => {
    const worst = PLANS.map(({ id, plan }, index) => ({ id, deviation: worstOf(plan, new Draws(1000 + index)) }));
    expect(worst.filter(({ deviation }) => !(deviation < 1e-4))).toEqual([]);
    expect(PLANS.filter(({ plan }) => plan.hidesSequenceTime).length).toBeGreaterThan(100);
    expect(PLANS.filter(({ plan }) => plan.pipeline).length).toBeGreaterThan(100);
  });

  test('are exact to rounding where the step time is linear in the context', () => {
    const linear = PLANS.filter(({ plan }) => isLinear(plan));
    expect(linear.length).toBeGreaterThan(50);
    for (const { plan } of linear) expect(worstOf(plan, new Draws(3))).toBeLessThan(1e-14);
  });

  test('go on without a jump from one knot to the next', () => {
    for (const { plan } of PLANS.slice(0, 60)) {
      const times = new DecodeTimes(plan);
      const decodes = 37;
      times.setStep(decodes, 0);
      for (let knot = 0, at = 0; knot < 50; knot += 1) {
        const { ms, msPerToken, nextKnotTokens } = times;
        expect(nextKnotTokens).toBeGreaterThan(at);
        const ahead = ms + msPerToken * (nextKnotTokens - at);
        at = nextKnotTokens;
        times.setStep(decodes, at);
        expect(times.ms / ahead).toBeCloseTo(1, 12);
      }
    }
  });
});
