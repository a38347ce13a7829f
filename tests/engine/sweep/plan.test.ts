import { describe, expect, it } from 'vitest';
import type { Gpu, Instance } from '../../../src-worker/engine/hardware/types.ts';
import { planSweep, type PlannedUnit, type SweepBase } from '../../../src-worker/engine/sweep/plan.ts';
import { sweepSpecSchema, type SweepSpecDraft } from '../../../src-worker/protocol/requests.ts';
import type { SweepUnit } from '../../../src-worker/protocol/worker-api.ts';
import { codeOf, messageOf } from './thrown.ts';

const instance = (
  provider: string,
  name: string,
  gpuId: string,
  zones: string[],
  status: Instance['status'] = 'current',
): Instance => ({
  provider,
  name,
  family: name,
  gpuId,
  gpuCount: 1,
  vcpus: null,
  hostMemoryBytes: null,
  interconnect: 'none',
  interconnectBandwidthPerDirectionBytesPerS: null,
  localSsdBytes: null,
  status,
  notes: null,
  layer: 'bundled',
  offers: [
    { region: 'r', onDemandUsdPerHour: 1, spotUsdPerHour: null, priceAsOf: '2026-01-01', priceSource: null, zones },
  ],
});

const gpu = (id: string): Gpu => ({
  id,
  name: id,
  vendor: 'nvidia',
  architecture: 'any',
  formFactor: 'any',
  usableMemoryBytes: 80 * 2 ** 30,
  memoryType: 'HBM',
  memoryBandwidthBytesPerS: 2e12,
  peaks: { fp16FlopPerS: 3e14 },
  supportsBf16: true,
  computeCapability: '8.0',
  linkKind: null,
  linkBandwidthPerDirectionBytesPerS: null,
  pcieBandwidthPerDirectionBytesPerS: null,
  source: 'test',
  notes: null,
});

const facts = {
  gpus: ['nvidia-a100-40gb', 'nvidia-h100-80gb', 'nvidia-k80'].map(gpu),
  instances: [
    instance('gcp', 'a2-highgpu-1g', 'nvidia-a100-40gb', ['us-central1-b', 'us-central1-a']),
    instance('gcp', 'a3-highgpu-1g', 'nvidia-h100-80gb', ['us-central1-c']),
    instance('aws', 'p4d.24xlarge', 'nvidia-a100-40gb', ['us-east-1a']),
    instance('aws', 'p2.xlarge', 'nvidia-k80', ['us-east-1f'], 'retired'),
    instance('lambda', 'gpu_1x_h100', 'nvidia-h100-80gb', []),
  ],
};

const plan = (draft: SweepSpecDraft, pointsPerUnit?: number) =>
  planSweep(sweepSpecSchema.parse(draft), facts, pointsPerUnit);

const base = { model: 'meta-llama/Llama-2-7b-hf' };

/** Points of units, in order: what the numbers stand for. */
function pointsOf<Base extends SweepBase>(units: PlannedUnit<Base>[]) {
  return units.flatMap(({ input, users, zones, firstPointId }) =>
    users.flatMap((load, u) =>
      zones.map((zone, z) => ({
        id: firstPointId + u * zones.length + z,
        quantization: input.quantization.join(),
        gpu: input.gpu.join(),
        tp: input.tp,
        users: load,
        zone,
      })),
    ),
  );
}

const wide: SweepSpecDraft = {
  base,
  axes: { users: { from: 1, to: 64, factor: 2 }, quantization: ['fp16', 'fp8', 'int4'], zone: ['*'] },
};

