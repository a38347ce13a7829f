import { describe, expect, test } from 'vitest';
import {
  percentileMultipliers,
  residualSpread as spreadOrNull,
  type LeftOutFigure,
  type LeftOutPercentile,
} from '../../../src-worker/engine/calibration/fit/residual-spread.ts';
import {
  NOVELTIES,
  UNCERTAIN_METRICS,
  type Novelty,
  type UncertainTrait,
} from '../../../src-worker/engine/calibration/types.ts';
import { factor80 } from '../../../src-worker/engine/uncertainty/factor.ts';
import { normals } from '../uncertainty/normals.ts';
import { sampleQuantile } from '../../../src-worker/engine/numerics/sample.ts';
import { Draws } from '../roofline/random-deployments.ts';

const residualSpread = (of: readonly LeftOutFigure[]) => spreadOrNull(of) ?? expect.fail('there are figures');

/** Standard normal quantile of 0.905: 81 % of a normal lies within so many standard deviations (tables). */
const Z_81_PERCENT = 1.3106;

const CLASS_NOVELTIES: Record<Novelty, Novelty[]> = {
  group_seen: ['group_seen'],
  group_new: ['group_new'],
  gpu_unseen: ['group_new', 'gpu_unseen'],
  engine_unseen: ['group_new', 'engine_unseen'],
  model_unseen: ['group_new', 'model_unseen'],
};

interface Synthetic {
  count: number;
  sigma: number;
  novelty?: Novelty;
  traits?: UncertainTrait[];
  seed: number;
}

/** Errors with a known spread, every figure a set-up of its own. */
function figures({ count, sigma, novelty = 'group_new', traits = [], seed }: Synthetic): LeftOutFigure[] {
  const normal = normals(seed);
  return Array.from({ length: count }, (_, i) => ({
    point: `${novelty} ${seed} ${i}`,
    group: `${seed} ${i % 7}`,
    metric: 'tpot' as const,
    logError: sigma * normal(),
    novelties: CLASS_NOVELTIES[novelty],
    traits,
    question: `${novelty} ${seed} ${i}`,
    gpu: `gpu ${novelty} ${seed} ${i}`,
  }));
}

