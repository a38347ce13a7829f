import { describe, expect, it } from 'vitest';
import { offersOf, placeAt, sizingAt } from '../../../src-worker/engine/sweep/demand-axes.ts';
import { planSweep, type PlannedUnit, type SweepBase } from '../../../src-worker/engine/sweep/plan.ts';
import { sweepSpecSchema, type SweepSpecDraft } from '../../../src-worker/protocol/requests.ts';
import type { SweepUnit } from '../../../src-worker/protocol/worker-api.ts';
import { facts } from './few-facts.ts';
import { codeOf, messageOf } from './thrown.ts';

const plan = (draft: SweepSpecDraft, rowsPerUnit?: number) =>
  planSweep(sweepSpecSchema.parse(draft), facts, rowsPerUnit);
const zonesOf = (draft: SweepSpecDraft) => plan(draft).demand.zones;
const gpusOf = (draft: SweepSpecDraft) => plan(draft).inputs.map(({ gpu }) => gpu);

const base = { model: 'meta-llama/Llama-2-7b-hf' };

/** Points of units, in order: what the numbers stand for. */
function pointsOf<Base extends SweepBase>(units: PlannedUnit<Base>[]) {
  return units.flatMap(({ input, demand, first, points, firstPointId }) =>
    Array.from({ length: points }, (_, index) => ({
      id: firstPointId + index,
      quantization: input.quantization.join(),
      gpu: input.gpu.join(),
      tp: input.tp,
      users: sizingAt(demand, Math.floor((first + index) / offersOf(demand))).load,
      zone: placeAt(demand, (first + index) % offersOf(demand)).zone,
    })),
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

  // Each of the five instances has a row in every point.
  it.each([1, 2, 3, 4, 5, 9, 1000])('cuts into units of at most %i points without changing a point', (most) => {
    const { units } = plan(wide, most * 5);
    expect(pointsOf(units)).toEqual(pointsOf(plan(wide, 1).units));
    expect(units.map(({ seq }) => seq)).toEqual([...units.keys()]);
    for (const unit of units) expect(unit.points).toBeLessThanOrEqual(most);
  });

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
    expect(units[0]?.demand).toMatchObject({ loads: [5], isRate: true });
    expect([units[0]?.input.rate, units[0]?.input.users]).toEqual([undefined, undefined]);
  });

  it('every zone means those that sell something within the filters, sorted', () => {
    const zones = (draft: SweepSpecDraft['base']) => zonesOf({ base: { users: 1, ...draft }, axes: { zone: ['*'] } });
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
    const gpus = (draft: SweepSpecDraft['base']) => gpusOf({ base: { users: 1, ...draft }, axes: { gpu: ['*'] } });
    expect(gpus(base)).toEqual([['nvidia-a100-40gb'], ['nvidia-h100-80gb']]);
    expect(gpus({ ...base, provider: ['AWS'] })).toEqual([['nvidia-a100-40gb']]);
    expect(gpus({ ...base, provider: ['aws'], include_retired: true })).toEqual([['nvidia-a100-40gb'], ['nvidia-k80']]);
  });

  it('two names of one GPU are one value', () => {
    const draft: SweepSpecDraft = { base: { ...base, users: 1 }, axes: { gpu: ['h100', 'nvidia-h100-80gb'] } };
    expect(gpusOf(draft)).toEqual([['nvidia-h100-80gb']]);
  });

  it('every zone beside an axis of GPUs means the zones that sell one of them', () => {
    const draft: SweepSpecDraft = { base: { ...base, users: 1 }, axes: { gpu: ['h100'], zone: ['*'] } };
    expect(zonesOf(draft)).toEqual(['us-central1-c']);
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
