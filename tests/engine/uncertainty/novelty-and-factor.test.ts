import { describe, expect, test } from 'vitest';
import {
  NOVELTIES,
  UNCERTAIN_METRICS,
  UNCERTAIN_PERCENTILES,
  type CalibrationProfile,
  type Novelty,
  type ResidualSpread,
} from '../../../src-worker/engine/calibration/types.ts';
import { bothFactors, closedFormErrors } from '../../../src-worker/engine/uncertainty/closed-form-errors.ts';
import {
  factor80,
  isSeldomMeasured,
  orderedRanges,
  percentileMultiplier,
  rangeOf,
  sigmaOf,
  type StatisticRange,
} from '../../../src-worker/engine/uncertainty/factor.ts';
import { noveltiesOf, traitsOf } from '../../../src-worker/engine/uncertainty/novelty.ts';
import { Draws } from '../roofline/random-deployments.ts';
import { calibrationOf } from '../world.ts';

const measured: CalibrationProfile = {
  ...calibrationOf(),
  coverage: {
    gpus: { 'nvidia-l40s': 60, 'nvidia-h200': 70 },
    generations: { 'vllm-v1-late': 80, 'vllm-v1': 40 },
    architectures: { LlamaForCausalLM: 90, Qwen3ForCausalLM: 30 },
    groups: { 'nvidia-l40s|vllm-v1-late|LlamaForCausalLM': 60, 'nvidia-h200|vllm-v1|Qwen3ForCausalLM': 40 },
  },
};
const question = { gpuId: 'nvidia-l40s', generation: 'vllm-v1-late', architecture: 'LlamaForCausalLM' };

describe('novelty', () => {
  test('what was measured together is seen, and nothing else is said of it', () => {
    expect(noveltiesOf(measured, question)).toEqual(['group_seen']);
  });

  test('parts that were measured apart from each other make a new group', () => {
    expect(noveltiesOf(measured, { ...question, gpuId: 'nvidia-h200' })).toEqual(['group_new']);
  });

  test('fewer than four rows are as good as none', () => {
    const withRows = (rows: number): CalibrationProfile => ({
      ...measured,
      coverage: {
        gpus: { 'nvidia-l40s': rows },
        generations: { 'vllm-v1-late': rows },
        architectures: { LlamaForCausalLM: rows },
        groups: { 'nvidia-l40s|vllm-v1-late|LlamaForCausalLM': rows },
      },
    });
    expect(noveltiesOf(withRows(3), question)).toEqual(['group_new', 'gpu_unseen', 'engine_unseen', 'model_unseen']);
    expect(noveltiesOf(withRows(4), question)).toEqual(['group_seen']);
  });

  test('every part that was never measured is named', () => {
    expect(noveltiesOf(measured, { ...question, gpuId: 'nvidia-l4' })).toEqual(['group_new', 'gpu_unseen']);
    expect(
      noveltiesOf(measured, { gpuId: 'nvidia-l4', generation: 'sglang', architecture: 'MambaForCausalLM' }),
    ).toEqual(['group_new', 'gpu_unseen', 'engine_unseen', 'model_unseen']);
  });

  test('a profile that does not say what it was measured on has seen nothing', () => {
    const { coverage, ...uncovered } = measured;
    expect(coverage).toBeDefined();
    expect(noveltiesOf(uncovered, question)).toEqual(['group_new', 'gpu_unseen', 'engine_unseen', 'model_unseen']);
  });
});

describe('traits', () => {
  const plain = {
    isMixtureOfExperts: false,
    isWeightOnly: false,
    decodeParts: { projections: 6, launch: 2, sequences: 1, total: 9 },
    utilization: 0.5,
  };

  test('none where the GPU sets the pace of a dense model far from saturation', () => {
    expect(traitsOf(plain)).toEqual([]);
  });

  test('the host sets the pace where launching and per-sequence work take more than half of the step', () => {
    expect(traitsOf({ ...plain, decodeParts: { projections: 4, launch: 3, sequences: 2, total: 9 } })).toEqual([
      'host_bound',
    ]);
    expect(traitsOf({ ...plain, decodeParts: { projections: 4, launch: 3, sequences: 1, total: 8 } })).toEqual([]);
  });

  test('near capacity from 85 % of the saturation rate; a static batch is never', () => {
    expect(traitsOf({ ...plain, utilization: 0.85 })).toEqual(['near_capacity']);
    expect(traitsOf({ ...plain, utilization: 0.849 })).toEqual([]);
    expect(traitsOf({ ...plain, utilization: null })).toEqual([]);
  });

  test('experts and weight-only kernels are facts of the model and the GPU', () => {
    expect(traitsOf({ ...plain, isMixtureOfExperts: true, isWeightOnly: true })).toEqual([
      'mixture_of_experts',
      'weight_only',
    ]);
  });
});

