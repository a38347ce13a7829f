import { describe, expect, test } from 'vitest';
import { paretoConfiguration } from '../../../src-renderer/charts/pareto-drawing.ts';
import { linearTicks, logTicks, paretoSpec } from '../../../src-renderer/charts/pareto-spec.ts';
import type { Palette } from '../../../src-renderer/charts/palette.ts';
import { recommendation, ROWS } from '../fixtures/documents.ts';

const spec = paretoSpec(ROWS, 'speed_per_user', 'usd_per_1m_output_tokens');
const row = (instance: string, usdPerHour: number | null, tpotP50Ms: number) =>
  recommendation(1, { instance, gpu: 'nvidia-l4', usdPerHour, ttftP95Ms: 100, tpotP50Ms, capacityShare: 0.5 });

describe('frontier', () => {
  test('nothing on it is beaten in both metrics, everything off it is', () => {
    const isBeaten = (id: string) => {
      const point = spec.points.find((candidate) => candidate.id === id)!;
      return spec.points.some(
        (other) => other.x >= point.x && other.y <= point.y && (other.x > point.x || other.y < point.y),
      );
    };
    for (const point of spec.points) expect(isBeaten(point.id)).toBe(!point.isFrontier);
    expect(spec.frontier.map((id) => id.split('/')[1])).toEqual(['g6e.xlarge', 'g7e.2xlarge', 'p5.4xlarge']);
  });

  test('where a smaller x is better, the cheap end is the slow one', () => {
    const { frontier } = paretoSpec(ROWS, 'ttft_p95', 'usd_per_hour');
    expect(frontier.map((id) => id.split('/')[1])).toEqual(['p5.4xlarge', 'g7e.2xlarge', 'g6e.xlarge']);
  });

  test('of two alike points one is on it', () => {
    const twins = [row('a', 2, 20), row('b', 2, 20)];
    expect(paretoSpec(twins, 'speed_per_user', 'usd_per_hour').frontier).toHaveLength(1);
  });
});

describe('points', () => {
  test('are sorted by x, whatever the order of the rows', () => {
    const xs = paretoSpec(ROWS.toReversed(), 'speed_per_user', 'usd_per_hour').points.map((point) => point.x);
    expect(xs).toEqual(xs.toSorted((a, b) => a - b));
    expect(xs).toHaveLength(ROWS.length);
  });

  test('without a price there is no point, and without points a sentence', () => {
    expect(paretoSpec([row('own', null, 20)], 'speed_per_user', 'usd_per_hour')).toMatchObject({
      points: [],
      summary: 'No configuration has both figures, so there is nothing to draw.',
    });
  });

  test('color is the GPU family, shape the precision', () => {
    const look = Object.fromEntries(spec.points.map((point) => [point.row.instance, [point.slot, point.shape]]));
    expect(look).toEqual({
      'g6e.xlarge': [1, 'rect'],
      'g7e.2xlarge': [5, 'rect'],
      'g5.2xlarge': [4, 'circle'],
      'p5.4xlarge': [2, 'circle'],
    });
    expect(spec.families.map((family) => family.slot)).toEqual([1, 2, 4, 5]);
    expect(spec.shapes.map((shape) => shape.label)).toEqual(['16-bit', 'FP8']);
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
    expect(spec.target).toEqual({ value: 20, label: 'TPOT P50 ≤ 50 ms' });
    expect(spec.x.min).toBeLessThan(20);
  });

  test('turn logarithmic beyond a ratio of 20 and say so', () => {
    const wide = paretoSpec([row('a', 1, 20), row('b', 21, 18)], 'speed_per_user', 'usd_per_hour');
    expect([spec.y.isLog, wide.y.isLog]).toEqual([false, true]);
    expect(wide.y.title).toBe('Cost, US$/h, log');
  });

  test('a target that would squeeze the points is left out', () => {
    expect(paretoSpec([row('a', 1, 5), row('b', 2, 4)], 'speed_per_user', 'usd_per_hour').target).toBeNull();
  });

  test('ticks stand at steps of 1, 2 or 5', () => {
    expect(linearTicks(10, 260)).toEqual([50, 100, 150, 200, 250]);
    expect(linearTicks(0, 1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(logTicks(0.09, 21)).toEqual([0.1, 0.2, 0.5, 1, 2, 5, 10, 20]);
    expect(logTicks(0.5, 200_000)).toEqual([1, 10, 100, 1000, 10_000, 100_000]);
    expect(linearTicks(5, 5)).toEqual([5]);
  });
});

test('the summary names both ends of the frontier', () => {
  expect(spec.summary).toBe(
    '3 of 4 configurations are on the frontier, from 1 × g6e.xlarge, L40S FP8 (55.6 tokens/s, $0.264 per 1M tokens) to 1 × p5.4xlarge, H100 80GB FP16 (167 tokens/s, $0.975 per 1M tokens).',
  );
});

test('the drawing takes its scales from the spec, and its data sorted', () => {
  const palette: Palette = {
    series: ['#111111', '#222222', '#333333', '#444444', '#555555', '#666666', '#777777'],
    text: '#000000',
    text2: '#000000',
    text3: '#000000',
    surface: '#ffffff',
    accent: '#0000ff',
    grid: '#eeeeee',
    axis: '#888888',
    frontier: '#000000',
    target: '#ff0000',
    unstable: '#ff0000',
    tooltip: '#dddddd',
    font: 'sans-serif',
    isHighContrast: false,
  };
  const picked: string[] = [];
  const { data, options } = paretoConfiguration(
    spec,
    palette,
    () => ({ selectedId: null, activeId: null }),
    (point) => picked.push(point.id),
  );
  expect(options?.scales?.['x']).toMatchObject({ type: 'linear', min: spec.x.min, max: spec.x.max });
  expect(options).toMatchObject({ animation: false, parsing: false });
  const xs = data.datasets[0]!.data.map((point) => point.x);
  expect(xs).toEqual(xs.toSorted((a, b) => a - b));
  expect(data.datasets[1]!.data.map((point) => point.id)).toEqual(spec.frontier);
  // Frontier points are solid, dominated ones faint.
  const colors = data.datasets[0]!.pointBorderColor as string[];
  expect(colors.map((color) => color.slice(7))).toEqual(spec.points.map((point) => (point.isFrontier ? 'ff' : 'bf')));
});
