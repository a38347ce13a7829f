import { describe, expect, test } from 'vitest';
import { pointOfConfiguration, pointOfLive, pointOfRunRow } from '../../../src-renderer/charts/chart-point.ts';
import { heldAxis, axisOf, zoomedAxis } from '../../../src-renderer/charts/pareto-axes.ts';
import { paretoConfiguration, type ParetoLink } from '../../../src-renderer/charts/pareto-drawing.ts';
import { betterCorner, inkOf, missedBox } from '../../../src-renderer/charts/pareto-overlay.ts';
import {
  offeredMetrics,
  paretoSpec,
  paretoTable,
  type ParetoQuestion,
} from '../../../src-renderer/charts/pareto-spec.ts';
import { neighborOn } from '../../../src-renderer/charts/neighbor.ts';
import { PALETTE } from '../fixtures/chart.ts';
import { recommendation, ROWS } from '../fixtures/documents.ts';

const points = ROWS.map(pointOfConfiguration);
const targets = ROWS[0]!.sla;
const specOf = (xId: string, yId: string, more: Partial<ParetoQuestion> = {}) =>
  paretoSpec({ points, targets, xId, yId, ...more });
const spec = specOf('speed_per_user', 'usd_per_1m_output_tokens');
const row = (instance: string, usdPerHour: number | null, tpotP50Ms: number) =>
  recommendation(1, { instance, gpu: 'nvidia-l4', usdPerHour, ttftP95Ms: 100, tpotP50Ms, capacityShare: 0.5 });
const pointOf = (instance: string, usdPerHour: number | null, tpotP50Ms: number) =>
  pointOfConfiguration(row(instance, usdPerHour, tpotP50Ms));
const instanceOf = (id: string): string => id.split('/')[1] ?? '';

describe('frontier', () => {
  test('goes from the cheap end to the fast one', () => {
    expect(spec.frontier.map(instanceOf)).toEqual(['g6e.xlarge', 'g7e.2xlarge', 'p5.4xlarge']);
    expect(spec.points.filter(({ isFrontier }) => isFrontier).map(({ id }) => id)).toEqual(spec.frontier);
  });

  test('where a smaller x is better, the cheap end is the slow one', () => {
    expect(specOf('ttft_p95', 'usd_per_hour').frontier.map(instanceOf)).toEqual([
      'p5.4xlarge',
      'g7e.2xlarge',
      'g6e.xlarge',
    ]);
  });

  test('a near miss is drawn but never on it', () => {
    const miss = { ...pointOf('free', 0.01, 1), id: 'miss', isExcluded: true };
    const withMiss = specOf('speed_per_user', 'usd_per_1m_output_tokens', { points: [...points, miss] });
    expect(withMiss.points).toHaveLength(points.length + 1);
    expect(withMiss.frontier).toEqual(spec.frontier);
    expect(withMiss.summary).toMatch(/^3 of 4 configurations/);
  });
});

describe('a frontier that is known from elsewhere', () => {
  test('is drawn as it is, in order of x; what the legend hides is left out', () => {
    const [first, second] = [spec.points.at(-1)!.id, spec.points[0]!.id];
    const frontier = new Set([first, second]);
    const given = specOf('speed_per_user', 'usd_per_1m_output_tokens', { frontier });
    expect(given.frontier).toEqual([second, first]);
    const hidden = new Set([`family-${given.points[0]!.slot}`]);
    expect(specOf('speed_per_user', 'usd_per_1m_output_tokens', { frontier, hidden }).frontier).toEqual([first]);
  });

  test('is none where the points are of several loads: no line, no word of one', () => {
    const none = specOf('speed_per_user', 'usd_per_1m_output_tokens', { frontier: 'none' });
    expect(none.points.filter(({ isFrontier }) => isFrontier)).toEqual([]);
    expect(none.legend.map(({ id }) => id)).not.toContain('frontier');
    expect(none.summary).toMatch(/^4 configurations, from /);
    expect(paretoTable(none).columns.map(({ label }) => label)).not.toContain('On the frontier');
    expect(paretoTable(none).rows[0]?.cells).toHaveLength(4);
  });
});

