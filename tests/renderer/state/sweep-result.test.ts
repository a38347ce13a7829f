import { describe, expect, test } from 'vitest';
import {
  emptyReasons,
  heatAxis,
  heatCells,
  pointWords,
  questionOfRow,
  rowAtPlace,
  variedAxes,
} from '../../../src-renderer/state/sweep-result.ts';
import { situationAxes } from '../../../src-renderer/state/situations.ts';
import type { RunDetail, RunRow } from '../../../src-worker/protocol/app-api.ts';
import { RUN_DETAIL } from '../fixtures/app.ts';

const row = (users: number, quantization: string, usdPerHour: number, gpu = 'nvidia-l4'): RunRow => ({
  ...RUN_DETAIL.bestRows[0]!,
  point_id: users,
  users,
  quantization,
  gpu,
  cost_usd_per_hour: usdPerHour,
});
const DETAIL: RunDetail = {
  ...RUN_DETAIL,
  input: {
    base: { model: 'm', workload: 'rag', region: 'us-east-1' },
    axes: { users: [10, 100], quantization: ['fp16', 'fp8'], gpu: ['*'] },
  },
  bestRows: [
    row(10, 'fp16', 3),
    row(10, 'fp16', 2, 'nvidia-h100-80gb'),
    row(100, 'fp8', 8),
    row(10, 'fp8', 1, 'nvidia-h100-80gb'),
  ],
  emptyRows: [
    { point_id: 9, users: 100, quantization: 'fp16', gpu: 'nvidia-l4', reason: 'memory' },
    { point_id: 8, users: 10, quantization: 'fp16', gpu: 'nvidia-a40', reason: 'memory' },
    { point_id: 7, users: 10, quantization: 'fp8', gpu: 'nvidia-a40', reason: 'sla_missed' },
  ],
};

describe('a heat map of a sweep', () => {
  const [users, gpu, weights] = variedAxes(DETAIL);

  test('offers the axes that vary, their values in order', () => {
    expect([users?.key, gpu?.key, weights?.key]).toEqual(['users', 'gpu', 'quantization']);
    expect(heatAxis(DETAIL, users!).keys.map(({ key }) => key)).toEqual(['10', '100']);
  });

  test('shows the best over the axes that are not shown, and why a place has none', () => {
    const cells = heatCells(DETAIL, weights!, users!, 'usd_per_hour', {});
    const at = (down: string, across: string) => cells.find((cell) => cell.row === down && cell.column === across);
    expect(at('fp16', '10')).toMatchObject({ value: 2, state: 'done' });
    expect(at('fp8', '10')).toMatchObject({ value: 1, state: 'done' });
    expect(at('fp16', '100')).toMatchObject({ value: null, state: 'empty', reason: 'Do not fit in memory' });
    expect(cells).toHaveLength(4);
  });

  test('leads to the row whose value it shows', () => {
    const found = rowAtPlace(DETAIL, { row: 'fp16', column: '10' }, [weights!, users!], 'usd_per_hour', {});
    expect(found).toMatchObject({ gpu: 'nvidia-h100-80gb', cost_usd_per_hour: 2 });
  });
});

describe('a heat map whose points lie in several situations', () => {
  // As a sweep of headrooms at one load has them: less of it is always cheaper.
  const costs: Record<number, number> = { 10: 1.28, 25: 2.04, 50: 2.55 };
  const at = (headroom: number, quantization: string, users: number): RunRow => ({
    ...row(users, quantization, costs[headroom]! * (quantization === 'fp8' ? 0.5 : 1)),
    point_id: headroom + users,
    headroom,
  });
  const safe: RunDetail = {
    ...RUN_DETAIL,
    input: { base: { model: 'm' }, axes: { users: [100, 400], quantization: ['fp16', 'fp8'], headroom: [10, 25, 50] } },
    bestRows: [10, 25, 50].flatMap((headroom) => [at(headroom, 'fp16', 400), at(headroom, 'fp8', 400)]),
    emptyRows: [
      ...[10, 25].map((headroom) => ({ ...at(headroom, 'fp16', 100), reason: 'memory' })),
      { ...at(50, 'fp16', 100), reason: 'sla_missed' },
    ],
  };
  const [users, weights] = variedAxes(safe);
  const held = { users: 400, headroom: 50 };

  test('shows those of the situation that is picked, of the axes that it does not show', () => {
    const cells = heatCells(safe, weights!, users!, 'usd_per_hour', held);
    const at400 = cells.filter(({ column }) => column === '400').map(({ row: down, value }) => [down, value]);
    expect(at400).toEqual([
      ['fp16', 2.55],
      ['fp8', 1.275],
    ]);
    expect(cells.find(({ column }) => column === '100')).toMatchObject({ value: null, reason: 'Miss a target' });
  });

  test('leads to the row of that situation', () => {
    const place = { row: 'fp16', column: '400' };
    expect(rowAtPlace(safe, place, [weights!, users!], 'usd_per_hour', held)).toMatchObject({ headroom: 50 });
  });

  test('has a picker for each of its given axes, with the values that any row has', () => {
    expect(situationAxes(safe, null)).toEqual([
      { axis: 'users', values: [100, 400] },
      { axis: 'headroom', values: [10, 25, 50] },
    ]);
    const groups = [{ at: { users: 800, headroom: 10 }, rows: 1, points: [] }];
    expect(situationAxes(safe, { groups })[0]).toEqual({ axis: 'users', values: [100, 400, 800] });
  });
});

test('a point is asked again with the values of its axes and nothing else changed', () => {
  expect(questionOfRow(DETAIL.input as never, row(100, 'fp8', 8))).toEqual({
    model: 'm',
    workload: 'rag',
    region: 'us-east-1',
    users: 100,
    quantization: ['fp8'],
    gpu: ['nvidia-l4'],
  });
});

test('reasons are counted, the commonest first', () => {
  expect(emptyReasons(DETAIL)).toEqual([
    { reason: 'Do not fit in memory', count: 2 },
    { reason: 'Miss a target', count: 1 },
  ]);
});

describe('axes beyond the usual ones', () => {
  const many: RunDetail = {
    ...RUN_DETAIL,
    input: {
      base: { model: 'm' },
      axes: { rate: [1, 2.5], headroom: [10, 25], pricing: ['ondemand', 'spot'], sla: { ttft_p95: [200, 400] } },
    },
    bestRows: [0, 1].map((index) => {
      return {
        ...RUN_DETAIL.bestRows[0],
        users: null,
        point_id: index,
        rate: [1, 2.5][index]!,
        headroom: [10, 25][index]!,
        pricing: ['ondemand', 'spot'][index]!,
        sla_ttft_p95_ms: [200, 400][index]!,
      };
    }),
  };

  test('are those of a heat map as well, with their values in words', () => {
    const axes = variedAxes(many);
    expect(axes.map(({ key }) => key).sort()).toEqual(['headroom', 'pricing', 'rate', 'sla_ttft_p95_ms']);
    const pricing = axes.find(({ key }) => key === 'pricing')!;
    expect(heatAxis(many, pricing).keys.map(({ label }) => label)).toEqual(['on demand', 'spot']);
  });

  test('tell points of the chart apart, those of a situation aside', () => {
    const [, row] = many.bestRows;
    expect(pointWords(many)(row!)).toBe('headroom 25, price spot, TTFT P95 target 400');
    expect(pointWords(many, new Set(['headroom', 'sla_ttft_p95_ms']))(row!)).toBe('price spot');
  });
});
