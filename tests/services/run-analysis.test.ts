import { expect, test } from 'vitest';
import type { BreakEvenDocument, FrontierDocument, GoodputDocument } from '../../src-worker/protocol/run-analysis.ts';
import { errorOf, startService, temporaryFolder, valueOf } from './service.ts';

const MODEL = 'meta-llama/Llama-2-7b-hf';

test('answers over a stored sweep are those of its exported rows; a saved answer has a frontier and no axes', async () => {
  const { api } = startService(temporaryFolder(), { workers: 1 });
  const base = { model: MODEL, provider: ['gcp', 'lambda'] };
  const spec = { base, axes: { users: [10, 100], quantization: ['fp16', 'fp8'] as ('fp16' | 'fp8')[] } };
  const { runId } = valueOf(await api.startSweep({ taskId: 't', spec, name: '' }));
  const { rows } = JSON.parse(valueOf(await api.exportRun(runId, 'json')).text) as {
    rows: Record<string, number | string | null>[];
  };
  const passing = rows.filter((row) => row['meets_sla'] === 1);
  expect(passing.length).toBeGreaterThan(10);

  const request = { kind: 'frontier', runId, x: 'cost_usd_per_hour', y: 'ttft_ms_p95' } as const;
  const frontier = valueOf(await api.analyzeRun(request)) as FrontierDocument;
  for (const users of [10, 100]) {
    const figures = passing
      .filter((row) => row['users'] === users)
      .map((row) => [Number(row['cost_usd_per_hour']), Number(row['ttft_ms_p95'])] as const);
    const left = figures.filter(([x, y]) => !figures.some(([a, b]) => a <= x && b <= y && (a < x || b < y)));
    const found = frontier.groups.find(({ at }) => at['users'] === users)?.points.map(({ x, y }) => `${x} ${y}`);
    expect(found?.sort()).toEqual([...new Set(left.map(([x, y]) => `${x} ${y}`))].sort());
  }
  const goodput = valueOf(await api.analyzeRun({ kind: 'goodput', runId })) as GoodputDocument;
  const perUsd = passing.map(
    (row) =>
      (Number(row['capacity_requests_per_s']) *
        Number(row['replicas_per_instance']) *
        Number(row['instances']) *
        3600) /
      Number(row['cost_usd_per_hour']),
  );
  expect(goodput.groups[0]?.rows[0]?.requests_per_usd).toBeCloseTo(Math.max(...perUsd), 3);

  const saved = valueOf(await api.saveSizeRun({ ...base, users: 10, top: 50, simulation_check: false }, ''));
  const one = valueOf(await api.analyzeRun({ kind: 'frontier', runId: saved.id })) as FrontierDocument;
  expect([one.per, one.groups.length]).toEqual([[], 1]);
  expect(errorOf(await api.analyzeRun({ kind: 'break_even', runId: saved.id })).message).toMatch(/No axis of numbers/);
  expect(errorOf(await api.analyzeRun({ kind: 'goodput', runId: 99 })).code).toBe('unknown_run');
  expect(errorOf(await api.analyzeRun({ kind: 'guess', runId } as never)).code).toBe('request_invalid');
});

test('what staying would cost is that of the exported rows, where users are listed falling, too', async () => {
  const { api } = startService(temporaryFolder(), { workers: 1 });
  const base = { model: MODEL, provider: ['gcp', 'lambda', 'runpod'], quantization: ['fp16' as const] };
  const spec = { base, axes: { users: [2000, 700, 390, 300, 100, 10] } };
  const { runId } = valueOf(await api.startSweep({ taskId: 't', spec, name: '' }));
  const { rows } = JSON.parse(valueOf(await api.exportRun(runId, 'json')).text) as {
    rows: Record<string, number | string | null>[];
  };
  const { lines } = valueOf(await api.analyzeRun({ kind: 'break_even', runId })) as BreakEvenDocument;
  const [{ changes, choices } = { changes: [], choices: [] }] = lines;
  expect(changes.length).toBeGreaterThan(0);
  for (const { to, before, staying } of changes) {
    const kept = rows.find(
      (row) => row['users'] === to && row['instance'] === choices[before ?? -1]?.instance && row['meets_sla'] === 1,
    );
    expect(staying?.usd_per_hour).toBe(kept?.['cost_usd_per_hour']);
  }
});
