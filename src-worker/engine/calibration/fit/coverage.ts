import type { Benchmark } from '../../validation/benchmark.ts';
import type { MeasuredCoverage } from '../types.ts';

/** Counts what a fit has seen. */
export function coverageOf(benchmarks: readonly Benchmark[]): MeasuredCoverage {
  const coverage: MeasuredCoverage = { gpus: {}, generations: {}, architectures: {}, groups: {} };
  const sorted = benchmarks
    .map(({ deployment, generation }) => [deployment.gpu.id, generation, deployment.model.architecture] as const)
    .sort((a, b) => (a.join('|') < b.join('|') ? -1 : 1));
  const count = (counts: Record<string, number>, key: string): void => void (counts[key] = (counts[key] ?? 0) + 1);
  for (const [gpu, generation, architecture] of sorted) {
    count(coverage.gpus, gpu);
    count(coverage.generations, generation);
    count(coverage.architectures, architecture);
    count(coverage.groups, `${gpu}|${generation}|${architecture}`);
  }
  return coverage;
}
