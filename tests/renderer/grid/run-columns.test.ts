import { expect, test } from 'vitest';
import { runColumns, storedColumns } from '../../../src-renderer/grid/run-columns.ts';
import { AXIS_IDS } from '../../../src-renderer/state/sweep-axis-kinds.ts';
import { AXIS_COLUMNS, sweepColumns } from '../../../src-worker/protocol/sweep-columns.ts';

/** Every axis at once: more than a sweep may have. */
const COLUMNS = sweepColumns(AXIS_IDS).map(({ name }) => name);
const AXES = [...Object.keys(AXIS_COLUMNS), ...AXIS_IDS.filter((id) => id.startsWith('sla_'))];

const ROW = {
  point_id: 0,
  instance: 'g2-standard-8',
  instances: 1,
  headroom: 12.5,
  pricing: 'spot',
  sla_ttft_p95_ms: 300,
};

test('both grids have a column for every axis that rows have', () => {
  const shown = runColumns({ columns: COLUMNS, bestRows: [ROW] }).map(({ id }) => id);
  expect(shown).toEqual(expect.arrayContaining(AXES));
  const stored = storedColumns(COLUMNS).map(({ id }) => id);
  expect(stored).toEqual(
    expect.arrayContaining([...AXES, 'users', 'tensor_parallel', 'pipeline_parallel', 'kv_cache_dtype']),
  );
  expect(new Set(stored).size).toBe(stored.length);
});

test('a sweep without these axes has none of their columns', () => {
  const shown = runColumns({ columns: sweepColumns(['users']).map(({ name }) => name), bestRows: [] }).map(
    ({ id }) => id,
  );
  expect(shown.filter((id) => AXES.includes(id))).toEqual([]);
});

test('values stand as they were asked, with their unit under the head', () => {
  const columns = runColumns({ columns: COLUMNS, bestRows: [ROW] });
  const cell = (id: string) => {
    const column = columns.find((one) => one.id === id);
    return [column?.label, column?.unit, column?.text(ROW)];
  };
  expect(cell('headroom')).toEqual(['Headroom', '%', '12.5']);
  expect(
    storedColumns(COLUMNS)
      .find(({ id }) => id === 'pricing')
      ?.text({ pricing: 'ondemand' }),
  ).toBe('ondemand');
  expect(columns.find(({ id }) => id === 'pricing')?.text({ pricing: 'ondemand' })).toBe('on demand');
  expect(cell('pricing')).toEqual(['Price', '', 'spot']);
  expect(cell('sla_ttft_p95_ms')).toEqual(['TTFT P95 target', 'ms', '300']);
});
