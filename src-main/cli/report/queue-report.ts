import type { QuantileSummary, QueueDocument } from '../../../src-worker/protocol/documents.ts';
import { milliseconds, percentOfFraction } from './format.ts';
import { facts, table, textOf } from './layout.ts';

/** The queue as a small table. */
export function queueReport({
  utilization,
  stable,
  wait_ms,
  response_ms,
  wait_probability,
  method,
}: QueueDocument): string {
  const row = (name: string, { mean, p50, p95, p99 }: QuantileSummary) => [
    name,
    ...[mean, p50, p95, p99].map(milliseconds),
  ];
  const head = facts([
    ['Utilization', percentOfFraction(utilization, 1)],
    ['Method', method],
  ]);
  if (!stable) {
    return textOf([...head, 'Not stable: more arrives than the servers can do, the queue grows without end.']);
  }
  return textOf([
    ...head,
    ...facts([['Share of arrivals that wait', percentOfFraction(wait_probability, 1)]]),
    '',
    ...table(
      [{ title: '' }, ...['Mean', 'P50', 'P95', 'P99'].map((title) => ({ title, align: 'right' as const }))],
      [row('Wait', wait_ms), row('Response', response_ms)],
    ),
  ]);
}
