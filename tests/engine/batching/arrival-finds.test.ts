import { describe, expect, test } from 'vitest';
import { finds, findOnArrival } from '../../../src-worker/engine/batching/arrival-finds.ts';
import { meanStep, newMeanStep, type MeanStep } from '../../../src-worker/engine/batching/mean-step.ts';
import type { BatchingSubject } from '../../../src-worker/engine/batching/subject.ts';
import { saturationRate } from '../../../src-worker/engine/batching/saturation-rate.ts';
import { subjectOf } from './scenarios.ts';

const GPU = { model: 'meta-llama/Llama-3.1-8B-Instruct', gpu: 'nvidia-h100-80gb', budget: 8192 };
const OUTPUT = { mean: 200, std: 0, min: 200, max: 200 };

const ARRIVAL = {
  scvArrival: 1,
  relativeSpread: 0,
  hasResidual: true,
  lockstepPrefills: null,
  rounds: null,
  pauseMs: 0,
};

function found(subject: BatchingSubject, load: number, decodes: number): MeanStep {
  const arrivalsPerMs = load * saturationRate(subject).perMs;
  const outcome = meanStep(subject, arrivalsPerMs, decodes);
  if (outcome.kind === 'saturated') throw new Error('saturated');
  findOnArrival(subject, { ...ARRIVAL, arrivalsPerMs, step: outcome.step });
  return outcome.step;
}

/** Sum over what is found of its chance times `of`. */
const sumOf = (of: (find: number) => number): number =>
  Array.from({ length: finds.count }, (_, find) => (finds.chances[find] as number) * of(find)).reduce(
    (a, b) => a + b,
    0,
  );

describe.each([0.4, 1, 2.5])('prompts of CV %f', (cv) => {
  const prompts = { mean: 500, std: 500 * cv, min: 1, max: 10_000 };
  const subject = subjectOf({ name: 'cv', ...GPU, promptParts: [prompts], output: OUTPUT });

  test.each([0.2, 0.5, 0.8])('an arrival finds something, once, at %f of saturation', (load) => {
    found(subject, load, 40);
    // Kinds rarer than 1e-4 are left out.
    expect(sumOf(() => 1)).toBeGreaterThan(1 - 2e-3);
    expect(sumOf(() => 1)).toBeLessThan(1 + 2e-3);
  });

  test('steps with one prompt are met as often as they take time: their mean is that of the squares of lengths', () => {
    // Nothing but empty steps and steps with one prompt, as often: what a moment falls into is as long as E[S²] / E[S].
    const { weights, uncachedTokens } = subject.lengths.prompts;
    const pieceExtraMs = uncachedTokens.map((tokens) => 0.02 * tokens);
    const ofNodes = (power: number): number =>
      weights.reduce((sum, weight, i) => sum + weight * (10 + (pieceExtraMs[i] as number)) ** power, 0);
    const step: MeanStep = {
      ...newMeanStep(),
      ...{ decodes: 40, decodeOnlyMs: 10, roomTokens: 1e6, fullChunkMs: 1e6, numStates: 2 },
      ...{ pieceExtraMs, promptExtraMs: pieceExtraMs },
    };
    step.stateCounts.set([0, 1]);
    step.stateChances.set([0.5, 0.5]);
    step.stateMs.set([10, ofNodes(1)]);
    findOnArrival(subject, { ...ARRIVAL, arrivalsPerMs: 1e-9, step });
    const chance = sumOf((find) => ((finds.stepMs[find] as number) > 10 ? 1 : 0));
    const ms = sumOf((find) => ((finds.stepMs[find] as number) > 10 ? (finds.stepMs[find] as number) : 0));
    expect(chance).toBeCloseTo(ofNodes(1) / (10 + ofNodes(1)), 9);
    expect(ms / chance / (ofNodes(2) / ofNodes(1))).toBeCloseTo(1, 9);
  });
});

test('a user of a closed loop does not meet himself: alone he finds nobody, and of two each the other', () => {
  const subject = subjectOf({
    name: 'loop',
    ...GPU,
    promptParts: [{ mean: 500, std: 0, min: 500, max: 500 }],
    output: OUTPUT,
  });
  const idle = (population: number, decodes: number): number => {
    const arrivalsPerMs = 1e-6;
    const outcome = meanStep({ ...subject, population }, arrivalsPerMs, decodes);
    if (outcome.kind === 'saturated') throw new Error('saturated');
    findOnArrival({ ...subject, population }, { ...ARRIVAL, arrivalsPerMs, step: outcome.step });
    return sumOf((find) => finds.isIdle[find] as number);
  };
  expect(idle(1, 0.4)).toBeCloseTo(1, 9);
  // Two users who each decode two fifths of the time.
  expect(idle(2, 0.8)).toBeCloseTo(0.6, 3);
});