describe('points', () => {
  test('are sorted by x, whatever the order they come in', () => {
    const xs = specOf('speed_per_user', 'usd_per_hour', { points: points.toReversed() }).points.map((point) => point.x);
    expect(xs).toEqual(xs.toSorted((a, b) => a - b));
    expect(xs).toHaveLength(ROWS.length);
  });

  test('without a price there is no point, and without points a sentence', () => {
    expect(specOf('speed_per_user', 'usd_per_hour', { points: [pointOf('own', null, 20)] })).toMatchObject({
      points: [],
      summary: 'No configuration has both figures, so there is nothing to draw.',
    });
  });

  test('color is the GPU family, shape the precision', () => {
    const look = Object.fromEntries(spec.points.map((point) => [instanceOf(point.id), [point.slot, point.shape]]));
    expect(look).toEqual({
      'g6e.xlarge': [1, 'rect'],
      'g7e.2xlarge': [5, 'rect'],
      'g5.2xlarge': [4, 'circle'],
      'p5.4xlarge': [2, 'circle'],
    });
    expect(spec.legend.map(({ id }) => id)).toEqual([
      ...['family-1', 'family-2', 'family-4', 'family-5', 'shape-circle', 'shape-rect'],
      'frontier',
    ]);
  });

  test('what the legend hides is neither drawn nor on the frontier, but stays in the legend and is counted', () => {
    const hidden = specOf('speed_per_user', 'usd_per_1m_output_tokens', { hidden: new Set(['family-5']) });
    expect(hidden.frontier.map(instanceOf)).toEqual(['g6e.xlarge', 'p5.4xlarge']);
    expect(hidden.legend.find(({ id }) => id === 'family-5')?.isShown).toBe(false);
    expect(hidden.summary).toMatch(/1 configuration is hidden\.$/);
    expect(specOf('room', 'usd_per_hour', { hidden: new Set(['shape-circle', 'shape-rect']) }).summary).toBe(
      'Every configuration is hidden by the legend.',
    );
  });

  test('the frontier is large and solid, the rest faint, near misses and the last slot hollow', () => {
    const ink = (slot: number, isFrontier: boolean, isExcluded = false) =>
      inkOf({ slot, isFrontier, isExcluded }, PALETTE);
    expect(ink(1, true)).toEqual({ radius: 5, stroke: '#111111', fill: '#111111' });
    expect(ink(1, false)).toEqual({ radius: 3.2, stroke: '#111111bf', fill: '#111111bf' });
    expect(ink(1, false, true).fill).toBe(PALETTE.surface);
    expect(ink(7, true).fill).toBe(PALETTE.surface);
    expect(inkOf({ slot: 1, isFrontier: false, isExcluded: false }, { ...PALETTE, isHighContrast: true }).fill).toBe(
      '#111111',
    );
  });
});

describe('axes', () => {
  test('hold every point and the target', () => {
    for (const [axis, key] of [
      [spec.x, 'x'],
      [spec.y, 'y'],
    ] as const) {
      for (const point of spec.points) {
        expect(point[key]).toBeGreaterThanOrEqual(axis.min);
        expect(point[key]).toBeLessThanOrEqual(axis.max);
      }
    }
    expect(spec.target).toEqual({ value: 20, label: 'TPOT P50 ≤ 50 ms', missed: 'misses TPOT P50' });
    expect(spec.x.min).toBeLessThan(20);
  });

  test('a target that would squeeze the points is left out', () => {
    expect(
      specOf('speed_per_user', 'usd_per_hour', { points: [pointOf('a', 1, 5), pointOf('b', 2, 4)] }).target,
    ).toBeNull();
  });

  test('a logarithm is named in the title', () => {
    const wide = specOf('speed_per_user', 'usd_per_hour', { points: [pointOf('a', 1, 20), pointOf('b', 21, 18)] });
    expect(wide.y.title).toBe('Cost, US$/h, log');
  });

  test('hold still while everything fits, and then hold both what was and what came', () => {
    const before = axisOf('usd_per_hour', 2, 10);
    expect(heldAxis(before, axisOf('usd_per_hour', 3, 5))).toBe(before);
    // Below the lowest value, but in the room beside it.
    expect(heldAxis(before, axisOf('usd_per_hour', 1.7, 10.3))).toBe(before);
    const grown = heldAxis(before, axisOf('usd_per_hour', 3, 30));
    expect([grown.low, grown.high]).toEqual([2, 30]);
    expect(heldAxis(before, axisOf('room', 1, 2)).metricId).toBe('room');
    expect(heldAxis(grown, axisOf('usd_per_hour', 1, 50)).isLog).toBe(true);
  });

  test('a zoom cuts the axis of its own metric and no other, and never a logarithm at zero', () => {
    const axis = axisOf('usd_per_hour', 2, 10);
    expect(zoomedAxis(axis, { metricId: 'usd_per_hour', min: 4, max: 6 })).toMatchObject({ min: 4, max: 6, low: 2 });
    expect(zoomedAxis(axis, { metricId: 'room', min: 4, max: 6 })).toBe(axis);
    const log = axisOf('usd_per_hour', 1, 100);
    expect(zoomedAxis(log, { metricId: 'usd_per_hour', min: 0, max: 6 })).toBe(log);
  });

  test('only metrics that a point has are offered', () => {
    const live = pointOfLive({
      ...{ pointId: 4, users: 10, id: 'x', instance: 'g6.xlarge', gpu: 'nvidia-l4', instances: 2, tensorParallel: 1 },
      ...{ quantization: 'fp8', zone: null, usdPerHour: 2, usdPer1mOutputTokens: 0.5, tpotMsP50: 20, ttftMsP95: null },
    });
    expect(offeredMetrics([live], ['speed_per_user', 'ttft_p95', 'room', 'usd_per_hour'])).toEqual([
      'speed_per_user',
      'usd_per_hour',
    ]);
    expect([live.id, live.value('speed_per_user'), live.note]).toEqual(['4', 50, 'TP 1']);
  });
});

