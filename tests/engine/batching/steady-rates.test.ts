import { describe, expect, test } from 'vitest';
import { subjectOf } from '../../../scripts/closed-form/subject.ts';
import { littleFixedPoint } from '../../../src-worker/engine/batching/fixed-point.ts';
import { meanStep } from '../../../src-worker/engine/batching/mean-step.ts';
import { saturationRate } from '../../../src-worker/engine/batching/saturation-rate.ts';
import type { BatchingSubject } from '../../../src-worker/engine/batching/subject.ts';
import type { PredictInputDraft } from '../../../src-worker/protocol/requests.ts';

/** The rates of a replica that are steady are those below its saturation rate, and the more come, the more run. */

const DEPLOYMENTS: Pick<PredictInputDraft, 'model' | 'gpu' | 'tp' | 'quantization'>[] = [
  { model: 'meta-llama/Llama-3.1-8B-Instruct', gpu: 'nvidia-l4', quantization: 'fp8' },
  { model: 'meta-llama/Llama-3.1-70B-Instruct', gpu: 'nvidia-h100-80gb', tp: 4 },
  { model: 'google/gemma-3-27b-it', gpu: 'nvidia-h200' },
  { model: 'mistralai/Mixtral-8x7B-v0.1', gpu: 'nvidia-h100-80gb', tp: 2 },
  { model: 'deepseek-ai/DeepSeek-V3', gpu: 'nvidia-h200', tp: 8 },
];
const ARRIVALS: Pick<PredictInputDraft, 'arrival' | 'arrival_cv'>[] = [
  { arrival: 'constant' },
  { arrival: 'gamma', arrival_cv: 0.5 },
  { arrival: 'poisson' },
];
const LENGTHS = [
  [300, 100],
  [1500, 200],
] as const;
const PROMPT_CVS = [0, 0.5, 1, 2];
const UTILIZATION_STEP = 0.02;
const MOST_UTILIZATION = 0.96;

/**
 * Share by which fewer may run at a higher rate: a node of the prompt lengths stands for many, and takes another chunk in whole at the
 * number of decodes that leaves too little room for it. The mean step falls by 2 % there at most.
 */
const NODE_SHARE = 0.02;

function subjects(deployment: (typeof DEPLOYMENTS)[number]): [string, BatchingSubject][] {
  return ARRIVALS.flatMap((arrival) =>
    LENGTHS.flatMap(([input, output]) =>
      PROMPT_CVS.map((cv): [string, BatchingSubject] => {
        const draft = { ...deployment, ...arrival, input_tokens: input, input_cv: cv, output_tokens: output };
        return [`${arrival.arrival} ${input} ± ${cv}`, subjectOf({ ...draft, output_cv: 0.5, rate: 1 }).subject];
      }),
    ),
  );
}

/** Rates (per ms) in steps of 0.02 of saturation. */
function ratesOf(subject: BatchingSubject): number[] {
  const limit = saturationRate(subject).perMs;
  const count = Math.floor(MOST_UTILIZATION / UTILIZATION_STEP);
  return Array.from({ length: count }, (_, k) => (k + 1) * UTILIZATION_STEP * limit);
}

describe.each(DEPLOYMENTS)('$model', (deployment) => {
  test('is steady at every rate below saturation, and no fewer run at a higher rate', () => {
    for (const [name, subject] of subjects(deployment)) {
      let before = 0;
      for (const rate of ratesOf(subject)) {
        const outcome = littleFixedPoint(subject, rate);
        if (outcome.kind === 'saturated') throw new Error(`${name}: ${outcome.cause} at ${rate * 1000}/s`);
        const { decodes } = outcome.state.step;
        expect(decodes, `${name}: running at ${rate * 1000}/s`).toBeGreaterThan((1 - NODE_SHARE) * before);
        before = decodes;
      }
    }
  });
});

describe('regular arrivals that begin to share steps', () => {
  test('a gap that grows again has a root further on: 27B of short prompts is steady up to 0.99 of saturation', () => {
    const deployment = { model: 'google/gemma-3-27b-it', gpu: 'nvidia-h200', arrival: 'constant' as const, rate: 1 };
    const lengths = { input_tokens: 100, input_cv: 2, output_tokens: 30, output_cv: 1 };
    const { subject } = subjectOf({ ...deployment, ...lengths });
    const limit = saturationRate(subject).perMs;
    for (let u = 0.95; u < 0.99; u += 0.001)
      expect(littleFixedPoint(subject, u * limit).kind, `at ${u}`).toBe('steady');
  });
});

describe('between two prompts', () => {
  const [deployment] = DEPLOYMENTS.slice(1);
  if (!deployment) throw new Error('no deployment');
  const draft = { ...deployment, arrival: 'constant' as const, input_tokens: 300, output_tokens: 100 };
  const { subject } = subjectOf({ ...draft, input_cv: 0.5, output_cv: 0.5, rate: 1 });

  test('70B is steady at 24.4 constant requests/s, as it is at 24.8', () => {
    expect(littleFixedPoint(subject, 0.0244).kind).toBe('steady');
    expect(littleFixedPoint(subject, 0.0248).kind).toBe('steady');
  });

  test('the mean step of regular arrivals has no jump where a step with one prompt is as long as their gap', () => {
    let before = 0;
    for (let decodes = 90; decodes < 115; decodes += 0.05) {
      const outcome = meanStep(subject, 0.0244, decodes);
      if (outcome.kind === 'saturated') throw new Error(`no step at ${decodes} decodes`);
      if (before > 0) expect(Math.abs(outcome.step.meanMs / before - 1)).toBeLessThan(0.002);
      before = outcome.step.meanMs;
    }
  });
});