describe('sweep plan', () => {
  it('has as many points as the product of its axes, known before it runs', () => {
    const { points, units } = plan(wide);
    expect(points).toBe(7 * 3 * 4);
    expect(pointsOf(units)).toHaveLength(points);
  });

  it('numbers points from 0 without gaps: quantization slowest, then users, then zones', () => {
    const points = pointsOf(plan(wide).units);
    expect(points.map(({ id }) => id)).toEqual(points.map((_, index) => index));
    expect(points.slice(0, 5)).toEqual([
      { id: 0, quantization: 'fp16', gpu: '', tp: null, users: 1, zone: 'us-central1-a' },
      { id: 1, quantization: 'fp16', gpu: '', tp: null, users: 1, zone: 'us-central1-b' },
      { id: 2, quantization: 'fp16', gpu: '', tp: null, users: 1, zone: 'us-central1-c' },
      { id: 3, quantization: 'fp16', gpu: '', tp: null, users: 1, zone: 'us-east-1a' },
      { id: 4, quantization: 'fp16', gpu: '', tp: null, users: 2, zone: 'us-central1-a' },
    ]);
    expect(points[28]).toEqual({ id: 28, quantization: 'fp8', gpu: '', tp: null, users: 1, zone: 'us-central1-a' });
  });

  it.each([1, 2, 3, 4, 5, 9, 1000])(
    'cuts into units of at most %i points without changing a point',
    (pointsPerUnit) => {
      const { units } = plan(wide, pointsPerUnit);
      expect(pointsOf(units)).toEqual(pointsOf(plan(wide, 1).units));
      for (const unit of units) expect(unit.users.length * unit.zones.length).toBeLessThanOrEqual(pointsPerUnit);
    },
  );

  it('units of one precision share their input, with users and zone unset, so that they share a capacity search', () => {
    const { units } = plan(wide, 4);
    const inputs = new Set(units.map(({ input }) => JSON.stringify(input)));
    expect(inputs.size).toBe(3);
    for (const { input } of units) expect([input.users, input.zone]).toEqual([undefined, null]);
  });

  it('its units are what a worker takes', () => {
    const units: SweepUnit[] = plan(wide).units;
    expect(units[0]?.input.quantization).toEqual(['fp16']);
  });

  it('without axes it is one point of the base', () => {
    const { units } = plan({ base: { ...base, users: 10, zone: 'us-central1-a' }, axes: {} });
    expect(pointsOf(units)).toEqual([{ id: 0, quantization: '', gpu: '', tp: null, users: 10, zone: 'us-central1-a' }]);
  });

  it('a rate in the base leaves users open', () => {
    const { units } = plan({ base: { ...base, rate: 5 }, axes: { quantization: ['fp16'] } });
    expect(units[0]?.users).toEqual([null]);
    expect(units[0]?.input.rate).toBe(5);
  });

  it('every zone means those that sell something within the filters, sorted', () => {
    const zones = (draft: SweepSpecDraft['base']) =>
      plan({ base: { users: 1, ...draft }, axes: { zone: ['*'] } }).zones;
    expect(zones(base)).toEqual(['us-central1-a', 'us-central1-b', 'us-central1-c', 'us-east-1a']);
    expect(zones({ ...base, provider: ['AWS'] })).toEqual(['us-east-1a']);
    expect(zones({ ...base, gpu: ['h100'] })).toEqual(['us-central1-c']);
    expect(zones({ ...base, provider: ['aws'], include_retired: true })).toEqual(['us-east-1a', 'us-east-1f']);
    expect(codeOf(() => zones({ ...base, provider: ['lambda'] }))).toBe('zone_unknown');
  });

  it('GPUs and tensor parallelism vary between quantization and users, so that searches lie together', () => {
    const draft: SweepSpecDraft = {
      base,
      axes: { users: [1, 2], quantization: ['fp16', 'fp8'], gpu: ['h100', 'A100'], tp: [4, 1] },
    };
    const { points, inputs, units } = plan(draft);
    expect(points).toBe(16);
    expect(inputs).toHaveLength(8);
    const list = pointsOf(units);
    expect(list.map(({ id }) => id)).toEqual(list.map((_, index) => index));
    expect(list.slice(0, 9).map(({ quantization, gpu: id, tp, users }) => [quantization, id, tp, users])).toEqual([
      ['fp16', 'nvidia-h100-80gb', 4, 1],
      ['fp16', 'nvidia-h100-80gb', 4, 2],
      ['fp16', 'nvidia-h100-80gb', 1, 1],
      ['fp16', 'nvidia-h100-80gb', 1, 2],
      ['fp16', 'nvidia-a100-40gb', 4, 1],
      ['fp16', 'nvidia-a100-40gb', 4, 2],
      ['fp16', 'nvidia-a100-40gb', 1, 1],
      ['fp16', 'nvidia-a100-40gb', 1, 2],
      ['fp8', 'nvidia-h100-80gb', 4, 1],
    ]);
  });

  it('every GPU means those that an instance in scope has, sorted', () => {
    const gpus = (draft: SweepSpecDraft['base']) => plan({ base: { users: 1, ...draft }, axes: { gpu: ['*'] } }).gpus;
    expect(gpus(base)).toEqual([['nvidia-a100-40gb'], ['nvidia-h100-80gb']]);
    expect(gpus({ ...base, provider: ['AWS'] })).toEqual([['nvidia-a100-40gb']]);
    expect(gpus({ ...base, provider: ['aws'], include_retired: true })).toEqual([['nvidia-a100-40gb'], ['nvidia-k80']]);
  });

  it('two names of one GPU are one value', () => {
    const { gpus } = plan({ base: { ...base, users: 1 }, axes: { gpu: ['h100', 'nvidia-h100-80gb'] } });
    expect(gpus).toEqual([['nvidia-h100-80gb']]);
  });

  it('every zone beside an axis of GPUs means the zones that sell one of them', () => {
    const { zones } = plan({ base: { ...base, users: 1 }, axes: { gpu: ['h100'], zone: ['*'] } });
    expect(zones).toEqual(['us-central1-c']);
  });

  it('a GPU that no instance of the providers has is refused: its points would have no rows', () => {
    const draft = { base: { ...base, users: 1, provider: ['aws'] }, axes: { gpu: ['h100'] } };
    expect(codeOf(() => plan(draft))).toBe('gpu_not_offered');
    expect(messageOf(() => plan(draft))).toContain('no instance of aws has the GPU nvidia-h100-80gb');
  });

  it('an unknown zone is refused with the nearest names', () => {
    const message = messageOf(() => plan({ base: { ...base, users: 1 }, axes: { zone: ['us-centrall-b'] } }));
    expect(message).toContain('us-central1-b');
  });

  it('a zone of a provider outside the filter is as unknown as in a single sizing', () => {
    const draft = { ...base, users: 1, provider: ['aws'] };
    expect(codeOf(() => plan({ base: draft, axes: { zone: ['us-central1-a'] } }))).toBe('unknown_zone');
    expect(codeOf(() => plan({ base: { ...draft, zone: 'us-central1-a' }, axes: {} }))).toBe('unknown_zone');
    expect(codeOf(() => plan({ base: { ...draft, provider: ['awss'] }, axes: { zone: ['*'] } }))).toBe(
      'unknown_provider',
    );
  });

  it.each<[string, SweepSpecDraft, string]>([
    [
      'a zone axis beside a zone',
      { base: { ...base, users: 1, zone: 'us-east-1a' }, axes: { zone: ['*'] } },
      'sweep_conflict',
    ],
    [
      'a zone axis beside a region',
      { base: { ...base, users: 1, region: 'r' }, axes: { zone: ['*'] } },
      'sweep_conflict',
    ],
    [
      'a zone and a region',
      { base: { ...base, users: 1, zone: 'us-east-1a', region: 'r' }, axes: {} },
      'sweep_conflict',
    ],
    ['users twice', { base: { ...base, users: 1 }, axes: { users: [1] } }, 'sweep_conflict'],
    ['users beside a rate', { base: { ...base, rate: 1 }, axes: { users: [1] } }, 'sweep_conflict'],
    ['users and rate in the base', { base: { ...base, users: 1, rate: 1 }, axes: {} }, 'sweep_conflict'],
    [
      'quantization twice',
      { base: { ...base, users: 1, quantization: ['fp8'] }, axes: { quantization: ['fp16'] } },
      'sweep_conflict',
    ],
    ['GPUs twice', { base: { ...base, users: 1, gpu: ['h100'] }, axes: { gpu: ['a100'] } }, 'sweep_conflict'],
    ['tensor parallelism twice', { base: { ...base, users: 1, tp: 1 }, axes: { tp: [2] } }, 'sweep_conflict'],
    ['an unknown GPU', { base: { ...base, users: 1 }, axes: { gpu: ['h10'] } }, 'unknown_gpu'],
    ['no load at all', { base, axes: { zone: ['*'] } }, 'users_missing'],
    ['too many points', { base, axes: { users: { from: 1, to: 5_000_000, step: 1 }, zone: ['*'] } }, 'sweep_too_large'],
  ])('refuses %s', (_, draft, code) => {
    expect(codeOf(() => plan(draft))).toBe(code);
  });
});