test('a stored row has the same place as the configuration it came from', () => {
  const [first] = ROWS;
  const stored = pointOfRunRow(
    {
      ...{ instance: first!.instance, instances: first!.instances, gpu: first!.gpu, quantization: first!.quantization },
      ...{ provider: 'aws', region: 'us-east-1', tensor_parallel: 1, users: 100 },
      ...{ tpot_ms_p50: first!.tpot_ms.p50, capacity_share: first!.capacity_share },
      ...{ cost_usd_per_hour: first!.cost.usd_per_hour, utilization: null },
    },
    'row-1',
  );
  for (const id of ['speed_per_user', 'room', 'usd_per_hour']) {
    expect(stored.value(id)).toBe(pointOfConfiguration(first!).value(id));
  }
  expect(stored.value('utilization')).toBeNull();
  expect(stored).toMatchObject({ name: '1 × g6e.xlarge', load: '100 users', note: 'AWS, us-east-1, TP 1' });
});

test('the hatched zone is where the target is missed, on either side', () => {
  const area = { left: 50, right: 450, top: 0, bottom: 200 };
  expect(missedBox(area, 100, 'higher')).toMatchObject({ left: 50, right: 100 });
  expect(missedBox(area, 100, 'lower')).toMatchObject({ left: 100, right: 450 });
  // Zoomed past it, all or nothing is hatched.
  expect(missedBox(area, -20, 'higher')).toMatchObject({ left: 50, right: 50 });
  expect(missedBox(area, -20, 'lower')).toMatchObject({ left: 50, right: 450 });
});

test('the better corner follows both metrics', () => {
  const area = { left: 50, right: 450, top: 0, bottom: 200 };
  expect(betterCorner(spec, area)).toMatchObject({ text: 'better ↘', align: 'right' });
  expect(betterCorner(specOf('ttft_p95', 'usd_per_hour'), area)).toMatchObject({ text: '↙ better', align: 'left' });
});

test('arrow keys go along x and along y', () => {
  const at = (index: number, key: string) => neighborOn(spec.points, index, key);
  expect([at(-1, 'ArrowRight'), at(0, 'ArrowRight'), at(3, 'ArrowRight'), at(0, 'ArrowLeft')]).toEqual([0, 1, 3, 0]);
  const byY = spec.points.toSorted((a, b) => a.y - b.y);
  const cheapest = spec.points.indexOf(byY[0]!);
  expect(spec.points[at(cheapest, 'ArrowUp')!]).toBe(byY[1]);
  expect(at(cheapest, 'ArrowDown')).toBe(cheapest);
  expect([at(1, 'Home'), at(1, 'End'), at(1, 'Tab'), neighborOn([], -1, 'End')]).toEqual([0, 3, null, null]);
});

test('the summary names both ends of the frontier', () => {
  expect(spec.summary).toBe(
    '3 of 4 configurations are on the frontier, from 1 × g6e.xlarge, L40S FP8 (55.6 tokens/s, $0.264 per 1M tokens) to 1 × p5.4xlarge, H100 80GB FP16 (167 tokens/s, $0.975 per 1M tokens).',
  );
});

test('the table holds the points drawn; shares stand as percent, as their head says', () => {
  const { columns, rows } = paretoTable(specOf('utilization', 'usd_per_hour'));
  expect(columns[1]).toEqual({ label: 'Utilization', unit: '% of saturation', isNumber: true });
  expect(rows[0]!.cells[1]).toEqual({ value: 40, text: '40' });
});

test('the drawing takes its scales from the spec, and its data sorted', () => {
  const picked: string[] = [];
  const link: ParetoLink = {
    spec: () => spec,
    palette: () => PALETTE,
    marks: () => ({ selectedId: null, activeId: null }),
    onPick: ({ id }) => picked.push(id),
    onZoom: () => undefined,
  };
  const { data, options } = paretoConfiguration(spec, PALETTE, link);
  expect(options?.scales?.['x']).toMatchObject({ type: 'linear', min: spec.x.min, max: spec.x.max });
  expect(options).toMatchObject({ animation: false, parsing: false });
  const xs = data.datasets[0]!.data.map((point) => point.x);
  expect(xs).toEqual(xs.toSorted((a, b) => a - b));
  expect(data.datasets[1]!.data).toEqual(spec.points.filter(({ isFrontier }) => isFrontier));
});
