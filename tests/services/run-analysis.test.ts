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

test('break-evens of two chosen axes are the cheapest of all exported rows of a load, named by their values', async () => {
  const { api } = startService(temporaryFolder(), { workers: 1 });
  const spec = {
    base: { model: 'meta-llama/Llama-3.1-8B-Instruct' },
    axes: {
      users: [10, 50, 100, 300, 1000],
      instance: ['aws/g6e.xlarge', 'gcp/g2-standard-24', 'lambda/gpu_1x_gh200'],
      pricing: ['ondemand', 'spot'] as ('ondemand' | 'spot')[],
      price_factor: [1, 1.5],
    },
  };
  const { runId } = valueOf(await api.startSweep({ taskId: 't', spec, name: '' }));
  const { rows } = JSON.parse(valueOf(await api.exportRun(runId, 'json')).text) as {
    rows: Record<string, number | string | null>[];
  };
  const passing = rows.filter((row) => row['meets_sla'] === 1);
  const { lines } = valueOf(await api.analyzeRun({ kind: 'break_even', runId })) as BreakEvenDocument;
  expect(lines.map(({ at }) => at)).toEqual([{ price_factor: 1 }, { price_factor: 1.5 }]);
  for (const { at, steps, choices, changes } of lines) {
    const rowsAt = (users: number) =>
      passing.filter((row) => row['users'] === users && row['price_factor'] === at['price_factor']);
    const costs = (own: typeof rows) => own.map((row) => Number(row['cost_usd_per_hour']));
    for (const { value, choice, cost } of steps) {
      const least = Math.min(...costs(rowsAt(value)));
      expect(cost?.usd_per_hour).toBe(least);
      const { instance, chosen } = choices[choice ?? -1] ?? expect.fail('no choice');
      const named = rowsAt(value).find(
        (row) =>
          row['instance'] === instance && row['pricing'] === chosen['pricing'] && chosen['instance'] === instance,
      );
      expect(named?.['cost_usd_per_hour']).toBe(least);
    }
    expect(new Set(choices.map(({ instance }) => instance)).size).toBeGreaterThan(1);
    expect(changes.length).toBeGreaterThan(0);
    for (const { to, before, staying, staying_reason: reason } of changes) {
      const old = choices[before ?? -1];
      const kept = rowsAt(to).filter(
        (row) => row['instance'] === old?.instance && row['pricing'] === old?.chosen['pricing'],
      );
      expect([staying?.usd_per_hour, reason]).toEqual([costs(kept)[0], kept.length > 0 ? null : 'not_possible']);
    }
    const [onDemand] = (
      valueOf(
        await api.analyzeRun({ kind: 'break_even', runId, at: { ...at, pricing: 'ondemand' } }),
      ) as BreakEvenDocument
    ).lines;
    expect(onDemand?.steps.map(({ cost }) => cost?.usd_per_hour)).toEqual(
      steps.map(({ value }) => Math.min(...costs(rowsAt(value).filter((row) => row['pricing'] === 'ondemand')))),
    );
  }
});

test('where no price is known, that is what break-even and goodput say', async () => {
  const { api } = startService(temporaryFolder(), { workers: 1 });
  const base = { model: 'meta-llama/Llama-3.1-8B-Instruct', provider: ['lambda'] };
  const spec = { base, axes: { users: [10, 40], pricing: ['spot'] as 'spot'[] } };
  const { runId } = valueOf(await api.startSweep({ taskId: 't', spec, name: '' }));
  const { lines } = valueOf(await api.analyzeRun({ kind: 'break_even', runId })) as BreakEvenDocument;
  expect(lines).toMatchObject([
    { reason: 'spot_unknown', steps: [{ reason: 'spot_unknown' }, { reason: 'spot_unknown' }] },
  ]);
  const goodput = valueOf(await api.analyzeRun({ kind: 'goodput', runId })) as GoodputDocument;
  expect(goodput.groups).toMatchObject([{ points: 2, points_met: 0, reason: 'spot_unknown' }]);
  expect(goodput.loads.map(({ reason }) => reason)).toEqual(['spot_unknown', 'spot_unknown']);
});

test('why nothing passes is the same of a run that is shown and of its frontier, and that of its exported rows', async () => {
  const { api } = startService(temporaryFolder(), { workers: 1 });
  const base = { model: MODEL, provider: ['gcp', 'lambda'], sla: { ttft_p95: 3 } };
  const spec = { base, axes: { users: [10, 40], quantization: ['fp16', 'fp8'] as ('fp16' | 'fp8')[] } };
  const { runId } = valueOf(await api.startSweep({ taskId: 't', spec, name: '' }));
  const { rows } = JSON.parse(valueOf(await api.exportRun(runId, 'json')).text) as {
    rows: Record<string, number | string | null>[];
  };
  const { shortfall, emptyPoints } = valueOf(await api.showRun(runId));
  expect([shortfall.points, emptyPoints]).toEqual([4, 4]);
  const { no_answer: found } = valueOf(await api.analyzeRun({ kind: 'frontier', runId })) as FrontierDocument;
  expect(found).toEqual(shortfall);
  const gaps = rows
    .filter((row) => row['reason'] === 'sla_missed' && Number(row['margin_value']) > 0)
    .map((row) => Number(row['margin_value']) / Number(row['margin_limit']));
  const { value, limit } = shortfall.nearest?.margin ?? { value: 0, limit: 1 };
  expect(value / limit).toBe(Math.min(...gaps));
  expect(shortfall.nearest).toMatchObject({ reason: 'sla_missed', at: { users: 10 } });
});
