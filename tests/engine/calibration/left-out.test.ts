import { describe, expect, test } from 'vitest';
import { coverageOf } from '../../../src-worker/engine/calibration/fit/coverage.ts';
import { GROUP_FOLDS, leftOutKey, partsToLeaveOut } from '../../../src-worker/engine/calibration/fit/left-out.ts';
import { LEAVE_OUTS } from '../../../src-worker/engine/calibration/types.ts';
import { measuredRows } from '../../../src-worker/engine/uncertainty/novelty.ts';
import type { Benchmark } from '../../../src-worker/engine/validation/benchmark.ts';
import { Draws } from '../roofline/random-deployments.ts';
import { calibrationOf } from '../world.ts';
import { benchmarkOf } from '../validation/rows.ts';

function shuffled<Item>(draws: Draws, items: readonly Item[]): Item[] {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i -= 1) {
    const j = draws.whole(0, i);
    [copy[i], copy[j]] = [copy[j] as Item, copy[i] as Item];
  }
  return copy;
}

const MODELS = ['meta-llama/Llama-3.1-8B-Instruct', 'Qwen/Qwen2.5-0.5B', 'google/gemma-2-9b', 'Qwen/Qwen3-30B-A3B'];
const GPUS = ['nvidia-h100-80gb', 'nvidia-a100-80gb', 'nvidia-l40s', 'nvidia-h200'];

function drawn(seed: number, count: number): Benchmark[] {
  const draws = new Draws(seed);
  return Array.from({ length: count }, (_, i) =>
    benchmarkOf({
      tensorParallel: 4,
      pointId: `p${i}`,
      sourceId: draws.of(['a', 'b', 'c']),
      model: draws.of(MODELS),
      gpu: draws.of(GPUS),
      engineVersion: draws.of(['0.6.3', '0.10.2', '0.19.0']),
    }),
  );
}

const WORLDS = [1, 2, 3].map((seed) => drawn(seed, 60));

describe('parts that are left out', () => {
  test('of groups: each group is in one part and only one, and every part has some', () => {
    for (const benchmarks of WORLDS) {
      const parts = partsToLeaveOut(benchmarks, 'group');
      expect(parts).toHaveLength(GROUP_FOLDS);
      const keys = parts.flat();
      expect(new Set(keys).size).toBe(keys.length);
      expect(new Set(keys)).toEqual(new Set(benchmarks.map(({ group }) => group)));
      const sizes = parts.map(({ length }) => length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
  });

  test('of GPUs, engines and architectures: one at a time, those with four rows and more', () => {
    for (const benchmarks of WORLDS) {
      for (const by of ['gpu', 'generation', 'architecture'] as const) {
        const parts = partsToLeaveOut(benchmarks, by);
        const rowsOf = (key: string): number => benchmarks.filter((b) => leftOutKey(b, by) === key).length;
        const keys = [...new Set(benchmarks.map((b) => leftOutKey(b, by)))];
        expect(parts.every((part) => part.length === 1)).toBe(true);
        expect(parts.flat().sort()).toEqual(keys.filter((key) => rowsOf(key) >= 4).sort());
      }
    }
  });

  test('are the same whatever the order of the rows', () => {
    const draws = new Draws(77);
    for (const benchmarks of WORLDS) {
      for (const by of LEAVE_OUTS) {
        expect(partsToLeaveOut(shuffled(draws, benchmarks), by)).toEqual(partsToLeaveOut(benchmarks, by));
      }
    }
  });

  test('of fewer groups than parts: one group each; of none: none', () => {
    const three = drawn(4, 40).filter(({ group }, _, all) => [...new Set(all.map((b) => b.group))].indexOf(group) < 3);
    expect(partsToLeaveOut(three, 'group').map(({ length }) => length)).toEqual([1, 1, 1]);
    for (const by of LEAVE_OUTS) expect(partsToLeaveOut([], by)).toEqual([]);
  });

  test('a group is a source, a GPU and a model', () => {
    const keys = (given: Parameters<typeof benchmarkOf>[0]) => leftOutKey(benchmarkOf(given), 'group');
    expect(keys({ batchOrConcurrency: 4 })).toBe(keys({ batchOrConcurrency: 8, engineVersion: '0.19.0' }));
    expect(
      new Set([keys({}), keys({ sourceId: 'b' }), keys({ gpu: 'nvidia-h200' }), keys({ model: MODELS[1] ?? '' })]).size,
    ).toBe(4);
  });
});

describe('coverage', () => {
  test('counts every benchmark once in each of its four tables', () => {
    for (const benchmarks of WORLDS) {
      const coverage = coverageOf(benchmarks);
      for (const table of Object.values(coverage) as Record<string, number>[])
        expect(Object.values(table).reduce((sum, count) => sum + count, 0)).toBe(benchmarks.length);
      for (const { deployment, generation } of benchmarks) {
        const questioned = { gpuId: deployment.gpu.id, generation, architecture: deployment.model.architecture };
        expect(measuredRows({ ...calibrationOf(), coverage }, questioned).group).toBeGreaterThan(0);
      }
    }
  });

  test('is written the same whatever the order of the rows', () => {
    const draws = new Draws(78);
    for (const benchmarks of WORLDS)
      expect(JSON.stringify(coverageOf(shuffled(draws, benchmarks)))).toBe(JSON.stringify(coverageOf(benchmarks)));
  });
});
