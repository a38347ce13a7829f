import type { SweepPlanDocument } from '../../../src-worker/protocol/documents.ts';
import { secondsFromMs } from '../../../src-worker/engine/units.ts';
import { count, plural } from './format.ts';
import { table, textOf } from './layout.ts';

const AXES: Record<string, [one: string, many: string]> = {
  quantization: ['precision', 'precisions'],
  gpu: ['GPU', 'GPUs'],
  tp: ['TP degree', 'TP degrees'],
  users: ['load', 'loads'],
  zone: ['zone', 'zones'],
};

/** A sweep before it starts: its size, its work, and what is ruled out beforehand. */
export function sweepPlanReport({
  points,
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
    `${plural(points, 'point')}${factors.length > 0 ? `: ${factors.join(' × ')}` : ''}`,
    `${plural(searches, 'capacity search', 'capacity searches')} over ${plural(instances, 'instance')}${ms === null ? '' : `, about ${Math.ceil(secondsFromMs(ms))} s`}`,
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
