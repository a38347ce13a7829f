import { expect, test } from 'vitest';
import { runAnalysis } from '../../../src-worker/answers/run-analysis/analysis.ts';
import {
  runAnalysisSchema,
  type BreakEvenDocument,
  type FrontierDocument,
  type GoodputDocument,
  type RunAnalysisDraft,
} from '../../../src-worker/protocol/run-analysis.ts';
import { answered, batchesOf, type MadeRow } from './made-runs.ts';

/*
 * What somebody is in, and what somebody takes (docs/decisions/0045). Each sweep has two values of one axis, of which the first is
 * cheaper and faster at every load: where the axis is given, both values have an answer, where it is chosen the second has none.
 */

const TWO_VALUES: [
  axis: string,
  role: 'given' | 'chosen',
  column: string,
  values: [number | string, number | string],
][] = [
  ['model', 'given', 'model', ['a/small', 'a/large']],
  ['workload', 'given', 'workload', ['chat', 'rag']],
  ['input_tokens', 'given', 'input_tokens', [100, 1000]],
  ['output_tokens', 'given', 'output_tokens', [100, 1000]],
  ['prefix_hit_rate', 'given', 'prefix_hit_rate', [0.9, 0.1]],
  ['cacheable_ratio', 'given', 'cacheable_ratio', [0.9, 0.1]],
  ['calibration', 'given', 'calibration', ['bundled', 'mine']],
  ['think_time', 'given', 'think_time', [60, 5]],
  ['headroom', 'given', 'headroom', [10, 50]],
  ['max_gpus', 'given', 'max_gpus', [64, 8]],
  ['price_factor', 'given', 'price_factor', [0.8, 1.25]],
  ['pricing', 'chosen', 'pricing', ['spot', 'ondemand']],
  ['region', 'chosen', 'region', ['us-east-1', 'eu-west-1']],
  ['zone', 'chosen', 'zone', ['us-east-1a', 'us-east-1b']],
  ['provider', 'chosen', 'provider', ['aws', 'gcp']],
  ['instance', 'chosen', 'instance', ['g6e.xlarge', 'g2-standard-8']],
  ['gpu', 'chosen', 'gpu', ['l40s', 'l4']],
  ['quantization', 'chosen', 'quantization', ['fp8', 'fp16']],
  ['kv_cache_dtype', 'chosen', 'kv_cache_dtype', ['fp8', 'auto']],
  ['tp', 'chosen', 'tensor_parallel', [1, 2]],
  ['pp', 'chosen', 'pipeline_parallel', [1, 2]],
];

function swept(load: 'users' | 'rate', axis: string, column: string, values: readonly (number | string)[]) {
  const loads = [10, 20];
  const points = values.flatMap((value, dearer) =>
    loads.map((carried): MadeRow[] => [
      {
        ...{ [load]: carried, rank: 1, meets_sla: 1, provider: 'p', instance: 'i', gpu: 'g', quantization: 'fp16' },
        ...{ tensor_parallel: 1, pipeline_parallel: 1, gpu_count: 1, instances: 1, replicas_per_instance: 1 },
        ...{ capacity_requests_per_s: 2 - dearer, cost_usd_per_hour_instance: 1 + dearer },
        ...{ cost_usd_per_hour: (1 + dearer) * carried, ttft_ms_p95: 100 * (1 + dearer) },
        ...{ id: `p/i/r/${String(value)}`, [column]: value },
      },
    ]),
  );
  const rows = points.map((own, point_id) => own.map((row) => ({ ...row, point_id })));
  const varied = axis === 'sla_ttft_p95_ms' ? { sla: { ttft_p95: values } } : { [axis]: values };
  const spec = { base: { model: 'm' }, axes: { [load]: loads, ...varied } };
  const batches = batchesOf(rows, 1, [load, axis]);
  return (request: RunAnalysisDraft) => answered(runAnalysis(runAnalysisSchema.parse(request), spec), batches);
}

test.each(TWO_VALUES)('%s is %s', (axis, role, column, values) => {
  const ask = swept(axis === 'think_time' ? 'users' : 'rate', axis, column, values);
  const [cheap, dear] = values;
  const both = role === 'given' ? [cheap, dear] : [cheap];

  const frontier = ask({ kind: 'frontier', runId: 1, x: 'cost_usd_per_hour', y: 'ttft_p95' }) as FrontierDocument;
  const shown = frontier.groups.flatMap(({ at, points }) => points.map(({ chosen }) => ({ ...at, ...chosen })[axis]));
  expect(new Set(shown)).toEqual(new Set(both));
  expect(frontier.groups).toHaveLength(2 * both.length);

  const { lines } = ask({ kind: 'break_even', runId: 1 }) as BreakEvenDocument;
  expect(lines.map(({ at }) => at)).toEqual(role === 'given' ? both.map((value) => ({ [axis]: value })) : [{}]);
  expect(lines.map(({ choices }) => choices.map(({ chosen }) => chosen))).toEqual(
    role === 'given' ? [[{}], [{}]] : [[{ [axis]: cheap }]],
  );
  expect(lines.map(({ steps }) => steps.map(({ cost }) => cost?.usd_per_hour))).toEqual(
    both.map((_, dearer) => [10 * (1 + dearer), 20 * (1 + dearer)]),
  );

  // What a replica carries does not depend on how much arrives, nor on how it is provided for.
  const isOfLoad = ['think_time', 'headroom', 'max_gpus'].includes(axis);
  const goodput = ask({ kind: 'goodput', runId: 1 }) as GoodputDocument;
  expect(goodput.groups.map(({ at }) => at)).toEqual(
    role === 'given' && !isOfLoad ? both.map((value) => ({ [axis]: value })) : [{}],
  );
});

test.each(['users', 'rate'] as const)('%s is given: each load has a frontier of its own', (load) => {
  const ask = swept(load, 'pricing', 'pricing', ['spot', 'ondemand']);
  const frontier = ask({ kind: 'frontier', runId: 1, x: 'cost_usd_per_hour', y: 'ttft_p95' }) as FrontierDocument;
  expect([frontier.per, frontier.groups.map(({ at }) => at)]).toEqual([[load], [{ [load]: 10 }, { [load]: 20 }]]);
  // Along another axis it is held.
  const priced = swept(load, 'price_factor', 'price_factor', [0.8, 1.25]);
  const document = priced({ kind: 'break_even', runId: 1, along: 'price_factor' }) as BreakEvenDocument;
  expect(document.lines.map(({ at }) => at)).toEqual([{ [load]: 10 }, { [load]: 20 }]);
});
