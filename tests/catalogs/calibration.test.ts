import { describe, expect, test } from 'vitest';
import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { familyOf, generationOf } from '../../src-worker/engine/calibration/lookup.ts';
import type { CalibrationProfile } from '../../src-worker/engine/calibration/types.ts';

const { gpus, calibrations, engines } = loadFacts(bundledCatalogsFolder());

function profile(name: string): CalibrationProfile {
  const found = calibrations.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`no profile ${name}`);
  return found;
}

/** vLLM starts on these; Pascal is below its lowest compute capability. */
const servable = gpus.filter((gpu) => gpu.vendor !== 'nvidia' || Number.parseFloat(gpu.computeCapability ?? '0') >= 7);

/** Of an architecture that no profile has heard of. */
const NOBODY = { id: '', architecture: 'Rubin', memoryType: 'HBM4' };

describe('calibration profiles', () => {
  test('the bundled profiles are default and seed', () => {
    expect(calibrations.map(({ name }) => name).sort()).toEqual(['default', 'seed']);
  });

  test('every profile has the same constants, factors, fabrics and generations, so that none lacks what another has', () => {
    const shape = (of: CalibrationProfile): string[][] =>
      [of.constants, of.precisionComputeFactors, of.precisionBandwidthFactors, of.allReduceUs, of.generations].map(
        (record) => Object.keys(record).sort(),
      );
    expect(shape(profile('seed'))).toEqual(shape(profile('default')));
  });

  test.each(calibrations)('$name: every constant has a unit and a meaning', ({ constants }) => {
    expect(Object.keys(constants).length).toBeGreaterThanOrEqual(28);
    for (const [name, { unit, meaning }] of Object.entries(constants)) {
      expect(unit, name).not.toBe('');
      expect(meaning.length, name).toBeGreaterThan(15);
    }
  });

  test.each(calibrations)('$name: every constant lies inside the range it was seen in', ({ constants }) => {
    for (const [name, { value, range }] of Object.entries(constants)) {
      if (!range) continue;
      expect(range[0], name).toBeLessThanOrEqual(range[1]);
      expect(value, name).toBeGreaterThanOrEqual(range[0]);
      expect(value, name).toBeLessThanOrEqual(range[1]);
    }
  });

  test('default: overheads, family and precision factors lie within their ranges', () => {
    const near = (name: string, value: number, range: [number, number] | undefined): void => {
      if (!range) return;
      expect(value, name).toBeGreaterThanOrEqual(range[0]);
      expect(value, name).toBeLessThanOrEqual(range[1]);
    };
    const fitted = profile('default');
    for (const [name, generation] of Object.entries(fitted.generations)) {
      const { ranges = {} } = generation;
      expect(Object.keys(ranges).length, name).toBeGreaterThanOrEqual(6);
      for (const [field, range] of Object.entries(ranges)) {
        const value = generation[field as keyof typeof generation];
        expect(typeof value, `${name}.${field}`).toBe('number');
        near(`${name}.${field}`, Number(value), range);
      }
    }
    for (const [name, family] of Object.entries(fitted.families)) {
      near(name, family.bandwidth, family.bandwidthRange);
      near(name, family.compute, family.computeRange);
    }
    for (const [kind, ranges] of Object.entries(fitted.ranges ?? {})) {
      const values: Record<string, number> = fitted[kind as keyof NonNullable<typeof fitted.ranges>];
      for (const [name, range] of Object.entries(ranges)) near(`${kind}.${name}`, values[name] ?? Number.NaN, range);
    }
    expect(fitted.notes?.join(' ')).toContain('10 %');
  });

  test.each(calibrations)(
    '$name: no GPU has two families, and none is listed that the engine does not start on',
    (own) => {
      const assigned = Object.values(own.families).flatMap(({ gpuIds }) => gpuIds);
      expect(new Set(assigned).size).toBe(assigned.length);
      const known = new Set(servable.map(({ id }) => id));
      expect(assigned.filter((id) => !known.has(id))).toEqual([]);
    },
  );

  test('default: a GPU that no family lists takes the factors of its chip’s, which is where the listed ones are', () => {
    const { families } = profile('default');
    const unlisted = { ...profile('default'), families: { ...families } };
    for (const [name, family] of Object.entries(families)) unlisted.families[name] = { ...family, gpuIds: [] };
    // H20 is cut down so far that it behaves like no other Hopper; a new part of its architecture will not.
    const ownKind = ['nvidia-h20-96gb', 'nvidia-h20-141gb'];
    const judged = servable.filter(
      ({ id }) => !ownKind.includes(id) && familyOf(profile('default'), { ...NOBODY, id }).name,
    );
    expect(judged.length).toBeGreaterThan(35);
    for (const gpu of judged) {
      const { name } = familyOf(profile('default'), gpu);
      const kin = familyOf(unlisted, gpu);
      expect(kin.name ?? 'unmeasured', gpu.id).toBe(name);
      expect(kin.isMeasured).toBe(false);
    }
  });

  test('a GPU of a new architecture takes factors of 1, whatever the profile', () => {
    for (const own of calibrations) {
      expect(familyOf(own, { ...NOBODY, id: 'nvidia-r100' })).toMatchObject({
        name: null,
        factors: { bandwidth: 1, compute: 1 },
        isMeasured: false,
      });
    }
  });

  test.each(calibrations)('$name: one family at most stands for an architecture and kind of memory', ({ families }) => {
    const kinds = Object.values(families).flatMap(({ standsFor }) =>
      (standsFor?.architectures ?? []).map((architecture) => `${architecture} ${standsFor?.memory}`),
    );
    expect(new Set(kinds).size).toBe(kinds.length);
    const built = new Set(gpus.map(({ architecture }) => architecture));
    for (const kind of kinds) expect(built.has(kind.replace(/ (HBM|GDDR)$/, '')), kind).toBe(true);
  });

  test.each(calibrations)('$name: every fabric of a GPU has a latency, and so has PCIe', ({ allReduceUs }) => {
    const kinds = new Set(['pcie', ...gpus.flatMap(({ linkKind }) => linkKind ?? [])]);
    for (const kind of kinds) expect(allReduceUs[kind], kind).toBeGreaterThan(0);
  });

  test.each(calibrations)('$name: every engine version finds its generation', (calibration) => {
    for (const { generation } of engines) expect(generationOf(calibration, generation).stepMs).toBeGreaterThan(0);
  });

  test.each(calibrations)('$name: no GPU beats its data sheet, whatever factors meet', (calibration) => {
    const { constants, families, gpuBandwidthFactors } = calibration;
    expect(constants['maxBandwidthEfficiency']?.value).toBeLessThan(1);
    expect(constants['maxComputeEfficiency']?.value).toBeLessThan(1);
    for (const family of Object.values(families)) {
      for (const id of family.gpuIds) {
        const share =
          (constants['bandwidthEfficiency']?.value ?? 0) * family.bandwidth * (gpuBandwidthFactors[id] ?? 1);
        expect(share, id).toBeLessThan(1);
      }
    }
  });

  test('default: what measured GPUs reach is a share of their peaks that such GPUs are known to reach', () => {
    const { constants, families, gpuBandwidthFactors, coverage } = profile('default');
    const measured = Object.entries(coverage?.gpus ?? {}).filter(([, rows]) => rows >= 20);
    expect(measured.length).toBeGreaterThan(8);
    for (const [id] of measured) {
      const family = Object.values(families).find(({ gpuIds }) => gpuIds.includes(id));
      const bandwidth = (constants['bandwidthEfficiency']?.value ?? 0) * (family?.bandwidth ?? 0);
      const compute = (constants['computeEfficiency']?.value ?? 0) * (family?.compute ?? 0);
      expect(bandwidth * (gpuBandwidthFactors[id] ?? 0), id).toBeGreaterThan(0.55);
      expect(bandwidth * (gpuBandwidthFactors[id] ?? 0), id).toBeLessThan(0.97);
      expect(compute, id).toBeGreaterThan(0.25);
      expect(compute, id).toBeLessThan(0.85);
    }
  });

  test('default: asynchronous schedulers hide the time per sequence, the others do not', () => {
    const hiding = Object.entries(profile('default').generations).filter(
      ([, { hidesSequenceTime }]) => hidesSequenceTime,
    );
    expect(hiding.map(([name]) => name).sort()).toEqual(['trtllm', 'vllm-v1-late', 'vllm-v1b']);
  });

  test('seed: the documented factors, and nothing fitted', () => {
    const { constants, generations, gpuBandwidthFactors } = profile('seed');
    expect(constants['attentionEfficiency']?.value).toBe(0.65);
    expect(constants['computeEfficiency']?.value).toBe(0.75);
    expect(constants['bandwidthEfficiency']?.value).toBe(0.75);
    expect(generations['vllm-v1-late']?.stepMs).toBe(8);
    expect(gpuBandwidthFactors).toEqual({});
  });

  test('seed: the all-reduce latency of NVLink 3 is 5 % of reading Llama-2-7b on two A100', () => {
    // 6.738e9 parameters x 2 bytes / 2 GPUs / (2039 GB/s x 75 %) = 4.406 ms; 5 % of it over 2 x 32 all-reduces = 3.44 us.
    const readMs = (6.738e9 / (2039e9 * 0.75)) * 1000;
    expect(profile('seed').allReduceUs['nvlink3']).toBeCloseTo((readMs * 0.05 * 1000) / 64, 1);
  });
});
