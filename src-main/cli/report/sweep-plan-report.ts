import type { ShardPlanDocument, SweepPlanDocument } from '../../../src-worker/protocol/documents.ts';
import { formatDiskSize, formatDuration } from '../../../src-worker/protocol/numbers.ts';
import { count, plural } from './format.ts';
import { table, textOf } from './layout.ts';

const AXES: Record<string, [one: string, many: string]> = {
  model: ['model', 'models'],
  workload: ['workload', 'workloads'],
  input_tokens: ['prompt length', 'prompt lengths'],
  output_tokens: ['answer length', 'answer lengths'],
  prefix_hit_rate: ['hit rate', 'hit rates'],
  cacheable_ratio: ['cacheable ratio', 'cacheable ratios'],
  calibration: ['profile', 'profiles'],
  provider: ['provider', 'providers'],
  kv_cache_dtype: ['KV dtype', 'KV dtypes'],
  quantization: ['precision', 'precisions'],
  gpu: ['GPU', 'GPUs'],
  instance: ['instance', 'instances'],
  tp: ['TP degree', 'TP degrees'],
  pp: ['stage count', 'stage counts'],
  users: ['load', 'loads'],
  rate: ['rate', 'rates'],
  think_time: ['think time', 'think times'],
  headroom: ['headroom', 'headrooms'],
  max_gpus: ['GPU limit', 'GPU limits'],
  pricing: ['price list', 'price lists'],
  price_factor: ['price factor', 'price factors'],
  region: ['region', 'regions'],
  zone: ['zone', 'zones'],
};

/** A sweep before it starts: its size, its work, and what is ruled out beforehand. */
export function sweepPlanReport({
  shard,
  points,
  rows,
  estimated_bytes: estimatedBytes,
  free_bytes: free,
  axes,
  searches,
  instances,
  plans,
  removed,
  estimated_ms: ms,
}: SweepPlanDocument): string {
  const factors = axes.map(({ axis, count: values }) => plural(values, ...(AXES[axis] ?? [axis, axis])));
  const gone = removed.reduce((sum, reason) => sum + reason.plans, 0);
  return textOf([
    ...(shard ? [...shardLines(shard), '', 'The whole sweep:'] : []),
    `${plural(points, 'point')}${factors.length > 0 ? `: ${factors.join(' × ')}` : ''}`,
    `${plural(rows, 'row')}: one for each point and instance, about ${formatDiskSize(estimatedBytes)} in the history${roomText(shard?.estimated_bytes ?? estimatedBytes, free)}`,
    `${searchesText(searches)} over ${plural(instances, 'instance')}${timeText(ms)}`,
    `${plural(plans, 'plan')} (instance, precision, TP), ${count(gone)} of them ruled out beforehand`,
    ...(removed.length > 0
      ? [
          '',
          ...table(
            [{ title: 'Plans', align: 'right' }, { title: 'Ruled out because' }],
            removed.map(({ plans: lost, sentence }) => [count(lost), sentence]),
          ),
        ]
      : []),
  ]);
}

/** Said where it matters: a sweep that takes a part of the room that one notices. */
const NOTICED_SHARE = 0.1;
const roomText = (size: number, free: number | undefined): string => {
  if (free === undefined || size < free * NOTICED_SHARE) return '';
  return size > free
    ? `, more than the ${formatDiskSize(free)} that are free`
    : ` of the ${formatDiskSize(free)} that are free`;
};

const searchesText = (searches: number): string => plural(searches, 'capacity search', 'capacity searches');
const timeText = (ms: number | null): string =>
  ms === null
    ? '; how long they take is known after a sweep of some length'
    : ms < 1000
      ? ', under a second'
      : `, about ${formatDuration(ms)}`;

const shardLines = ({
  index,
  of,
  points,
  rows,
  estimated_bytes: size,
  searches,
  estimated_ms: ms,
}: ShardPlanDocument) => [
  `Shard ${index} of ${of}: ${plural(points, 'point')}, ${plural(rows, 'row')}, about ${formatDiskSize(size)} in the history`,
  `${searchesText(searches)}${timeText(ms)}`,
];
