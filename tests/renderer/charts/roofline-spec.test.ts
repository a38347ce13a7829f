import { expect, test } from 'vitest';
import { rooflineSpec, rooflineTable } from '../../../src-renderer/charts/roofline-spec.ts';
import { ROOFLINE } from '../fixtures/curves.ts';

const spec = rooflineSpec(ROOFLINE);

test('roofs rise with bandwidth and bend where both limits meet', () => {
  for (const [roof, tflops, tb] of [
    [spec.peakRoof, 100, 2],
    [spec.reachedRoof, 60, 1.5],
  ] as const) {
    expect(roof).toHaveLength(3);
    expect(roof[0]!.y / roof[0]!.x).toBeCloseTo(tb, 12);
    expect(roof[1]).toEqual({ x: tflops / tb, y: tflops });
    expect(roof[2]!.y).toBe(tflops);
  }
  expect(spec.ridge).toEqual({ value: 40, label: 'ridge 40.0' });
});

test('batches form a path from the smallest; the planned one and the ends are named', () => {
  expect(spec.decode.map(({ x, label }) => [x, label])).toEqual([
    [1, '1'],
    [12, 'decode, 29 running'],
    [36, '256'],
  ]);
  expect(spec.prefill.map(({ label }) => label)).toEqual(['prefill, 250 tokens']);
});

test('both axes are logarithmic and hold every point and both roofs', () => {
  expect([spec.x.isLog, spec.y.isLog]).toEqual([true, true]);
  for (const { x, y } of [...spec.decode, ...spec.prefill, ...spec.peakRoof]) {
    expect(x).toBeGreaterThanOrEqual(spec.x.min);
    expect(x).toBeLessThanOrEqual(spec.x.max);
    expect(y).toBeGreaterThanOrEqual(spec.y.min);
    expect(y).toBeLessThanOrEqual(spec.y.max);
  }
});

test('the sentence says what limits the planned steps', () => {
  expect(spec.summary).toBe(
    'In FP16 the ridge is at 40.0 FLOP per byte: decode at 12.0 FLOP per byte is limited by memory; prefill at 80.0 FLOP per byte is limited by compute.',
  );
  const limits = rooflineTable(ROOFLINE).rows.map(({ cells }) => cells[5]!.text);
  expect(limits).toEqual(['memory', 'memory', 'memory', 'compute']);
});
