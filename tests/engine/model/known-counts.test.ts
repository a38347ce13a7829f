import { describe, expect, it } from 'vitest';
import { analyzeModel } from '../../../src-worker/engine/model/analyze.ts';
import { parameterBreakdown } from '../../../src-worker/engine/model/parameters.ts';
import type { ModelSource } from '../../../src-worker/engine/model/source.ts';
import { bundledFiles, bundledModel, bundledSource, idOfFile } from './bundled.ts';
import { HUB_TOTALS } from './known-counts.ts';

const sum = (parts: number[]): number => parts.reduce((total, part) => total + part, 0);

describe('parameter counts against published ones', () => {
  it.each(Object.entries(HUB_TOTALS))('%s has the %i parameters the hub lists', (id, total) => {
    const model = bundledModel(id);
    expect(model.totalParameters).toBe(total);
    expect(model.isEstimated).toBe(false);
  });
});

describe('every bundled config', () => {
  const files = bundledFiles();

  it('is there', () => {
    expect(files.length).toBeGreaterThan(100);
  });

  it.each(files)('%s is analyzed, its parts add up, and an estimate says what it assumes', (file) => {
    const model = analyzeModel(bundledSource(idOfFile(file)));
    const parts = Object.values(parameterBreakdown(model));
    expect(sum(parts)).toBe(model.totalParameters);
    expect(Number.isSafeInteger(model.totalParameters)).toBe(true);
    expect(model.activeParameters).toBeLessThanOrEqual(model.totalParameters);
    if (model.isEstimated) expect(model.assumptions.length).toBeGreaterThan(0);
  });

  it('takes less than 5 ms, and all of them less than a second', () => {
    const sources = files.map((file) => bundledSource(idOfFile(file)));
    const fastestMs = (source: ModelSource): number =>
      Math.min(
        ...Array.from({ length: 8 }, () => {
          const start = performance.now();
          analyzeModel(source);
          return performance.now() - start;
        }),
      );
    // The fastest of eight, compiled: the machine may be busy, a slow analysis stays slow.
    const durationsMs = sources.map(fastestMs);
    expect(Math.max(...durationsMs)).toBeLessThan(5);
    expect(sum(durationsMs)).toBeLessThan(1000);
  });
});
