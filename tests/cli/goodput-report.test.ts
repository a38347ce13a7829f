import { expect, test } from 'vitest';
import { goodputReport } from '../../src-main/cli/report/goodput-report.ts';
import type { GoodputDocument, GoodputRow, Place } from '../../src-worker/protocol/run-analysis.ts';

const row = (chosen: Place, perUsd: number, loadsMet: number | null): GoodputRow => ({
  ...{
    provider: 'gcp',
    instance: '1g',
    gpu: 'nvidia-l4',
    quantization: 'fp8',
    tensor_parallel: 1,
    pipeline_parallel: 1,
  },
  ...{ id: 'gcp/1g/r/tp1pp1/fp8', chosen, gpu_count: 1, instances: 2, replicas: 2, goodput_requests_per_s: 8 },
  ...{ per_gpu_requests_per_s: 4, requests_per_usd: perUsd, loads_met: loadsMet },
});
const report = (rows: GoodputRow[], loads: GoodputDocument['loads'] = []): string[] => {
  const groups = [{ at: {}, points: 2, points_met: 2, reason: null, rows }];
  return goodputReport({ kind: 'goodput', run_id: 1, at: {}, per: [], groups, loads, points_left_out: 0 }).split('\n');
};

test('says which price list, KV cache and zone a row is of; what stands in its name is not said twice', () => {
  const lines = report([
    row({ pricing: 'spot', kv_cache_dtype: 'fp8', zone: 'z-a', provider: 'gcp', quantization: 'fp8' }, 36_000, null),
    row({ pricing: 'ondemand', kv_cache_dtype: 'auto', zone: 'z-b', provider: 'gcp', quantization: 'fp8' }, 8.25, null),
  ]);
  const head = lines.findIndex((line) => line.startsWith('Requests/$'));
  expect(
    [lines[head], lines[head + 2], lines[head + 3]].map((line) => line?.split(/\s{2,}/).map((w) => w.trim())),
  ).toEqual([
    ['Requests/$', 'Per GPU', 'Req/s', 'Configuration', 'pricing', 'KV cache', 'zone'],
    ['', '36,000', '4.00', '8.00', '2 × 1g, TP 1, FP8 (gcp)', 'spot', 'fp8', 'z-a'],
    ['', '8.25', '4.00', '8.00', '2 × 1g, TP 1, FP8 (gcp)', 'on-demand', 'auto', 'z-b'],
  ]);
});

test('has a column of loads where they vary', () => {
  const loads = [10, 20].map((value) => ({ axis: 'users', value, points: 1, points_met: 1, reason: null }));
  expect(report([row({}, 9, 1)], loads).join('\n')).toMatch(/Loads\n-+\n.*1 of 2/);
  expect(report([row({}, 9, null)]).join('\n')).not.toContain('Loads');
});
