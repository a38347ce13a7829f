import { beforeAll, describe, expect, test } from 'vitest';
import { calibrationFromFile } from '../../../src-main/catalogs/convert.ts';
import { assembleProfile, type FittedProfile } from '../../../src-worker/engine/calibration/fit/assemble.ts';
import { coverageOf } from '../../../src-worker/engine/calibration/fit/coverage.ts';
import { residualSpread } from '../../../src-worker/engine/calibration/fit/residual-spread.ts';
import { robustFit, stateAt, type FitOutcome } from '../../../src-worker/engine/calibration/fit/robust-fit.ts';
import type { CalibrationProfile } from '../../../src-worker/engine/calibration/types.ts';
import { calibrationFileSchema } from '../../../src-worker/protocol/catalog-files.ts';
import { calibrationOf } from '../world.ts';
import { madeProblem, priors, valuesOf, type MadeProblem } from './made-rows.ts';

let problem: MadeProblem;
let fit: FitOutcome;
let refits: Float64Array[];
let fitted: FittedProfile;
let profile: CalibrationProfile;

beforeAll(() => {
  problem = madeProblem({ 'generations.vllm-v1.stepMs': 1.8, 'allReduceUs.nvlink4': 0.6 });
  fit = robustFit(problem);
  refits = [0, 1, 2].map(
    (part) => robustFit({ ...problem, observations: problem.observations.filter((_, i) => i % 3 !== part) }).logs,
  );
  fitted = {
    name: 'made',
    description: 'Fitted to made-up rows.',
    source: 'Rows of the tests.',
    state: fit.state,
    parameters: problem.parameters,
    priors,
    benchmarks: problem.benchmarks,
    remainingSpread: fit.remainingSpread,
    errorsPercent: problem.benchmarks.map((_, i) => [i, i + 2]),
    figures: [],
    refits,
    isFresh: false,
    residuals: residualSpread([]),
  };
  profile = assembleProfile(fitted);
});

/** Every range of a profile beside the value it is of, by name of the parameter. */
function rangesIn(of: CalibrationProfile): Map<string, { value: number; range: [number, number] }> {
  const found = new Map<string, { value: number; range: [number, number] }>();
  const put = (name: string, value: number | undefined, range: [number, number] | null | undefined): void => {
    if (range && value !== undefined) found.set(name, { value, range });
  };
  for (const [name, { value, range }] of Object.entries(of.constants)) put(`constants.${name}`, value, range);
  for (const [name, family] of Object.entries(of.families)) {
    put(`families.${name}.bandwidth`, family.bandwidth, family.bandwidthRange);
    put(`families.${name}.compute`, family.compute, family.computeRange);
  }
  for (const [name, { ranges = {}, ...overheads }] of Object.entries(of.generations)) {
    for (const [field, range] of Object.entries(ranges))
      put(`generations.${name}.${field}`, (overheads as unknown as Record<string, number>)[field], range);
  }
  for (const table of ['precisionComputeFactors', 'precisionBandwidthFactors', 'allReduceUs'] as const) {
    for (const [key, range] of Object.entries(of.ranges?.[table] ?? {}))
      put(`${table}.${key}`, (of[table] as Record<string, number>)[key], range);
  }
  return found;
}

