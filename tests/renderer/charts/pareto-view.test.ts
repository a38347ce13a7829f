import { expect, test } from 'vitest';
import { readParetoView } from '../../../src-renderer/charts/pareto-view.ts';

test('the axes and the zoom of a chart are read back; what is none gives the first view', () => {
  const zoom = { x: { metricId: 'ttft_p95', min: 1, max: 2 }, y: null };
  const kept = { xMetric: 'ttft_p95', yMetric: 'usd_per_hour', zoom } as const;
  expect(readParetoView(JSON.parse(JSON.stringify(kept)))).toEqual(kept);
  const first = readParetoView(undefined);
  expect(first).toMatchObject({ xMetric: 'speed_per_user', zoom: { x: null, y: null } });
  expect(readParetoView({ ...kept, xMetric: 'wishes' })).toEqual(first);
  expect(readParetoView({ ...kept, zoom: 7 })).toEqual(first);
});
