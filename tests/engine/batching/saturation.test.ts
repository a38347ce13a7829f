import { describe, expect, test } from 'vitest';
import { evaluateBatching } from '../../../src-worker/engine/batching/closed-form.ts';
import { isSaturationConfirmed } from '../../../src-worker/engine/batching/fluid-check.ts';
import { evaluateClosedLoop } from '../../../src-worker/engine/batching/closed-loop.ts';
import { littleFixedPoint } from '../../../src-worker/engine/batching/fixed-point.ts';
import { meanStep } from '../../../src-worker/engine/batching/mean-step.ts';
import { saturationRate } from '../../../src-worker/engine/batching/saturation-rate.ts';
import type { BatchingSubject } from '../../../src-worker/engine/batching/subject.ts';
import { requestLengths } from '../../../src-worker/engine/workload/lengths.ts';
import type { Precision } from '../../../src-worker/engine/model/types.ts';
import { stepPlanOf } from '../world.ts';

const lognormal = (mean: number, cv: number) => ({ mean, std: mean * cv, min: 1, max: mean * 20 });

function subjectFor(model: string, gpu: string, precision: Precision, prompt = 250, output = 150): BatchingSubject {
  return {
    plan: stepPlanOf(model, gpu, { precision }),
    lengths: requestLengths({
      promptParts: [lognormal(prompt, 0.6)],
      output: output === 1 ? { mean: 1, std: 0, min: 1, max: 1 } : lognormal(output, 0.5),
      cache: null,
      maxContextTokens: null,
    }),
    maxNumBatchedTokens: 8192,
    maxNumSeqs: 1024,
    kvCacheTokens: 1e6,
    scvArrival: 1,
    population: null,
  };
}

const SUBJECTS: [string, BatchingSubject][] = [
  ['Llama-2-7b A100', subjectFor('meta-llama/Llama-2-7b-hf', 'nvidia-a100-80gb', 'fp16')],
  ['Mixtral H200', subjectFor('mistralai/Mixtral-8x7B-v0.1', 'nvidia-h200', 'fp16')],
  ['Qwen3-30B-A3B H100', subjectFor('Qwen/Qwen3-30B-A3B', 'nvidia-h100-80gb', 'fp16')],
  ['gpt-oss-20b H100', subjectFor('openai/gpt-oss-20b', 'nvidia-h100-80gb', 'mxfp4')],
];
const RATES = [0.2, 0.5, 1, 2, 4, 6, 8, 10, 13, 16, 20, 25, 30, 40, 50, 65, 80, 100, 130, 170, 220, 300, 400];

describe.each(SUBJECTS)('%s: the steady state', (_, subject) => {
  test('once saturated, always saturated; decodes grow with the rate', () => {
    let previous = 0;
    let isOver = false;
    for (const rate of RATES) {
      const outcome = littleFixedPoint(subject, rate / 1000);
      if (outcome.kind === 'saturated') {
        isOver = true;
        continue;
      }
      expect(isOver, `steady again at ${rate}/s`).toBe(false);
      expect(outcome.state.step.decodes).toBeGreaterThan(previous);
      previous = outcome.state.step.decodes;
    }
    expect(isOver).toBe(true);
  });

  test('a scan over the decodes finds a root exactly where the search says there is one', () => {
    const tokens = subject.lengths.moments.outputMean - 1;
    const hasRoot = (ratePerMs: number): boolean => {
      for (let decodes = 0.01; decodes < subject.maxNumSeqs; decodes *= 1.02) {
        const outcome = meanStep(subject, ratePerMs, decodes);
        if (outcome.kind === 'steady' && ratePerMs * tokens * outcome.step.meanMs < decodes) return true;
      }
      return false;
    };
    const limit = saturationRate(subject).perMs;
    for (const share of [0.05, 0.3, 0.7, 0.97]) expect(hasRoot(share * limit), `${share} of the limit`).toBe(true);
    expect(hasRoot(1.03 * limit)).toBe(false);
    expect(isSaturationConfirmed(subject, 3 * limit)).toBe(true);
  });
});