describe('a profile put together from a fit', () => {
  test('reads as a calibration file and comes back the same', () => {
    const file = calibrationFileSchema.parse(JSON.parse(JSON.stringify({ schema_version: 1, ...profile })));
    expect(calibrationFromFile(file)).toEqual(profile);
  });

  test('holds the fitted values to four digits', () => {
    const values = valuesOf(problem, fit.logs);
    for (const { name, get } of problem.parameters) {
      const value = get({ profile, machines: {} });
      expect(value, name).toBe(Number((values[name] as number).toPrecision(4)));
    }
  });

  test('every range holds its value and the refits of the parts', () => {
    const ranges = rangesIn(profile);
    const ranged = problem.parameters.filter(({ name }) => ranges.has(name));
    // A GPU's own factor has no range of its own.
    expect(ranged.length).toBe(
      problem.parameters.filter(({ name }) => !name.startsWith('gpuBandwidthFactors.')).length,
    );
    problem.parameters.forEach(({ name }, i) => {
      const found = ranges.get(name);
      if (!found) return;
      const [low, high] = found.range;
      for (const logs of refits) {
        const value = Math.exp(logs[i] as number);
        expect(value, name).toBeGreaterThan(low * (1 - 5e-4));
        expect(value, name).toBeLessThan(high * (1 + 5e-4));
      }
      expect(found.value, name).toBeGreaterThanOrEqual(low);
      expect(found.value, name).toBeLessThanOrEqual(high);
    });
  });

  test('counts what stands behind each number', () => {
    const evidence = profile.evidence ?? {};
    for (const { name, touches } of problem.parameters) {
      const touched = problem.benchmarks.flatMap((b, i) => (touches(b) ? [i] : []));
      expect(evidence[name]?.rows, name).toBe(touched.length);
      expect(evidence[name]?.sources, name).toEqual(['made 0']);
      const errors = touched.flatMap((i) => [i, i + 2]).sort((a, b) => a - b);
      const middle =
        (errors[Math.floor((errors.length - 1) / 2)] as number) +
        (errors[Math.ceil((errors.length - 1) / 2)] as number);
      expect(evidence[name]?.medianErrorPercent, name).toBeCloseTo(middle / 2, 1);
    }
    expect(evidence['generations.vllm-v1.stepMs']?.isInformed).toBe(true);
    problem.parameters.forEach(({ name }, i) => {
      expect(evidence[name]?.isInformed, name).toBe((fit.remainingSpread[i] as number) < 0.75);
    });
  });

  test('a fabric that nobody measured takes what its nearest came to', () => {
    for (const [fabric, nearest] of Object.entries(priors.nearestFabrics)) {
      expect(profile.allReduceUs[fabric], fabric).toBe(profile.allReduceUs[nearest]);
      expect(priors.allReduceUs[fabric], `${fabric} has no prior of its own`).toBeUndefined();
    }
  });

  test('says which measurements an engine rests on, and keeps what it was given for the others', () => {
    const rows = (generation: string): number => problem.benchmarks.filter((b) => b.generation === generation).length;
    for (const generation of ['vllm-v1', 'vllm-v0'])
      expect(profile.generations[generation]?.source).toBe(`${rows(generation)} rows: made 0`);
    const untouched = calibrationOf().generations['sglang'];
    expect(profile.generations['sglang']).toMatchObject({ stepMs: untouched?.stepMs, source: untouched?.source });
  });

  test('keeps the residuals and the coverage it began with where nothing was left out, and adds what it has seen', () => {
    const { residuals, coverage } = calibrationOf();
    expect(residuals).toBeDefined();
    expect(profile.residuals).toEqual(residuals);
    const own = coverageOf(problem.benchmarks);
    for (const table of ['gpus', 'generations', 'architectures', 'groups'] as const) {
      for (const [key, count] of Object.entries(profile.coverage?.[table] ?? {}))
        expect(count, key).toBe((coverage?.[table][key] ?? 0) + (own[table][key] ?? 0));
    }
  });

  test('has residuals and a coverage of its own where something was left out', () => {
    const figure = {
      metric: 'tpot',
      logError: 0.1,
      novelties: ['group_new'],
      traits: [],
      question: 'q',
      gpu: 'g',
    } as const;
    const figures = Array.from({ length: 30 }, (_, i) => ({ ...figure, point: `point ${i}`, group: `group ${i % 6}` }));
    const residuals = residualSpread(figures);
    const fresh = assembleProfile({ ...fitted, isFresh: true, residuals });
    expect(fresh.residuals).toEqual(residuals);
    expect(fresh.coverage).toEqual(coverageOf(problem.benchmarks));
    expect(Object.keys(fresh.evidence ?? {}).sort()).toEqual(problem.parameters.map(({ name }) => name).sort());
    calibrationFileSchema.parse(JSON.parse(JSON.stringify({ schema_version: 1, ...fresh })));
  });

  test('made anew without anything left out, it knows nothing of its errors and claims no coverage of others', () => {
    const fresh = assembleProfile({ ...fitted, isFresh: true });
    expect(fresh.residuals).toBeUndefined();
    expect(fresh.ownErrors).toBeUndefined();
    expect(fresh.coverage).toEqual(coverageOf(problem.benchmarks));
  });

  test('without refits keeps the ranges it began with, wide enough for what was moved', () => {
    const before = rangesIn(calibrationOf());
    const after = rangesIn(assembleProfile({ ...fitted, refits: [] }));
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [name, { value, range }] of after) {
      expect(value, name).toBeGreaterThanOrEqual(range[0]);
      expect(value, name).toBeLessThanOrEqual(range[1]);
      const [low, high] = before.get(name)?.range ?? expect.fail(name);
      expect(range[0], name).toBeLessThanOrEqual(low);
      expect(range[1], name).toBeGreaterThanOrEqual(high);
    }
  });

  test('leaves the fit it came from alone', () => {
    const before = JSON.stringify(fit.state);
    expect(assembleProfile(fitted)).toEqual(profile);
    expect(JSON.stringify(fit.state)).toBe(before);
  });

  test('what is special about the machines of the measurements is no part of it', () => {
    expect(JSON.stringify(profile)).not.toContain('machines.');
    const state = stateAt(problem, fit.logs);
    state.machines['made 0|nvidia-l40s'] = { host: 1.7, stream: 1, request: 2 };
    expect(assembleProfile({ ...fitted, state })).toEqual(profile);
  });
});
