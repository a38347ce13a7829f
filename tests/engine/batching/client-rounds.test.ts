import { describe, expect, test } from 'vitest';
import {
  roundWaits,
  waitInRounds,
  type ClientRounds,
  type RoundSteps,
} from '../../../src-worker/engine/batching/client-rounds.ts';

/** A step of 10 ms and 0.1 ms a token: 20 prompts of 400 tokens fill one. */
const STEPS: RoundSteps = {
  promptTokens: 400,
  roomTokens: 8000,
  outputTokens: 300,
  handedOutChance: 1,
  burstMs: (tokens) => 10 + tokens / 10,
  laterMs: (tokens) => 10 + tokens / 10,
};

function waits(question: ClientRounds, steps = STEPS) {
  waitInRounds(question, steps);
  const { count, numInStep, inStepShare } = roundWaits;
  const chances = Array.from(roundWaits.chances.subarray(0, count));
  const ms = Array.from(roundWaits.ms.subarray(0, count));
  return {
    total: chances.reduce((sum, chance) => sum + chance, 0),
    meanMs: chances.reduce((sum, chance, k) => sum + chance * (ms[k] as number), 0),
    ms,
    numInStep,
    inStepShare,
  };
}

test.each([1, 2, 7, 10, 1000, 1e9])('%f requests a client: every request waits for something', (requestsPerClient) => {
  for (const clients of [2, 5, 20, 64, 1000, 20_000]) {
    for (const outputStdTokens of [0, 0.001, 1, 18, 150, 600]) {
      expect(waits({ clients, requestsPerClient, outputStdTokens }).total).toBeCloseTo(1, 9);
    }
  }
});

describe('the opening burst', () => {
  test('alone: clients in one step wait for all of it', () => {
    const { ms } = waits({ clients: 10, requestsPerClient: 1, outputStdTokens: 50 });
    // 10 x 400 tokens take 410 ms, an own prompt 50.
    expect(ms).toEqual([360]);
  });

  test('alone: of 50 clients 20 end with the first full step, 20 with the second and 10 with the last', () => {
    const { ms, meanMs } = waits({ clients: 50, requestsPerClient: 1, outputStdTokens: 50 });
    expect(ms).toEqual([760, 1570, 1980]);
    expect(meanMs).toBeCloseTo(0.4 * 760 + 0.4 * 1570 + 0.2 * 1980, 9);
  });

  test('weighs less the more rounds follow it', () => {
    const means = [1, 2, 10, 100, 1e9].map(
      (requestsPerClient) => waits({ clients: 50, requestsPerClient, outputStdTokens: 150 }).meanMs,
    );
    expect(means).toEqual([...means].sort((a, b) => b - a));
  });
});

describe('the rounds after it', () => {
  test('answers of one length keep everybody in step for ever: who was computed together asks together', () => {
    const { inStepShare, ms } = waits({ clients: 10, requestsPerClient: 1e9, outputStdTokens: 0 });
    expect(inStepShare).toBeCloseTo(1, 9);
    // The burst, and ever after a step without prompts that was handed out, then nine others in the same step.
    expect(ms.at(-1)).toBeCloseTo(10 + 360, 9);
  });

  test('the more lengths differ, the sooner clients are out of step', () => {
    const shares = [0, 5, 20, 60, 150].map(
      (outputStdTokens) => waits({ clients: 64, requestsPerClient: 100, outputStdTokens }).inStepShare,
    );
    expect(shares[0]).toBeCloseTo(1, 9);
    expect(shares).toEqual([...shares].sort((a, b) => b - a));
    expect(shares.at(-1)).toBeCloseTo(0.01, 9);
  });

  test.each([
    [10, 34, 35],
    [20, 69, 70],
    [50, 173, 174],
  ])(
    'answers of deviation %i are anywhere in a cycle of %i steps after one round, and not yet in one of %i',
    (outputStdTokens, within, beyond) => {
      // A cycle of n steps, each as likely, is the n whole numbers: their variance by hand, and one of the burst's single step in it.
      const variance = (steps: number): number => {
        const middle = (steps - 1) / 2;
        return Array.from({ length: steps }, (_, k) => (k - middle) ** 2).reduce((sum, one) => sum + one, 0) / steps;
      };
      expect(variance(within)).toBeLessThan(outputStdTokens ** 2);
      expect(variance(beyond)).toBeGreaterThan(outputStdTokens ** 2);
      const inStepAt = (outputTokens: number): number =>
        waits({ clients: 10, requestsPerClient: 100, outputStdTokens }, { ...STEPS, outputTokens }).inStepShare;
      // The burst alone is in step, or the round after it too.
      expect(inStepAt(within)).toBeCloseTo(0.01, 9);
      expect(inStepAt(beyond)).toBeCloseTo(0.02, 9);
    },
  );

  test('out of step they wait for a step and whoever shares the next one by chance', () => {
    const { meanMs } = waits({ clients: 30, requestsPerClient: 1e9, outputStdTokens: 600 });
    // A tenth of a prompt a step: 10 ms for the step handed out, 4 for the prompts in it, and 29 / 30 of that beside the own.
    expect(meanMs).toBeCloseTo(10 + 0.1 * 40 + 0.1 * (29 / 30) * 40, 1);
  });
});
