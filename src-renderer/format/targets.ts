import type { WorkloadEntry } from '../../src-worker/protocol/app-api.ts';
import type { SizeDocument, SlaRow } from '../../src-worker/protocol/documents.ts';
import { targetRows } from '../charts/load-curve-spec.ts';

/** The gating targets of an answer, for plans without predictions: the workload's, with those that were changed over them. */
export function targetsInForce({ assumptions, input }: SizeDocument, workloads: readonly WorkloadEntry[]): SlaRow[] {
  const preset = workloads.find(({ name }) => name === assumptions.workload);
  const own = (preset?.targets ?? []).filter(({ gating }) => gating).map(({ metric, targetMs }) => [metric, targetMs]);
  const changed = input['sla'] as Record<string, number> | undefined;
  return targetRows({ ...(Object.fromEntries(own) as Record<string, number>), ...changed });
}
