import { expect, test } from 'vitest';
import { evaluateBatching } from '../../../src-worker/engine/batching/closed-form.ts';
import { firstTokenMean } from '../../../src-worker/engine/batching/first-token-parts.ts';
import { saturationRate } from '../../../src-worker/engine/batching/saturation-rate.ts';
import type { BatchingSubject } from '../../../src-worker/engine/batching/subject.ts';
import { requestLengths } from '../../../src-worker/engine/workload/lengths.ts';
import { stepPlanOf } from '../world.ts';

const lengths = requestLengths({
  promptParts: [{ mean: 500, std: 250, min: 1, max: 10_000 }],
  output: { mean: 300, std: 150, min: 1, max: 6000 },
  cache: null,
  maxContextTokens: null,
});

/** A replica with room for so many sequences of the mean length. */
const withRoomFor = (sequences: number): BatchingSubject => ({
  plan: stepPlanOf('meta-llama/Llama-3.1-8B-Instruct', 'nvidia-h100-80gb'),
  lengths,
  maxNumBatchedTokens: 8192,
  maxNumSeqs: 1024,
  kvCacheTokens: sequences * lengths.moments.decodeContextMean,
  scvArrival: 1,
  population: null,
});

test.each([
  [12, 0.4, 'waits'],
  [12, 0.75, 'waits'],
  [12, 0.97, 'waits'],
  [5000, 0.75, 'has room'],
] as const)(
  'parts of the mean TTFT add up to it: room for %i, at %d of saturation, who %s',
  (sequences, share, what) => {
    const subject = withRoomFor(sequences);
    const ratePerMs = share * saturationRate(subject).perMs;
    const outcome = evaluateBatching(subject, ratePerMs);
    const parts = firstTokenMean(subject, ratePerMs);
    if (outcome.kind === 'saturated' || !parts) throw new Error('there is no steady state');
    const sumMs = Object.values<number>({ ...parts }).reduce((sum, ms) => sum + ms, 0);
    expect(Math.abs(sumMs / outcome.ttftMs.mean - 1)).toBeLessThan(1e-9);
    expect(parts.roomMs > 0).toBe(what === 'waits');
  },
);
