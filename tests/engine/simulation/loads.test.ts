import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src-worker/engine/numerics/random.ts';
import { meanOf } from '../../../src-worker/engine/numerics/sample.ts';
import { drawArrivals, POISSON, type ArrivalLaw } from '../../../src-worker/engine/simulation/arrivals.ts';
import { drawRequests } from '../../../src-worker/engine/simulation/draw-requests.ts';
import { drawLoad } from '../../../src-worker/engine/simulation/drawn-load.ts';
import { requestLengths, type LengthQuestion } from '../../../src-worker/engine/workload/lengths.ts';
import type { LengthDistribution } from '../../../src-worker/engine/workload/types.ts';
import { SCENARIOS, subjectOf } from '../batching/scenarios.ts';

const variance = (values: ArrayLike<number>): number => {
  const mean = meanOf(values);
  return Array.from(values).reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
};

describe('arrivals', () => {
  const COUNT = 200_000;
  const RATE_PER_MS = 0.05;
  const gapsOf = (law: ArrivalLaw): Float64Array => {
    const arrivals = drawArrivals(law, RATE_PER_MS, COUNT, seededRandom(21));
    return arrivals.slice(1).map((at, i) => at - (arrivals[i] as number));
  };

  test.each([
    { process: 'poisson', scv: 1 },
    { process: 'gamma', scv: 0.25 },
    { process: 'gamma', scv: 0.9 },
    { process: 'gamma', scv: 4 },
    { process: 'gamma', scv: 25 },
  ] as const)('$process with scv $scv: mean rate and spread of the gaps', ({ process, scv }) => {
    const gaps = gapsOf({ ...POISSON, process, scv });
    expect(gaps.every((gap) => gap >= 0)).toBe(true);
    const error = Math.sqrt(scv / COUNT);
    expect(Math.abs(meanOf(gaps) * RATE_PER_MS - 1)).toBeLessThan(4 * error);
    const found = variance(gaps) / meanOf(gaps) ** 2;
    // Kurtosis of a gamma: 3 + 6 scv.
    expect(Math.abs(found / scv - 1)).toBeLessThan(4 * Math.sqrt((2 + 6 * scv) / COUNT));
  });

  test('gamma with scv 1 has the exponential law', () => {
    const gaps = gapsOf({ ...POISSON, process: 'gamma' }).sort();
    for (const p of [0.1, 0.5, 0.9, 0.99]) {
      const exact = -Math.log(1 - p) / RATE_PER_MS;
      expect(Math.abs((gaps[Math.floor(p * gaps.length)] as number) / exact - 1)).toBeLessThan(0.02);
    }
  });

  test('constant: one every gap, the first at 0; an infinite rate sends all at once', () => {
    const arrivals = drawArrivals({ ...POISSON, process: 'constant' }, 0.25, 5, seededRandom(1));
    expect([...arrivals]).toEqual([0, 4, 8, 12, 16]);
    expect([...drawArrivals({ ...POISSON, process: 'gamma', scv: 0 }, 0.25, 3, seededRandom(1))]).toEqual([0, 4, 8]);
    expect([...drawArrivals(POISSON, Infinity, 3, seededRandom(1))]).toEqual([0, 0, 0]);
  });

  describe('Hawkes', () => {
    const law: ArrivalLaw = { process: 'hawkes', scv: 4, decayPerMs: 2e-2 };
    const branching = 0.5;
    const count = 1_500_000;
    const arrivals = drawArrivals(law, RATE_PER_MS, count, seededRandom(22));
    const lastMs = arrivals[count - 1] as number;
    /** Counts in windows of so many ms. */
    const countsIn = (windowMs: number): Float64Array => {
      const counts = new Float64Array(Math.floor(lastMs / windowMs));
      for (const at of arrivals) {
        const window = Math.floor(at / windowMs);
        if (window < counts.length) counts[window] = (counts[window] as number) + 1;
      }
      return counts;
    };

    test('keeps the mean rate', () => {
      const error = Math.sqrt(law.scv / count);
      expect(Math.abs(count / lastMs / RATE_PER_MS - 1)).toBeLessThan(4 * error);
    });

    test('starts at its mean rate: as many come in the first 100 ms as in any', () => {
      const counts = Float64Array.from({ length: 4000 }, (_, seed) => {
        const first = drawArrivals(law, RATE_PER_MS, 200, seededRandom(seed * 7919));
        return first.filter((at) => at > 0 && at <= 100).length;
      });
      const error = Math.sqrt(variance(counts) / counts.length);
      expect(Math.abs(meanOf(counts) - 100 * RATE_PER_MS)).toBeLessThan(4 * error);
      expect(error).toBeLessThan(0.1);
    });

    // Hawkes (1971) for an exponential kernel: variance / mean = F + (1 - F)(1 - exp(-kT)) / (kT), with F = 1 / (1 - n)^2
    // and k = decay (1 - n).
    test.each([20, 50, 200, 1000, 5000])('counts of %d ms are as bursty as they should be', (windowMs) => {
      const counts = countsIn(windowMs);
      const far = 1 / (1 - branching) ** 2;
      const died = law.decayPerMs * (1 - branching) * windowMs;
      const exact = far + ((1 - far) * -Math.expm1(-died)) / died;
      const found = variance(counts) / meanOf(counts);
      // Counts have longer tails than a normal law.
      expect(Math.abs(found / exact - 1)).toBeLessThan(5 * Math.sqrt(2 / counts.length));
    });

    test('in the long run variance / mean is the scv asked for', () => {
      const counts = countsIn(20_000);
      expect(Math.abs(variance(counts) / meanOf(counts) / law.scv - 1)).toBeLessThan(4 * Math.sqrt(2 / counts.length));
    });

    test('without branching is Poisson', () => {
      const gaps = gapsOf({ ...law, scv: 1 });
      expect(Math.abs(variance(gaps) / meanOf(gaps) ** 2 - 1)).toBeLessThan(0.03);
    });
  });
});

