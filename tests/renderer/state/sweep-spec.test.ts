import { describe, expect, test } from 'vitest';
import { defaultFormValues, readForm } from '../../../src-renderer/state/form-reading.ts';
import { newMachine } from '../../../src-renderer/state/own-machines.ts';
import { defaultAxes, type AxisDraft, type SweepAxes } from '../../../src-renderer/state/sweep-axes.ts';
import { sweepScope, NOTHING_IN_SCOPE } from '../../../src-renderer/state/sweep-scope.ts';
import { describeValues, planSweepSpec } from '../../../src-renderer/state/sweep-spec.ts';
import { sweepSpecSchema } from '../../../src-worker/protocol/requests.ts';
import { CATALOG, WORKLOADS } from '../fixtures/app.ts';
import { MODELS } from '../fixtures/documents.ts';

const reading = readForm({
  ...defaultFormValues(),
  model: 'm',
  place: 'region',
  placeName: 'us-east-1',
  quantization: ['bf16'],
});
const base = reading.kind === 'ready' ? reading.request : null;
const axes = (parts: SweepAxes = {}): SweepAxes => ({ ...defaultAxes(), ...parts });
const list = (...values: string[]): AxisDraft => ({ kind: 'list', values });
const ALL: AxisDraft = { kind: 'all' };
const SCOPE = { ...NOTHING_IN_SCOPE, zone: ['a', 'b', 'c'], gpu: ['nvidia-l4', 'nvidia-h100-80gb'] };

describe('size of the space', () => {
  test('is the product of its axes', () => {
    const plan = planSweepSpec(base, axes({ quantization: list('fp16', 'fp8'), zone: ALL }), SCOPE);
    expect(plan).toMatchObject({ points: 60, explanation: '10 loads × 2 precisions × 3 zones', hindrance: '' });
  });

  test('an axis that is not there is held and counts once', () => {
    expect(planSweepSpec(base, axes(), SCOPE)).toMatchObject({ points: 10, explanation: '10 loads' });
  });
});

describe('spec', () => {
  const specOf = (parts: SweepAxes) => sweepSpecSchema.parse(planSweepSpec(base, axes(parts), SCOPE).spec);

  test('keeps the range as it was written and holds what does not vary', () => {
    expect(specOf({})).toMatchObject({
      base: { model: 'm', region: 'us-east-1', workload: 'chat' },
      axes: { users: { from: 10, to: 100, step: 10 } },
    });
  });

  test('nothing stands both in the base and on an axis', () => {
    const { base: held, axes: varied } = specOf({ quantization: list('fp8'), zone: list('a') });
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
    expect(specOf({ zone: ALL }).axes.zone).toEqual(['*']);
  });

  test('one value narrows the question, as on the command line', () => {
    const { base: held, axes: varied } = specOf({
      headroom: list('10'),
      gpu: list('nvidia-l4'),
      sla_ttft_p95_ms: list('300'),
      price_factor: list('0.9'),
    });
    expect(held).toMatchObject({ headroom: 10, gpu: ['nvidia-l4'], sla: { ttft_p95: 300 } });
    expect(varied).toEqual({ users: { from: 10, to: 100, step: 10 }, price_factor: [0.9], quantization: ['bf16'] });
  });

  test('targets that vary stand beside those that are held', () => {
    const asked = base && { ...base, sla: { ttft_p95: 400, tpot_p50: 40 } };
    const { spec } = planSweepSpec(asked, axes({ sla_ttft_p95_ms: list('200..600:200') }), SCOPE);
    const { base: held, axes: varied } = sweepSpecSchema.parse(spec);
    expect(held.sla).toEqual({ tpot_p50: 40 });
    expect(varied.sla).toEqual({ ttft_p95: { from: 200, to: 600, step: 200 } });
  });

  test('requests a second take the place of users and of their think time', () => {
    const asked = base && { ...base, think_time: 10 };
    const { spec } = planSweepSpec(asked, { rate: list('1..3:0.5') }, SCOPE);
    const { base: held, axes: varied } = sweepSpecSchema.parse(spec);
    expect([held.users, held.think_time]).toEqual([undefined, 0]);
    expect(varied).toMatchObject({ rate: { from: 1, to: 3, step: 0.5 } });
    expect(varied.users).toBeUndefined();
  });

  test('a load that is no axis is the form’s', () => {
    const { spec } = planSweepSpec(base, { zone: ALL }, SCOPE);
    expect(sweepSpecSchema.parse(spec).axes).toMatchObject({ users: [100], zone: ['*'] });
  });

  test.each<[SweepAxes, RegExp]>([
    [{ users: list('ten') }, /not a number of users/],
    [{ users: list('NaN') }, /"NaN" is not a number of users/],
    [{ users: list() }, /Users takes a list such as/],
    [{ headroom: list() }, /Headroom takes a list such as 10, 25, 50, or a range/],
    [{ zone: list() }, /at least one zone, or choose all/],
    [{ gpu: list() }, /at least one GPU/],
    [{ model: list() }, /at least one model\.$/],
    [{ quantization: list() }, /at least one precision\.$/],
    [{ gpu: list('nvidia-l5') }, /"nvidia-l5" is no GPU in scope: did you mean nvidia-l4\?/],
    [{ tp: list('2000') }, /whole numbers from 1 to 1,024/],
    [{ zone: list('a'), region: list('b') }, /take one of the two axes out/],
  ])('%o cannot start and says why at its axis', (parts, expected) => {
    const plan = planSweepSpec(base, axes(parts), SCOPE);
    expect(plan.spec).toBeNull();
    expect(plan.hindrance).toMatch(expected);
    const [id] = Object.keys(parts);
    expect(plan.axes.find((axis) => axis.id === id)?.problem).toMatch(expected);
  });

  test('what the form rules out is said at the axis', () => {
    const problemOf = (keys: object, parts: SweepAxes) =>
      planSweepSpec(base && { ...base, ...keys }, parts, SCOPE).hindrance;
    expect(problemOf({ prefix_cache: false }, { prefix_hit_rate: list('0..90:30') })).toMatch(/caching is off/);
    expect(problemOf({}, { rate: list('1..3:1'), think_time: list('0', '10') })).toMatch(/no think time/);
    expect(problemOf({ own_hardware: [{ name: 'a', gpu: 'b' }] }, { pricing: list('ondemand', 'spot') })).toMatch(
      /not rented/,
    );
  });

  test('a form that cannot be read holds nothing, and a sweep of nothing is none', () => {
    expect(planSweepSpec(null, axes(), SCOPE)).toMatchObject({
      spec: null,
      hindrance: expect.stringContaining('under Size') as string,
    });
    expect(planSweepSpec(base, {}, SCOPE)).toMatchObject({ spec: null, hindrance: 'Nothing varies yet: add an axis.' });
  });
});