/** Round figures of our own, so that products can be checked by hand. */
const spread: ResidualSpread = {
  basis: 'made up',
  factors: Object.fromEntries(
    UNCERTAIN_METRICS.map((metric) => [
      metric,
      { group_seen: 1.2, group_new: 1.4, gpu_unseen: 1.3, engine_unseen: 1.55, model_unseen: 1.5 },
    ]),
    // fromEntries forgets the keys, which are all of UncertainMetric.
  ) as ResidualSpread['factors'],
  traits: { tpot: { mixture_of_experts: 1.5, near_capacity: 2 }, ttft: {}, e2e: {}, throughput: {} },
  commonShares: calibrationOf().residuals?.commonShares ?? expect.fail('the default profile has residuals'),
};
const sure = { novelties: ['group_seen'] as Novelty[], traits: [], generationRows: 100 };

describe('80 % factor', () => {
  test('is that of the class where one applies, and the largest where several do', () => {
    expect(factor80(spread, 'tpot', sure)).toBeCloseTo(1.2, 12);
    expect(factor80(spread, 'tpot', { ...sure, novelties: ['group_new', 'gpu_unseen', 'model_unseen'] })).toBeCloseTo(
      1.5,
      12,
    );
  });

  test('traits multiply the logarithm, of their metric alone', () => {
    const both = { ...sure, traits: ['mixture_of_experts', 'near_capacity'] as const };
    expect(factor80(spread, 'tpot', both)).toBeCloseTo(1.2 ** 3, 12);
    expect(factor80(spread, 'ttft', both)).toBeCloseTo(1.2, 12);
  });

  test('an engine with few measurements takes 1.3 times the logarithm; its own class has that in it', () => {
    expect(factor80(spread, 'tpot', { ...sure, generationRows: 49 })).toBeCloseTo(1.2 ** 1.3, 12);
    expect(factor80(spread, 'tpot', { ...sure, generationRows: 50 })).toBeCloseTo(1.2, 12);
    expect(isSeldomMeasured({ ...sure, generationRows: 49 })).toBe(true);
    const never = { ...sure, novelties: ['group_new', 'engine_unseen'] as Novelty[], generationRows: 0 };
    expect(factor80(spread, 'tpot', never)).toBeCloseTo(Math.max(1.55, 1.4 ** 1.3), 12);
    expect(isSeldomMeasured(never)).toBe(false);
  });

  test('is never below 1 and never falls with a further class or fewer measurements, in every profile that has residuals', () => {
    const residuals = [spread, ...[calibrationOf()].flatMap((profile) => profile.residuals ?? [])];
    for (const one of residuals) {
      for (const metric of UNCERTAIN_METRICS) {
        for (const known of NOVELTIES) {
          for (const more of NOVELTIES) {
            for (const [rows, fewer] of [
              [100, 100],
              [100, 20],
              [20, 20],
            ] as const) {
              const before = factor80(one, metric, { novelties: [known], traits: [], generationRows: rows });
              const after = factor80(one, metric, { novelties: [known, more], traits: [], generationRows: fewer });
              expect(before).toBeGreaterThanOrEqual(1);
              expect(after).toBeGreaterThanOrEqual(before);
            }
          }
        }
      }
    }
  });

  test('a class whose factor is below 1 counts as no spread', () => {
    const odd = { ...spread, factors: { ...spread.factors, tpot: { ...spread.factors.tpot, group_seen: 0.9 } } };
    expect(factor80(odd, 'tpot', sure)).toBe(1);
  });

  test('stands for a lognormal error: 10 % of it lie above the factor', () => {
    // Standard normal quantile of 0.9, from tables: 1.2816.
    expect(sigmaOf(Math.exp(1.2816))).toBeCloseTo(1, 4);
    expect(sigmaOf(1)).toBe(0);
  });
});

