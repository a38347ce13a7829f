import { describe, expect, test } from 'vitest';
import { formOfSpec } from '../../../src-renderer/state/form-of-spec.ts';
import { readForm } from '../../../src-renderer/state/form-reading.ts';
import { NOTHING_IN_SCOPE } from '../../../src-renderer/state/sweep-scope.ts';
import { planSweepSpec } from '../../../src-renderer/state/sweep-spec.ts';
import { sweepSpecSchema, type SweepSpecDraft } from '../../../src-worker/protocol/requests.ts';

/** The spec that the form asks in which another was opened. */
function askedAgain(spec: SweepSpecDraft) {
  const stored = sweepSpecSchema.parse(spec);
  const found = formOfSpec(stored);
  if (!found) expect.fail('no form');
  const reading = readForm(found.form);
  if (reading.kind !== 'ready') expect.fail(reading.sentence);
  const plan = planSweepSpec(reading.request, found.axes, NOTHING_IN_SCOPE);
  expect(plan.hindrance).toBe('');
  const { base, axes } = sweepSpecSchema.parse(plan.spec);
  return { base, axes, stored };
}

const MODEL = 'meta-llama/Llama-3.1-8B-Instruct';

describe('a stored sweep in the form', () => {
  test.each<[string, SweepSpecDraft]>([
    ['users by steps', { base: { model: MODEL }, axes: { users: { from: 10, to: 1000, step: 10 } } }],
    ['rates, doubling', { base: { model: MODEL }, axes: { rate: { from: 0.5, to: 8, factor: 2 } } }],
    [
      'an even spread, as the command line writes it down',
      { base: { model: MODEL }, axes: { users: [25, 282, 3200] } },
    ],
    [
      'shares, which the form has in percent',
      {
        base: { model: MODEL },
        axes: { users: [10, 20], prefix_hit_rate: [0, 0.07, 0.9], cacheable_ratio: { from: 0.1, to: 0.7, step: 0.3 } },
      },
    ],
    [
      'everything in scope, targets, degrees and prices',
      {
        base: { model: MODEL, workload: 'rag', headroom: 10, sla: { tpot_p50: 60 }, max_gpus: 64 },
        axes: {
          users: [100],
          zone: ['*'],
          gpu: ['*'],
          tp: [1, 2, 4],
          pp: [1, 2],
          price_factor: { from: 0.8, to: 1.2, step: 0.1 },
          pricing: ['ondemand', 'spot'],
          sla: { ttft_p95: [200, 400] },
        },
      },
    ],
    [
      'several models, of which the form holds the first',
      {
        base: { workload: 'code' },
        axes: { model: [MODEL, 'meta-llama/Llama-2-7b-hf'], rate: [1, 2], quantization: ['fp8'] },
      },
    ],
    [
      'own hardware',
      {
        base: { model: MODEL, own_hardware: [{ name: 'desk', gpu: 'nvidia-l4', gpu_count: 2 }] },
        axes: { users: [1, 2, 3] },
      },
    ],
  ])('asks the same sweep: %s', (_, spec) => {
    const { base, axes, stored } = askedAgain(spec);
    expect(axes).toEqual(stored.axes);
    expect(base).toEqual(stored.base);
  });

  test('is not there where an axis has more values than a field shows', () => {
    const users = Array.from({ length: 501 }, (_, index) => index + 1);
    expect(formOfSpec({ base: { model: MODEL }, axes: { users } })).toBeNull();
  });

  test('is an error where its base is no question', () => {
    expect(() => formOfSpec({ base: { model: MODEL, headroom: -4 }, axes: { users: [1] } })).toThrow(/headroom/);
  });
});