test('GPUs and TP multiply, and what they vary is not held as well', () => {
  const plan = planSweepSpec(
    base && { ...base, gpu: ['nvidia-l4'], tp: 4 },
    axes({ gpu: ALL, tp: list('1..8*2') }),
    SCOPE,
  );
  expect(plan).toMatchObject({ points: 10 * 2 * 4, explanation: '10 loads × 2 GPUs × 4 TP degrees' });
  const { base: held, axes: varied } = sweepSpecSchema.parse(plan.spec);
  expect(varied).toMatchObject({ gpu: ['*'], tp: [1, 2, 4, 8] });
  expect([held.gpu, held.tp]).toEqual([[], null]);
});

test('what is in scope follows the filters on clouds and GPUs', () => {
  const lists = { catalog: CATALOG, models: MODELS, workloads: WORKLOADS, profiles: ['default', 'ours'] };
  const scope = (providers: string[], gpus: string[]) => sweepScope(lists, { ...defaultFormValues(), providers, gpus });
  expect(scope([], []).zone).toEqual(['us-central1-a', 'us-central1-b', 'us-east-1a']);
  expect(scope(['aws'], []).zone).toEqual(['us-east-1a']);
  expect(scope([], ['nvidia-h100-80gb']).zone).toEqual(['us-central1-b']);
  expect(scope(['aws'], []).gpu).toEqual(['nvidia-l40s']);
  expect(scope(['aws'], []).region).toEqual(['us-east-1']);
  expect(scope(['aws'], []).provider).toEqual(['aws', 'gcp']);
  expect(scope([], []).instance).toEqual(['aws/g6e.xlarge', 'gcp/a3-highgpu-1g', 'gcp/g2-standard-8']);
  expect(scope(['gcp'], ['nvidia-l4']).instance).toEqual(['gcp/g2-standard-8']);
  // What varies is not narrowed by what it was held at; what does not vary is.
  const held = sweepScope(lists, { ...defaultFormValues(), instances: ['gcp/a3-highgpu-1g'] });
  expect(held.instance).toHaveLength(3);
  expect([held.gpu, held.zone]).toEqual([['nvidia-h100-80gb'], ['us-central1-b']]);
  const own = {
    ...defaultFormValues(),
    hardware: 'own' as const,
    machines: [{ ...newMachine([]), gpu: 'nvidia-l40s' }],
  };
  expect(sweepScope(lists, own).instance).toEqual(['own/machine 1']);
  expect(scope([], [])).toMatchObject({ workload: ['chat', 'rag'], calibration: ['default', 'ours'] });
  expect(scope([], []).model.length).toBeGreaterThan(0);
  const nothing = { catalog: null, models: [], workloads: [], profiles: [] };
  expect(sweepScope(nothing, defaultFormValues())).toEqual(NOTHING_IN_SCOPE);
});

test('values in short', () => {
  expect(describeValues([1, 10, 1000])).toBe('3 values: 1, 10, 1,000');
  expect(describeValues(Array.from({ length: 100 }, (_, index) => 10 * (index + 1)))).toBe(
    '100 values from 10 to 1,000',
  );
});
