import { expect, test } from 'vitest';
import { targetsInForce } from '../../../src-renderer/format/targets.ts';
import { WORKLOADS } from '../fixtures/app.ts';
import { sizeDocument } from '../fixtures/documents.ts';

const inForce = (sla: Record<string, number>) => {
  const document = sizeDocument();
  const rows = targetsInForce({ ...document, input: { ...document.input, sla } }, WORKLOADS);
  return Object.fromEntries(rows.map(({ metric, target_ms: ms }) => [metric, ms]));
};

test('the targets in force are those of the workload that gate, and what was changed or added over them', () => {
  const preset = inForce({});
  const gating = WORKLOADS.find(({ name }) => name === sizeDocument().assumptions.workload)!.targets.filter(
    (target) => target.gating,
  );
  expect(preset).toEqual(Object.fromEntries(gating.map(({ metric, targetMs }) => [metric, targetMs])));
  expect(inForce({ ttft_p95: 640, e2e_p99: 9000 })).toEqual({ ...preset, ttft_p95: 640, e2e_p99: 9000 });
});