describe('factors of the classes', () => {
  test('recover the spread that errors were drawn with', () => {
    for (const sigma of [0.05, 0.15, 0.4]) {
      const { factors } = residualSpread(figures({ count: 4000, sigma, seed: 101 }));
      // The error of a quantile of 4,000: about 2 % of it.
      expect(Math.log(factors.tpot.group_new) / (Z_81_PERCENT * sigma)).toBeGreaterThan(0.95);
      expect(Math.log(factors.tpot.group_new) / (Z_81_PERCENT * sigma)).toBeLessThan(1.05);
    }
  });

  test('each class has its own where it has figures, and none is narrower than the one before', () => {
    const sigmas: [Novelty, number][] = [
      ['group_seen', 0.1],
      ['group_new', 0.15],
      ['gpu_unseen', 0.25],
      ['engine_unseen', 0.4],
      ['model_unseen', 0.3],
    ];
    const all = sigmas.flatMap(([novelty, sigma], i) => figures({ count: 2000, sigma, novelty, seed: 7 + i }));
    const { factors } = residualSpread(all);
    for (const [novelty, sigma] of sigmas.slice(1))
      expect(Math.log(factors.tpot[novelty]) / (Z_81_PERCENT * sigma), novelty).toBeCloseTo(1, 1);
  });

  test('set-ups seen in other measurements are as sure as seen and new ones together; less where theirs scatter more', () => {
    const both = (seen: number, fresh: number): [number, number] => {
      const drawn = [
        ...figures({ count: 4000, sigma: seen, novelty: 'group_seen', seed: 3 }),
        ...figures({ count: 4000, sigma: fresh, novelty: 'group_new', seed: 4 }),
      ];
      const together = sampleQuantile(
        drawn.map(({ logError }) => Math.abs(logError)),
        0.81,
      );
      return [Math.log(residualSpread(drawn).factors.tpot.group_seen), together];
    };
    const [narrow, together] = both(0.1, 0.2);
    expect(narrow).toBeCloseTo(together, 3);
    const [wide] = both(0.3, 0.1);
    expect(wide / (Z_81_PERCENT * 0.3)).toBeCloseTo(1, 1);
  });

  test('what is new never makes a prediction surer, whatever was drawn', () => {
    const draws = new Draws(31);
    for (let round = 0; round < 60; round += 1) {
      const all = NOVELTIES.flatMap((novelty, i) =>
        figures({
          count: draws.of([0, 5, 25, 100]),
          sigma: draws.magnitude(0.02, 0.6),
          novelty,
          seed: 100 * round + i + 1,
        }),
      );
      const { factors } = residualSpread(all);
      for (const metric of UNCERTAIN_METRICS) {
        const of = factors[metric];
        expect(of.group_seen).toBeGreaterThanOrEqual(1);
        expect(of.group_new).toBeGreaterThanOrEqual(of.group_seen);
        for (const unseen of ['gpu_unseen', 'engine_unseen', 'model_unseen'] as const)
          expect(of[unseen], unseen).toBeGreaterThanOrEqual(of.group_new);
        // To the rounding of both.
        expect(Math.log(of.engine_unseen) - 1.3 * Math.log(of.group_new)).toBeGreaterThan(-2e-3);
      }
    }
  });

  test('an engine that nobody measured is 1.3 times as unsure as a new group, in logarithms', () => {
    const { factors } = residualSpread(figures({ count: 2000, sigma: 0.2, seed: 17 }));
    // Factors have three digits.
    expect(Math.log(factors.tpot.engine_unseen) / Math.log(factors.tpot.group_new)).toBeCloseTo(1.3, 2);
  });

  test('four in five fresh errors lie inside', () => {
    const sigma = 0.2;
    const spread = residualSpread(figures({ count: 1500, sigma, seed: 211 }));
    const factor = factor80(spread, 'tpot', { novelties: ['group_new'], traits: [], generationRows: 100 });
    const fresh = figures({ count: 5000, sigma, seed: 977 });
    const inside = fresh.filter(({ logError }) => Math.abs(logError) <= Math.log(factor)).length / fresh.length;
    expect(inside).toBeGreaterThan(0.75);
    expect(inside).toBeLessThan(0.88);
  });

  test('where nothing was left out, there is nothing to make an interval from', () => {
    expect(spreadOrNull([])).toBeNull();
  });

  test('a handful of figures makes no metric sure, and neither do none', () => {
    const tpot = figures({ count: 300, sigma: 0.3, seed: 3 });
    const few = figures({ count: 6, sigma: 0.01, seed: 4 }).map((figure) => ({ ...figure, metric: 'ttft' as const }));
    const { factors } = residualSpread([...tpot, ...few]);
    for (const metric of UNCERTAIN_METRICS) {
      for (const novelty of NOVELTIES) {
        expect(Math.log(factors[metric][novelty]), `${metric} ${novelty}`).toBeGreaterThan(0.9 * Z_81_PERCENT * 0.3);
      }
    }
    const nineteen = residualSpread(figures({ count: 19, sigma: 0.3, seed: 3 }));
    expect(nineteen.factors.tpot.group_new).toBeGreaterThan(1.2);
    expect(nineteen.traits.e2e).toEqual({});
    expect(nineteen.commonShares.e2e).toEqual({ question: 0, gpu: 0 });
  });

  test('metrics do not mix', () => {
    const tpot = figures({ count: 500, sigma: 0.1, seed: 5 });
    const ttft = figures({ count: 500, sigma: 0.5, seed: 6 }).map((figure) => ({ ...figure, metric: 'ttft' as const }));
    const both = residualSpread([...tpot, ...ttft]);
    expect(both.factors.tpot).toEqual(residualSpread(tpot).factors.tpot);
    expect(both.factors.ttft).toEqual(residualSpread(ttft).factors.ttft);
  });
});

describe('traits', () => {
  const having = (traits: UncertainTrait[], sigma: number, seed: number, count = 1500) =>
    figures({ count, sigma, traits, seed });

  test('widen as they were drawn, each beside the other', () => {
    const base = 0.1;
    const { traits } = residualSpread([
      ...having([], base, 1),
      ...having(['mixture_of_experts'], 1.6 * base, 2),
      ...having(['host_bound'], 1.3 * base, 3),
      ...having(['mixture_of_experts', 'host_bound'], 1.6 * 1.3 * base, 4),
    ]);
    expect(traits.tpot.mixture_of_experts).toBeGreaterThan(1.6 * 0.93);
    expect(traits.tpot.mixture_of_experts).toBeLessThan(1.6 * 1.07);
    expect(traits.tpot.host_bound).toBeGreaterThan(1.3 * 0.93);
    expect(traits.tpot.host_bound).toBeLessThan(1.3 * 1.07);
    expect(traits.tpot.weight_only).toBeUndefined();
  });

  test('never narrow, widen by 2.5 at most, and are not told of fewer than twenty measurements of five groups', () => {
    expect(residualSpread([...having([], 0.1, 1), ...having(['weight_only'], 1, 2)]).traits.tpot.weight_only).toBe(2.5);
    expect(residualSpread([...having([], 0.1, 1), ...having(['weight_only'], 0.01, 2)]).traits.tpot.weight_only).toBe(
      1,
    );
    const few = residualSpread([...having([], 0.1, 1), ...having(['weight_only'], 1, 2, 19)]);
    expect(few.traits.tpot).toEqual({});
    const oneGroup = having(['weight_only'], 1, 2).map((figure) => ({ ...figure, group: 'sweep' }));
    expect(residualSpread([...having([], 0.1, 1), ...oneGroup]).traits.tpot).toEqual({});
    // One measurement that was left out in twenty ways is one measurement.
    const again = having(['weight_only'], 1, 2, 40).map((figure, i) => ({ ...figure, point: `point ${i % 10}` }));
    expect(residualSpread([...having([], 0.1, 1), ...again]).traits.tpot).toEqual({});
  });

  test('leave the classes covered: a figure with a trait is inside as often as one without', () => {
    const base = 0.1;
    const spread = residualSpread([...having([], base, 1), ...having(['closed_loop'], 2 * base, 2)]);
    for (const [traits, sigma, seed] of [
      [[], base, 11],
      [['closed_loop'], 2 * base, 12],
    ] as [UncertainTrait[], number, number][]) {
      const factor = factor80(spread, 'tpot', { novelties: ['group_new'], traits, generationRows: 100 });
      const fresh = having(traits, sigma, seed, 3000);
      const inside = fresh.filter(({ logError }) => Math.abs(logError) <= Math.log(factor)).length / fresh.length;
      expect(inside, traits.join()).toBeGreaterThan(0.75);
      expect(inside, traits.join()).toBeLessThan(0.88);
    }
  });
});

