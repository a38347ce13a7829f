import { describe, expect, test } from 'vitest';
import { loadCurveSpec, loadCurveTable } from '../../../src-renderer/charts/load-curve-spec.ts';
import { simulatedMarks } from '../../../src-renderer/charts/simulated-marks.ts';
import { loadCurve } from '../fixtures/curves.ts';
import { SIMULATED_LOADS } from '../fixtures/simulation.ts';

const curve = loadCurve({ planned: 10, capacity: 20, saturation: 30 });
const spec = loadCurveSpec(curve, [], 'ttft', ['p50', 'p95', 'p99'], SIMULATED_LOADS);

describe('simulated points on the load curve', () => {
  test('each percentile of a steady load is a mark with the ends of its interval', () => {
    expect(simulatedMarks(SIMULATED_LOADS, 'ttft', ['p95'])).toEqual([
      { statistic: 'p95', x: 10, y: 95, low: 91, high: 99 },
      { statistic: 'p95', x: 20, y: 160, low: 160, high: 160 },
    ]);
    expect(spec.simulated).toHaveLength(6);
  });

  test('a load without a steady state is crossed and has no mark', () => {
    expect(spec.simulatedSaturated).toEqual([35]);
    expect(spec.simulated.every(({ x }) => x < 35)).toBe(true);
  });

  test('the summary says which is which, and what is simulated at the planned load', () => {
    expect(spec.summary).toContain('Lines are the closed form; points are simulated at 3 loads, with 95 % intervals.');
    expect(spec.summary).toContain('At the planned load: P50 62 ± 1.0, P95 95 ± 4.0, P99 130 ± 9.0 ms.');
    expect(spec.summary).toContain('Saturated from 35.0 requests/s.');
    expect(loadCurveSpec(curve, [], 'ttft').summary).not.toContain('simulated');
  });

  test('where the answer itself is simulated, the lines say that they are not', () => {
    const { summary } = loadCurveSpec(curve, [], 'ttft', ['p95'], [], true);
    expect(summary).toMatch(/Lines are the closed form; the figures of the table are simulated\.$/);
  });

  test('the keyboard goes over simulated loads, too, and tells both', () => {
    const at = (rate: number) => spec.stops.find((stop) => stop.rate === rate)?.text;
    expect(at(10)).toBe(
      '10.0 requests/s: TTFT P50 60 ms, P95 90 ms, P99 120 ms; simulated P50 62 ± 1.0, P95 95 ± 4.0, P99 130 ± 9.0 ms',
    );
    expect(at(35)).toBe('35.0 requests/s: simulated saturated: more comes than is served');
  });

  test('the table names where each row is from and has half of the intervals', () => {
    const table = loadCurveTable(curve, 'ttft', ['p50', 'p95', 'p99'], SIMULATED_LOADS);
    const rows = table.rows.map(({ cells }) => cells.map(({ text }) => text));
    expect(table.columns.map(({ label }) => label)).toEqual([
      'Load of a replica',
      'From',
      'TTFT P50',
      'TTFT P95',
      'TTFT P99',
      'TTFT P50 ±',
      'TTFT P95 ±',
      'TTFT P99 ±',
    ]);
    expect(rows).toContainEqual(['10.00', 'closed form', '60', '90', '120', '–', '–', '–']);
    expect(rows).toContainEqual(['10.00', 'simulation, planned load', '62', '95', '130', '1.0', '4.0', '9.0']);
    expect(rows.at(-1)).toEqual(['35.00', 'simulation, saturated', '–', '–', '–', '–', '–', '–']);
    expect(rows.map(([rate]) => Number(rate))).toEqual([1, 10, 10, 20, 20, 29, 35]);
  });

  test('the axis of latency holds the points', () => {
    const high = { ...SIMULATED_LOADS[0]!, ttft_ms: { ...SIMULATED_LOADS[0]!.ttft_ms, p99: 2000 } };
    expect(loadCurveSpec(curve, [], 'ttft', ['p99'], [high]).y.max).toBeGreaterThan(2000);
  });
});