describe('requests drawn', () => {
  const COUNT = 200_000;
  const spread = (mean: number, cv: number, max = mean * 20): LengthDistribution => ({
    mean,
    std: mean * cv,
    min: 1,
    max,
  });
  const BASE: LengthQuestion = {
    promptParts: [spread(200, 0.75), spread(800, 0.5)],
    output: spread(150, 0.53),
    cache: null,
    maxContextTokens: null,
  };
  const draw = (question: LengthQuestion, seed = 31) => drawRequests(question, new Float64Array(COUNT), seed);
  /** A mean, its 4-sigma error, and what rounding to whole tokens may move. */
  function expectMean(values: ArrayLike<number>, exact: number, within = 0.05): void {
    const error = 4 * Math.sqrt(variance(values) / values.length) + within;
    expect(Math.abs(meanOf(values) - exact), `${meanOf(values)} is not ${exact}`).toBeLessThan(error);
  }

  test.each([
    ['two parts', BASE],
    ['one part', { ...BASE, promptParts: [spread(3000, 1)] }],
    [
      'truncated',
      { ...BASE, promptParts: [spread(1000, 1, 1500)], output: { mean: 300, std: 300, min: 100, max: 500 } },
    ],
    [
      'constant',
      {
        ...BASE,
        promptParts: [{ mean: 700, std: 0, min: 1, max: 1e6 }],
        output: { mean: 90, std: 0, min: 1, max: 1e6 },
      },
    ],
  ] as const)('have the moments of their laws: %s', (_, question) => {
    const { promptTokens, outputTokens } = draw({ ...question, promptParts: [...question.promptParts] });
    const { moments } = requestLengths({ ...question, promptParts: [...question.promptParts] });
    expectMean(promptTokens, moments.promptMean);
    expectMean(outputTokens, moments.outputMean);
    const squares = Float64Array.from(outputTokens, (tokens) => tokens * tokens);
    // Nodes stand for whole cells: second moments are a little smaller.
    expectMean(squares, moments.outputSecondMoment, 0.01 * moments.outputSecondMoment);
    expect(promptTokens.every((tokens) => tokens >= 1)).toBe(true);
  });

  test('what is longer than the context is cut, the answer first, as the closed form has it', () => {
    const question = { ...BASE, promptParts: [spread(3000, 0.6)], output: spread(400, 0.8), maxContextTokens: 4096 };
    const { promptTokens, outputTokens } = draw(question);
    const { moments } = requestLengths(question);
    const most = promptTokens.reduce(
      (longest, prompt, i) => Math.max(longest, prompt + (outputTokens[i] as number)),
      0,
    );
    expect(most).toBe(4096);
    expectMean(promptTokens, moments.promptMean, 0.005 * moments.promptMean);
    expectMean(outputTokens, moments.outputMean, 0.005 * moments.outputMean);
    const tiny = draw({ ...question, maxContextTokens: 2 });
    expect(new Set(tiny.promptTokens)).toEqual(new Set([1]));
    expect(new Set(tiny.outputTokens)).toEqual(new Set([1]));
  });

  test('so many hit the cache, and find what they should', () => {
    const question = { ...BASE, cache: { hitFraction: 0.3, cachedTokensOf: (prompt: number) => 0.75 * prompt } };
    const { promptTokens, cachedTokens } = draw(question);
    const hits = cachedTokens.reduce((sum, tokens) => sum + (tokens > 0 ? 1 : 0), 0);
    expect(Math.abs(hits / COUNT - 0.3)).toBeLessThan(4 * Math.sqrt((0.3 * 0.7) / COUNT));
    const uncached = Float64Array.from(promptTokens, (tokens, i) => tokens - (cachedTokens[i] as number));
    expectMean(uncached, requestLengths(question).moments.uncachedMean, 0.2);
    expect(uncached.every((tokens) => tokens >= 1)).toBe(true);
    const all = draw({ ...BASE, cache: { hitFraction: 1, cachedTokensOf: (prompt) => prompt } });
    expect(all.promptTokens.every((tokens, i) => tokens - (all.cachedTokens[i] as number) === 1)).toBe(true);
  });
});

