import { describe, expect, it } from 'vitest';
import { analyzeModel } from '../../../src-worker/engine/model/analyze.ts';
import { parameterBreakdown } from '../../../src-worker/engine/model/parameters.ts';
import { attempt } from '../../../src-worker/protocol/result.ts';
import { bundledFiles, bundledModel, bundledSource, idOfFile } from './bundled.ts';
import { ACTIVE_PARAMETERS, ENUMERATED_TOTALS, HUB_TOTALS, MTP_PARAMETERS } from './known-counts.ts';

const sum = (parts: number[]): number => parts.reduce((total, part) => total + part, 0);

describe('parameter counts against published ones', () => {
  it.each(Object.entries(HUB_TOTALS))('%s has the %i parameters the hub lists', (id, total) => {
    const model = bundledModel(id);
    expect(model.totalParameters).toBe(total);
    expect(model.isEstimated).toBe(false);
  });

  it.each(Object.entries(ENUMERATED_TOTALS))('%s has the %i parameters of its tensors', (id, total) => {
    expect(bundledModel(id).totalParameters).toBe(total);
  });

  it.each(Object.entries(ACTIVE_PARAMETERS))('%s uses %i parameters per token', (id, active) => {
    expect(bundledModel(id).activeParameters).toBe(active);
  });

  it.each(Object.entries(MTP_PARAMETERS))('%s ships %i parameters for multi-token prediction', (id, parameters) => {
    expect(bundledModel(id).mtpParameters).toBe(parameters);
  });
});

describe('every bundled config', () => {
  const files = bundledFiles();

  it('is there', () => {
    expect(files.length).toBeGreaterThan(100);
  });

  it.each(files)('%s is analyzed or refused in a sentence', (file) => {
    const source = bundledSource(idOfFile(file));
    const result = attempt(() => analyzeModel(source));
    if (!result.ok) {
      expect(result.error).toMatchObject({ family: 'invalid_input', code: 'model_unsupported' });
      expect(result.error.message).toMatch(/; supported are .+\.$/);
      return;
    }
    const model = result.value;
    const parts = Object.values(parameterBreakdown(model));
    expect(sum(parts)).toBe(model.totalParameters);
    expect(Number.isSafeInteger(model.totalParameters)).toBe(true);
    expect(model.activeParameters).toBeLessThanOrEqual(model.totalParameters);
    expect(model.isEstimated).toBe(model.assumptions.some((sentence) => sentence.includes('is not known')));
  });
});