describe('what candidates of a question have in common', () => {
  /** Errors of questions on GPUs: a part of the question, one of the GPU, one of their own, several figures of each pair. */
  function crossed(question: number, gpu: number, own: number, seed: number): LeftOutFigure[] {
    const normal = normals(seed);
    const gpus = Array.from({ length: 25 }, () => gpu * normal());
    return Array.from({ length: 80 }).flatMap((_, q) => {
      const common = question * normal();
      return gpus.map((ofGpu, g) => ({
        point: `q${q} g${g}`,
        group: `q${q}`,
        metric: 'tpot' as const,
        logError: common + ofGpu + own * normal(),
        novelties: ['group_new'] as Novelty[],
        traits: [],
        question: `q${q}`,
        gpu: `g${g}`,
      }));
    });
  }

  test.each([
    [0.1, 0.1, 0.1],
    [0.2, 0.05, 0.1],
    [0, 0.2, 0.1],
    [0, 0, 0.2],
  ])('parts %f of the question, %f of the GPU, %f of its own come out as shares of the variance', (q, g, own) => {
    const total = q ** 2 + g ** 2 + own ** 2;
    const shares = [11, 12, 13, 14, 15].map((seed) => residualSpread(crossed(q, g, own, seed)).commonShares.tpot);
    const mean = (part: 'question' | 'gpu'): number => shares.reduce((sum, share) => sum + share[part], 0) / 5;
    expect(Math.abs(mean('question') - q ** 2 / total)).toBeLessThan(0.1);
    expect(Math.abs(mean('gpu') - g ** 2 / total)).toBeLessThan(0.1);
    for (const { question, gpu } of shares) {
      expect(question).toBeGreaterThanOrEqual(0);
      expect(gpu).toBeGreaterThanOrEqual(0);
      expect(question + gpu).toBeLessThanOrEqual(1.001);
    }
  });

  test('an error that all have in common is not counted for both the question and the GPU', () => {
    const shifted = crossed(0, 0, 0.1, 21).map((figure) => ({ ...figure, logError: figure.logError + 0.2 }));
    const { question, gpu } = residualSpread(shifted).commonShares.tpot;
    expect(question + gpu).toBeLessThanOrEqual(1);
  });
});

describe('percentiles', () => {
  /** Errors of a percentile that scatter `wider` times as much as its mean's range of `factor` allows for. */
  function percentiles(wider: number, seed: number, count = 3000): LeftOutPercentile[] {
    const normal = normals(seed);
    const sigma = 0.1;
    return Array.from({ length: count }, (_, i) => ({
      point: `${seed} ${i}`,
      group: `${i % 9}`,
      metric: 'ttft' as const,
      percentile: 'p95' as const,
      logError: wider * sigma * normal(),
      logFactor: Z_81_PERCENT * sigma,
    }));
  }

  test('widen as much as their own errors scatter more, and never narrow', () => {
    expect(percentileMultipliers(percentiles(1.7, 3)).ttft?.p95).toBeCloseTo(1.7, 1);
    expect(percentileMultipliers(percentiles(0.5, 4)).ttft?.p95).toBe(1);
  });

  test('too few say nothing', () => {
    expect(percentileMultipliers(percentiles(3, 5, 19))).toEqual({});
    expect(percentileMultipliers(percentiles(3, 5).map((figure) => ({ ...figure, group: 'one' })))).toEqual({});
  });
});