describe('range', () => {
  test('x / f to x f, the lower end not below the floor, and never above x', () => {
    expect(rangeOf(12, 1.5)).toEqual([8, 18]);
    expect(rangeOf(12, 1.5, 9)).toEqual([9, 18]);
    expect(rangeOf(12, 1.5, 13)).toEqual([12, 18]);
    expect(rangeOf(12, 1)).toEqual([12, 12]);
  });
});

describe('percentiles', () => {
  const all = (percentiles: NonNullable<Parameters<typeof percentileMultiplier>[0]['percentiles']>) =>
    UNCERTAIN_PERCENTILES.map((name) => percentileMultiplier({ percentiles }, 'ttft', name));

  test('have the multiplier of their own, however it lies to those beside it', () => {
    expect(all({ ttft: { p50: 1.9, p90: 1.2, p95: 1.1, p99: 1.4 } })).toEqual([1.9, 1.2, 1.1, 1.4]);
  });

  test('without one of their own have the largest of those nearer to the median', () => {
    expect(all({ ttft: { p50: 1.9, p99: 1.4 } })).toEqual([1.9, 1.9, 1.9, 1.4]);
    expect(all({ ttft: { p90: 1.2, p99: 1.6 } })).toEqual([1, 1.2, 1.2, 1.6]);
    expect(all({ tpot: { p90: 1.2 } })).toEqual([1, 1, 1, 1]);
    expect(percentileMultiplier({}, 'e2e', 'p99')).toBe(1);
  });

  test('law: ends rise with the percentile, hold the value, and lie at or above those of the mean where the value does', () => {
    const draws = new Draws(31);
    for (let round = 0; round < 500; round += 1) {
      const floor = draws.between(0, 20);
      const values = [0, 0, 0, 0].map(() => floor + draws.magnitude(0.1, 1000)).sort((a, b) => a - b);
      const meanMs = draws.between(values[0] as number, values[3] as number);
      const ranged = (value: number): StatisticRange => {
        const [low, high] = rangeOf(value, draws.between(1, 4), floor);
        return { value, low, high };
      };
      const mean = ranged(meanMs);
      const own = values.map(ranged);
      const ranges = orderedRanges(mean, own);
      ranges.forEach(({ value, low, high }, i) => {
        expect(value).toBe(values[i]);
        expect(low).toBeLessThanOrEqual(value);
        expect(high).toBeGreaterThanOrEqual(value);
        expect(low).toBeGreaterThanOrEqual(Math.max(own[i]?.low ?? NaN, ranges[i - 1]?.low ?? 0));
        expect(high).toBeGreaterThanOrEqual(Math.max(own[i]?.high ?? NaN, ranges[i - 1]?.high ?? 0));
        if (value < mean.value) return;
        expect(low).toBeGreaterThanOrEqual(mean.low);
        expect(high).toBeGreaterThanOrEqual(mean.high);
      });
    }
  });
});

describe('errors of the closed form itself', () => {
  test('two causes together: no narrower than either, and both alike count the root of two', () => {
    expect(bothFactors(1.3, 1)).toBeCloseTo(1.3, 12);
    expect(bothFactors(1, 1.2)).toBeCloseTo(1.2, 12);
    expect(Math.log(bothFactors(1.5, 1.5)) / Math.log(1.5)).toBeCloseTo(Math.SQRT2, 12);
    expect(bothFactors(1.1, 2)).toBe(bothFactors(2, 1.1));
  });

  test('are known of every trust but ok, of all latencies', () => {
    expect(closedFormErrors('ok')).toBeNull();
    expect(closedFormErrors(null)).toBeNull();
    for (const trust of ['critical', 'kv_pressure', 'slot_pressure', 'bursty'] as const)
      for (const { p50, p95, p99 } of Object.values(closedFormErrors(trust) ?? expect.fail(trust)))
        expect(Math.min(p50, p95, p99)).toBeGreaterThan(1);
  });
});
