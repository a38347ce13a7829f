import { describe, expect, test } from 'vitest';
import { defaultFormValues, readForm } from '../../../src-renderer/state/form-reading.ts';
import { describeUsers, planSweepSpec, zonesInScope, type SweepAxes } from '../../../src-renderer/state/sweep-spec.ts';
import { sweepSpecSchema } from '../../../src-worker/protocol/requests.ts';
import { CATALOG } from '../fixtures/app.ts';

const reading = readForm({
  ...defaultFormValues(),
  model: 'm',
  place: 'region',
  placeName: 'us-east-1',
  quantization: ['bf16'],
});
const base = reading.kind === 'ready' ? reading.request : null;
const axes = (parts: Partial<SweepAxes> = {}): SweepAxes => ({
  usersText: '10..100:10',
  quantization: [],
  zones: { kind: 'none' },
  ...parts,
});
const ZONES = ['a', 'b', 'c'];

describe('size of the space', () => {
  test('is the product of its axes', () => {
    const plan = planSweepSpec(base, axes({ quantization: ['fp16', 'fp8'], zones: { kind: 'all' } }), ZONES);
    expect(plan).toMatchObject({ points: 60, explanation: '10 loads × 2 precisions × 3 zones', problem: '' });
  });

  test('an axis without values is held and counts once', () => {
    expect(planSweepSpec(base, axes(), ZONES)).toMatchObject({ points: 10, explanation: '10 loads' });
  });
});

describe('spec', () => {
  const spec = (parts: Partial<SweepAxes>) => sweepSpecSchema.parse(planSweepSpec(base, axes(parts), ZONES).spec);

  test('keeps the range as it was written and holds what does not vary', () => {
    expect(spec({})).toMatchObject({
      base: { model: 'm', region: 'us-east-1', quantization: ['bf16'] },
      axes: { users: { from: 10, to: 100, step: 10 } },
    });
  });

  test('nothing stands both in the base and on an axis', () => {
    const { base: held, axes: varied } = spec({ quantization: ['fp8'], zones: { kind: 'list', names: ['a'] } });
    expect(varied).toMatchObject({ quantization: ['fp8'], zone: ['a'] });
    expect([held.users, held.rate, held.quantization, held.zone, held.region]).toEqual([
      undefined,
      undefined,
      [],
      null,
      null,
    ]);
  });

  test('all zones are asked for as such, so that the host counts them', () => {
    expect(spec({ zones: { kind: 'all' } }).axes.zone).toEqual(['*']);
  });

  test.each<[Partial<SweepAxes>, RegExp]>([
    [{ usersText: 'ten' }, /not a number of users/],
    [{ zones: { kind: 'list', names: [] } }, /at least one zone/],
  ])('%o cannot start and says why', (parts, expected) => {
    const plan = planSweepSpec(base, axes(parts), ZONES);
    expect(plan.spec).toBeNull();
    expect(plan.problem).toMatch(expected);
  });

  test('a form that cannot be read holds nothing', () => {
    expect(planSweepSpec(null, axes(), ZONES)).toMatchObject({
      spec: null,
      problem: expect.stringContaining('under Size') as string,
    });
  });
});

test('zones in scope follow the filters on clouds and GPUs', () => {
  expect(zonesInScope(CATALOG, [], [])).toEqual(['us-central1-a', 'us-central1-b', 'us-east-1a']);
  expect(zonesInScope(CATALOG, ['aws'], [])).toEqual(['us-east-1a']);
  expect(zonesInScope(CATALOG, [], ['nvidia-h100-80gb'])).toEqual(['us-central1-b']);
  expect(zonesInScope(null, [], [])).toEqual([]);
});

test('users in short', () => {
  expect(describeUsers([1, 10, 1000])).toBe('1, 10, 1,000');
  expect(describeUsers(Array.from({ length: 100 }, (_, index) => 10 * (index + 1)))).toBe('10 to 1,000, 100 values');
});
