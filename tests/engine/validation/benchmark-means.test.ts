import { describe, expect, test } from 'vitest';
import { constantOf } from '../../../src-worker/engine/calibration/lookup.ts';
import type { CalibrationProfile } from '../../../src-worker/engine/calibration/types.ts';
import type { StepPlan } from '../../../src-worker/engine/roofline/step-plan.ts';
import { benchmarkMeans, burstSteps } from '../../../src-worker/engine/validation/benchmark-means.ts';
import { meansOfRun, runBenchmark } from '../../../src-worker/engine/validation/benchmark-run.ts';
import type { Benchmark } from '../../../src-worker/engine/validation/benchmark.ts';
import type { Measurement } from '../../../src-worker/engine/validation/types.ts';
import { STUDY } from '../roofline/study-profile.ts';
import { calibrationOf } from '../world.ts';
import { benchmarkOf, planFor } from './rows.ts';

// Sizes, not laws: figures worked by hand with round constants, and the simulation of the run itself.

/** The bundled profile with round figures for closed loops. */
function profileOfLoops(
  constants: Record<string, number>,
  factors: { clumpFactor?: number; burstFactor?: number } = {},
) {
  const profile: CalibrationProfile = structuredClone(calibrationOf());
  for (const [name, value] of Object.entries(constants)) {
    const constant = profile.constants[name];
    if (!constant) throw new Error(`no constant ${name}`);
    constant.value = value;
  }
  for (const generation of Object.values(profile.generations))
    Object.assign(generation, { clumpFactor: 1, burstFactor: 1, ...factors });
  return profile;
}

const NO_LOOPS = { closedLoopInStep: 0, closedLoopBurst: 0, closedLoopClump: 4, closedLoopInStepOfDrawnLengths: 0.5 };
const sixteen = (given: Partial<Measurement> = {}) =>
  benchmarkOf({ batchOrConcurrency: 16, numPrompts: 160, ...given });

describe('own prefills that a client of a closed loop waits', () => {
  test('the burst: of 16 clients the mean one waits for 7.5 others at its first request, 0.75 over ten', () => {
    const burst = profileOfLoops({ ...NO_LOOPS, closedLoopBurst: 1 });
    expect(burstSteps(sixteen(), burst)).toBeCloseTo(0.75, 12);
    expect(burstSteps(sixteen({ numPrompts: 16 }), burst)).toBeCloseTo(7.5, 12);
    // Eight seats: nobody waits for more than seven others.
    expect(burstSteps(sixteen({ maxNumSeqs: 8 }), burst)).toBeCloseTo(0.35, 12);
  });

  test('in step: a clump of 4 under 16 clients is 4 (1 - e^(-15/4)) of them, half of which count', () => {
    const inStep = profileOfLoops({ ...NO_LOOPS, closedLoopInStep: 0.5 });
    expect(burstSteps(sixteen(), inStep)).toBeCloseTo(1.9529645, 6);
    expect(burstSteps(sixteen({ numPrompts: 16_000 }), inStep)).toBeCloseTo(1.9529645, 6);
    // Lengths that are drawn keep half as many in step.
    expect(burstSteps(sixteen({ inputTokensNominal: 1100 }), inStep)).toBeCloseTo(1.9529645 / 2, 6);
  });

  test('an engine generation has a factor for its burst and one for its clumps, and neither touches the other', () => {
    const constants = { ...NO_LOOPS, closedLoopInStep: 0.5, closedLoopBurst: 1 };
    const of = (factors: { clumpFactor?: number; burstFactor?: number }) =>
      burstSteps(sixteen(), profileOfLoops(constants, factors));
    expect(of({})).toBeCloseTo(1.9529645 + 0.75, 6);
    expect(of({ burstFactor: 2 })).toBeCloseTo(1.9529645 + 1.5, 6);
    expect(of({ clumpFactor: 2 })).toBeCloseTo(2 * 1.9529645 + 0.75, 6);
  });
});

test('a thousand prompt tokens take as long to tokenize as the profile says', () => {
  const [few, many] = [sixteen({ inputTokens: 1000 }), sixteen({ inputTokens: 3000 })];
  const perThousand = constantOf(calibrationOf(), 'tokenizeMsPer1kTokens');
  expect(planFor(few).tokenizeMsPerToken * 1000).toBeCloseTo(perThousand, 12);
  // Two thousand tokens more, steps that take no time: TTFT differs by them alone.
  const idle = (b: Benchmark): StepPlan => ({
    ...planFor(b),
    combine: () => 0,
    attention: [],
    activationMsPerToken: 0,
  });
  const ttft = (b: Benchmark) => benchmarkMeans({ ...b, requests: 1 }, idle(b), calibrationOf()).ttftMs;
  expect(ttft(many) - ttft(few)).toBeCloseTo(2 * perThousand, 9);
});

describe('an offline run against its simulation, request by request', () => {
  const SET_UPS: [inputTokens: number, outputTokens: number, seats: number][] = [
    [200, 200, 32],
    [1000, 100, 32],
    [1000, 400, 32],
    [100, 800, 32],
    [1000, 400, 64],
  ];
  const lifetimesApart = (inputTokens: number, outputTokens: number, maxNumSeqs: number, waves: number): number => {
    const numPrompts = waves * maxNumSeqs;
    const given = { inputTokens, outputTokens, maxNumSeqs, numPrompts, batchOrConcurrency: null };
    const b = benchmarkOf({ ...given, kind: 'offline_max', measured: { output_tok_s: 1 } });
    const plan = planFor(b, STUDY);
    const [closed, run] = [benchmarkMeans(b, plan, STUDY, 'batching'), meansOfRun(runBenchmark(b, plan))];
    const lifeMs = closed.ttftMs + (outputTokens - 1) * closed.tpotMs;
    return (numPrompts / closed.requestsPerMs - numPrompts / run.requestsPerMs) / lifeMs;
  };

  test.each(SET_UPS)(
    '%i in, %i out, %i seats: filling and draining is between a whole wave, which needs none, and half of one',
    (inputTokens, outputTokens, seats) => {
      const whole = lifetimesApart(inputTokens, outputTokens, seats, 2);
      const half = lifetimesApart(inputTokens, outputTokens, seats, 2.5);
      // Answers of one length end together: two waves take two lifetimes, two and a half take three.
      expect((whole + half) / 2).toBeGreaterThan(-0.15);
      expect((whole + half) / 2).toBeLessThan(0.15);
    },
  );
});
