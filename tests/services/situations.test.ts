import { expect, test } from 'vitest';
import { pointOfRunRow } from '../../src-renderer/charts/chart-point.ts';
import { X_METRICS, Y_METRICS } from '../../src-renderer/charts/pareto-axes.ts';
import { paretoSpec } from '../../src-renderer/charts/pareto-spec.ts';
import {
  frontierKey,
  groupAt,
  isRowIn,
  rowOfPoint,
  rowsOfSituation,
  situationAxes,
} from '../../src-renderer/state/situations.ts';
import { heatCells, runRowKey, variedAxes } from '../../src-renderer/state/sweep-result.ts';
import type { FrontierDocument } from '../../src-worker/protocol/run-analysis.ts';
import { startService, temporaryFolder, valueOf } from './service.ts';

test('what the window draws of a situation is what runs frontier says of it, metric by metric', async () => {
  const { api } = startService(temporaryFolder(), { workers: 1 });
  const base = { model: 'meta-llama/Llama-3.1-8B-Instruct', provider: ['gcp', 'lambda'] };
  const axes = {
    users: [300, 20, 21],
    quantization: ['fp16', 'fp8'] as ('fp16' | 'fp8')[],
    price_factor: [1, 1.04],
    sla: { ttft_p95: [400, 401] },
  };
  const { runId } = valueOf(await api.startSweep({ taskId: 't', spec: { base, axes }, name: '' }));
  const frontierIn = async (x: string, y: string) =>
    valueOf(await api.analyzeRun({ kind: 'frontier', runId, x, y })) as FrontierDocument;
  const document = await frontierIn('speed_per_user', 'usd_per_hour');
  const detail = valueOf(await api.showRun(runId));
  for (const frontier of [document, null]) {
    expect(situationAxes(detail, frontier)).toEqual([
      { axis: 'users', values: [20, 21, 300] },
      { axis: 'price_factor', values: [1, 1.04] },
      { axis: 'sla_ttft_p95_ms', values: [400, 401] },
    ]);
  }
  const place = { users: 20, price_factor: 1.04, sla_ttft_p95_ms: 400 };
  const found = valueOf(await api.runRows(rowsOfSituation(runId, place, 'usd_per_hour')));
  expect(found.total).toBe(groupAt(document, place)?.rows);
  expect(found.total).toBeGreaterThan(10);
  for (const row of found.rows) expect(isRowIn(row, place)).toBe(true);

  // A place of the heat map is the cheapest of all rows there that pass in the situation.
  const shown = variedAxes(detail);
  const [users, weights] = ['users', 'quantization'].map((key) => shown.find((axis) => axis.key === key));
  if (!users || !weights) expect.fail('no axes to show');
  const cells = heatCells(detail, weights, users, 'usd_per_hour', place);
  expect(cells).toHaveLength(6);
  for (const { row: quantization, column, value } of cells) {
    const there = rowsOfSituation(runId, { ...place, users: Number(column), quantization }, 'usd_per_hour');
    const { rows } = valueOf(await api.runRows(there));
    expect(value).toBe(rows[0]?.['cost_usd_per_hour']);
  }

  const points = found.rows.map((row) => pointOfRunRow(row, runRowKey(row)));
  let several = 0;
  for (const xId of X_METRICS) {
    for (const yId of Y_METRICS) {
      const group = groupAt(await frontierIn(xId, yId), place);
      const said = group?.points.map(({ x, y }) => `${x} ${y}`) ?? [];
      const { points: drawn, frontier } = paretoSpec({ points, xId, yId });
      const own = drawn.filter(({ id }) => frontier.includes(id)).map(({ x, y }) => [x, y]);
      expect(own).toHaveLength(said.length);
      const asked = new Set(group?.points.map(frontierKey));
      expect(paretoSpec({ points, xId, yId, frontier: asked }).frontier.sort()).toEqual([...asked].sort());
      if (said.length > 1) several += 1;
    }
  }
  expect(several).toBeGreaterThan(5);

  const [first] = groupAt(document, place)?.points ?? [];
  if (!first) expect.fail('no frontier');
  const { rows } = valueOf(await api.runRows(rowOfPoint(runId, first)));
  expect(rows.map(runRowKey)).toEqual([frontierKey(first)]);
});
