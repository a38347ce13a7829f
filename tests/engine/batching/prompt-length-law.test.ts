import { expect, test } from 'vitest';
import { evaluateBatching } from '../../../src-worker/engine/batching/closed-form.ts';
import { saturationRate } from '../../../src-worker/engine/batching/saturation-rate.ts';
import { subjectOf } from './scenarios.ts';

const exactly = (tokens: number) => ({ mean: tokens, std: 0, min: tokens, max: tokens });
const promptsOf = (promptTokens: number, budget: number) =>
  subjectOf({
    name: 'fixed lengths',
    model: 'meta-llama/Llama-3.1-8B-Instruct',
    gpu: 'nvidia-h100-80gb',
    budget,
    promptParts: [exactly(promptTokens)],
    output: exactly(200),
  });
/** Shares of a step's budget: closely about a whole one, where a prompt takes a further step. */
const SHARES = [0.5, 0.8, 0.95, 0.99, 0.999, 1, 1.001, 1.01, 1.05, 1.3, 1.7];
/** Percentiles are read off mixtures that are made from other pieces on either side: without full chunks in them they fell by 30 %. */
const MOST_FALL = 0.035;

test.each([
  [2048, 0.05],
  [2048, 0.3],
  [2048, 0.6],
  [8192, 0.05],
  [8192, 0.3],
  [8192, 0.6],
])(
  'a longer prompt never has a shorter TTFT: budget %i, %f of the load that the longest saturates at',
  (budget, load) => {
    const ofShare = (share: number) => promptsOf(Math.round(share * budget), budget);
    const ratePerMs = load * saturationRate(ofShare(SHARES.at(-1) as number)).perMs;
    const fallen: string[] = [];
    const before = { mean: 0, p50: 0, p95: 0, p99: 0 };
    for (const share of SHARES) {
      const outcome = evaluateBatching(ofShare(share), ratePerMs);
      if (outcome.kind === 'saturated') throw new Error(`${share} saturates`);
      for (const name of ['mean', 'p50', 'p95', 'p99'] as const) {
        const ms = outcome.ttftMs[name];
        if (ms < before[name] * (1 - MOST_FALL)) fallen.push(`${name} at ${share}: ${before[name]} to ${ms} ms`);
        before[name] = ms;
      }
    }
    expect(fallen).toEqual([]);
  },
);
