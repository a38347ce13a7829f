import { expect, test } from 'vitest';
import { sweepAxesSchema } from '../../src-worker/protocol/requests.ts';
import { axisFacts, isSeveral, SWEEP_AXES } from '../../src-worker/protocol/sweep-axis-roles.ts';
import { sweepColumns } from '../../src-worker/protocol/sweep-columns.ts';

test('every axis has a column in the rows of a sweep over it, of its type and unit', () => {
  for (const [axis, { column, type, unit }] of Object.entries(SWEEP_AXES)) {
    const found = sweepColumns([axis]).filter(({ name }) => name === column);
    expect(found, axis).toEqual([{ name: column, type, unit }]);
  }
});

test('what a spec takes as an axis is one by name, or a target', () => {
  const names = Object.keys(sweepAxesSchema.shape).filter((axis) => axis !== 'sla');
  expect(Object.keys(SWEEP_AXES).sort()).toEqual(names.sort());
  expect(axisFacts('sla_ttft_p95_ms')).toEqual({
    role: 'given',
    type: 'number',
    column: 'sla_ttft_p95_ms',
    unit: 'ms',
  });
  expect(axisFacts('toString')).toBeNull();
  expect(axisFacts('cost_usd_per_hour')).toBeNull();
});

test('of what somebody is in, and of safety that is paid for, the easiest would win always: it is given', () => {
  const given = Object.entries(SWEEP_AXES).flatMap(([axis, { role }]) => (role === 'given' ? [axis] : []));
  expect(given.sort()).toEqual(
    [
      ...['users', 'rate', 'think_time', 'headroom', 'max_gpus', 'workload', 'input_tokens', 'output_tokens'],
      ...['prefix_hit_rate', 'cacheable_ratio', 'model', 'calibration', 'price_factor'],
    ].sort(),
  );
});

test('an axis varies where its values are several', () => {
  expect([[1], [1, 1], ['a'], undefined].map(isSeveral)).toEqual([false, false, false, false]);
  expect([[1, 2], ['*'], { from: 1, to: 8, factor: 2 }].map(isSeveral)).toEqual([true, true, true]);
});
