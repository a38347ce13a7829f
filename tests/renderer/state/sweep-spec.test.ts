import { describe, expect, test } from 'vitest';
import { defaultFormValues, readForm } from '../../../src-renderer/state/form-reading.ts';
import {
  defaultAxes,
  describeValues,
  planSweepSpec,
  sweepScope,
  type SweepAxes,
} from '../../../src-renderer/state/sweep-spec.ts';
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
const axes = (parts: Partial<SweepAxes> = {}): SweepAxes => ({ ...defaultAxes(), ...parts });
const SCOPE = { zones: ['a', 'b', 'c'], gpus: ['nvidia-l4', 'nvidia-h100-80gb'] };

describe('size of the space', () => {
  test('is the product of its axes', () => {
    const plan = planSweepSpec(base, axes({ quantization: ['fp16', 'fp8'], zones: { kind: 'all' } }), SCOPE);
    expect(plan).toMatchObject({ points: 60, explanation: '10 loads × 2 precisions × 3 zones', problems: {} });
  });

  test('an axis without values is held and counts once', () => {
    expect(planSweepSpec(base, axes(), SCOPE)).toMatchObject({ points: 10, explanation: '10 loads' });
  });
});

describe('spec', () => {
  const spec = (parts: Partial<SweepAxes>) => sweepSpecSchema.parse(planSweepSpec(base, axes(parts), SCOPE).spec);

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
    [{ users: ['ten'] }, /not a number of users/],
    [{ zones: { kind: 'list', names: [] } }, /at least one zone/],
    [{ gpus: { kind: 'list', names: [] } }, /at least one GPU/],
    [{ tp: ['2000'] }, /whole numbers from 1 to 1,024/],
  ])('%o cannot start and says why', (parts, expected) => {
    const plan = planSweepSpec(base, axes(parts), SCOPE);
    expect(plan.spec).toBeNull();
    expect(Object.values(plan.problems).join()).toMatch(expected);
  });

  test('a form that cannot be read holds nothing', () => {
    expect(planSweepSpec(null, axes(), SCOPE)).toMatchObject({
      spec: null,
      problems: { form: expect.stringContaining('under Size') as string },
    });
  });
});

test('GPUs and TP multiply, and what they vary is not held as well', () => {
  const plan = planSweepSpec(
    base && { ...base, gpu: ['nvidia-l4'], tp: 4 },
    axes({ gpus: { kind: 'all' }, tp: ['1..8*2'] }),
    SCOPE,
  );
  expect(plan).toMatchObject({ points: 10 * 2 * 4, explanation: '10 loads × 2 GPUs × 4 TP degrees' });
  const { base: held, axes: varied } = sweepSpecSchema.parse(plan.spec);
  expect(varied).toMatchObject({ gpu: ['*'], tp: [1, 2, 4, 8] });
  expect([held.gpu, held.tp]).toEqual([[], null]);
});

test('what is in scope follows the filters on clouds and GPUs', () => {
  expect(sweepScope(CATALOG, [], []).zones).toEqual(['us-central1-a', 'us-central1-b', 'us-east-1a']);
  expect(sweepScope(CATALOG, ['aws'], []).zones).toEqual(['us-east-1a']);
  expect(sweepScope(CATALOG, [], ['nvidia-h100-80gb']).zones).toEqual(['us-central1-b']);
  expect(sweepScope(CATALOG, ['aws'], []).gpus).toEqual(['nvidia-l40s']);
  expect(sweepScope(null, [], [])).toEqual({ zones: [], gpus: [] });
});

test('values in short', () => {
  expect(describeValues([1, 10, 1000])).toBe('3 values: 1, 10, 1,000');
  expect(describeValues(Array.from({ length: 100 }, (_, index) => 10 * (index + 1)))).toBe(
    '100 values from 10 to 1,000',
  );
});