describe('common random numbers', () => {
  const [scenario] = SCENARIOS as [(typeof SCENARIOS)[number]];
  const subject = subjectOf(scenario);
  const open = (ratePerMs: number, seed: number) =>
    drawLoad(subject, { kind: 'open', ratePerMs, law: POISSON }, 2000, seed).requests;

  test('the same seed gives the same bits, another seed others', () => {
    expect(open(0.01, 5)).toEqual(open(0.01, 5));
    expect(open(0.01, 5).arrivalMs).not.toEqual(open(0.01, 6).arrivalMs);
    expect(open(0.01, 5).promptTokens).not.toEqual(open(0.01, 6).promptTokens);
    expect(open(0.01, 5).outputTokens).not.toEqual(open(0.01, 6).outputTokens);
  });

  test('twice the rate halves the same gaps and keeps the lengths', () => {
    const [slow, fast] = [open(0.01, 5), open(0.02, 5)];
    expect(fast.arrivalMs).toEqual(slow.arrivalMs.map((ms) => ms / 2));
    expect(fast.promptTokens).toEqual(slow.promptTokens);
    expect(fast.outputTokens).toEqual(slow.outputTokens);
  });

  test('more requests go on where fewer end, and clients send the same ones', () => {
    const more = drawLoad(subject, { kind: 'open', ratePerMs: 0.01, law: POISSON }, 3000, 5).requests;
    expect(more.promptTokens.slice(0, 2000)).toEqual(open(0.01, 5).promptTokens);
    expect(more.arrivalMs.slice(0, 2000)).toEqual(open(0.01, 5).arrivalMs);
    const closed = drawLoad(subject, { kind: 'closed', users: 8, thinkTimeMs: 500 }, 2000, 5);
    expect(closed.requests.outputTokens).toEqual(open(0.01, 5).outputTokens);
    expect(closed.clients?.count).toBe(8);
    const pauses = closed.clients?.pauseMs as Float64Array;
    expect(Math.abs(meanOf(pauses) / 500 - 1)).toBeLessThan(4 / Math.sqrt(2000));
  });
});
