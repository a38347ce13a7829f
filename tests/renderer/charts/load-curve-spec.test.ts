import { freeStrip, unstablePlace } from '../../../src-renderer/charts/load-curve-drawing.ts';
import { describe, expect, test } from 'vitest';
import {
  interpolated,
  loadCurveSpec,
  loadCurveTable,
  targetRows,
} from '../../../src-renderer/charts/load-curve-spec.ts';
import { loadCurve } from '../fixtures/curves.ts';

const TARGETS = targetRows({ ttft_p50: 200, ttft_p95: 500, tpot_p50: 50 });
const curve = loadCurve({ planned: 10, capacity: 25, saturation: 30 });

describe('a plan that holds', () => {
  const spec = loadCurveSpec(curve, TARGETS, 'ttft');

  test('planned load, capacity and the room between them', () => {
    expect(spec.planned).toEqual({ value: 10, label: 'planned 10.0', isBeyond: false });
    expect(spec.capacity).toEqual({ value: 25, label: 'capacity 25.0' });
    expect(spec.distance).toEqual({ from: 10, to: 25, label: 'room 2.5×', isShort: false });
    expect(spec.summary).toBe(
      'A replica is planned for 10.0 requests/s and carries 25.0 requests/s, 2.5× the load; it saturates at 30.0 requests/s. TTFT there is P50 60 ms, P95 90 ms, P99 120 ms.',
    );
  });

  test('curves stop below saturation, even where a point beyond it was given', () => {
    const beyond = { ...curve, points: [...curve.points, { ...curve.points[0]!, requests_per_s: 30.5 }] };
    for (const { points } of loadCurveSpec(beyond, TARGETS, 'ttft').curves) {
      expect(points).toHaveLength(curve.points.length);
      expect(points.every(({ x }) => x < 30)).toBe(true);
    }
  });

  test('the unstable zone reaches from saturation to the edge of the picture', () => {
    expect(spec.unstable).toEqual({ from: 30, to: spec.x.max });
    expect(spec.x.max).toBeGreaterThan(30);
    expect(spec.x.min).toBe(0);
  });

  test('only gating targets of this latency and these percentiles are drawn', () => {
    expect(spec.targets).toEqual([
      { value: 200, label: 'P50 ≤ 200' },
      { value: 500, label: 'P95 ≤ 500' },
    ]);
    expect(loadCurveSpec(curve, TARGETS, 'tpot').targets).toEqual([{ value: 50, label: 'P50 ≤ 50' }]);
    const loose = TARGETS.map((row) => ({ ...row, gating: row.metric !== 'ttft_p95' }));
    expect(loadCurveSpec(curve, loose, 'ttft').targets).toHaveLength(1);
    expect(loadCurveSpec(curve, TARGETS, 'ttft', ['p95']).targets).toEqual([{ value: 500, label: 'P95 ≤ 500' }]);
  });

  test('the axis of latency holds every target and the planned load, and cuts what shoots up', () => {
    expect(spec.y.max).toBeGreaterThan(500);
    const steep = loadCurve({ planned: 10, capacity: 25, saturation: 30, lastMs: 9e6 });
    expect(loadCurveSpec(steep, TARGETS, 'ttft').y.max).toBeLessThan(3000);
  });

  test('the axis is logarithmic where values and targets span more than 20, and says so', () => {
    expect([spec.y.isLog, spec.y.title]).toEqual([false, 'TTFT, ms']);
    const strict = loadCurveSpec(curve, targetRows({ ttft_p99: 1000 }), 'ttft');
    expect([strict.y.isLog, strict.y.title]).toEqual([true, 'TTFT, ms, log']);
    const tpot = loadCurveSpec(curve, TARGETS, 'tpot', ['p50']);
    expect([tpot.y.isLog, tpot.y.title, tpot.y.min]).toEqual([false, 'TPOT P50, ms', 0]);
  });
});

describe('a plan that falls short', () => {
  test('beyond capacity it says what is needed and by how much it is short', () => {
    const spec = loadCurveSpec(loadCurve({ planned: 40, capacity: 30, saturation: 32 }), TARGETS, 'ttft');
    expect(spec.planned.label).toBe('needed 40.0');
    expect(spec.distance).toEqual({ from: 40, to: 30, label: '25 % short', isShort: true });
    expect(spec.x.max).toBeGreaterThan(40);
    expect(spec.curves.map(({ atPlanned }) => atPlanned)).toEqual([null, null, null]);
    expect(spec.summary).toContain('25 % short');
  });

  test('a load far beyond is named at the edge instead of squeezing the curve', () => {
    const spec = loadCurveSpec(loadCurve({ planned: 400, capacity: 30, saturation: 32 }), TARGETS, 'ttft');
    expect(spec.planned).toEqual({ value: 400, label: 'needed 400 →', isBeyond: true });
    expect(spec.x.max).toBe(48);
    expect(spec.distance).toEqual({ from: 48, to: 30, label: '93 % short', isShort: true });
  });

  test('without any capacity there is no arrow, and the sentence says why', () => {
    const spec = loadCurveSpec(loadCurve({ planned: 10, capacity: null, saturation: 30 }), TARGETS, 'ttft');
    expect([spec.capacity, spec.distance]).toEqual([null, null]);
    expect(spec.planned.label).toBe('needed 10.0');
    expect(spec.summary).toMatch(/^Even without load a replica misses a target; 10.0 requests\/s are needed/);
  });
});

test('between two points a value lies on the straight piece, outside there is none', () => {
  const points = [
    { x: 1, y: 10 },
    { x: 3, y: 20 },
  ];
  expect([0.5, 1, 2, 3, 3.1].map((x) => interpolated(points, x))).toEqual([null, 10, 15, 20, null]);
});

test('the table holds what is drawn, with units', () => {
  const table = loadCurveTable(curve, 'ttft', ['p50', 'p95']);
  expect(table.columns.map(({ label, unit }) => `${label} ${unit}`)).toEqual([
    'Load of a replica requests/s',
    'TTFT P50 ms',
    'TTFT P95 ms',
  ]);
  expect(table.rows.map(({ cells }) => cells[1]!.value)).toEqual(curve.points.map((point) => point.ttft_ms.p50));
});

test('the arrow takes the lowest strip that no curve crosses', () => {
  const area = { left: 0, right: 400, top: 0, bottom: 200 };
  const sides = { left: 100, right: 300 };
  expect(freeStrip(sides, area, []).bottom).toBe(200);
  const low = { left: 0, right: 400, top: 170, bottom: 180 };
  const strip = freeStrip(sides, area, [low, { left: 0, right: 90, top: 0, bottom: 200 }]);
  expect(strip.bottom).toBeLessThanOrEqual(170);
  expect(strip.bottom).toBeGreaterThan(160);
  expect(freeStrip(sides, area, [area]).bottom).toBe(200);
});

test('the name of the unstable zone stands clear of targets, also where the zone is narrower than it', () => {
  const zone = { left: 300, right: 400, top: 0, bottom: 200 };
  expect(unstablePlace(zone, 50, [])).toEqual({ x: 396, y: 166 });
  const crossed = unstablePlace(zone, 50, [166, 150]);
  expect(crossed.y).toBeLessThan(150 - 11);
  expect(unstablePlace({ ...zone, left: 380 }, 50, []).x).toBe(434);
});