describe('closed loops', () => {
  const subject = { ...(SUBJECTS[0] as [string, BatchingSubject])[1], maxNumSeqs: 256 };
  const saturationPerMs = saturationRate(subject).perMs;

  test('thinking users hold no seat: 300 of them with 30 s to think leave the replica nearly idle', () => {
    const at = (users: number) =>
      evaluateClosedLoop({ subject, users, thinkTimeMs: 30_000, saturationPerMs, lockstepPrefills: null });
    const [few, more, many] = [at(256), at(300), at(10_000)];
    if (!few || !more || !many) throw new Error('no answer');
    expect(more.outcome.ttftMs.mean / few.outcome.ttftMs.mean).toBeLessThan(1.1);
    expect(more.seatWaitMs).toBe(0);
    // Beyond saturation the rate stays, and who is neither served nor thinking waits.
    expect(many.ratePerMs / saturationPerMs).toBeGreaterThan(0.9);
    expect(many.seatWaitMs).toBeGreaterThan(100_000);
  });

  test('interactive response time law: rate x (think + residence + wait) = users', () => {
    for (const users of [1, 7, 100, 600, 3000]) {
      for (const thinkTimeMs of [0, 5000]) {
        const lockstepPrefills = thinkTimeMs > 0 || users === 1 ? null : 4;
        const loop = evaluateClosedLoop({ subject, users, thinkTimeMs, saturationPerMs, lockstepPrefills });
        if (!loop) throw new Error('no answer');
        const { outcome, ratePerMs, seatWaitMs } = loop;
        expect((ratePerMs * (thinkTimeMs + outcome.e2eMs.mean + seatWaitMs)) / users).toBeCloseTo(1, 2);
        expect(outcome.maxRunning).toBeLessThanOrEqual(users);
      }
    }
  });

  const exactly = (tokens: number) => ({ mean: tokens, std: 0, min: tokens, max: tokens });
  const askedAgainAtOnce = (gpu: string, promptTokens: number, outputTokens: number, users: number) => {
    const asked = {
      ...subjectFor('meta-llama/Llama-3.1-8B-Instruct', gpu, 'bf16'),
      maxNumSeqs: 256,
      lengths: requestLengths({
        promptParts: [exactly(promptTokens)],
        output: exactly(outputTokens),
        cache: null,
        maxContextTokens: null,
      }),
    };
    const ofAsked = saturationRate(asked).perMs;
    const closed = evaluateClosedLoop({
      subject: asked,
      users,
      thinkTimeMs: 0,
      saturationPerMs: ofAsked,
      lockstepPrefills: users > 1 ? 3 : null,
    });
    if (!closed) throw new Error('no answer');
    return { ...closed, saturationPerMs: ofAsked };
  };

  test.each([
    ['nvidia-h100-80gb', 1000, 1],
    ['nvidia-h100-80gb', 1000, 200],
    ['nvidia-h100-80gb', 30_000, 50],
    ['nvidia-rtx-4090', 20_000, 50],
  ] as const)(
    'on %s, %i tokens in and %i out: no more is served than saturates, as many run as Little says',
    (gpu, promptTokens, outputTokens) => {
      for (const users of [1, 2, 8, 32, 300]) {
        const { outcome, ratePerMs, saturationPerMs } = askedAgainAtOnce(gpu, promptTokens, outputTokens, users);
        expect(ratePerMs, `${users} users`).toBeLessThanOrEqual(saturationPerMs * (1 + 1e-9));
        const decoding = ratePerMs * (outputTokens - 1) * outcome.tpotMs.mean;
        expect(outcome.meanRunning, `${users} users`).toBeCloseTo(Math.min(users, decoding), 6);
      }
    },
  );

  test.each([
    [8191, 2],
    [8191, 50],
    [30_000, 1],
    [30_000, 50],
  ] as const)('one user alone with %i tokens in and %i out waits for nobody', (promptTokens, outputTokens) => {
    const { outcome } = askedAgainAtOnce('nvidia-h100-80gb', promptTokens, outputTokens, 1);
    const { ttftMs, e2eMs, tpotMs } = outcome;
    expect(ttftMs.mean / outcome.unhinderedTtftP95Ms).toBeCloseTo(1, 2);
    expect(ttftMs.p99 / ttftMs.mean).toBeLessThan(1.02);
    expect(e2eMs.mean / (ttftMs.mean + (outputTokens - 1) * tpotMs.mean)).toBeCloseTo(1, 2);
    const alone = askedAgainAtOnce('nvidia-h100-80gb', promptTokens, 1000, 1).outcome.ttftMs.mean;
    expect(ttftMs.mean / alone, 'whatever the length of the answer').toBeCloseTo(1, 1);
  });

  test('answers of one token: two users wait for a step and three prompts, not for arrivals that never come', () => {
    const alone = askedAgainAtOnce('nvidia-h100-80gb', 1000, 1, 1).outcome.ttftMs.mean;
    const two = askedAgainAtOnce('nvidia-h100-80gb', 1000, 1, 2).outcome.ttftMs.mean;
    expect(two).toBeGreaterThan(1.5 * alone);
    expect(two).toBeLessThan(7 * alone);
  });

  test('one more token that opens a step adds that step to the own prompt, not to all that are waited for', () => {
    const meanMs = (tokens: number) => askedAgainAtOnce('nvidia-h100-80gb', tokens, 200, 16).outcome.ttftMs.mean;
    const budget = subjectFor('meta-llama/Llama-3.1-8B-Instruct', 'nvidia-h100-80gb', 'bf16').maxNumBatchedTokens;
    for (const steps of [1, 2, 3]) {
      const grown = meanMs(steps * budget + 20) / meanMs(steps * budget - 100);
      expect(grown, `${steps} steps`).toBeGreaterThan(1);
      expect(grown, `${steps} steps`).toBeLessThan(1.2);
    }
  });

  test('a single client waits for nobody: TTFT is prefill and API time', () => {
    const loop = evaluateClosedLoop({ subject, users: 1, thinkTimeMs: 0, saturationPerMs, lockstepPrefills: null });
    expect((loop?.outcome.ttftMs.p95 ?? 0) / (loop?.outcome.unhinderedTtftP95Ms ?? 1)).toBeLessThan(1.05);
  });
});

