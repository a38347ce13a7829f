import { describe, expect, test } from 'vitest';
import { fixedPrefixCache, fractionalCache, requestLengths } from '../../../src-worker/engine/workload/lengths.ts';
import { facts } from '../world.ts';

const workload = (name: string) => {
  const found = facts.workloads.find((entry) => entry.name === name);
  if (!found) throw new Error(`no workload ${name}`);
  return found;
};

const lengthsOf = (name: string, maxContextTokens: number | null = null) => {
  const { input, context, output, prefixCache } = workload(name);
  return requestLengths({
    promptParts: context ? [input, context] : [input],
    output,
    cache: fractionalCache(prefixCache),
    maxContextTokens,
  });
};

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
const mean = (values: Float64Array, weights: Float64Array): number =>
  values.reduce((total, value, i) => total + value * (weights[i] ?? 0), 0);

describe('request lengths', () => {
  test.each(['chat', 'rag', 'code'])('%s: weights add up to one and nodes keep the mean', (name) => {
    const { prompts, outputs, moments } = lengthsOf(name);
    expect(sum(prompts.weights)).toBeCloseTo(1, 9);
    expect(sum(outputs.weights)).toBeCloseTo(1, 9);
    const whole = prompts.uncachedTokens.map((tokens, i) => tokens + (prompts.cachedTokens[i] ?? 0));
    expect(mean(whole, prompts.weights)).toBeCloseTo(moments.promptMean, 4);
    expect(mean(outputs.tokens, outputs.weights)).toBeCloseTo(moments.outputMean, 4);
  });

  test('the seed RAG prompt of 6,000 tokens at 75 % cacheable and 70 % hits leaves 2,850 to compute', () => {
    const { moments } = requestLengths({
      promptParts: [{ mean: 6000, std: 0, min: 1, max: 6000 }],
      output: { mean: 300, std: 0, min: 1, max: 300 },
      cache: fractionalCache({ hitFraction: 0.7, cacheableFraction: 0.75 }),
      maxContextTokens: null,
    });
    expect(moments.uncachedMean).toBeCloseTo(2850, 6);
  });

  test('moments agree with a drawn sample', () => {
    const { moments } = lengthsOf('chat');
    const { mean: m, std } = workload('chat').output;
    const variance = Math.log1p((std / m) ** 2);
    const draw = (u: number): number => {
      // Inverse normal by bisection on a numerically integrated distribution: slow, independent of the code under test.
      let low = -6;
      let high = 6;
      for (let i = 0; i < 40; i += 1) {
        const z = (low + high) / 2;
        let area = 0;
        for (let k = 0; k < 400; k += 1) {
          const t = -6 + ((z + 6) * (k + 0.5)) / 400;
          area += (Math.exp((-t * t) / 2) * (z + 6)) / 400;
        }
        if (area / Math.sqrt(2 * Math.PI) < u) low = z;
        else high = z;
      }
      return Math.exp(Math.log(m) - variance / 2 + Math.sqrt(variance) * low);
    };
    const values = Array.from({ length: 400 }, (_, i) => draw((i + 0.5) / 400)).filter((v) => v >= 20 && v <= 1000);
    const average = (power: number): number => values.reduce((t, v) => t + v ** power, 0) / values.length;
    expect(moments.outputMean / average(1)).toBeCloseTo(1, 1);
    expect(moments.outputSecondMoment / average(2)).toBeCloseTo(1, 1);
  });

  test('context limit: what is longer is cut and counted, the mean prompt is named', () => {
    const cut = lengthsOf('rag', 4096).cut;
    expect(cut?.isMeanPromptCut).toBe(true);
    expect(cut?.requestsFraction ?? 0).toBeGreaterThan(0.6);
    expect(lengthsOf('chat', 4096).cut?.requestsFraction ?? 0).toBeLessThan(0.01);
    expect(lengthsOf('rag', 131_072).cut).toBeNull();
    const { prompts, outputs } = lengthsOf('rag', 4096);
    const longest = Math.max(...prompts.uncachedTokens.map((tokens, i) => tokens + (prompts.cachedTokens[i] ?? 0)));
    expect(longest).toBeLessThan(4096);
    expect(Math.max(...outputs.tokens)).toBeLessThan(4096);
  });

  test('a fixed prefix is taken off every prompt that hits, never the last token', () => {
    const at = (prefix: number) =>
      requestLengths({
        promptParts: [{ mean: 500, std: 0, min: 1, max: 500 }],
        output: { mean: 10, std: 0, min: 1, max: 10 },
        cache: fixedPrefixCache(prefix, 1),
        maxContextTokens: null,
      }).moments.uncachedMean;
    expect(at(492)).toBe(8);
    expect(at(900)).toBe(1);
    expect(at(0)).toBe(500);
  });
});
