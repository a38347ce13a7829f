import { FEWEST_ROWS } from '../lookup.ts';
import type { LeaveOut } from '../types.ts';
import type { Benchmark } from '../../validation/benchmark.ts';

const KEY_OF: Readonly<Record<LeaveOut, (benchmark: Benchmark) => string>> = {
  group: ({ group }) => group,
  gpu: ({ deployment }) => deployment.gpu.id,
  generation: ({ generation }) => generation,
  architecture: ({ deployment }) => deployment.model.architecture,
};

/** What of a benchmark is left out with it. */
export const leftOutKey = (benchmark: Benchmark, by: LeaveOut): string => KEY_OF[by](benchmark);

/** Groups are left out in as many parts; the others one at a time, where it has rows enough to be worth a fit. */
export const GROUP_FOLDS = 5;

/** A fixed order that has nothing to do with names: FNV-1a over their characters. */
function shuffled(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

/** The parts to leave out one after the other, each a list of keys. The same benchmarks give the same parts. */
export function partsToLeaveOut(benchmarks: readonly Benchmark[], by: LeaveOut): string[][] {
  const counts = new Map<string, number>();
  for (const benchmark of benchmarks) {
    const key = leftOutKey(benchmark, by);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const keys = [...counts.keys()].sort((a, b) => shuffled(a) - shuffled(b) || (a < b ? -1 : 1));
  if (by !== 'group') return keys.filter((key) => (counts.get(key) as number) >= FEWEST_ROWS).map((key) => [key]);
  const parts: string[][] = Array.from({ length: Math.min(GROUP_FOLDS, keys.length) }, () => []);
  keys.forEach((key, i) => parts[i % parts.length]?.push(key));
  return parts;
}