describe('answers of one token', () => {
  const subject = subjectFor('meta-llama/Llama-2-7b-hf', 'nvidia-a100-80gb', 'fp16', 250, 1);

  test('E2E is TTFT, tails stay near the median at low load and grow with it', () => {
    const p99s = [0.0001, 0.5, 1, 2, 5, 20].map((rate) => {
      const outcome = evaluateBatching(subject, rate / 1000);
      if (outcome.kind === 'saturated') throw new Error('saturated');
      expect(outcome.e2eMs).toEqual(outcome.ttftMs);
      return outcome.ttftMs.p99;
    });
    expect(p99s[1] ?? Infinity).toBeLessThan((p99s[0] ?? 0) * 1.3);
    for (let i = 1; i < p99s.length; i += 1) expect(p99s[i]).toBeGreaterThan((p99s[i - 1] ?? 0) * 0.98);
  });
});

describe('regularity of arrivals', () => {
  test('tails grow with the variability of the gaps, without a jump between constant and Poisson', () => {
    const subject = (SUBJECTS[0] as [string, BatchingSubject])[1];
    const rate = 0.7 * saturationRate(subject).perMs;
    const tails = [0, 0.1, 0.3, 0.49, 0.51, 0.7, 1, 1.5, 2].map((scvArrival) => {
      const outcome = evaluateBatching({ ...subject, scvArrival }, rate);
      if (outcome.kind === 'saturated') throw new Error('saturated');
      return outcome.ttftMs.p99;
    });
    for (let i = 1; i < tails.length; i += 1) expect(tails[i]).toBeGreaterThan((tails[i - 1] ?? 0) * 0.995);
    expect(Math.abs((tails[4] ?? 0) / (tails[3] ?? 1) - 1)).toBeLessThan(0.02);
  });
});
