import type { CatalogCounts } from './catalog-api.ts';
import { plural } from './numbers.ts';

/** `2 GPUs, 14 instances and 60 prices`; what there is none of is left out. */
export function countsText({ gpus, instances, prices, workloads }: CatalogCounts): string {
  const named: [number, string][] = [
    [gpus, 'GPU'],
    [instances, 'instance'],
    [prices, 'price'],
    [workloads, 'workload'],
  ];
  const parts = named.flatMap(([count, noun]) => (count > 0 ? [plural(count, noun)] : []));
  const last = parts.pop();
  if (last === undefined) return 'nothing';
  return parts.length === 0 ? last : `${parts.join(', ')} and ${last}`;
}
