import { describe, expect, test } from 'vitest';
import { finds, findOnArrival } from '../../../src-worker/engine/batching/arrival-finds.ts';
import { meanStep, type MeanStep } from '../../../src-worker/engine/batching/mean-step.ts';
import type { BatchingSubject } from '../../../src-worker/engine/batching/subject.ts';
import { saturationRate } from '../../../src-worker/engine/batching/saturation-rate.ts';
import { subjectOf } from './scenarios.ts';

const GPU = { model: 'meta-llama/Llama-3.1-8B-Instruct', gpu: 'nvidia-h100-80gb', budget: 8192 };
const OUTPUT = { mean: 200, std: 0, min: 200, max: 200 };

function found(subject: BatchingSubject, load: number, decodes: number): MeanStep {
  const arrivalsPerMs = load * saturationRate(subject).perMs;
  const outcome = meanStep(subject, arrivalsPerMs, decodes);
  if (outcome.kind === 'saturated') throw new Error('saturated');
  findOnArrival(subject, {
    arrivalsPerMs,
    scvArrival: 1,
    step: outcome.step,
    relativeSpread: 0,
    hasResidual: true,
    lockstepPrefills: null,
    rounds: null,
    pauseMs: 0,
  });
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
    // So few that hardly two share a step.
    const step = found(subject, 0.03, 40);
    const { weights } = subject.lengths.prompts;
    const ofNodes = (power: number): number =>
      weights.reduce(
        (sum, weight, i) => sum + weight * (step.decodeOnlyMs + (step.pieceExtraMs[i] as number)) ** power,
        0,
      );
    const isPiece = (find: number): boolean =>
      (finds.stepMs[find] as number) > step.decodeOnlyMs * (1 + 1e-9) && finds.leftOverTokens[find] === 0;
    const chance = sumOf((find) => (isPiece(find) ? 1 : 0));
    const ms = sumOf((find) => (isPiece(find) ? (finds.stepMs[find] as number) : 0));
    expect(chance).toBeGreaterThan(0);
    expect(ms / chance / (ofNodes(2) / ofNodes(1))).toBeCloseTo(1, 1);
  });
});
